package alerts

// Acceptance says that a router took an alert.
type Acceptance struct {
	Alert string
	// Receivers are those to whom the router leads it, in their order; nil where it does not say.
	Receivers []string
}

// Teller is a router that knows to whom it leads a notice.
type Teller interface {
	// Receivers are the names of those to whom a notice goes, unless it is silenced or another one inhibits it; none: it reaches nobody.
	Receivers(n *Notice) []string
}

var _ Teller = (*Embedded)(nil)

// Receivers are the names of the receivers of the routes that a notice matches, but for those without any way to reach somebody: as
// shipped, none has one.
func (e *Embedded) Receivers(n *Notice) []string {
	e.mu.Lock()
	s := e.setup
	e.mu.Unlock()
	var all []string
	for _, r := range s.routes.Match(labelSet(n.Labels)) {
		if name := r.RouteOpts.Receiver; len(s.receivers[name]) > 0 {
			all = append(all, name)
		}
	}
	return all
}

// taken reports which of the alerts that the router has just taken it took for the first time, as far as this run knows.
func (r *Resender) taken(batch []delivery, list []Notice) {
	if r.o.Accepted == nil {
		return
	}
	teller, _ := r.o.Router.(Teller)
	var all []Acceptance
	for i := range batch {
		if a := &batch[i].alert; a.Accepted != 0 || !a.Open() {
			continue
		}
		one := Acceptance{Alert: batch[i].alert.ID}
		if teller != nil {
			if one.Receivers = teller.Receivers(&list[i]); len(one.Receivers) == 0 {
				continue // it reaches nobody, which is no acceptance
			}
		}
		all = append(all, one)
	}
	if len(all) > 0 {
		r.o.Accepted(all)
	}
}
