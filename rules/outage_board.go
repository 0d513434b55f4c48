package rules

import (
	"cmp"
	"slices"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// outageBoard counts the devices behind a parent at the engine's clock, as they fall silent and speak again: of a thousand behind one
// switch each is moved when it does, and none is asked when another does. A device that speaks as it promised touches nothing here.
type outageBoard struct {
	built   bool
	newest  telemetry.Instant // sign of those that are silent: what is counted as fallen together, and as come back, is about it
	classes []boardClass
	odd     []*behind // what time alone changes: heard of in the future, or granted time because nobody listened
}

// boardClass are the devices of one class.
type boardClass struct {
	speaking int       // including those that came back
	fell     []*behind // silent, by their last sign
	begins   int       // of fell, the first that fell silent together with the newest
	on       []int     // by branch: how many from there on hang on it
	branches int       // that have some
	back     []*behind // speak, and were silent at some time after the newest sign
	counted  bool      // spoke and first are of these and of the newest sign
	spoke    int
	first    telemetry.Instant
}

// post is where a device stands on the board.
type post struct {
	place place
	last  telemetry.Instant // its last sign, where it fell silent
	came  bool              // it is among those that came back
}

type place uint8

const (
	unheard place = iota
	speaking
	fallen
	odd
)

// boarded has the board built, where it is not.
func (j *outageJudge) boarded() bool {
	b := &j.board
	if b.built {
		return true
	}
	*b = outageBoard{built: true, classes: make([]boardClass, len(j.classes))}
	for i := range b.classes {
		b.classes[i].on = make([]int, len(j.shared))
	}
	for _, k := range j.kids {
		k.post = post{}
		j.stand(k)
	}
	return true
}

// stand puts a device that stands nowhere where it is at the clock.
func (j *outageJudge) stand(k *behind) {
	b, t := &j.board, j.engine.clock
	c := &b.classes[k.class]
	last, silent, until := k.state(t, &j.engine.deafness)
	switch {
	case k.watch.last > t || until != telemetry.Never:
		k.place = odd
		b.odd = append(b.odd, k)
	case last == 0:
		k.place = unheard
	case silent:
		k.place, k.last = fallen, last
		i, _ := slices.BinarySearchFunc(c.fell, k, byLast)
		c.fell = slices.Insert(c.fell, i, k)
		if i >= c.begins && k.together(last, b.newest) {
			c.join(k)
		} else {
			c.begins++
		}
	default:
		k.place = speaking
		c.speaking++
		if k.wasAway(b.newest) {
			k.came, c.back, c.counted = true, append(c.back, k), false
		}
	}
}

// leave takes a device off the board.
func (j *outageJudge) leave(k *behind) {
	b := &j.board
	c := &b.classes[k.class]
	switch k.place {
	case odd:
		b.odd = slices.Delete(b.odd, slices.Index(b.odd, k), slices.Index(b.odd, k)+1)
	case fallen:
		i, _ := slices.BinarySearchFunc(c.fell, k, byLast)
		c.fell = slices.Delete(c.fell, i, i+1)
		if i >= c.begins {
			c.part(k)
		} else {
			c.begins--
		}
	case speaking:
		c.speaking--
		if k.came {
			i := slices.Index(c.back, k)
			c.back, c.counted = slices.Delete(c.back, i, i+1), false
		}
	}
	k.post = post{}
}

func byLast(a, b *behind) int {
	return cmp.Or(cmp.Compare(a.last, b.last), byDevice(a, b))
}

// wasAway reports whether a device came back from a silence after a time.
func (k *behind) wasAway(since telemetry.Instant) bool {
	g := k.watch.gaps
	return len(g) > 0 && !g[len(g)-1].unseen && g[len(g)-1].to > since
}

func (c *boardClass) join(k *behind) {
	if c.on[k.branch]++; c.on[k.branch] == 1 {
		c.branches++
	}
}

func (c *boardClass) part(k *behind) {
	if c.on[k.branch]--; c.on[k.branch] == 0 {
		c.branches--
	}
}

// about makes what is counted be about a newest sign.
func (j *outageJudge) about(newest telemetry.Instant) {
	b := &j.board
	if newest == b.newest {
		return
	}
	older := newest < b.newest
	b.newest = newest
	for i := range b.classes {
		c := &b.classes[i]
		for c.begins < len(c.fell) && !c.fell[c.begins].together(c.fell[c.begins].last, newest) {
			c.part(c.fell[c.begins])
			c.begins++
		}
		for c.begins > 0 && c.fell[c.begins-1].together(c.fell[c.begins-1].last, newest) {
			c.begins--
			c.join(c.fell[c.begins])
		}
		c.counted = false
		if older {
			continue
		}
		c.back = slices.DeleteFunc(c.back, func(k *behind) bool {
			k.came = k.wasAway(newest)
			return !k.came
		})
	}
	if !older {
		return
	}
	// Silences before the newest sign were forgotten, and are after this one.
	for _, k := range j.kids {
		if k.place == speaking && !k.came && k.wasAway(newest) {
			c := &b.classes[k.class]
			k.came, c.back = true, append(c.back, k)
		}
	}
}

// glance is what scan says of the clock, from the board. Not ok: a device fell silent that was heard of in the future.
func (j *outageJudge) glance(t telemetry.Instant) (l outageLook, ok bool) {
	deafness := &j.engine.deafness
	if l.deaf, l.until = deafness.at(t); l.deaf {
		return l, true
	}
	b := &j.board
	for _, k := range slices.Backward(b.odd) { // what is no longer odd leaves, or goes to the end
		if _, _, until := k.state(t, deafness); until == telemetry.Never && k.watch.last <= t {
			j.leave(k)
			j.stand(k)
		}
	}
	newest := telemetry.Instant(0)
	for i := range b.classes {
		c := &b.classes[i]
		l.heard += c.speaking + len(c.fell)
		if n := len(c.fell); n > 0 {
			newest = max(newest, c.fell[n-1].last)
		}
	}
	for _, k := range b.odd {
		last, silent, until := k.state(t, deafness)
		if silent {
			return l, false
		}
		if l.until = min(l.until, until); last != 0 {
			l.heard++
		}
	}
	j.about(newest)
	if l.last = newest; newest == 0 {
		return l, true
	}
	j.tally = j.tally[:0]
	for i := range b.classes {
		c := &b.classes[i]
		if !c.counted {
			c.counted, c.spoke, c.first = true, 0, telemetry.Never
			for _, k := range c.back {
				c.came(k, newest, t)
			}
		}
		y := outageTally{outageClass: j.classes[i], silent: len(c.fell) - c.begins, mixed: c.branches > 1, spoke: c.spoke, back: c.first, rest: c.speaking - c.spoke}
		if y.silent > 0 {
			y.branch = c.fell[len(c.fell)-1].branch
		}
		j.tally = append(j.tally, y)
	}
	for _, k := range b.odd {
		if last, _, _ := k.state(t, deafness); last != 0 {
			y := outageTally{outageClass: j.classes[k.class], back: telemetry.Never}
			y.heard(k.returned(newest, t))
			j.tally = append(j.tally, y)
		}
	}
	return j.decide(t, l), true
}

// came counts one that came back.
func (c *boardClass) came(k *behind, newest, t telemetry.Instant) {
	if at := k.returned(newest, t); at != 0 {
		c.spoke, c.first = c.spoke+1, min(c.first, at)
	}
}

// moved puts a device where it belongs, of which something else is known now.
func (j *outageJudge) moved(k *behind) {
	b := &j.board
	if !b.built {
		return
	}
	c := &b.classes[k.class]
	counted := c.counted
	stayed := k.came
	j.leave(k)
	j.stand(k)
	if counted && !stayed && k.came { // one more has come back: of the others nothing has changed
		c.counted = true
		c.came(k, b.newest, j.engine.clock)
	}
}
