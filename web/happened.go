package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// happening is something that happened at a site and is worth a mark in its history: an alert, or what a person did.
type happening struct {
	at            telemetry.Instant
	kind          string // happenedAlert, or an EntryKind
	part          string // "zone:hall", as far as it is about a part of the site; empty: the site
	what          string // in the reader's language
	who           string // as the record calls him; empty: nobody is named
	claimed       bool
	why           string
	before, after string // what was changed, and into what; empty: not said
	unsure        string // since when it may have been; empty: the time is known
	link          string // empty: it has no page
	id            string // of the entry, or the alert
}

// happenedAlert is the kind of an alert among what people did.
const happenedAlert = "alert"

// markClass is the shape that a happening has in a drawing.
func (h *happening) markClass() string {
	switch h.kind {
	case happenedAlert, string(telemetry.EntryTask), string(telemetry.EntryNote):
		return h.kind
	case string(telemetry.EntryCount), string(telemetry.EntryCorrection):
		return "count"
	}
	return "change"
}

// change is what was changed into what, for the eye; empty: nothing was.
func (h *happening) change() string {
	switch {
	case h.before == "" && h.after == "":
		return ""
	case h.before == "":
		return h.after
	case h.after == "":
		return h.before + " → –"
	}
	return h.before + " → " + h.after
}

// text is all of it in one line.
func (h *happening) text(t *scene) string {
	all := h.what
	if c := h.change(); c != "" {
		all += ": " + c
	}
	if h.kind == string(telemetry.EntryNote) { // what is said stands before who says so
		return strings.TrimPrefix(all+": ", ": ") + h.why + " — " + t.claims(h.who, h.claimed)
	}
	if h.who != "" {
		sep := " · "
		if h.kind == string(telemetry.EntryTask) {
			sep = ": "
		}
		all += sep + t.claims(h.who, h.claimed)
	}
	if h.why != "" {
		all += " · " + h.why
	}
	return all + h.unsure
}

// markedKinds are the kinds of entry that are a mark; of an alert's own acknowledgement, comment and assignment its page tells.
var markedKinds = []telemetry.EntryKind{
	telemetry.EntryTask, telemetry.EntryNote, telemetry.EntryCount, telemetry.EntryCorrection, telemetry.EntryMaintenance, telemetry.EntryCalibration, telemetry.EntryAccuracy,
	telemetry.EntryDrift, telemetry.EntryDirection, telemetry.EntryOutcome, telemetry.EntryHandover, telemetry.EntrySilence, telemetry.EntryLimit, telemetry.EntryFile,
}

// mostHappened bounds what is read of each kind.
const mostHappened = 600

// happened lists what happened at a site, or what of it concerns a zone, in [from, until), the oldest first.
func (s *Server) happened(ctx context.Context, sc *scene, zone string, from, until telemetry.Instant) ([]happening, error) {
	raised, err := s.opts.AlertLog.AlertsDuring(ctx, sc.view.Site, from, until, mostHappened)
	if err != nil {
		return nil, fmt.Errorf("listing the alerts of a time: %w", err)
	}
	var all []happening
	for i := range raised {
		a := &raised[i]
		if zone != "" && a.Zone != zone && a.Subject.ID != zone || a.Drill != nil {
			continue
		}
		card := alertCardOf(sc, a)
		all = append(all, happening{at: max(a.Opened, from), kind: happenedAlert, part: zonePart(a.Zone), what: card.Title + ". " + card.Text, link: "/alert/" + a.ID, id: a.ID})
	}
	limits := sync.OnceValue(func() []Limit { // which reads files
		if s.opts.Limits == nil {
			return nil
		}
		all, err := s.opts.Limits.Limits(ctx, sc.view.Site)
		if err != nil {
			s.opts.Log.Warn("the limits of a site cannot be named", "site", sc.view.Site, "err", err)
		}
		return all
	})
	for _, kind := range markedKinds {
		records, err := s.opts.Entries.EntriesDuring(ctx, sc.view.Site, kind, from, until, mostHappened)
		if err != nil {
			return nil, fmt.Errorf("listing what people did: %w", err)
		}
		for i := range records {
			if h, ok := s.happeningOf(ctx, sc, &records[i], zone, limits); ok {
				all = append(all, h)
			}
		}
	}
	levels, err := s.levelsDuring(ctx, sc, from, until)
	if err != nil {
		return nil, err
	}
	all = append(all, levels...)
	all = append(all, s.pressed(ctx, sc, zone, from, until, all)...)
	slices.SortStableFunc(all, func(a, b happening) int { return cmp.Compare(a.at, b.at) })
	return all, nil
}

func zonePart(zone string) string {
	if zone == "" {
		return ""
	}
	return "zone:" + zone
}

// happeningOf puts an entry into words; false: it is none of the zone's.
func (s *Server) happeningOf(ctx context.Context, sc *scene, rec *telemetry.Record, zone string, limits func() []Limit) (happening, bool) {
	e := rec.Entry
	h := happening{at: rec.At, kind: string(e.Kind), who: e.Author, claimed: e.Claimed, why: e.Reason, before: e.Before, after: e.After, id: e.ID}
	say := func(args ...any) string { return sc.T("past.did."+h.kind, args...) }
	concerns := true
	switch e.Kind {
	case telemetry.EntryTask:
		t, ok := taskByID(sc.view, e.Subject)
		if !ok {
			return h, false
		}
		h.part, h.what, h.unsure = "task:"+e.Subject, t.Name, sc.unsure(e.Earliest, rec.At)
		if e.Item != "" {
			h.what += ": " + e.Item
		}
		concerns = t.Place.ID == zone
		h.why = ""
	case telemetry.EntryNote:
		h.part, h.what = e.Subject, sc.partName(e.Subject)
		concerns = sc.concerns(e.Subject, "zone:"+zone)
	case telemetry.EntryCount, telemetry.EntryCorrection:
		h.part, h.what = zonePart(e.Subject), say()
		if e.Ends != "" {
			h.what = sc.T("past.did.undone")
		}
		if zone == "" {
			h.what += " · " + cmp.Or(sc.subjectName(e.Subject), sc.view.Name)
		}
		concerns = e.Subject == zone
		switch { // an entry of a time before both were kept, or one about a past time, has the number alone
		case h.after == "" && e.Kind == telemetry.EntryCount:
			h.after = sc.Number(e.Value, 0)
		case h.after == "" && e.Kind == telemetry.EntryCorrection:
			h.after = signedBy(sc, e.Value, 0)
		}
	case telemetry.EntryMaintenance:
		h.part = e.Subject
		if h.what = say("Part", sc.standingName(e)); e.Ends != "" {
			h.what = sc.T("past.did.maintenance_end")
		} else {
			h.after = sc.period(max(e.From, rec.At), e.Until)
		}
		concerns = e.Subject == "" || e.Subject == zonePart(zone)
	case telemetry.EntryCalibration, telemetry.EntryAccuracy, telemetry.EntryDrift, telemetry.EntryDirection:
		device, channel, _ := strings.Cut(e.Subject, "/")
		h.part, h.what = "device:"+e.Subject, say("Device", strings.TrimSpace(sc.subjectName(device)+" "+channel))
		concerns = sc.deviceIn(device, zone)
		switch e.Kind {
		case telemetry.EntryCalibration:
			h.after = signedBy(sc, e.Value, 2) + " °C"
		case telemetry.EntryAccuracy:
			h.after = sc.Number(100*e.Value, 1) + " %"
		case telemetry.EntryDrift:
			h.after = signedBy(sc, 100*e.Value, 1) + " %"
		}
	case telemetry.EntryOutcome:
		h.what = say("Outcome", sc.T("outcome."+e.Text))
		concerns = false // a case is of a door
	case telemetry.EntryHandover:
		h.link = "/handover?site=" + sc.view.Site
		if h.what = say("To", e.Text); e.Subject != "" {
			h.what = sc.T("past.did.taken_over")
		}
		concerns = false
	case telemetry.EntrySilence:
		h.what, h.link = say(), "/alert/"+e.Subject
		if a, ok, err := s.opts.AlertLog.Alert(ctx, e.Subject); err == nil && ok {
			h.what += " · " + alertCardOf(sc, &a).Title
			concerns = a.Zone == zone || a.Subject.ID == zone
			h.part = zonePart(a.Zone)
		}
		if e.Ends != "" {
			h.what = sc.T("past.did.silence_end") + strings.TrimPrefix(h.what, say())
		} else {
			h.after = sc.T("past.until", "When", sc.when(e.Until))
		}
	case telemetry.EntryLimit:
		h.part = e.Subject
		h.limitChanged(sc, e, limits())
		concerns = e.Subject == zonePart(zone) || !strings.HasPrefix(e.Subject, "zone:")
	case telemetry.EntryFile:
		device, isDevice := strings.CutPrefix(e.Subject, "device:")
		h.part = e.Subject
		switch name := cmp.Or(sc.subjectName(device), device); {
		case isDevice && e.Before == "":
			h.what = sc.T("past.did.device_new", "Device", name)
		case isDevice:
			h.what = sc.T("past.did.device", "Device", name)
		default:
			h.what = say() + " · " + sc.partName(e.Subject)
		}
		h.before, h.after = oneLine(e.Before), oneLine(e.After)
		concerns = isDevice && sc.deviceIn(device, zone) || e.Subject == zonePart(zone)
	}
	return h, zone == "" || concerns
}

// limitChanged names the number that was changed, and its values, as the page of limits does.
func (h *happening) limitChanged(sc *scene, e *telemetry.Entry, all []Limit) {
	h.before, h.after = cmp.Or(e.Before, sc.T("limits.none")), cmp.Or(e.After, sc.T("limits.none"))
	if k := slices.IndexFunc(all, func(l Limit) bool { return l.ID == e.Text }); k >= 0 {
		l := &all[k]
		h.what = sc.T("past.did.limit") + " · " + sc.limitWhole(l.Part, sc.limitPart(l), sc.limitWord(l))
		h.before, h.after = sc.limitValue(e.Before, l), sc.limitValue(e.After, l)
		return
	}
	_, of, _ := strings.Cut(e.Subject, ":")
	word := e.Item
	if key := "limit." + e.Item; sc.Has(key) {
		word = sc.T(key)
	}
	h.what = sc.T("past.did.limit") + " · " + strings.TrimPrefix(sc.subjectName(of)+": "+word, ": ")
}

// deviceIn reports whether a device measures in a zone, or at a door that leads into it.
func (t *scene) deviceIn(device, zone string) bool {
	for i := range t.view.Devices {
		d := &t.view.Devices[i]
		if d.ID != device {
			continue
		}
		if d.Place.ID == zone {
			return true
		}
		for k := range t.view.Doors {
			if door := &t.view.Doors[k]; door.ID == d.Place.ID {
				return door.From == zone || door.To == zone
			}
		}
	}
	return false
}

// levelsDuring are the levels that began or were taken back in a time: one that was chosen before counts from when it holds.
func (s *Server) levelsDuring(ctx context.Context, sc *scene, from, until telemetry.Instant) ([]happening, error) {
	records, err := s.opts.Entries.Entries(ctx, sc.view.Site, telemetry.EntryLevel, mostHappened)
	if err != nil {
		return nil, fmt.Errorf("listing the levels that people chose: %w", err)
	}
	chosen := map[string]*telemetry.Record{}
	for i := range records {
		chosen[records[i].Entry.ID] = &records[i]
	}
	level := ""
	var all []happening
	for i := len(records) - 1; i >= 0; i-- { // the oldest first: each says what it came after
		rec := &records[i]
		e := rec.Entry
		h := happening{at: rec.At, kind: string(e.Kind), who: e.Author, claimed: e.Claimed, why: e.Reason, id: e.ID, link: "/site/" + sc.view.Site + "/level"}
		if e.Ends != "" {
			h.what = sc.T("past.did.level_end")
			if was := chosen[e.Ends]; was != nil {
				h.before = sc.levelWord(was.Entry.Text)
			}
			level = ""
		} else {
			h.at = max(rec.At, e.From)
			h.what, h.before, h.after, level = sc.T("past.did.level"), level, sc.levelWord(e.Text), sc.levelWord(e.Text)
			if e.Legal != "" {
				h.why += " (" + e.Legal + ")"
			}
			if e.From > rec.At && rec.At >= from && rec.At < until { // the day on which it was planned has a mark of its own
				plan := h
				plan.at, plan.what, plan.after = rec.At, sc.T("past.did.level_planned"), sc.levelWord(e.Text)+", "+sc.period(e.From, e.Until)
				all = append(all, plan)
			}
			if end := takenBack(records, e.ID); end != 0 && end <= h.at {
				continue // it never held
			}
		}
		if h.at >= from && h.at < until && h.at <= telemetry.InstantOf(sc.now) {
			all = append(all, h)
		}
	}
	return all, nil
}

// takenBack is when an entry was taken back; 0: it was not.
func takenBack(records []telemetry.Record, id string) telemetry.Instant {
	for i := range records {
		if records[i].Entry.Ends == id {
			return records[i].At
		}
	}
	return 0
}

// pressed are the tasks that a button or a terminal says are done; told are those of which somebody says so.
func (s *Server) pressed(ctx context.Context, sc *scene, zone string, from, until telemetry.Instant, told []happening) []happening {
	var all []happening
	for i := range sc.view.Tasks {
		t := &sc.view.Tasks[i]
		if zone != "" && t.Place.ID != zone {
			continue
		}
		h := happening{kind: string(telemetry.EntryTask), part: "task:" + t.ID, what: t.Name + ": " + sc.T("past.task_done")}
		presses := s.pressesOf(ctx, sc, t.ID, from, until)
		for _, at := range presses {
			h.at = at
			all = append(all, h)
		}
		// Of a terminal the last time alone is known.
		known := slices.Contains(presses, t.LastDone) || slices.ContainsFunc(told, func(e happening) bool { return e.part == h.part && e.at == t.LastDone })
		if t.LastDone >= from && t.LastDone < until && !known {
			h.at, h.unsure = t.LastDone, sc.unsure(t.LastSince, t.LastDone)
			all = append(all, h)
		}
	}
	return all
}

// signedBy writes a difference: with its sign.
func signedBy(t *scene, value float64, digits int) string {
	text := t.Number(value, digits)
	if value > 0 {
		return "+" + text
	}
	return text
}

// oneLine is a piece of a file in one line.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
