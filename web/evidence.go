package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Evidence packs what is known of a site's period into one file.
type Evidence interface {
	// Preview says what a pack would hold.
	Preview(ctx context.Context, q EvidenceQuery) (EvidencePreview, error)
	// Pack makes one. It must be closed.
	Pack(ctx context.Context, q EvidenceQuery) (*EvidencePack, error)
}

// The errors of Evidence; beside these there is ErrTooMuch.
var (
	ErrPacking      = errors.New("a pack of the site is being made")
	ErrNothingKnown = errors.New("nothing is known of the site in the period")
)

// EvidenceQuery asks for a pack.
type EvidenceQuery struct {
	Site        string
	From, Until telemetry.Instant
	Rules       []string // none: all
}

// EvidencePreview is what a pack would hold.
type EvidencePreview struct {
	Verdicts, Alerts, Policies int
	Gaps                       int
	Again                      bool // its verdicts can be judged again
	AsOf                       telemetry.Instant
}

// EvidencePack is a pack that was made.
type EvidencePack struct {
	io.ReadSeekCloser
	Bytes  int64
	SHA256 string
}

// The bounds of a pack that is made for a page.
const (
	mostPackDays    = 100
	packTime        = 5 * time.Minute
	mostPackPurpose = 200
)

// evidencePage is where somebody takes evidence with him.
type evidencePage struct {
	frame
	Site, SiteName     string
	From, To           string
	Rule               string
	Rules              []choice
	Named, Form        bool
	ID, Author, Reason string
	Wrong              string
	Preview            *EvidencePreview
	Holds              []string // what it would hold, in words
	Days               int
	Taken              []packRow
}

// packRow is a pack that was taken.
type packRow struct{ When, What, By, Why, SHA256 string }

// mostTaken is how many packs that were taken are listed.
const mostTaken = 20

// evidenceOf reads what is asked for; a wrong is what cannot be.
func (s *Server) evidenceOf(v *rules.View, from, to string, only []string) (EvidenceQuery, *period, error) {
	q := EvidenceQuery{Site: v.Site, Rules: only}
	p, err := periodOf(from, to, compliance.ByDay, s.opts.Now(), s.zones.named(v.Zone))
	if err != nil {
		return q, nil, err
	}
	if p.until.Sub(p.from) > (mostPackDays+1)*24*time.Hour {
		return q, nil, wrong(fmt.Sprintf("the period has more than %d days, which is as much as one pack holds", mostPackDays))
	}
	q.From, q.Until = telemetry.InstantOf(p.from), telemetry.InstantOf(p.until)
	return q, &p, nil
}

// evidence shows what a pack of a period would hold.
func (s *Server) evidence(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	p, v, err := s.evidencePageOf(r, q.Get("from"), q.Get("to"), q.Get("rule"))
	if err != nil {
		return err
	}
	return s.showEvidence(w, r, http.StatusOK, p, v)
}

// evidencePageOf is the page about a period; what is wrong with it stands on it.
func (s *Server) evidencePageOf(r *http.Request, from, to, rule string) (*evidencePage, *rules.View, error) {
	v, ok := s.opts.Live.View(r.PathValue("site"))
	if !ok || s.opts.Evidence == nil {
		return nil, nil, errNoPage
	}
	lang := s.tongues.choose(r)
	sc := s.scene(lang, v)
	p := &evidencePage{
		frame: s.frame(r, lang, v.Name+" · "+lang.T("evidence.title")), Site: v.Site, SiteName: v.Name, Rule: rule, ID: newUUID(), Named: nameOf(r) != "", Author: s.access.author(r),
		Form: callerOf(r.Context()).At(accounts.Export, v.Site),
	}
	seen := map[string]bool{}
	for i := range v.Verdicts {
		x := &v.Verdicts[i]
		if !seen[x.Rule] {
			seen[x.Rule] = true
			p.Rules = append(p.Rules, choice{x.Rule, sc.ruleName(x), x.Rule == rule})
		}
	}
	today := facility.DateOf(s.opts.Now().In(sc.loc))
	p.From, p.To = from, to
	if from == "" && to == "" {
		p.From, p.To = today.AddDays(1-shownDays).String(), today.String()
	}
	return p, v, nil
}

func onlyRule(rule string) []string {
	if rule == "" {
		return nil
	}
	return []string{rule}
}

// showEvidence fills the page and shows it.
func (s *Server) showEvidence(w http.ResponseWriter, r *http.Request, status int, p *evidencePage, v *rules.View) error {
	lang := s.tongues.choose(r)
	sc := s.scene(lang, v)
	ctx, cancel := context.WithTimeout(r.Context(), apiTimeout)
	defer cancel()
	q, period, err := s.evidenceOf(v, p.From, p.To, onlyRule(p.Rule))
	var asked wrong
	switch {
	case errors.As(err, &asked):
		if p.Wrong == "" {
			p.Wrong = lang.T("evidence.period", "Count", mostPackDays)
		}
		status = http.StatusBadRequest
	case err != nil:
		return err
	default:
		p.Days = int(period.until.Sub(period.from).Hours()/24 + 0.5)
		x, err := s.opts.Evidence.Preview(ctx, q)
		switch {
		case errors.Is(err, ErrNothingKnown):
			p.Wrong = lang.T("evidence.nothing")
		case errors.Is(err, ErrTooMuch):
			p.Wrong = lang.T("evidence.too_much")
		case err != nil:
			return fmt.Errorf("looking at what a pack of %q would hold: %w", v.Site, err)
		default:
			p.Preview = &x
			p.Holds = []string{
				lang.T("evidence.holds_days", "Count", p.Days), lang.T("evidence.holds_verdicts", "Count", x.Verdicts), lang.T("evidence.holds_alerts", "Count", x.Alerts),
				lang.T("evidence.holds_policies", "Count", x.Policies), lang.T("evidence.holds_gaps", "Count", x.Gaps),
			}
		}
	}
	taken, err := s.opts.Entries.Entries(ctx, v.Site, telemetry.EntryExport, mostTaken)
	if err != nil {
		return fmt.Errorf("listing the packs of %q: %w", v.Site, err)
	}
	for i := range taken {
		e := taken[i].Entry
		p.Taken = append(p.Taken, packRow{sc.when(taken[i].At), e.Item, sc.claims(e.Author, e.Claimed), e.Reason, e.Text})
	}
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, status, lang, "evidence", p)
}

// packDeed is that somebody takes a pack with him.
type packDeed struct {
	site string
	what telemetry.Entry
}

func (d *packDeed) entry() (string, telemetry.Entry) { return d.site, d.what }

func (d *packDeed) moment() telemetry.Instant { return 0 }

func (d *packDeed) signed(c *accounts.Caller) {
	d.what.Claimed = true
	if c != nil && !c.Claimed {
		d.what.Author, d.what.Claimed = c.Name, false
	}
}

func (d *packDeed) acceptable(*Server) error {
	switch {
	case !isUUID(d.what.ID):
		return refused(http.StatusUnprocessableEntity, badID, errors.New("field id of an export"))
	case d.what.Author == "":
		return refused(http.StatusUnprocessableEntity, noAuthor, errors.New("field author of an export"))
	}
	return nil
}

// made: who sends it again gets the pack again; the first one is what is noted.
func (d *packDeed) made(rec *telemetry.Record) bool {
	was := rec.Entry
	return was != nil && was.Kind == d.what.Kind && was.Item == d.what.Item && was.Author == d.what.Author
}

// packedFor makes a pack and the entry that says who took it: nobody has one of which the journal does not know.
func (s *Server) packedFor(ctx context.Context, q EvidenceQuery, p *period, e telemetry.Entry) (*EvidencePack, error) {
	e.Kind, e.Item = telemetry.EntryExport, p.from.Format(time.RFC3339)+"/"+p.until.Format(time.RFC3339)
	if len(q.Rules) > 0 {
		e.Item += " " + strings.Join(q.Rules, " ")
	}
	d := &packDeed{site: q.Site, what: e}
	d.signed(callerOf(ctx))
	if err := d.acceptable(s); err != nil { // before the work
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, packTime)
	defer cancel()
	pack, err := s.opts.Evidence.Pack(ctx, q)
	if err != nil {
		return nil, err
	}
	d.what.Text = pack.SHA256
	if _, err := s.enter(ctx, d); err != nil {
		return nil, errors.Join(err, pack.Close())
	}
	return pack, nil
}

// packName is the name of a pack's file.
func packName(site string, p *period) string {
	return fmt.Sprintf("%s-%s-%s.zip", site, p.from.Format("20060102"), p.until.Add(-time.Second).Format("20060102"))
}

// takeEvidence makes a pack and sends it.
func (s *Server) takeEvidence(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	f := r.PostForm
	page, v, err := s.evidencePageOf(r, f.Get("from"), f.Get("to"), f.Get("rule"))
	if err != nil {
		return err
	}
	author := cleanText(f.Get("author"), maxName)
	if author == "" {
		author = s.access.author(r)
	}
	page.Author, page.Reason = author, cleanText(f.Get("reason"), mostPackPurpose)
	q, p, err := s.evidenceOf(v, page.From, page.To, onlyRule(page.Rule))
	if _, asked := errors.AsType[wrong](err); asked {
		return s.showEvidence(w, r, http.StatusBadRequest, page, v)
	}
	if err != nil {
		return err
	}
	pack, err := s.packedFor(r.Context(), q, p, telemetry.Entry{ID: f.Get("id"), Author: author, Reason: page.Reason})
	if key, status := packRefusal(err); key != "" {
		page.Wrong = s.tongues.choose(r).T(key)
		return s.showEvidence(w, r, status, page, v)
	}
	if err != nil {
		return err
	}
	defer func() { _ = pack.Close() }()
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", packName(v.Site, p)))
	h.Set("Cache-Control", "no-store")
	h.Set("Gerbang-SHA256", pack.SHA256)
	http.ServeContent(w, r, "", time.Time{}, pack)
	return nil
}

// packRefusal is the sentence of why a pack cannot be made; empty: it is something else.
func packRefusal(err error) (key string, status int) {
	switch {
	case errors.Is(err, ErrPacking):
		return "evidence.busy", http.StatusServiceUnavailable
	case errors.Is(err, ErrNothingKnown):
		return "evidence.nothing", http.StatusNotFound
	case errors.Is(err, ErrTooMuch):
		return "evidence.too_much", http.StatusUnprocessableEntity
	}
	return "", 0
}
