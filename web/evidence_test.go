package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// somePacks are evidence packs of a site; err is what is said instead.
type somePacks struct {
	err    error
	asked  []EvidenceQuery
	closed int
}

type somePack struct {
	io.ReadSeeker
	of *somePacks
}

func (p *somePack) Close() error { p.of.closed++; return nil }

func (p *somePacks) Preview(_ context.Context, q EvidenceQuery) (EvidencePreview, error) {
	p.asked = append(p.asked, q)
	if errors.Is(p.err, ErrPacking) { // somebody may look meanwhile
		return EvidencePreview{}, nil
	}
	return EvidencePreview{Verdicts: 120, Alerts: 3, Policies: 1, Gaps: 2, Again: len(q.Rules) == 0, AsOf: in(0)}, p.err
}

func (p *somePacks) Pack(_ context.Context, q EvidenceQuery) (*EvidencePack, error) {
	p.asked = append(p.asked, q)
	if p.err != nil {
		return nil, p.err
	}
	return &EvidencePack{ReadSeekCloser: &somePack{strings.NewReader("PK of " + q.Site), p}, Bytes: int64(len("PK of " + q.Site)), SHA256: strings.Repeat("ab", 32)}, nil
}

const evidenceAt = "/site/mpp-gresik/evidence"

// Whoever takes a pack is in the record before the first byte is sent, by the page and by the API.
func TestWhoTakesEvidenceIsInTheRecord(t *testing.T) {
	packs, f := &somePacks{}, newFleet()
	r := start(t, f, func(o *Options) { o.Evidence = packs })
	page := r.get(evidenceAt + "?from=2025-12-29&to=2025-12-31&lang=en").body
	for _, want := range []string{"120 changes of verdict", "3 alerts", "1 version of", "2 times in which nobody listened", "judges every verdict again", "3 days"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if q := packs.asked[0]; q.Until.Sub(q.From).Hours() != 72 {
		t.Errorf("asked for %v to %v, want three days of the site", q.From, q.Until)
	}
	a := r.form(evidenceAt, "id", "0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f11", "from", "2025-12-29", "to", "2025-12-31", "rule", "kapasitas", "reason", "inspection", "author", "inspektorat")
	if a.StatusCode != http.StatusOK || a.body != "PK of mpp-gresik" || a.Header.Get("Content-Type") != "application/zip" || !strings.Contains(a.Header.Get("Content-Disposition"), "mpp-gresik-20251229-20251231.zip") {
		t.Fatalf("got %d %v %.60q", a.StatusCode, a.Header, a.body)
	}
	b := r.do("POST", "/api/v1/sites/mpp-gresik/evidence", `{"id":"0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f12","from":"2025-12-30","to":"2025-12-31","author":"inspektorat"}`, "Content-Type", "application/json")
	if b.StatusCode != http.StatusOK || b.body != "PK of mpp-gresik" || b.Header.Get("Gerbang-SHA256") != strings.Repeat("ab", 32) {
		t.Fatalf("the API: got %d %.200q", b.StatusCode, b.body)
	}
	all, err := f.Entries(t.Context(), "mpp-gresik", telemetry.EntryExport, 10)
	if err != nil || len(all) != 2 || packs.closed != 2 {
		t.Fatalf("%d entries (%v), %d packs closed, want two of both", len(all), err, packs.closed)
	}
	for _, rec := range all {
		if e := rec.Entry; e.Author != "inspektorat" || e.Text != strings.Repeat("ab", 32) || !strings.HasPrefix(e.Item, "2025-12-") {
			t.Errorf("the entry: %+v", e)
		}
	}
	if page := r.get(evidenceAt + "?lang=en").body; !strings.Contains(page, "inspection") || !strings.Contains(page, strings.Repeat("ab", 32)) {
		t.Error("the page does not list what was taken")
	}
}

// Without an entry nobody gets a byte, and what cannot be packed is said in words.
func TestEvidenceThatIsNotGiven(t *testing.T) {
	packs, f := &somePacks{}, newFleet()
	r := start(t, f, func(o *Options) { o.Evidence = packs })
	ask := func(pairs ...string) answer {
		t.Helper()
		return r.form(evidenceAt+"?lang=en", append([]string{"id", "0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f11", "author", "a"}, pairs...)...)
	}
	for _, tc := range []struct {
		err      error
		from, to string
		status   int
		want     string
	}{
		{ErrPacking, "2025-12-29", "2025-12-31", 503, "being made already"},
		{ErrNothingKnown, "2025-12-29", "2025-12-31", 404, "Nothing is known"},
		{ErrTooMuch, "2025-12-29", "2025-12-31", 422, "fewer days"},
		{nil, "2025-12-31", "2025-12-29", 400, "at most 100"},
		{nil, "2025-01-01", "2025-12-29", 400, "at most 100"},
		{nil, "yesterday", "2025-12-29", 400, "at most 100"},
	} {
		packs.err = tc.err
		if a := ask("from", tc.from, "to", tc.to); a.StatusCode != tc.status || !strings.Contains(a.body, tc.want) {
			t.Errorf("%+v: got %d %.600q", tc, a.StatusCode, a.body)
		}
	}
	packs.err = nil
	if a := r.form(evidenceAt, "id", "1", "author", "a", "from", "2025-12-29", "to", "2025-12-31"); a.StatusCode != http.StatusUnprocessableEntity || strings.Contains(a.body, "PK") {
		t.Errorf("without an id: got %d %.60q", a.StatusCode, a.body)
	}
	r.access.identify = func(*http.Request) (*accounts.Caller, error) {
		return &accounts.Caller{Account: "1", Name: "Budi", Grants: []accounts.Grant{{May: accounts.Overseer.May()}}}, nil
	}
	if a := ask("from", "2025-12-29", "to", "2025-12-31"); a.StatusCode != http.StatusForbidden {
		t.Errorf("an overseer: got %d, want 403", a.StatusCode)
	}
	if strings.Contains(r.get("/site/mpp-gresik").body, evidenceAt) {
		t.Error("an overseer is shown the way to a page that is refused")
	}
}
