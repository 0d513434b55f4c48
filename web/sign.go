package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// sign is the public display at a zone's entrance: three words at most that are read from ten metres, in both languages, and small below them
// what holds today and when the room is disinfected next.
func (s *Server) sign(w http.ResponseWriter, r *http.Request) error {
	site, zone := r.PathValue("site"), r.PathValue("zone")
	return s.live(w, r, topic{page: "sign", site: site, zone: zone}, func(*tongue) string { return zone })
}

// signFace is what the display shows.
type signFace struct {
	Class   string // advice-go, advice-wait, advice-stop, near, uncounted, closed
	Icon    string
	Words   []signWord
	Zone    string
	Site    string
	Known   bool
	Persons string
	Limit   string
	Queue   []signWord // of an entrance: when the last ticket is given; empty: nothing is known
	Foot    []signWord // what holds today, and when the room was and will be disinfected
}

type signWord struct{ Lang, Word, Note string }

func (s *Server) composeSign(c *composer, v *rules.View, z *rules.ZoneView) {
	sc := s.scene(c.lang, v)
	a := sc.adviceChip(z.Advice)
	p := sc.persons(z.Persons)
	face := signFace{Class: a.Class, Icon: a.Icon, Zone: z.Name, Site: v.Name, Known: p.Known, Persons: p.Number}
	if z.HasLimit {
		face.Limit = sc.Number(z.Limit, 0)
	}
	key := "sign." + a.Icon
	note := key + "_note"
	switch {
	case !v.Open:
		face.Class, face.Icon, key, note = "closed", "closed", "sign.closed", ""
	case z.Held != "":
		// Not for want of room: what else is wrong, the staff knows.
		face.Class, face.Icon, key, note = a.Class, a.Icon, "sign.held_"+a.Icon, "sign.unknown_note"
	case a.Icon == "wait" && upkept(v, z.ID):
		note = "sign.maintenance_note" // nothing is judged meanwhile, and nobody need come out
	case !p.Counted:
		// Nobody can say whether there is room; the display says what holds all the same.
		face.Class, face.Icon, key, note = "uncounted", "people", "sign.uncounted", "sign.go_note"
		if face.Limit != "" {
			key = "sign.uncounted_limit"
		} else {
			note = ""
		}
	case z.Near && a.Icon == "wait":
		face.Class, face.Icon, note, face.Persons = "near", "near", "sign.near_note", p.interval()
	case !p.Known:
		note = "sign.unknown_note"
	}
	// The language of the building stands first, whoever looks at the display.
	for _, tag := range []string{"id", "en"} {
		t := s.tongues.byTag(tag)
		word := signWord{Lang: tag, Word: t.T(key, "Limit", face.Limit)}
		if note != "" {
			word.Note = t.T(note)
		} else if !v.Open && v.NextChange != 0 {
			word.Note = t.T("sign.opens", "When", t.When(v.NextChange, sc.now, sc.loc))
		}
		face.Words = append(face.Words, word)
		if foot := s.scene(t, v).signFoot(z); foot != "" {
			face.Foot = append(face.Foot, signWord{Lang: tag, Word: foot})
		}
		if entrance(v, z.ID) {
			if queue := t.queueNote(sc); queue != "" {
				face.Queue = append(face.Queue, signWord{Lang: tag, Word: queue})
			}
		}
	}
	c.add("sign", "sign-face", face)
}

// upkept reports whether a zone, or the whole building, is under maintenance.
func upkept(v *rules.View, zone string) bool {
	return slices.ContainsFunc(v.Maintenance, func(m rules.MaintenanceView) bool {
		return m.From <= v.Now && (m.Scope.Kind == facility.OfSite || m.Scope == facility.Scope{Kind: facility.OfZone, ID: zone})
	})
}

// signFoot is the small print of a sign: what holds today, and when the room was and will be disinfected.
func (t *scene) signFoot(z *rules.ZoneView) string {
	var parts []string
	if titles := t.protocolTitles(); titles != "" {
		if level := t.levelName(); level != "" {
			titles += " (" + level + ")"
		}
		parts = append(parts, titles)
	}
	var since, last, next telemetry.Instant // the last one was in [since, last], where a phone's clock leaves that open
	found := false
	for i := range t.view.Tasks {
		x := &t.view.Tasks[i]
		if x.Kind != facility.TaskCleaning || x.Place != (facility.Place{Kind: facility.AtZone, ID: z.ID}) {
			continue // the handles of a door are not the room
		}
		// A room with several tasks is disinfected when all of them are done: it says so of the one that waits longest, and nothing where one never was.
		began := cmp.Or(x.LastSince, x.LastDone)
		if !found {
			since, last, found = began, x.LastDone, true
		}
		since, last = min(since, began), min(last, x.LastDone)
		if x.NextDue > t.view.Now && (next == 0 || x.NextDue < next) {
			next = x.NextDue
		}
	}
	switch {
	case last != 0 && next != 0:
		parts = append(parts, t.T("sign.cleaned_next", "Last", t.sometime(since, last), "Next", t.when(next)))
	case last != 0:
		parts = append(parts, t.T("sign.cleaned", "Last", t.sometime(since, last)))
	case next != 0:
		parts = append(parts, t.T("sign.cleans", "Next", t.when(next)))
	}
	return strings.Join(parts, " · ")
}
