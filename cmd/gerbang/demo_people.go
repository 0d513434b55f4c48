package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/simulate"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// demoPeople are those who work in the demo's past: they are told of alerts, see to most of them, count, log tasks, hand their shifts over,
// and now and then do not. Who does what when follows from the seed alone. Their names say that they are none; whoever looks at the demo
// acts himself from then on.
type demoPeople struct {
	seed    uint64
	today   telemetry.Instant // since when nobody counts: the first screen shows what the sensors know
	waiting []demoAct         // by time
	met     map[string]bool   // alerts that somebody has been told of
}

// demoAct is something that somebody does at a time.
type demoAct struct {
	at telemetry.Instant
	do func(ctx context.Context, h *demoPast, now telemetry.Instant) error
}

// The staff of every building, by what they do there.
var demoStaff = struct{ morning, afternoon, cleaner, technician, manager string }{
	"Siti, satpam pagi (demo)", "Budi, satpam siang (demo)", "Wati, petugas kebersihan (demo)", "Agus, teknisi (demo)", "Ibu Rahma, pengelola (demo)",
}

// lookEvery is how often somebody notices what is open: in the demo's past, not the alerts' own clock.
const lookEvery = telemetry.Instant(time.Minute)

// sum is a hash of the seed and what it is for.
func (p *demoPeople) sum(of ...string) [sha256.Size]byte {
	return sha256.Sum256([]byte(strconv.FormatUint(p.seed, 10) + "\x00" + strings.Join(of, "\x00")))
}

// chance is a number in [0, 1) that follows from the seed and what it is for.
func (p *demoPeople) chance(of ...string) float64 {
	var n float64
	for _, b := range p.sum(of...) {
		n = (n + float64(b)) / 256
	}
	return min(n, 1-1e-9)
}

// between is a duration that follows from the seed.
func (p *demoPeople) between(least, most time.Duration, of ...string) time.Duration {
	return (least + time.Duration(p.chance(of...)*float64(most-least))).Round(time.Second)
}

// id is the id of an entry, a UUID that follows from the seed.
func (p *demoPeople) id(of ...string) string {
	all := p.sum(append([]string{"id"}, of...)...)
	b := all[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func (p *demoPeople) later(at telemetry.Instant, do func(ctx context.Context, h *demoPast, now telemetry.Instant) error) {
	i, _ := slices.BinarySearchFunc(p.waiting, at, func(a demoAct, at telemetry.Instant) int { return cmp.Compare(a.at, at+1) })
	p.waiting = slices.Insert(p.waiting, i, demoAct{at, do})
}

// enters makes an entry at its time.
func (p *demoPeople) enters(at telemetry.Instant, site string, e telemetry.Entry) {
	e.Claimed = true // nobody has an account in the demo
	p.later(at, func(ctx context.Context, h *demoPast, now telemetry.Instant) error {
		return h.gateway.Enter(ctx, site, e, at, now)
	})
}

// until does all that is due.
func (p *demoPeople) until(ctx context.Context, h *demoPast, now telemetry.Instant) error {
	for len(p.waiting) > 0 && p.waiting[0].at <= now {
		a := p.waiting[0]
		p.waiting = p.waiting[1:]
		if err := a.do(ctx, h, max(h.virtual.now, a.at)); err != nil {
			return fmt.Errorf("letting the demo's people work: %w", err)
		}
	}
	return nil
}

// meet lets people learn of alerts that were raised since, and decides what each does about it.
func (p *demoPeople) meet(h *demoPast) {
	for _, a := range h.gateway.Open() {
		if p.met[a.ID] {
			continue
		}
		p.met[a.ID] = true
		if a.Class != rules.ClassService && a.Drill == nil {
			p.hear(h, &a)
		}
	}
}

// hear is what becomes of one alert.
func (p *demoPeople) hear(h *demoPast, a *alerts.Alert) {
	id, from := a.ID, max(a.Opened, h.virtual.now) // of an alert that is late they hear when it comes
	receiver, who, slow := "guard", demoStaff.morning, 1
	switch {
	case a.Class == rules.ClassSensor:
		receiver, who, slow = "technician", demoStaff.technician, 8
	case a.Class == rules.ClassOverdue:
		receiver, who, slow = "manager", demoStaff.cleaner, 3
	case p.chance(id, "shift") < 0.5:
		who = demoStaff.afternoon
	}
	times := func(d time.Duration) time.Duration { return d * time.Duration(slow) }
	told := from.Add(p.between(time.Second, 8*time.Second, id, "told"))
	p.later(told, func(_ context.Context, h *demoPast, now telemetry.Instant) error {
		h.gateway.Accepted([]alerts.Acceptance{{Alert: id, Receivers: []string{receiver}}}, now)
		return nil
	})
	if p.chance(id, "missed") < 0.12 { // nobody looks
		return
	}
	seen := told.Add(times(p.between(10*time.Second, 90*time.Second, id, "seen")))
	opened := seen.Add(times(p.between(5*time.Second, time.Minute, id, "opened")))
	reach := func(shown, looked telemetry.Instant) func(context.Context, *demoPast, telemetry.Instant) error {
		return func(_ context.Context, h *demoPast, now telemetry.Instant) error {
			d := alerts.Delivery{Key: "demo " + who, To: who, Via: alerts.ViaWatch, Shown: shown, Looked: looked}
			h.gateway.Reached([]alerts.Report{{Alert: id, Delivery: d, Done: true}}, now)
			return nil
		}
	}
	p.later(seen, reach(seen, 0))
	p.later(opened, reach(seen, opened))
	if p.chance(id, "left") < 0.1 { // somebody has looked, and leaves it
		return
	}
	taken := opened.Add(times(p.between(20*time.Second, 4*time.Minute, id, "taken")))
	reasons := demoReasons[a.Class]
	if a.Kind == "temperature" {
		reasons = []string{"measured_again", "sent_home"}
	}
	reason := reasons[int(p.chance(id, "reason")*float64(len(reasons)))]
	p.enters(taken, a.Site, telemetry.Entry{ID: p.id(id, "take"), Kind: telemetry.EntryAcknowledge, Author: who, Subject: id, Reason: reason, Until: taken.Add(30 * time.Minute)})
	if p.chance(id, "comment") < 0.3 {
		words := demoWords[a.Class]
		said := taken.Add(p.between(time.Minute, 6*time.Minute, id, "said"))
		p.enters(said, a.Site, telemetry.Entry{ID: p.id(id, "say"), Kind: telemetry.EntryComment, Author: who, Subject: id, Reason: words[int(p.chance(id, "words")*float64(len(words)))]})
	}
}

// demoReasons are those that the buttons of an alert offer, demoWords what people write besides.
var (
	demoReasons = map[rules.Class][]string{
		rules.ClassBreach: {"being_checked", "fixed"}, rules.ClassOverdue: {"being_done", "done_not_logged"}, rules.ClassSensor: {"repair_called", "battery_changed"},
	}
	demoWords = map[rules.Class][]string{
		rules.ClassBreach:  {"Sudah saya periksa di tempat.", "Pengunjung diarahkan ke teras.", "Pintu ditahan sebentar."},
		rules.ClassOverdue: {"Cairan habis, sudah diisi lagi.", "Dikerjakan setelah antrean lewat."},
		rules.ClassSensor:  {"Kabel lepas, sudah dipasang.", "Menunggu suku cadang."},
	}
)

// plan is a day of one building: the hall is counted, a task is ticked off, the shift is handed over and taken.
func (p *demoPeople) plan(site *facility.Site, b *simulate.Building, from, until time.Time) {
	local := from.In(site.Location.Location)
	for day := facility.DateOf(local); !until.Before(day.In(site.Location.Location)); day = day.AddDays(1) {
		for _, o := range site.Hours.Day(day, site.Location.Location) {
			p.planDay(site, b, day.String(), o, telemetry.InstantOf(from))
		}
	}
}

func (p *demoPeople) planDay(site *facility.Site, b *simulate.Building, day string, o facility.Opening, from telemetry.Instant) {
	long := o.Close.Sub(o.Open)
	at := func(share float64, of string) telemetry.Instant {
		return telemetry.InstantOf(o.Open.Add(time.Duration(share*float64(long)) + p.between(0, 9*time.Minute, site.ID, day, of)))
	}
	enter := func(at telemetry.Instant, e telemetry.Entry) {
		if at > from {
			p.enters(at, site.ID, e)
		}
	}
	// The shift.
	given := at(0.5, "given")
	handover := p.id(site.ID, day, "handover")
	enter(given, telemetry.Entry{ID: handover, Kind: telemetry.EntryHandover, Author: demoStaff.morning, Text: demoStaff.afternoon, Reason: demoRemarks[int(p.chance(site.ID, day, "remark")*float64(len(demoRemarks)))]})
	if p.chance(site.ID, day, "nobody comes") > 0.1 {
		enter(given.Add(p.between(time.Minute, 7*time.Minute, site.ID, day, "comes")), telemetry.Entry{
			ID: p.id(site.ID, day, "takeover"), Kind: telemetry.EntryHandover, Author: demoStaff.afternoon, Text: demoStaff.afternoon, Subject: handover,
		})
	}
	if p.chance(site.ID, day, "note") < 0.4 {
		enter(at(0.3, "note"), telemetry.Entry{ID: p.id(site.ID, day, "note"), Kind: telemetry.EntryNote, Author: demoStaff.manager, Reason: demoRemarks[int(p.chance(site.ID, day, "noted")*float64(len(demoRemarks)))]})
	}
	// Wiping a second time is no duty of anybody, and no rule's: it is ticked off on a phone where the building has something to wipe.
	if len(site.Tasks) > 0 && site.ID != "mpp-tabalong" && p.chance(site.ID, day, "ticks") < 0.6 {
		t := site.Tasks[int(p.chance(site.ID, day, "task")*float64(len(site.Tasks)))]
		if t.Kind != facility.TaskChecklist {
			enter(at(0.4, "task"), telemetry.Entry{ID: p.id(site.ID, day, "task"), Kind: telemetry.EntryTask, Author: demoStaff.cleaner, Subject: t.ID, Value: 1, Text: "alkohol 70%"})
		}
	}
	// After closing, as guards do on their round: what passed before is reported by then, so that a count never contradicts the counters.
	p.planCount(site, b, day, telemetry.InstantOf(o.Close.Add(25*time.Minute)), from)
}

// demoRemarks are what people of the demo tell each other.
var demoRemarks = []string{
	"Pintu samping agak macet, sudah dilaporkan.", "Rombongan lansia pukul sebelas, bantu antrean.", "Cairan pembersih tangan di pintu utama tinggal sedikit.", "Semua aman.", "Ada acara di aula besok pagi, datang lebih awal.",
}

// demoCounted are the buildings whose guards count now and then; in the others the sensors are to be seen alone, as what is wrong there wants it.
var demoCounted = []string{"mpp-magetan", "mpp-pamekasan", "mpp-kab-probolinggo"}

// planCount lets somebody count the building after a day, and on some days correct it by mistake and take that back.
func (p *demoPeople) planCount(site *facility.Site, b *simulate.Building, day string, at, from telemetry.Instant) {
	if at <= from || at >= p.today || !slices.Contains(demoCounted, site.ID) || p.chance(site.ID, day, "counts") > 0.5 {
		return
	}
	step := telemetry.Instant(historyStep)
	at = (at + step - 1) / step * step // the people of the simulation are known at the end of a step
	p.later(at, func(ctx context.Context, h *demoPast, now telemetry.Instant) error {
		e := telemetry.Entry{ID: p.id(site.ID, day, "count"), Kind: telemetry.EntryCount, Author: demoStaff.afternoon, Claimed: true, Value: float64(b.People("")), Reason: "jalan keliling setelah tutup"}
		e.Before, e.After = h.peopleOf(site.ID), inRecord(e.Value)
		return h.gateway.Enter(ctx, site.ID, e, 0, now)
	})
	if p.chance(site.ID, day, "errs") > 0.4 {
		return
	}
	wrong := p.id(site.ID, day, "wrong")
	for k, e := range []telemetry.Entry{
		{ID: wrong, Value: -2, Author: demoStaff.morning, Reason: "petugas ikut terhitung"},
		{ID: p.id(site.ID, day, "right"), Value: 2, Author: demoStaff.morning, Reason: "keliru, petugas sudah keluar", Ends: wrong},
	} {
		e.Kind, e.Claimed = telemetry.EntryCorrection, true
		p.later(at.Add(-4*time.Hour+time.Duration(3+5*k)*time.Minute), func(ctx context.Context, h *demoPast, now telemetry.Instant) error {
			e.Before = h.peopleOf(site.ID)
			if v, ok := h.gateway.View(site.ID); ok && v.Persons.Known {
				e.After = inRecord(max(0, v.Persons.Persons+e.Value))
			}
			return h.gateway.Enter(ctx, site.ID, e, 0, now)
		})
	}
}

// peopleOf are the people in a building as the record writes them; empty: nobody knows.
func (h *demoPast) peopleOf(site string) string {
	v, ok := h.gateway.View(site)
	if !ok || !v.Persons.Known {
		return ""
	}
	if v.Persons.High <= v.Persons.Low {
		return inRecord(v.Persons.Persons)
	}
	return inRecord(v.Persons.Persons) + " (" + inRecord(v.Persons.Low) + "–" + inRecord(v.Persons.High) + ")"
}

// inRecord writes a number of people as the record has it.
func inRecord(v float64) string { return strconv.FormatFloat(math.Round(v), 'f', -1, 64) }
