package rules

import (
	"cmp"
	"slices"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// kinTold is what those who hang on a parent, and are silent, were judged by.
type kinTold struct {
	known bool
	explaining
	hushed [][]hushed                   // by class, by their last sign
	heard  map[*watch]telemetry.Instant // of those, the sign by which they stand there
	ahead  []*watch                     // heard of in the future: such a device may be silent until then
}

// explaining is what the silence of a device behind a parent depends on.
type explaining struct {
	some     bool // it is explained, if it began together with the others'
	breached bool
	last     telemetry.Instant // the newest sign of those that fell silent
}

// hushed is a watch over a device behind the parent that finds it silent. A device may be silent for a rule about outages later than
// for the one about its silence.
type hushed struct {
	last  telemetry.Instant
	watch *watch
}

func (l *outageLook) explaining() explaining {
	x := explaining{some: l.verdict == Breached || l.pending, breached: l.verdict == Breached}
	if x.some {
		x.last = l.last
	}
	return x
}

func bySign(a, b hushed) int {
	return cmp.Or(cmp.Compare(a.last, b.last), cmp.Compare(a.watch.device.index, b.watch.device.index), compareWatches(a.watch, b.watch))
}

// hush notes whether a watch finds its device silent.
func (j *outageJudge) hush(class int, w *watch) {
	list := &j.kin.hushed[class]
	if last, there := j.kin.heard[w]; there {
		i, _ := slices.BinarySearchFunc(*list, hushed{last, w}, bySign)
		*list = slices.Delete(*list, i, i+1)
		delete(j.kin.heard, w)
	}
	if w.last > j.engine.clock && !slices.Contains(j.kin.ahead, w) {
		j.kin.ahead = append(j.kin.ahead, w)
	}
	if w.last == 0 || w.due() > j.engine.clock {
		return
	}
	h := hushed{w.last, w}
	i, _ := slices.BinarySearchFunc(*list, h, bySign)
	*list = slices.Insert(*list, i, h)
	j.kin.heard[w] = w.last
}

// kinChanged asks about the silence of those that hang on the same parents as a device of which a watch tells something else from a time on: what
// explains one of them may explain others.
func (e *Engine) kinChanged(w *watch, from telemetry.Instant) {
	for _, i := range w.device.explainers {
		j, ok := i.now().judge.(*outageJudge)
		if ok {
			j.heard(w)
		}
		switch {
		case from < e.clock:
			e.askKin(i, from)
		case ok:
			e.tellKin(j)
		}
	}
}

// askKin asks all whose silence may be explained otherwise from a time on.
func (e *Engine) askKin(i *instance, from telemetry.Instant) {
	for k := range i.eras {
		j, ok := i.eras[k].judge.(*outageJudge)
		if !ok {
			continue
		}
		ask := func(kin *behind) {
			for _, w := range kin.device.watches {
				if due := w.due(); w.last != 0 && due <= e.clock || len(w.gaps) > 0 && w.gaps[len(w.gaps)-1].to > from {
					e.askWatchers(w, from)
				}
			}
		}
		if j.self != nil {
			ask(j.self)
		}
		for _, kin := range j.kids {
			ask(kin)
		}
	}
	if j, ok := i.now().judge.(*outageJudge); ok {
		j.learnKin()
	}
}

// learnKin notes what those behind the parent are judged by now, that all are asked.
func (j *outageJudge) learnKin() {
	k := &j.kin
	if !k.known {
		*k = kinTold{known: true, hushed: make([][]hushed, len(j.classes)), heard: make(map[*watch]telemetry.Instant)}
		for _, kin := range j.kids {
			for _, w := range kin.device.watches {
				j.hush(kin.class, w)
			}
		}
	}
	k.explaining = j.look(j.engine.clock).explaining()
}

// tellKin asks those whose silence is explained otherwise at the clock than it was.
func (e *Engine) tellKin(j *outageJudge) {
	was, now := j.kin.explaining, explaining{}
	if j.kin.known {
		if now = j.look(e.clock).explaining(); now == was {
			return
		}
	}
	all := !j.kin.known || was.some != now.some || was.breached != now.breached
	if !j.kin.known {
		j.learnKin()
	}
	if j.self != nil {
		for _, w := range j.self.device.watches {
			if w.last != 0 && w.due() <= e.clock {
				e.askWatchers(w, e.clock)
			}
		}
	}
	j.kin.ahead = slices.DeleteFunc(j.kin.ahead, func(w *watch) bool { return w.last <= e.clock })
	for _, w := range j.kin.ahead {
		e.askWatchers(w, e.clock)
	}
	for class, list := range j.kin.hushed {
		if !all {
			c := &j.classes[class]
			// Those between the two are explained by one of them only.
			first, end := min(was.last, now.last).Add(-c.interval-c.interval/2), max(was.last, now.last).Add(-c.interval-c.interval/2)
			from := func(t telemetry.Instant) int {
				i, _ := slices.BinarySearchFunc(list, t, func(h hushed, t telemetry.Instant) int { return cmp.Compare(h.last, t) })
				return i
			}
			list = list[from(first):from(end)]
		}
		for _, h := range list {
			e.askWatchers(h.watch, e.clock)
		}
	}
	j.kin.explaining = j.look(e.clock).explaining()
}

func (e *Engine) askWatchers(w *watch, from telemetry.Instant) {
	for _, i := range w.watchers {
		e.ask(i, from)
	}
}

// tellKins has each outage that is about to be judged ask those whose silence it explains otherwise. Who asks it does not matter: its own
// time may have come, or that of another with the same devices behind it.
func (e *Engine) tellKins() {
	for n := 0; n < len(e.dirty); n++ { // what is told adds to them
		if j, ok := e.dirty[n].now().judge.(*outageJudge); ok {
			e.tellKin(j)
		}
	}
}

// learnKins notes what those behind all outages are judged by, after all judges were made anew.
func (e *Engine) learnKins() {
	e.unlearned = false
	for _, all := range e.outages {
		for _, i := range all {
			if j, ok := i.now().judge.(*outageJudge); ok && !j.kin.known {
				j.learnKin()
			}
		}
	}
}

// fallSilent moves the devices on the boards of outages whose silence is due at the clock, before anybody is asked: those of the same
// instant fall silent at once.
func (e *Engine) fallSilent() {
	if len(e.outages) == 0 || e.fallen == e.clock {
		return
	}
	e.fallen = e.clock
	e.queue.dueBy(e.clock, func(slot int) {
		k := slot - 1
		if k < 0 || k >= len(e.watches) || e.watches[k].due() > e.clock {
			return
		}
		w := e.watches[k]
		for _, i := range w.device.explainers {
			if j, ok := i.now().judge.(*outageJudge); ok {
				if kid := j.kid(w.device); kid != nil && kid.watch == w {
					j.moved(kid)
				}
			}
		}
	})
}

// heardAhead is told of a device that was heard of in the future: when that is the present depends on the time alone.
func (e *Engine) heardAhead(w *watch) {
	for _, i := range w.device.explainers {
		if j, ok := i.now().judge.(*outageJudge); ok {
			j.heard(w)
		}
	}
}

// heard notes what a watch over a device behind the parent knows now.
func (j *outageJudge) heard(w *watch) {
	k := j.kid(w.device)
	if k == nil {
		return
	}
	if j.kin.known {
		j.hush(k.class, w)
	}
	if w == k.watch {
		j.moved(k)
	}
}

// forgetOutages has where the devices behind parents stand found out anew: something changed that no device tells.
func (e *Engine) forgetOutages() {
	e.fallen = 0
	for _, all := range e.outages {
		for _, i := range all {
			if j, ok := i.now().judge.(*outageJudge); ok {
				j.board.built = false
			}
		}
	}
}
