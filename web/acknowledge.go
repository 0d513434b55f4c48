package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

const (
	// ackFor is how long an acknowledgement lasts unless told otherwise: long enough to walk there and fix it.
	ackFor = 30 * time.Minute
	// maxAck bounds it: an alert that nobody works on any more must be heard again.
	maxAck = 24 * time.Hour
	// maxReason bounds the reason, in runes.
	maxReason = 200
)

// presets are the reasons offered as buttons, by what the alert is about; the words are in the locales.
var presets = map[string][]string{
	"crowd":   {"entrance_held", "people_leaving"},
	"fever":   {"measured_again", "sent_home"},
	"air":     {"windows_opened", "people_leaving"},
	"breach":  {"being_checked", "fixed"},
	"overdue": {"being_done", "done_not_logged"},
	"sensor":  {"repair_called", "battery_changed"},
	"service": {"being_repaired"},
}

// airQuantities are what fresh air mends.
var airQuantities = []telemetry.Quantity{telemetry.CO2, telemetry.TVOC, telemetry.PM25, telemetry.PM10, telemetry.Temperature, telemetry.Humidity}

// presetsOf are the reasons that fit an alert.
func presetsOf(a *alerts.Alert) []string {
	if a.Class != rules.ClassBreach {
		return presets[string(a.Class)]
	}
	switch a.Kind {
	case "capacity", "distancing", "occupancy", "quota":
		return presets["crowd"]
	case "afterhours", "queue", "seats":
		return []string{"people_leaving", "being_checked"}
	case "cutoff":
		return []string{"entrance_held", "being_checked"}
	case "air":
		return presets["air"]
	case "temperature":
		return presets["fever"]
	case "coverage", "screening":
		return []string{"being_checked", "repair_called"}
	}
	for _, e := range a.Explanation.Evidence {
		if slices.Contains(airQuantities, e.Quantity) {
			return presets["air"]
		}
	}
	return presets["breach"]
}

// alertCard is one open alert.
type alertCard struct {
	ID           string
	Site         string
	Class, Icon  string
	Word         string
	Title        string // what it is about
	Text         string // why
	Basis        string
	Advice       string // what to do
	Opened       string
	Critical     bool
	Unconfirmed  string
	Quiet        string   // who silenced it; empty: nobody
	Whose        string   // to whom it was given
	Acknowledged string   // by whom and until when; empty: nobody yet
	Handled      []string // all who handled it and when, those whose time ran out too
	Presets      []preset
	Minutes      int
	From         string // the page with the button: empty or alerts
	May          bool   // who looks may say that it is handled
	Page         bool   // who looks may read its page
}

type preset struct{ Value, Word string }

func alertCards(sc *scene, open []alerts.Alert) []alertCard {
	cards := make([]alertCard, 0, len(open))
	for i := range open {
		cards = append(cards, alertCardOf(sc, &open[i]))
	}
	return cards
}

func alertCardOf(sc *scene, a *alerts.Alert) alertCard {
	text, todo := sc.demand(a)
	basis := &a.Explanation
	if !a.Open() && a.Raised.HasValue {
		basis = &a.Raised
	}
	if a.Eased != nil {
		basis = &a.Eased.Explanation
	}
	card := alertCard{
		ID: a.ID, Site: a.Site, Class: string(a.Class), Icon: classIcon(a.Class), Word: sc.T("class." + string(a.Class)),
		Title: a.SubjectName, Text: text, Basis: sc.basis(basis, a.Opened), Advice: todo,
		May: sc.may[string(accounts.Acknowledge)], Page: sc.may[string(accounts.See)], Opened: sc.when(a.Opened), Critical: a.Severity.Rank() == 0,
		Minutes: int(ackFor / time.Minute),
	}
	if a.Class == rules.ClassService {
		card.Title, _, _ = sc.texts.Explain(sc.Tag, a)
	}
	if card.Title == "" {
		card.Title = sc.subjectName(a.Subject.ID)
	}
	if a.Class != rules.ClassService {
		card.Title = sc.ruleOf(a) + ": " + card.Title
	}
	if a.Unconfirmed != 0 {
		key := "alert.unconfirmed"
		if a.Explanation.Reason == rules.ReasonNear {
			key = "alert.near"
		}
		card.Unconfirmed = sc.T(key, "When", sc.when(a.Unconfirmed))
	}
	if ack := a.Ack; ack != nil && a.Assigned != nil && a.Assigned.At > ack.At {
		// It was given to somebody else since: who took it is not on it any more, and it stays quiet as long as was said.
		card.Acknowledged = sc.T("alert.given", "To", a.Assigned.To, "Until", sc.when(ack.Until))
	} else if ack != nil {
		card.Acknowledged = sc.because(sc.T("alert.acknowledged", "By", sc.claims(ack.By, !ack.Proven), "Until", sc.when(ack.Until)), ack.Reason)
	}
	card.Quiet, card.Whose = sc.quiet(a), sc.whose(a)
	for _, ack := range a.Acknowledgements() {
		card.Handled = append(card.Handled, sc.because(sc.T("alert.handled", "By", sc.claims(ack.By, !ack.Proven), "When", sc.when(ack.At), "Until", sc.when(ack.Until)), ack.Reason))
	}
	for _, p := range presetsOf(a) {
		card.Presets = append(card.Presets, preset{p, sc.T("preset." + p)})
	}
	return card
}

// who names the author of an entry; one who gave no name has none.
func (t *tongue) who(author string) string {
	if author == nobody {
		return t.T("author.nobody")
	}
	return author
}

// claims is who, and where it is a name that somebody gave, which nobody has checked, marked as that. One who came in by the token alone
// gave none.
func (t *tongue) claims(author string, claimed bool) string {
	if author == nobody || author == tokenHolder || !claimed {
		return t.who(author)
	}
	return t.who(author) + " " + t.T("entries.claimed")
}

// because adds the reason of an acknowledgement.
func (t *scene) because(text, reason string) string {
	if t.Has("preset." + reason) {
		reason = t.T("preset." + reason)
	}
	if reason == "" {
		return text
	}
	return text + " — " + reason
}

// acknowledge takes the form of an alert: one tap is enough. It answers after the entry is on disk: a notice for htmx, the
// page again for a browser without scripts.
func (s *Server) acknowledge(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	length := ackFor
	if m := r.PostForm.Get("minutes"); m != "" {
		n, err := strconv.Atoi(m)
		if err != nil || n < 1 || time.Duration(n)*time.Minute > maxAck {
			return errBadForm
		}
		length = time.Duration(n) * time.Minute
	}
	reason := r.PostForm.Get("reason")
	if len([]rune(reason)) > maxReason {
		return errBadForm
	}
	until := s.opts.Now().Add(length)
	if isUUID(r.PostForm.Get("id")) {
		d, err := s.alertForm(r, telemetry.EntryAcknowledge)
		if err != nil {
			return err
		}
		d.what.Text, d.what.Until = "", telemetry.InstantOf(until)
		return s.did(w, r, d, string(telemetry.EntryAcknowledge))
	}
	author, claimed := s.access.author(r), callerOf(r.Context()).Claimed
	if err := s.opts.Entries.Acknowledge(r.Context(), r.PathValue("alert"), author, claimed, cleanText(reason, maxReason), telemetry.InstantOf(until)); err != nil {
		if errors.Is(err, ErrNotFound) {
			return &fault{status: http.StatusNotFound, key: "error.alert_gone", cause: err}
		}
		return fmt.Errorf("acknowledging an alert: %w", err)
	}
	site := r.PostForm.Get("site")
	lang := s.tongues.choose(r)
	if r.Header.Get("HX-Request") != "" {
		v, _ := s.opts.Live.Outline(site)
		sc := s.scene(lang, v)
		sc.zoned = r.PostForm.Get("from") == "alerts"
		w.Header().Set("Cache-Control", "no-store")
		said := noticePage{Text: lang.T("alert.acknowledged", "By", sc.claims(author, claimed), "Until", sc.when(telemetry.InstantOf(until)))}
		if sc.zoned {
			// That page has no stream: its row comes with the answer.
			if a, ok, err := s.opts.AlertLog.Alert(r.Context(), r.PathValue("alert")); err == nil && ok {
				row := s.alertRow(callerOf(r.Context()), lang, &a, s.opts.Now())
				row.Swap, said.Row = true, &row
			}
		}
		return s.render(w, http.StatusOK, lang, "acknowledged", said)
	}
	to := "/"
	switch _, ok := s.opts.Live.Outline(site); {
	case r.PostForm.Get("from") == "alerts":
		to = "/alerts"
	case ok:
		to = "/site/" + site
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}
