package rules

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// A case is somebody who was too warm and waits for the second check. It has no name and no number of a person: it is a door, a
// time and a temperature. Case, caseBook and caseFold are what there is of it: the case as it is shown, the facts about a door, and
// what one rule makes of them.

// Outcome is how a case ended, as a person says or a second reading shows. Entries carry it as their text.
type Outcome string

// The outcomes.
const (
	Cleared    Outcome = "cleared"    // measured again, and not too warm
	Refused    Outcome = "refused"    // too warm twice, and not admitted
	Unmeasured Outcome = "unmeasured" // left before the second check
)

// ParseOutcome reads an outcome.
func ParseOutcome(s string) (Outcome, bool) {
	switch o := Outcome(s); o {
	case Cleared, Refused, Unmeasured:
		return o, true
	}
	return "", false
}

// CaseState is how far a case has come.
type CaseState string

// The states.
const (
	CaseWaiting   CaseState = "waiting"   // the time until the second check runs
	CaseDue       CaseState = "due"       // the second check is to be made now
	CaseOverdue   CaseState = "overdue"   // it was not made in time
	CaseConfirmed CaseState = "confirmed" // too warm twice: a refusal is wanted
	CaseClosed    CaseState = "closed"
)

// CaseHow says what closed a case.
type CaseHow string

// What closes a case.
const (
	ByReading CaseHow = "reading" // a second reading at the door
	ByPerson  CaseHow = "person"
	ByTime    CaseHow = "time" // nobody said how it ended
)

// caseID names a case by the device that opened it and when. It says nothing of a person.
func caseID(device string, opened telemetry.Instant) string {
	return device + "-" + strconv.FormatInt(int64(opened)/int64(time.Millisecond), 10)
}

// parseCaseID takes an id apart; the time is that of a millisecond.
func parseCaseID(id string) (device string, opened telemetry.Instant, ok bool) {
	i := strings.LastIndexByte(id, '-')
	if i <= 0 {
		return "", 0, false
	}
	ms, err := strconv.ParseInt(id[i+1:], 10, 64)
	if err != nil || ms <= 0 || ms > int64(telemetry.Never)/int64(time.Millisecond) {
		return "", 0, false
	}
	return id[:i], telemetry.Instant(ms * int64(time.Millisecond)), true
}

// caseBook is what was measured at a door, or by a thermometer that hangs at none, and what people said of its cases. It is kept
// only where a rule about temperatures looks at it.
type caseBook struct {
	sensors []caseSensor
	line    timeline[sighting]
	said    []saying // by time, then case

	// From the rules: made anew with the judges.
	folds    []*caseFold
	watchers []*instance
}

// caseSensor is a thermometer, or one channel of it.
type caseSensor struct{ device, channel string }

// sighting is a reading of a person, or several of one person who stands in front of the thermometer: all too warm, each within
// samePerson of the one before.
type sighting struct {
	value  float64           // the warmest
	last   telemetry.Instant // when the newest of them was read
	sensor uint16            // index in the book
}

// saying is what a person said of a case.
type saying struct {
	at      telemetry.Instant
	device  string
	opened  telemetry.Instant // of the case, to the millisecond
	outcome Outcome
}

// samePerson is how far two readings of one thermometer lie apart at the most that are of one person, if both are too warm and
// nobody was measured in between: terminals read whoever stands before them again and again, and the next visitor is not there
// sooner.
const samePerson = 10 * time.Second

// mostSayings bounds what is kept of people's words about one door.
const mostSayings = 2000

func compareSayings(a, b saying) int {
	return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.device, b.device), cmp.Compare(a.opened, b.opened), strings.Compare(string(a.outcome), string(b.outcome)))
}

// mostChannels bounds the channels of one device and quantity that are told apart, mostSensors those of one book, whose index has 16 bits: a
// device that names a new channel in each message would fill memory.
const (
	mostChannels = 1024
	mostSensors  = 32 * mostChannels
)

// sensor finds a sensor's index, making it if it is new. Channels above the bound are the device's own, without a name: whoever is too warm
// there is seen all the same.
func (b *caseBook) sensor(device, channel string) uint16 {
	n := 0
	for i := range b.sensors {
		if b.sensors[i].device == device {
			if b.sensors[i].channel == channel {
				return uint16(i)
			}
			n++
		}
	}
	if channel != "" && (n >= mostChannels || len(b.sensors) >= mostSensors) {
		return b.sensor(device, "")
	}
	b.sensors = append(b.sensors, caseSensor{device, strings.Clone(channel)})
	return uint16(len(b.sensors) - 1)
}

// before orders sightings of one time, so that their order does not depend on that of arrival.
func (b *caseBook) before(x, y *sighting) bool {
	p, q := &b.sensors[x.sensor], &b.sensors[y.sensor]
	return cmp.Or(strings.Compare(p.device, q.device), strings.Compare(p.channel, q.channel), cmp.Compare(x.value, y.value)) < 0
}

// record takes in a reading, in any order, and gives from when on cases may be others than before.
func (b *caseBook) record(at telemetry.Instant, device, channel string, v float64, now telemetry.Instant, exact time.Duration) (from telemetry.Instant) {
	e := entry[sighting]{at, sighting{value: v, last: at, sensor: b.sensor(device, channel)}}
	i := b.line.upTo(at)
	for i > 0 && b.line.get(i-1).at == at && b.before(&e.v, &b.line.get(i-1).v) {
		i--
	}
	from = at
	if n := len(b.said); i < b.line.size() || n > 0 && b.said[n-1].at >= at {
		b.line.insert(i, e)
		from = b.again(at)
	} else {
		b.line.add(e)
		for _, f := range b.folds {
			f.see(b, i)
		}
	}
	b.line.age(now, exact, b)
	return from
}

// say takes in what a person said of a case, and gives from when on cases may be others than before.
func (b *caseBook) say(s saying) (from telemetry.Instant) {
	i, found := slices.BinarySearchFunc(b.said, s, compareSayings)
	if found {
		return 0
	}
	b.said = slices.Insert(b.said, i, s)
	if n := len(b.said) - mostSayings; n > 0 {
		b.said = slices.Delete(b.said, 0, n)
	}
	return b.again(s.at)
}

// again finds all cases anew from a time on, or a little before, which is given.
func (b *caseBook) again(at telemetry.Instant) (from telemetry.Instant) {
	from = at
	for _, f := range b.folds {
		from = min(from, f.again(b, at))
	}
	return from
}

// fold is what a rule makes of the book; bars gives the error bar of a device.
func (b *caseBook) fold(p *Temperature, bars func(device string) float64) *caseFold {
	for _, f := range b.folds {
		if f.params == p {
			return f
		}
	}
	f := &caseFold{params: p, bars: bars}
	b.folds = append(b.folds, f)
	f.again(b, 0)
	return f
}

// same allows the past to be thinned: of readings that are not too warm the first of each slot stays, and of a person who was seen
// several times one sighting. What a case opened or ended by stays as it is.
func (b *caseBook) same(older, newer *entry[sighting]) bool {
	for _, f := range b.folds {
		was, is := f.class(b, &older.v), f.class(b, &newer.v)
		if was != is || is == unclear || f.used(newer.at) || f.used(older.at) && is != hot {
			return false
		}
		if is == hot && (older.v.sensor != newer.v.sensor || newer.at.Sub(older.v.last) > samePerson) {
			return false
		}
	}
	return true
}

// join lets the older of two neighbours stand for both.
func (b *caseBook) join(older, newer *entry[sighting]) {
	for _, f := range b.folds {
		if f.class(b, &older.v) == hot {
			older.v.last, older.v.value = newer.v.last, max(older.v.value, newer.v.value)
			return
		}
	}
}

// forget drops what lies before the time.
func (b *caseBook) forget(before telemetry.Instant) {
	for t := range b.line.tiers {
		s := b.line.tier(t)
		n := 0
		for n < len(s) && s[n].v.last < before {
			n++
		}
		b.line.setTier(t, slices.Delete(s, 0, n))
	}
	n := 0
	for n < len(b.said) && b.said[n].at < before {
		n++
	}
	b.said = slices.Delete(b.said, 0, n)
	for _, f := range b.folds {
		f.forget(before)
	}
}

// caseBookOf is the book of the place where a thermometer hangs; nil: there is none.
func (d *deviceState) caseBookOf() *caseBook {
	if d.door != nil {
		return d.door.cases
	}
	return d.whole.cases
}

// keepCases makes sure that the place of a thermometer has a book.
func (d *deviceState) keepCases() *caseBook {
	at := &d.whole.cases
	if d.door != nil {
		at = &d.door.cases
	}
	if *at == nil {
		*at = new(caseBook)
	}
	return *at
}

// caseBooks lists the books of a site, those of doors first.
func (e *Engine) caseBooks() []*caseBook {
	var all []*caseBook
	for _, d := range e.doors {
		if d.cases != nil {
			all = append(all, d.cases)
		}
	}
	for _, d := range e.devices {
		if d.cases != nil {
			all = append(all, d.cases)
		}
	}
	return all
}

// sighted takes in a body temperature as a fact about cases.
func (e *Engine) sighted(d *deviceState, channel string, v float64, at telemetry.Instant) {
	b := d.caseBookOf()
	if b == nil {
		if e.plan.keeps&maskOf(telemetry.BodyTemperature) == 0 {
			return
		}
		b = d.keepCases()
	}
	from := b.record(at, d.id, channel, v, e.clock, e.plan.exact())
	for _, i := range b.watchers {
		e.ask(i, from)
	}
}

// outcome takes in what a person said of a case.
func (e *Engine) outcome(id, text string, at telemetry.Instant) {
	device, opened, ok := parseCaseID(id)
	outcome, known := ParseOutcome(text)
	d := e.deviceByID[device]
	if !ok || !known || d == nil || opened > at {
		return
	}
	books := []*caseBook{d.keepCases()}
	for _, p := range d.parts {
		if b := p.keepCases(); !slices.Contains(books, b) {
			books = append(books, b)
		}
	}
	for _, b := range books {
		from := b.say(saying{at, d.id, opened, outcome})
		if from == 0 {
			continue
		}
		for _, i := range b.watchers {
			e.ask(i, from)
		}
	}
}
