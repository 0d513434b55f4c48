package rules

import "slices"

// foundThermometer puts the i-th device, which has shown that it measures body temperature, under the rules in force. Thousands of
// devices may show it in their first minute, each while an alert waits behind it: what their rules do not touch stays as it is. What
// comes of it is what enforce makes.
func (e *Engine) foundThermometer(i int) {
	e.plan.thermometers[i] = true
	var begun, changed, ended []*instance
	again := false // a rule that had ended begins again
	for _, ref := range e.plan.inForce(e.clock) {
		r := e.plan.rule(ref)
		kind, _ := kindByName(r.Kind)
		if kind.thermometer == nil {
			continue
		}
		kind.thermometer(e.plan, r, i, func(s Subject, listed bool) {
			fresh := &instance{rule: r.ID, subject: s, eras: []era{{from: e.enforced, plan: e.plan, ref: ref, rule: r, protocol: e.plan.protocol(ref)}}}
			at, there := slices.BinarySearchFunc(e.instances, fresh, compareInstances)
			judged := there && e.instances[at].now().rule != nil
			switch {
			case judged && listed:
				changed = append(changed, e.instances[at])
			case judged && !slices.Contains(ended, e.instances[at]):
				ended = append(ended, e.instances[at])
			case listed && there:
				again = true
			case listed && !slices.ContainsFunc(begun, func(b *instance) bool { return compareInstances(b, fresh) == 0 }):
				begun = append(begun, fresh)
			}
		})
	}
	if again {
		e.enforce(e.enforced)
		return
	}
	slices.SortFunc(ended, compareInstances)
	for _, o := range ended {
		e.end(o)
	}
	for _, n := range begun {
		e.join(n)
		e.ask(n, n.eras[0].from)
	}
	for _, n := range slices.Concat(begun, changed) {
		e.wireEra(n, len(n.eras)-1)
	}
}

// join puts a new instance among the others and gives it a deadline.
func (e *Engine) join(n *instance) {
	n.order, _ = slices.BinarySearchFunc(e.instances, n, compareInstances)
	n.slot = 1 + len(e.watches) + n.order
	e.instances = slices.Insert(e.instances, n.order, n)
	e.queue.insert(n.slot)
	for _, i := range e.instances[n.order+1:] {
		i.order++
		i.slot++
	}
	for _, z := range e.allZones() {
		z.slot++
	}
}
