package rules

// InForce is the text of the definition that the engine judges by, as its record had it; empty: it has none yet.
func (e *Engine) InForce() string {
	if e.plan == nil {
		return ""
	}
	return string(e.plan.source.Text())
}
