package reading

// Trace is how a message was read, step by step, for the person who looks at it.
type Trace struct {
	Steps []Step
	nodes map[int32]bool // that some field has looked at
	Named int            // names in the paths of the values that were read
}

// read notes a node that a field has looked at.
func (t *Trace) read(at int32) {
	if t.nodes == nil {
		t.nodes = make(map[int32]bool)
	}
	t.nodes[at] = true
}

// Step is one thing that the decoder did or decided.
type Step struct {
	// Stage is route, envelope, codec, json, filter, field, time, ignored or result.
	Stage string `json:"stage"`
	// Text says what; it shows no value of a field that was not read.
	Text string `json:"text"`
}
