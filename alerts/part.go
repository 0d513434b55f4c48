package alerts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// part is what one change has changed of an alert. An alert that calls forty phones again and again has some hundred kilobytes, and each
// phone that answers changes a hundred bytes of them.
type part struct {
	Set   map[string]json.RawMessage `json:"set,omitempty"`   // members of the alert as Encode writes it, but for its calls
	Unset []string                   `json:"unset,omitempty"` // those that are no more
	Gone  []int                      `json:"gone,omitempty"`  // the numbers of calls that are not remembered any more
	Calls []callPart                 `json:"calls,omitempty"`
}

// callPart is what changed of one call.
type callPart struct {
	Number     int        `json:"number"`
	Call       *Call      `json:"call,omitempty"`       // without its deliveries; nil: as it was
	Deliveries []Delivery `json:"deliveries,omitempty"` // new or changed, each whole
}

// fixed are the members that stand in columns of their own: an alert of which one changes is written whole.
var fixed = []string{"id", "site", "opened", "resolved"}

// Recorded is an alert as it was recorded last: what comes next is compared with it. Of the alert it shares what is never changed in place.
type Recorded struct {
	core  []byte // all but the calls
	calls []Call
}

// Record gives an alert as the journal keeps it, and what the next change of it is compared with.
func Record(a *Alert) (whole []byte, r *Recorded, err error) {
	core, err := encodeCore(a)
	if err != nil {
		return nil, nil, err
	}
	whole = core
	if len(a.Calls) > 0 {
		if whole, err = Encode(a); err != nil {
			return nil, nil, err
		}
	}
	return whole, &Recorded{core: core, calls: a.Calls}, nil
}

func encodeCore(a *Alert) ([]byte, error) {
	core := *a
	core.Calls = nil
	return Encode(&core)
}

// Part gives what has changed since, and what the change after it is compared with; nil: it can only be told by the whole alert.
func (r *Recorded) Part(a *Alert) (text []byte, next *Recorded, err error) {
	core, err := encodeCore(a)
	if err != nil {
		return nil, nil, err
	}
	var p part
	if !bytes.Equal(core, r.core) {
		var was, is map[string]json.RawMessage
		if err := json.Unmarshal(r.core, &was); err != nil {
			return nil, nil, fmt.Errorf("comparing an alert with what was recorded: %w", err)
		}
		if err := json.Unmarshal(core, &is); err != nil {
			return nil, nil, fmt.Errorf("comparing an alert with what was recorded: %w", err)
		}
		p.members(was, is)
		if slices.ContainsFunc(fixed, func(name string) bool { return p.Set[name] != nil || slices.Contains(p.Unset, name) }) {
			return nil, nil, nil
		}
	}
	if !p.compare(r.calls, a.Calls) {
		return nil, nil, nil
	}
	if text, err = json.Marshal(&p); err != nil {
		return nil, nil, fmt.Errorf("encoding what changed of an alert: %w", err)
	}
	return text, &Recorded{core: core, calls: a.Calls}, nil
}

func (p *part) members(was, is map[string]json.RawMessage) {
	for name, text := range is {
		if !bytes.Equal(text, was[name]) {
			if p.Set == nil {
				p.Set = map[string]json.RawMessage{}
			}
			p.Set[name] = text
		}
	}
	for name := range was {
		if is[name] == nil {
			p.Unset = append(p.Unset, name)
		}
	}
	slices.Sort(p.Unset)
}

// compare finds what is new of the calls; false: it cannot be told in parts. Calls come in the order of their numbers.
func (p *part) compare(was, is []Call) bool {
	if !inOrder(was) || !inOrder(is) {
		return false
	}
	for i := range was {
		if _, kept := find(is, was[i].Number); !kept {
			p.Gone = append(p.Gone, was[i].Number)
		}
	}
	for i := range is {
		c := &is[i]
		cp := callPart{Number: c.Number}
		var before Call
		k, known := find(was, c.Number)
		if known {
			before = was[k]
		}
		if bare, old := c.bare(), before.bare(); !known || !reflect.DeepEqual(bare, old) {
			cp.Call = &bare
		}
		if len(c.Deliveries) < len(before.Deliveries) {
			return false
		}
		for k, d := range c.Deliveries {
			if k < len(before.Deliveries) {
				if before.Deliveries[k] == d {
					continue
				}
				if before.Deliveries[k].Key != d.Key {
					return false
				}
			}
			if findDelivery(c.Deliveries, d.Key) != k {
				return false
			}
			cp.Deliveries = append(cp.Deliveries, d)
		}
		if cp.Call != nil || cp.Deliveries != nil {
			p.Calls = append(p.Calls, cp)
		}
	}
	return true
}

// bare is a call without its deliveries.
func (c *Call) bare() Call {
	bare := *c
	bare.Deliveries = nil
	return bare
}

func inOrder(calls []Call) bool {
	for i := 1; i < len(calls); i++ {
		if calls[i].Number <= calls[i-1].Number {
			return false
		}
	}
	return true
}

func find(calls []Call, number int) (int, bool) {
	return slices.BinarySearchFunc(calls, number, func(c Call, number int) int { return c.Number - number })
}

func findDelivery(all []Delivery, key string) int {
	return slices.IndexFunc(all, func(d Delivery) bool { return d.Key == key })
}

// Course follows what was recorded of an alert: first the whole of it, then parts. What it gives is not changed by what comes after.
type Course struct {
	alert Alert
	whole []byte                     // until its members are asked for
	core  map[string]json.RawMessage // all but the calls
}

// Alert is the alert behind what was recorded so far.
func (c *Course) Alert() Alert { return c.alert }

// Whole begins with an alert as Encode writes it.
func (c *Course) Whole(text []byte) error {
	if err := Decode(text, &c.alert); err != nil {
		return err
	}
	c.whole, c.core = bytes.Clone(text), nil
	return nil
}

// Part goes on with what Recorded.Part has written. After an error the alert is as it was before.
func (c *Course) Part(text []byte) error {
	var p part
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return fmt.Errorf("decoding what changed of an alert: %w", err)
	}
	if c.whole == nil && c.core == nil {
		return fmt.Errorf("decoding what changed of an alert: nothing is known of it before")
	}
	calls, err := p.applyCalls(c.alert.Calls)
	if err != nil {
		return err
	}
	if len(p.Set)+len(p.Unset) > 0 {
		if err := c.members(&p); err != nil {
			return err
		}
	}
	c.alert.Calls = calls
	return nil
}

func (c *Course) members(p *part) error {
	if c.core == nil {
		if err := json.Unmarshal(c.whole, &c.core); err != nil {
			return fmt.Errorf("decoding an alert: %w", err)
		}
		delete(c.core, "calls")
		c.whole = nil
	}
	core := maps.Clone(c.core)
	maps.Copy(core, p.Set)
	for _, name := range p.Unset {
		delete(core, name)
	}
	text, err := json.Marshal(core)
	if err != nil {
		return fmt.Errorf("encoding an alert: %w", err)
	}
	var a Alert
	if err := Decode(text, &a); err != nil {
		return err
	}
	c.alert, c.core = a, core
	return nil
}

// applyCalls gives the calls behind a part, and leaves those before it alone.
func (p *part) applyCalls(was []Call) ([]Call, error) {
	if len(p.Gone)+len(p.Calls) == 0 {
		return was, nil
	}
	calls := slices.Clone(was)
	for _, number := range p.Gone {
		i, known := find(calls, number)
		if !known {
			return nil, fmt.Errorf("decoding what changed of an alert: call %d is to go and was never made", number)
		}
		calls = slices.Delete(calls, i, i+1)
	}
	for i := range p.Calls {
		cp := &p.Calls[i]
		k, known := find(calls, cp.Number)
		switch {
		case known && cp.Call != nil:
			deliveries := calls[k].Deliveries
			calls[k] = *cp.Call
			calls[k].Deliveries = deliveries
		case !known && cp.Call != nil:
			calls = slices.Insert(calls, k, *cp.Call)
		case !known:
			return nil, fmt.Errorf("decoding what changed of an alert: call %d was never made", cp.Number)
		}
		deliveries := slices.Clone(calls[k].Deliveries)
		for _, d := range cp.Deliveries {
			if at := findDelivery(deliveries, d.Key); at >= 0 {
				deliveries[at] = d
			} else {
				deliveries = append(deliveries, d)
			}
		}
		calls[k].Deliveries = deliveries
	}
	return calls, nil
}
