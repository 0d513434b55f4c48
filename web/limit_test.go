package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/revise"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// someNumbers are the limits of a site, and what was asked of them.
type someNumbers struct {
	all      []Limit
	err      error // of Draft and PutInForce
	put      []LimitChange
	by       []string
	warnings []string
	none     bool // there are no files
	fleet    *fleet
}

func someLimits() *someNumbers {
	zone := func(key, value, unit string, line int) Limit {
		return Limit{ID: "zone:ruang-tunggu:" + key, Part: "zone", Of: "ruang-tunggu", Key: key, Name: map[string]string{"": "Ruang tunggu"}, Value: value, Unit: unit, File: "sites/mpp-gresik.yaml", Line: line, Version: "v1"}
	}
	rule := func(of, kind, key, value string) Limit {
		return Limit{ID: "rule:ours:" + of + ":" + key, Part: "rule", Of: of, Key: key, Kind: kind, Value: value, File: "protocols/ours.yaml", Line: 12, Protocol: "ours", Title: map[string]string{"id": "Aturan gedung", "en": "House rules"}, Version: "v2"}
	}
	level := Limit{ID: "level:ours:half", Part: "level", Of: "half", Key: "share", Name: map[string]string{"id": "Separuh", "en": "Half"}, Value: "50%", File: "protocols/ours.yaml", Line: 5, Protocol: "ours", Title: map[string]string{"id": "Aturan gedung", "en": "House rules"}, Version: "v2"}
	law := rule("suhu", "temperature", "above", "37.5")
	law.Title = map[string]string{"": "KMK 382/2020"}
	law.ID, law.Protocol, law.File, law.Fixed = "rule:kmk:suhu:above", "kmk-382-2020", "(built in) protocols/kmk-382-2020.yaml", "built_in"
	both := rule("wipe", "disinfection", "every", "4h")
	both.Title = map[string]string{"": "Aturan kota"}
	both.ID, both.Of, both.Protocol, both.File, both.Fixed, both.Shared = "rule:kota:wipe:every", "wipe", "kota", "protocols/kota.yaml", "shared", []string{"mpp-belu", "mpp-banjar"}
	return &someNumbers{all: []Limit{
		zone("capacity", "80", "", 31), zone("area", "140 m²", "m²", 31), zone("seats", "", "", 31), level, rule("co2", "expression", "limit", "1000"), rule("kapasitas", "capacity", "spacing_m", "1.5"), both, law,
	}}
}

func (f *someNumbers) Limits(context.Context, string) ([]Limit, error) {
	if f.none {
		return nil, ErrNoFiles
	}
	return f.all, nil
}

func (f *someNumbers) Draft(_ context.Context, _ string, c LimitChange) (LimitDraft, error) {
	if f.err != nil {
		return LimitDraft{}, f.err
	}
	for _, l := range f.all {
		if l.ID == c.Limit {
			trial := aTrial()
			return LimitDraft{
				Limit: l, After: c.Value, Version: "v1", Warnings: f.warnings, Try: func() (Rehearsal, error) { return trial.rehearsal, trial.err },
				Diff: revise.Diff([]byte("zones:\n  ruang-tunggu: {capacity: 80}\nx: 1\n"), []byte("zones:\n  ruang-tunggu: {capacity: "+c.Value+"}\nx: 1\n")),
			}, nil
		}
	}
	return LimitDraft{}, ErrNotFound
}

func (f *someNumbers) PutInForce(ctx context.Context, site string, c LimitChange, e telemetry.Entry) (telemetry.Record, error) {
	if f.fleet == nil { // nobody asks what was entered
		f.fleet = newFleet()
	}
	if rec, there, err := f.fleet.Entered(ctx, site, e.ID); err != nil || there {
		if there && !SameChange(rec.Entry, &e) {
			err = ErrUsedOtherwise
		}
		return rec, err
	}
	d, err := f.Draft(ctx, site, c)
	if err != nil {
		return telemetry.Record{}, err
	}
	f.put, f.by = append(f.put, c), append(f.by, e.Author)
	l := &d.Limit
	e.Subject, e.Item, e.Text, e.Before, e.After = l.Part+":"+l.Of, l.Key, l.ID, l.Value, d.After
	return f.fleet.Enter(ctx, site, e, 0)
}

// aChange is one that was made.
func aChange(site string) telemetry.Record {
	return telemetry.Record{Site: site, At: ago(0), Received: ago(0), Entry: &telemetry.Entry{
		ID: "c1", Kind: telemetry.EntryLimit, Author: "Ibu Rina", Reason: "surat pemadam kebakaran", Subject: "zone:ruang-tunggu", Item: "capacity", Before: "60", After: "80", Text: "zone:ruang-tunggu:capacity",
	}}
}

const limitsAt = "/site/mpp-gresik/limits"

func (r *running) limitForm(step string, more ...string) answer {
	form := url.Values{"id": {someUUID}, "limit": {"zone:ruang-tunggu:capacity"}, "value": {"70"}, "version": {"v1"}, "reason": {"kursi dikurangi"}, "author": {"kepala"}, "step": {step}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return r.do("POST", limitsAt, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html", "Accept-Language", "en")
}

// Issue 10, "limits edited in the page with check's messages and a diff, put in force as a version": the page from the list to the version.
func TestALimitIsChangedOnThePage(t *testing.T) {
	fleet, numbers := newFleet(), someLimits()
	r := start(t, fleet, func(o *Options) { o.Limits = numbers; numbers.fleet = fleet })
	list := flat(one(t, r.get(limitsAt, "Accept-Language", "en", "Accept", "text/html").body, "main"))
	for _, want := range []string{"Ruang tunggu", "Declared capacity80", "140 m²", "not said", "House rulesprotocols/ours.yaml", "These come with the gateway", "holds for 2 other buildings, too (mpp-belu, mpp-banjar)"} {
		if !strings.Contains(list, want) {
			t.Errorf("the list: no %q in %s", want, list)
		}
	}
	form := r.get(limitsAt+"?limit=zone:ruang-tunggu:capacity", "Accept-Language", "en", "Accept", "text/html").body
	for _, want := range []string{`name="value"`, `value="80"`, `name="version" value="v1"`, "sites/mpp-gresik.yaml:31"} {
		if !strings.Contains(form, want) {
			t.Errorf("the form: no %q", want)
		}
	}
	if law := r.get(limitsAt+"?limit=rule:kmk:suhu:above", "Accept", "text/html").body; strings.Contains(law, `name="value"`) {
		t.Error("a number of a regulation that came with the gateway has a form")
	}
	asked := flat(one(t, r.limitForm("look").body, "main"))
	for _, want := range []string{"80 → 70", "What changes in sites/mpp-gresik.yaml", "line that goes:−", "capacity: 80", "new line:+", "Last week with the new number", "3 h 20 min", "7 h 5 min", "Put in force now"} {
		if !strings.Contains(asked, want) {
			t.Errorf("before it is confirmed: no %q in %s", want, asked)
		}
	}
	if len(numbers.put) > 0 || len(fleet.entries) > 0 {
		t.Fatal("looking has changed something")
	}
	for range 2 { // the second is the same form sent again
		if a := r.limitForm("confirm"); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != limitsAt+"?saved=limit" {
			t.Fatalf("confirmed: got %d %s, want to be led to the page", a.StatusCode, a.body)
		}
	}
	if len(numbers.put) != 1 || numbers.put[0] != (LimitChange{"zone:ruang-tunggu:capacity", "70", "v1"}) || numbers.by[0] != "kepala" {
		t.Errorf("put in force: got %+v by %v, want it once", numbers.put, numbers.by)
	}
	e := fleet.entries[0].Entry
	if len(fleet.entries) != 1 || e.Kind != telemetry.EntryLimit || e.Author != "kepala" || !e.Claimed || e.Reason != "kursi dikurangi" || e.Subject != "zone:ruang-tunggu" || e.Item != "capacity" || e.Before != "80" || e.After != "70" {
		t.Errorf("the entry: got %+v", e)
	}
	numbers.all[0].Value = "70"
	page := r.get(limitsAt+"?saved=limit", "Accept-Language", "en", "Accept", "text/html").body
	if got := flat(one(t, page, "#history")); !strings.Contains(got, "Ruang tunggu: Declared capacity 80 → 70") || !strings.Contains(got, "kursi dikurangi") || !strings.Contains(page, "limit=zone%3Aruang-tunggu%3Acapacity&amp;value=80#change") {
		t.Errorf("the versions: got %s, want what, who, why and a way back", got)
	}
}

// What check would only warn of is shown and may be put in force; a change of what was not said leads back to that.
func TestALimitOfWhichCheckWarns(t *testing.T) {
	fleet, numbers := newFleet(), someLimits()
	numbers.warnings = []string{"sites/mpp-gresik.yaml:31:9: zone warned of"}
	change := aChange("mpp-gresik")
	change.Entry.Before = ""
	fleet.entries = append(fleet.entries, change)
	r := start(t, fleet, func(o *Options) { o.Limits = numbers; numbers.fleet = fleet })
	if got := r.limitForm("look").body; !strings.Contains(got, "zone warned of") || !strings.Contains(got, `value="confirm"`) || strings.Contains(got, "no mistakes") {
		t.Errorf("got %s, want the warning and the way on", flat(one(t, got, "#change")))
	}
	if page := r.get(limitsAt, "Accept", "text/html").body; !strings.Contains(page, "capacity&amp;value=#change") {
		t.Error("no way back to where nothing was said")
	}
	if form := r.get(limitsAt+"?limit=zone:ruang-tunggu:capacity&value=", "Accept", "text/html").body; !strings.Contains(form, `name="value" maxlength="40" autocomplete="off" value=""`) {
		t.Error("the way back is not filled in with nothing")
	}
}

// What cannot be put in force is told in the words of gerbang check, or says who was quicker; nothing is entered.
func TestALimitThatCannotBeChanged(t *testing.T) {
	for name, tc := range map[string]struct {
		err    error
		step   string
		more   []string
		status int
		want   string
	}{
		"a mistake":         {&LimitMistakes{[]string{`sites/mpp-gresik.yaml:31:40: capacity is "viel", want a whole number from 1 to 1000000`}}, "look", nil, 422, "want a whole number from 1 to 1000000"},
		"changed meanwhile": {ErrMeanwhile, "confirm", nil, 409, "Nothing was overwritten"},
		"not in force yet":  {&FilesDiffer{[]string{"sites/mpp-belu.yaml"}}, "confirm", nil, 409, "sites/mpp-belu.yaml: changed on disk and not in force yet"},
		"read only":         {ErrReadOnly, "confirm", nil, 409, "may not write this file"},
		"the same":          {ErrSame, "look", nil, 422, "nothing would change"},
		"needed":            {ErrNeeded, "look", []string{"value", ""}, 422, "cannot be left out"},
		"two ways":          {&LimitAmbiguous{"1.000", "1000", "1.0000"}, "look", []string{"value", "1.000"}, 422, "Write 1000 if you mean the large number, or 1.0000 if you mean the small one"},
		"used":              {ErrUsedOtherwise, "confirm", nil, 409, "used for another change already"},
		"not put back":      {&NotInForceError{errStopping, errStopping}, "confirm", nil, 409, "could not put the file back either"},
		"not noted":         {&NotNotedError{errStopping}, "confirm", nil, 503, "It is in force."},
		"fixed":             {ErrFixed, "confirm", nil, 422, "cannot be changed here"},
		"refused late":      {&NotInForceError{Err: errStopping}, "confirm", nil, 409, "the file is as it was"},
		"no reason":         {nil, "confirm", []string{"reason", " "}, 422, "It needs a reason"},
		"no reason, looked": {nil, "look", []string{"reason", ""}, 422, "It needs a reason"},
		"no id":             {nil, "confirm", []string{"id", "1"}, 422, "an id that is a UUID"},
		"no such number":    {nil, "look", []string{"limit", "zone:x:capacity"}, 404, ""},
	} {
		fleet, numbers := newFleet(), someLimits()
		numbers.err = tc.err
		r := start(t, fleet, func(o *Options) { o.Limits = numbers; numbers.fleet = fleet })
		a := r.limitForm(tc.step, tc.more...)
		if a.StatusCode != tc.status || !strings.Contains(a.body, tc.want) {
			t.Errorf("%s: got %d %s, want %d and %q", name, a.StatusCode, flat(one(t, a.body, "main")), tc.status, tc.want)
		}
		if len(numbers.put) > 0 || len(fleet.entries) > 0 {
			t.Errorf("%s: something was changed", name)
		}
	}
}

// Who reviews sees the limits and is offered no change; files that somebody works on are left to him; a demonstration has none.
func TestLimitsForWhoLooks(t *testing.T) {
	fleet, numbers := newFleet(), someLimits()
	fleet.entries = append(fleet.entries, aChange("mpp-gresik"))
	r := start(t, fleet, func(o *Options) { o.Limits = numbers; numbers.fleet = fleet })
	page := func() string {
		return r.get(limitsAt+"?limit=zone:ruang-tunggu:capacity", "Accept", "text/html", "Accept-Language", "en").body
	}
	numbers.all[0].Differs = true
	if got := page(); strings.Contains(got, `name="value"`) || !strings.Contains(got, "changed on disk and not in force yet") {
		t.Errorf("a file that differs: got %s", flat(one(t, got, "main")))
	}
	numbers.all[0].Differs = false
	r.access.identify = func(*http.Request) (*accounts.Caller, error) {
		return &accounts.Caller{Account: "1", Name: "auditor", Grants: []accounts.Grant{{May: accounts.Auditor.May()}}}, nil
	}
	if got := page(); strings.Contains(got, `name="value"`) || strings.Contains(got, "?limit=") || !strings.Contains(got, "surat pemadam kebakaran") {
		t.Errorf("an auditor: got %s, want the numbers and versions and no change", flat(one(t, got, "main")))
	}
	if a := r.limitForm("confirm"); a.StatusCode != http.StatusForbidden || len(numbers.put) > 0 {
		t.Errorf("an auditor changes: got %d and %d changes, want 403", a.StatusCode, len(numbers.put))
	}
	numbers.none = true
	if got := page(); !strings.Contains(got, "built into it") {
		t.Errorf("a demonstration: got %s", flat(one(t, got, "main")))
	}
}

func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

// The same for programs: what there is, what a change would be, the change, and who made it.
func TestALimitByAPI(t *testing.T) {
	const path = "/api/v1/sites/mpp-gresik/limits"
	fleet, numbers := newFleet(), someLimits()
	r := start(t, fleet, func(o *Options) { o.Limits = numbers; numbers.fleet = fleet })
	if got := r.get(path, "Accept", "application/json").body; !strings.Contains(got, `"id":"zone:ruang-tunggu:capacity","part":"zone","of":"ruang-tunggu","key":"capacity","value":"80","file":"sites/mpp-gresik.yaml","line":31`) || !strings.Contains(got, `"fixed":"shared"`) {
		t.Errorf("the list: got %s", got)
	}
	body := `{"id":"` + someUUID + `","limit":"zone:ruang-tunggu:capacity","value":"70","version":"v1","author":"kepala MPP","reason":"kursi dikurangi"}`
	check := r.postJSON(path, strings.Replace(body, `"reason"`, `"check":true,"reason"`, 1))
	if check.StatusCode != http.StatusOK || !strings.Contains(check.body, `"before":"80","after":"70","checked":true`) || !strings.Contains(check.body, `"+  ruang-tunggu: {capacity: 70}"`) || len(numbers.put) > 0 {
		t.Errorf("checked: got %d %s and %d changes", check.StatusCode, check.body, len(numbers.put))
	}
	first, again := r.postJSON(path, body), r.postJSON(path, body)
	if first.StatusCode != http.StatusOK || !strings.Contains(first.body, `"before":"80","after":"70","record":`) || again.body != first.body || len(numbers.put) != 1 || len(fleet.entries) != 1 {
		t.Errorf("changed: got %d %s, again %s, with %d changes and %d entries", first.StatusCode, first.body, again.body, len(numbers.put), len(fleet.entries))
	}
	if got := r.get(path+"/changes", "Accept", "application/json").body; !strings.Contains(got, `"author":"kepala MPP","author_claimed":true,"reason":"kursi dikurangi"`) {
		t.Errorf("the changes: got %s", got)
	}
	other := strings.Replace(body, someUUID, otherUUID, 1)
	for name, tc := range map[string]struct {
		err    error
		body   string
		status int
		want   string
	}{
		"a mistake":   {&LimitMistakes{[]string{"sites/x.yaml:1:2: capacity is what it is"}}, other, 422, "body value: the configuration would have mistakes: sites/x.yaml:1:2: capacity is what it is"},
		"quicker":     {ErrMeanwhile, other, 409, "nothing was changed"},
		"late":        {&NotInForceError{Err: errStopping}, other, 409, "the file is as it was"},
		"no reason":   {nil, strings.Replace(other, "kursi dikurangi", " ", 1), 422, "body reason"},
		"no such one": {nil, strings.Replace(other, "ruang-tunggu", "x", 1), 404, "not found"},
		"no files":    {ErrNoFiles, other, 409, "built into the program"},
	} {
		numbers.err = tc.err
		if a := r.postJSON(path, tc.body); a.StatusCode != tc.status || !strings.Contains(a.body, tc.want) {
			t.Errorf("%s: got %d %s, want %d and %q", name, a.StatusCode, a.body, tc.status, tc.want)
		}
	}
}

// Numbers are shown, and filled in, with the decimal mark of the language; both are understood.
func TestNumbersOfLimitsInBothLanguages(t *testing.T) {
	numbers := someLimits()
	numbers.all[1].Value = "140.5 m²"
	r := start(t, newFleet(), func(o *Options) { o.Limits = numbers })
	for lang, want := range map[string]string{"en": "140.5", "id": "140,5"} {
		page := r.get(limitsAt+"?limit=zone:ruang-tunggu:area", "Accept", "text/html", "Accept-Language", lang).body
		if !strings.Contains(page, ">"+want+" m²<") || !strings.Contains(page, `value="`+want+`"`) {
			t.Errorf("%s: no %s in %s", lang, want, flat(one(t, page, "main")))
		}
	}
	numbers.err = &LimitAmbiguous{"1.000", "1000", "1.0000"}
	form := url.Values{"id": {someUUID}, "limit": {"zone:ruang-tunggu:area"}, "value": {"1.000"}, "version": {"v1"}, "reason": {"x"}, "author": {"kepala"}, "step": {"look"}}
	a := r.do("POST", limitsAt, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html", "Accept-Language", "id")
	if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "Tulis 1000 untuk angka yang besar, atau 1,0000") || !strings.Contains(a.body, `value="1.000"`) {
		t.Errorf("1.000 in Indonesian: got %d %s", a.StatusCode, flat(one(t, a.body, "main")))
	}
}
