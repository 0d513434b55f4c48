package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// The problems of a drill: keys of sentences, "entry." before them.
const (
	drillUnderWay = "drill_under_way"
	drillOver     = "drill_over"
	drillLong     = "drill_long"
)

// drillDeed begins an alarm drill at a site, or ends one.
type drillDeed struct {
	site string
	what telemetry.Entry
}

func (d *drillDeed) entry() (string, telemetry.Entry) { return d.site, d.what }
func (d *drillDeed) moment() telemetry.Instant        { return 0 }

func (d *drillDeed) signed(c *accounts.Caller) {
	if c != nil && !c.Claimed {
		d.what.Author, d.what.Claimed = c.Name, false
	}
}

func (d *drillDeed) acceptable(s *Server) error {
	v, ok := s.opts.Live.Outline(d.site)
	if !ok {
		return errNoPage
	}
	e, now := &d.what, telemetry.InstantOf(s.opts.Now())
	under := slices.ContainsFunc(s.opts.Alerts.Open(), func(a alerts.Alert) bool {
		return a.Drill != nil && a.Site == d.site && (e.Ends == "" || a.Drill.Entry == e.Ends)
	})
	if e.Ends == "" && !under {
		var err error
		if under, err = s.drillToCome(d.site, v.Record); err != nil {
			return err
		}
	}
	wrong := func(status int, key string) error { return refused(status, key, fmt.Errorf("a drill at %q", d.site)) }
	switch {
	case !isUUID(e.ID):
		return wrong(http.StatusUnprocessableEntity, badID)
	case e.Author == "":
		return wrong(http.StatusUnprocessableEntity, noDecider)
	case e.Reason == "":
		return wrong(http.StatusUnprocessableEntity, noWhy)
	case e.Ends != "" && !under:
		return wrong(http.StatusConflict, drillOver)
	case e.Ends != "":
		return nil
	case under:
		return wrong(http.StatusConflict, drillUnderWay)
	case e.Until <= now || e.Until > now.Add(alerts.MaxDrill):
		return wrong(http.StatusUnprocessableEntity, drillLong)
	}
	if _, ok := zoneByID(v, e.Subject); e.Subject != "" && !ok {
		return errNoPage
	}
	return nil
}

func (d *drillDeed) made(rec *telemetry.Record) bool {
	was, is := rec.Entry, &d.what
	return was != nil && was.Kind == is.Kind && was.Subject == is.Subject && was.Author == is.Author && was.Reason == is.Reason && was.Item == is.Item && was.Ends == is.Ends
}

// drillForm reads what both forms have.
func (s *Server) drillForm(r *http.Request) (*drillDeed, error) {
	if err := r.ParseForm(); err != nil {
		return nil, badForm(err)
	}
	if len([]rune(r.PostForm.Get("reason"))) > maxComment {
		return nil, errBadForm
	}
	return &drillDeed{site: r.PathValue("site"), what: telemetry.Entry{
		ID: strings.ToLower(r.PostForm.Get("id")), Kind: telemetry.EntryDrill, Claimed: true,
		Author: cmp.Or(cleanText(r.PostForm.Get("author"), maxName), s.access.author(r)), Reason: cleanText(r.PostForm.Get("reason"), maxComment),
	}}, nil
}

func (s *Server) beginDrill(w http.ResponseWriter, r *http.Request) error {
	d, err := s.drillForm(r)
	if err != nil {
		return err
	}
	if d.what.Until, err = s.until(r.PostForm.Get("minutes"), alerts.MaxDrill); err != nil {
		return err
	}
	if d.what.Subject = r.PostForm.Get("zone"); r.PostForm.Get("siren") != "" {
		d.what.Item = alerts.DrillWithSiren
	}
	return s.drilled(w, r, d, "drill")
}

func (s *Server) endDrill(w http.ResponseWriter, r *http.Request) error {
	d, err := s.drillForm(r)
	if err != nil {
		return err
	}
	if d.what.Ends = cleanText(r.PostForm.Get("ends"), 60); d.what.Ends == "" {
		return errBadForm
	}
	return s.drilled(w, r, d, "end")
}

// enterDrill enters drills one after another: whether one is under way must be true still when the next is entered.
func (s *Server) enterDrill(ctx context.Context, d *drillDeed) (telemetry.Record, error) {
	s.drills.Lock()
	defer s.drills.Unlock()
	return s.enter(ctx, d)
}

// drillToCome reports whether the record has a drill that begins at a site and that the alerts do not show yet: they follow behind the record.
func (s *Server) drillToCome(site string, shown uint64) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), apiTimeout)
	defer cancel()
	last, err := s.opts.Entries.Entries(ctx, site, telemetry.EntryDrill, 10)
	if err != nil {
		return false, fmt.Errorf("listing the drills of a site: %w", err)
	}
	fresh := telemetry.InstantOf(s.opts.Now().Add(-showPatience))
	return slices.ContainsFunc(last, func(rec telemetry.Record) bool {
		ended := slices.ContainsFunc(last, func(end telemetry.Record) bool { return end.Entry.Ends == rec.Entry.ID })
		return rec.Entry.Ends == "" && !ended && (rec.Seq > shown || rec.Received > fresh)
	}), nil
}

func (s *Server) drilled(w http.ResponseWriter, r *http.Request, d *drillDeed, saved string) error {
	if _, err := s.enterDrill(r.Context(), d); err != nil {
		return err
	}
	http.Redirect(w, r, "/reach?"+url.Values{"site": {d.site}, "saved": {saved}}.Encode(), http.StatusSeeOther)
	return nil
}
