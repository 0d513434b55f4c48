package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// The problems of what people do with an alert: keys of sentences, "entry." before them.
const (
	alertOver   = "alert_over"
	noComment   = "comment"
	nobodyNamed = "to"
	badSilence  = "silence"
	longSilence = "silence_long"
	notSilenced = "silence_over"
	nothingOpen = "nothing_open"
)

// alertDeed is what somebody does with an alert, or with all that is open at a site. alert is as it was when the deed was asked for.
type alertDeed struct {
	site  string
	alert *alerts.Alert // nil: all that is open
	what  telemetry.Entry
}

func (d *alertDeed) entry() (string, telemetry.Entry) { return d.site, d.what }
func (d *alertDeed) moment() telemetry.Instant        { return 0 }

// problem says what is wrong with the deed, and with which field of it; empty: nothing.
func (d *alertDeed) problem(s *Server) (field, key string) {
	e, now := &d.what, telemetry.InstantOf(s.opts.Now())
	switch {
	case !isUUID(e.ID):
		return "id", badID
	case e.Author == "":
		return "author", noDecider
	case e.Kind == telemetry.EntryComment && e.Reason == "":
		return "text", noComment
	case e.Kind == telemetry.EntryHandover && e.Text == "":
		return "to", nobodyNamed
	case e.Kind == telemetry.EntryHandover: // of a shift: also where nothing is open
	case e.Kind == telemetry.EntrySilence && e.Reason == "":
		return "reason", noWhy
	case e.Kind == telemetry.EntrySilence && e.Ends != "":
		if d.alert.Silenced == nil || d.alert.Silenced.Entry != e.Ends || d.alert.Silenced.Until <= now {
			return "ends", notSilenced
		}
	case e.Kind != telemetry.EntryComment && !d.alert.Open():
		return "", alertOver
	case e.Kind == telemetry.EntrySilence && e.Until <= now:
		return "minutes", badSilence
	case e.Kind == telemetry.EntrySilence && e.Until > now.Add(alerts.SilenceBound(d.alert.Severity)):
		return "minutes", longSilence
	}
	return "", ""
}

func (d *alertDeed) signed(c *accounts.Caller) {
	if c != nil && !c.Claimed {
		d.what.Author, d.what.Claimed = c.Name, false
	}
}

func (d *alertDeed) acceptable(s *Server) error {
	field, key := d.problem(s)
	if key == "" {
		return nil
	}
	status := http.StatusUnprocessableEntity
	if key == alertOver || key == notSilenced || key == nothingOpen {
		status = http.StatusConflict
	}
	err := refused(status, key, fmt.Errorf("field %s of a %s", field, d.what.Kind))
	if key == longSilence {
		err.args = []any{"Hours", int(alerts.SilenceBound(d.alert.Severity) / time.Hour)}
	}
	return err
}

// made: until when something holds was reckoned from the moment at which it came first.
func (d *alertDeed) made(rec *telemetry.Record) bool {
	was, is := rec.Entry, &d.what
	return was != nil && was.Kind == is.Kind && was.Subject == is.Subject && was.Author == is.Author && was.Reason == is.Reason && was.Text == is.Text && was.Ends == is.Ends
}

// alertForm reads what every form about an alert has, and finds the alert.
func (s *Server) alertForm(r *http.Request, kind telemetry.EntryKind) (*alertDeed, error) {
	if err := r.ParseForm(); err != nil {
		return nil, badForm(err)
	}
	if len([]rune(r.PostForm.Get("reason"))) > maxComment {
		return nil, errBadForm
	}
	d := &alertDeed{what: telemetry.Entry{
		ID: strings.ToLower(r.PostForm.Get("id")), Kind: kind, Claimed: true, Author: cmp.Or(cleanText(r.PostForm.Get("author"), maxName), s.access.author(r)),
		Reason: cleanText(r.PostForm.Get("reason"), maxComment), Text: cleanText(r.PostForm.Get("to"), maxName),
	}}
	if kind == telemetry.EntryHandover {
		return d, nil
	}
	a, _, err := s.alertBy(r.Context(), s.tongues.choose(r), r.PathValue("alert"))
	if err != nil {
		return nil, err
	}
	d.site, d.alert, d.what.Subject = a.Site, a, a.ID
	return d, nil
}

// maxComment bounds a comment, in runes.
const maxComment = 500

// until reads for how many minutes something is to hold.
func (s *Server) until(minutes string, most time.Duration) (telemetry.Instant, error) {
	n, err := strconv.Atoi(minutes)
	if err != nil || n < 1 || time.Duration(n)*time.Minute > most {
		return 0, errBadForm
	}
	return telemetry.InstantOf(s.opts.Now().Add(time.Duration(n) * time.Minute)), nil
}

// alertDeed takes a form of an alert's page, and shows the page again.
func (s *Server) alertDeed(kind telemetry.EntryKind) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		d, err := s.alertForm(r, kind)
		if err != nil {
			return err
		}
		if kind == telemetry.EntrySilence {
			d.what.Text = ""
			if d.what.Until, err = s.until(r.PostForm.Get("minutes"), alerts.MaxSilence); err != nil {
				return err
			}
		}
		if kind == telemetry.EntryComment {
			d.what.Text = ""
		}
		return s.did(w, r, d, string(kind))
	}
}

func (s *Server) endSilence(w http.ResponseWriter, r *http.Request) error {
	d, err := s.alertForm(r, telemetry.EntrySilence)
	if err != nil {
		return err
	}
	d.what.Text, d.what.Ends = "", cleanText(r.PostForm.Get("ends"), 60)
	if d.what.Ends == "" {
		return errBadForm
	}
	return s.did(w, r, d, "end")
}

// did makes the entry and leads back to the alert.
func (s *Server) did(w http.ResponseWriter, r *http.Request, d *alertDeed, saved string) error {
	if _, err := s.enter(r.Context(), d); err != nil {
		return err
	}
	http.Redirect(w, r, (&url.URL{Path: "/alert/" + d.alert.ID, RawQuery: "saved=" + saved}).String(), http.StatusSeeOther)
	return nil
}

// handOver hands a shift over: all that is open, at a site or everywhere, is given to somebody. Each site has an entry of its own, by the same id.
func (s *Server) handOver(w http.ResponseWriter, r *http.Request) error {
	d, err := s.alertForm(r, telemetry.EntryHandover)
	if err != nil {
		return err
	}
	site := r.PostForm.Get("site")
	if _, err := s.handOverAll(r.Context(), d, site); err != nil {
		return err
	}
	to, q := "/alerts?", url.Values{"saved": {"handover"}}
	if site != "" {
		to = "/handover?"
		q.Set("site", site)
	}
	http.Redirect(w, r, to+q.Encode(), http.StatusSeeOther)
	return nil
}

// handOverAll makes the entries of a handover and gives them.
func (s *Server) handOverAll(ctx context.Context, d *alertDeed, site string) (entries []telemetry.Record, err error) {
	c := callerOf(ctx)
	if site != "" && !c.At(accounts.Acknowledge, site) {
		return nil, errForbidden
	}
	sites, since, err := s.handedOver(ctx, c, d.what.ID, site)
	if err != nil {
		return nil, err
	}
	for _, a := range s.opts.Alerts.Open() {
		if (site == "" || a.Site == site) && a.Opened <= since && c.At(accounts.Acknowledge, a.Site) && !slices.Contains(sites, a.Site) {
			sites = append(sites, a.Site)
		}
	}
	if _, ok := s.opts.Live.Outline(site); ok && !slices.Contains(sites, site) { // who hands a shift over may have nothing open
		sites = append(sites, site)
	}
	slices.Sort(sites)
	if len(sites) == 0 {
		return nil, refused(http.StatusConflict, nothingOpen, errors.New("a handover of nothing"))
	}
	for _, one := range sites {
		each := *d
		each.site = one
		rec, err := s.enter(ctx, &each)
		if err != nil {
			return entries, err
		}
		entries = append(entries, rec)
	}
	return entries, nil
}

// handedOver lists the sites at which a handover was made already, and since when: what was opened later is none of its. Never: it was not
// made anywhere.
func (s *Server) handedOver(ctx context.Context, c *accounts.Caller, id, site string) (sites []string, since telemetry.Instant, err error) {
	since = telemetry.Never
	if !isUUID(id) {
		return nil, since, nil // which is told
	}
	ctx, cancel := context.WithTimeout(ctx, entryPatience)
	defer cancel()
	asked := []string{site}
	if site == "" { // also what is of the gateway itself
		for _, v := range s.viewsFor(ctx, accounts.Acknowledge) {
			asked = append(asked, v.Site)
		}
	}
	for _, one := range asked {
		if !c.At(accounts.Acknowledge, one) {
			continue
		}
		rec, done, err := s.opts.Entries.Entered(ctx, one, id)
		if err != nil {
			return nil, since, fmt.Errorf("looking for a handover: %w", err)
		}
		if done {
			sites, since = append(sites, one), min(since, rec.At)
		}
	}
	return sites, since, nil
}
