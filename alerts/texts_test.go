package alerts

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	amalert "github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/common/model"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; write it with -update and read it", err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got\n%s\nwant\n%s", path, got, want)
	}
}

// samples are alerts of every kind and class, as people meet them.
func samples() []Alert {
	base := Alert{Site: "magetan", Severity: rules.Critical, Opened: t0, Updated: t0,
		Description: Description{SiteName: "MPP Magetan", Timezone: "Asia/Jakarta", Zone: "hall", ZoneName: "Ruang tunggu"}}
	make1 := func(kind string, class rules.Class, subject rules.Subject, name string, x rules.Explanation) Alert {
		a := base
		a.Rule, a.Kind, a.Class, a.Subject, a.SubjectName, a.Explanation = "r-"+kind, kind, class, subject, name, x
		a.ID = alertID(a.Site, a.Rule, a.Subject, a.Opened)
		return a
	}
	zone := rules.Subject{Kind: rules.SubjectZone, ID: "hall"}
	device := rules.Subject{Kind: rules.SubjectDevice, ID: "thermo-1"}
	task := rules.Subject{Kind: rules.SubjectTask, ID: "handles"}
	building := rules.Subject{Kind: rules.SubjectSite, ID: "magetan"}
	full := rules.Explanation{Value: 61, Error: 1.7, Limit: 50, HasValue: true, HasLimit: true, Unit: "1", Constraint: "seats", Share: 0.5}

	unconfirmed := make1("capacity", rules.ClassBreach, zone, "Ruang tunggu", full)
	unconfirmed.Unconfirmed = after(20 * time.Minute)
	unconfirmed.Explanation.Reason, unconfirmed.Explanation.Detail = rules.ReasonSilent, "door-1"
	over := make1("capacity", rules.ClassBreach, zone, "Ruang tunggu", full)
	over.Raised, over.Worst = full, full
	over.Worst.Value = 71
	over.Resolved, over.Explanation.Value = after(95*time.Minute), 42
	near := make1("capacity", rules.ClassBreach, zone, "Ruang tunggu", rules.Explanation{Value: 50, Error: 3, Low: 47, High: 53, HasRange: true,
		Limit: 50, HasValue: true, HasLimit: true, Unit: "1", Constraint: "seats", Share: 0.5, Reason: rules.ReasonNear, Inputs: []rules.Input{
			{Name: rules.InputSeats, Value: 300}, {Name: rules.InputSeatPitch, Value: 0.5, Unit: "m"}, {Name: rules.InputSpacing, Value: 1.5, Unit: "m"},
			{Name: rules.InputEvery, Value: 3}}})
	near.Unconfirmed = after(20 * time.Minute)
	named := make1("expression", rules.ClassBreach, zone, "Ruang tunggu", rules.Explanation{Value: 9, Limit: 15, HasValue: true, HasLimit: true, Unit: "%",
		Constraint: "expression", Bound: rules.AtLeast})
	named.Title = map[string]string{"id": "Perlu diisi ulang", "en": "Needs refilling"}
	advised := make1("capacity", rules.ClassBreach, building, "MPP Magetan", full)
	advised.Advice = map[string]string{"id": "Tutup antrean.", "en": "Close the queue."}
	return []Alert{
		make1("capacity", rules.ClassBreach, zone, "Ruang tunggu", full),
		advised, unconfirmed, over, near, named,
		make1("distancing", rules.ClassBreach, zone, "Ruang tunggu", rules.Explanation{Value: 12, Error: 0, Limit: 9, HasValue: true, HasLimit: true, Unit: "1", Constraint: "area"}),
		make1("distancing", rules.ClassBreach, zone, "Ruang tunggu", rules.Explanation{Value: 0.65, Limit: 1, HasValue: true, HasLimit: true, Unit: "m", Constraint: "spacing"}),
		make1("temperature", rules.ClassBreach, device, "Termometer pintu utama", rules.Explanation{Value: 38.04, Error: 0.3, Limit: 37.3, HasValue: true, HasLimit: true, Unit: "Cel", Constraint: "threshold"}),
		make1("disinfection", rules.ClassOverdue, task, "Lap gagang pintu", rules.Explanation{Value: 265, Limit: 240, HasValue: true, HasLimit: true, Unit: "min", Constraint: "every", Reason: rules.ReasonOverdue, Detail: "pintu utama, tangga"}),
		make1("disinfection", rules.ClassOverdue, task, "Lap gagang pintu", rules.Explanation{Limit: 120, HasLimit: true, Unit: "min", Constraint: "before_opening", Reason: rules.ReasonMissed}),
		make1("disinfection", rules.ClassOverdue, task, "Lap gagang pintu", rules.Explanation{Limit: 240, HasLimit: true, Unit: "min", Constraint: "every", Reason: rules.ReasonOverdue}),
		make1("silence", rules.ClassSensor, device, "Termometer pintu utama", rules.Explanation{Value: 95, Limit: 30, HasValue: true, HasLimit: true, Unit: "min", Constraint: "interval", Reason: rules.ReasonSilent, Detail: "thermo-1"}),
		make1("silence", rules.ClassSensor, device, "Termometer pintu utama", rules.Explanation{Value: 95, Limit: 30, HasValue: true, HasLimit: true, Unit: "min", Constraint: "interval", Reason: rules.ReasonNoData}),
		make1("expression", rules.ClassBreach, zone, "Ruang tunggu", rules.Explanation{Value: 1240, Error: 50, Limit: 1000, HasValue: true, HasLimit: true, Unit: "ppm", Constraint: "expression"}),
		make1("afterhours", rules.ClassBreach, building, "MPP Magetan", rules.Explanation{Value: 9, Limit: 5, Low: 8, High: 10, HasRange: true, HasValue: true, HasLimit: true, Unit: "1", Constraint: "after_hours"}),
		make1("queue", rules.ClassBreach, zone, "Antrean", rules.Explanation{Value: 27, Limit: 24, HasValue: true, HasLimit: true, Unit: "1", Constraint: "room"}),
		make1("quota", rules.ClassBreach, building, "MPP Magetan", rules.Explanation{Value: 36, Limit: 35, HasValue: true, HasLimit: true, Unit: "1", Constraint: "visitors"}),
		make1("cutoff", rules.ClassBreach, building, "MPP Magetan", rules.Explanation{Value: 7, Limit: 2, HasValue: true, HasLimit: true, Unit: "1", Constraint: "quota"}),
		make1("seats", rules.ClassBreach, zone, "Ruang tunggu", rules.Explanation{Value: 0.6, Limit: 1, HasValue: true, HasLimit: true, Unit: "m", Constraint: "seat_spacing", Bound: rules.AtLeast, Detail: "a1, a2"}),
		make1("seats", rules.ClassBreach, zone, "Ruang tunggu", rules.Explanation{Constraint: "blocked", Detail: "a3"}),
		make1("made-up", rules.ClassSensor, device, "", rules.Explanation{Reason: rules.ReasonImplausible, Detail: "thermo-1"}),
	}
}

func TestExplainGolden(t *testing.T) {
	texts := sampleTexts(t)
	var b strings.Builder
	for _, lang := range texts.Languages() {
		fmt.Fprintf(&b, "# %s\n\n", lang)
		for _, a := range samples() {
			title, text, todo := texts.Explain(lang, &a)
			fmt.Fprintf(&b, "%s\n  %s\n  %s\n\n", title, text, todo)
		}
		book := NewBook(nil, nil)
		for _, n := range FaultNames() {
			a := book.Service(Fault{Name: n, Detail: "127.0.0.1:1883", Firing: true}, t0, nil)[0].Alert
			title, text, todo := texts.Explain(lang, &a)
			fmt.Fprintf(&b, "%s\n  %s\n  %s\n\n", title, text, todo)
		}
	}
	golden(t, "explain.golden", b.String())
}

func TestExplainVerdict(t *testing.T) {
	texts := sampleTexts(t)
	view := rules.VerdictView{Rule: "capacity", Kind: "capacity", Class: rules.ClassBreach, SubjectName: "Aula",
		Subject:     rules.Subject{Kind: rules.SubjectZone, ID: "hall"},
		Explanation: rules.Explanation{Value: 49, Error: 2, Limit: 50, HasValue: true, HasLimit: true, Unit: "1", Constraint: "area"}}
	tests := []struct {
		verdict           rules.Verdict
		reason            rules.Reason
		lang              string
		title, text, todo string
	}{
		{rules.Within, "", "id", "Sesuai aturan: Aula", "Ada 49 ± 2 orang; batas 50 orang (luas ruangan).", ""},
		{rules.Within, "", "en-GB", "As required: Aula", "49 ± 2 people inside; limit 50 people (floor area).", ""},
		{rules.Unknown, rules.ReasonNear, "id", "Belum dapat dipastikan: Aula", "Ada 49 ± 2 orang; batas 50 orang (luas ruangan). Mendekati batas: terlalu dekat untuk dipastikan.", ""},
		{rules.Breached, "", "fr", "Terlalu penuh: Aula", "Ada 49 ± 2 orang; batas 50 orang (luas ruangan).", "Tahan antrean"},
	}
	for _, tt := range tests {
		view.Verdict, view.Explanation.Reason = tt.verdict, tt.reason
		title, text, todo := texts.ExplainVerdict(tt.lang, &view, map[string]string{"id": "Tahan antrean"})
		if title != tt.title || text != tt.text || todo != tt.todo {
			t.Errorf("%v in %q: got\n%q, %q, %q; want\n%q, %q, %q", tt.verdict, tt.lang, title, text, todo, tt.title, tt.text, tt.todo)
		}
	}
}

// TestTextsComplete: both languages have the same messages, and every kind of rule, reason and fault has its own.
func TestTextsComplete(t *testing.T) {
	texts := sampleTexts(t)
	id, en := texts.words["id"], texts.words["en"]
	for m := range id.has {
		if !en.has[m] {
			t.Errorf("message %q is missing in English", m)
		}
	}
	for m := range en.has {
		if !id.has[m] {
			t.Errorf("message %q is missing in Indonesian", m)
		}
	}
	var want []string
	for _, k := range rules.Kinds() {
		want = append(want, "title."+k)
	}
	for _, r := range []rules.Reason{rules.ReasonNoData, rules.ReasonSilent, rules.ReasonNear, rules.ReasonNegative, rules.ReasonImplausible,
		rules.ReasonNoLimit, rules.ReasonClosed, rules.ReasonPending, rules.ReasonOverdue, rules.ReasonMissed, rules.ReasonExpression,
		rules.ReasonNotInForce, rules.ReasonGap, rules.ReasonIdle, rules.ReasonNoLevel, rules.ReasonParent} {
		want = append(want, "reason."+string(r))
	}
	for _, n := range FaultNames() {
		want = append(want, "fault."+string(n)+".title", "fault."+string(n)+".text", "fault."+string(n)+".todo")
	}
	for _, c := range []rules.Class{rules.ClassBreach, rules.ClassOverdue, rules.ClassSensor} { // faults of the gateway have words of their own
		want = append(want, "title.class."+string(c), "todo.class."+string(c))
	}
	for _, m := range want {
		if !id.has[m] {
			t.Errorf("message %q is missing", m)
		}
	}
}

func TestTimeAndDuration(t *testing.T) {
	texts := sampleTexts(t)
	may := telemetry.InstantOf(time.Date(2026, 5, 4, 23, 5, 0, 0, time.UTC))
	if got, want := texts.Time("id", may, "Asia/Makassar"), "5 Mei 2026 07.05 WITA"; got != want {
		t.Errorf("time is %q, want %q", got, want)
	}
	if got, want := texts.Time("en", may, "Nowhere/Land"), "4 May 2026 23:05 UTC"; got != want {
		t.Errorf("time is %q, want %q", got, want)
	}
	tests := []struct {
		d        time.Duration
		id, want string
	}{
		{0, "0 detik", "0 s"},
		{1499 * time.Millisecond, "1 detik", "1 s"},
		{90 * time.Second, "1 menit 30 detik", "1 min 30 s"},
		{2*time.Hour + 29*time.Second, "2 jam", "2 h"},
		{3*time.Hour + 5*time.Minute, "3 jam 5 menit", "3 h 5 min"},
		{24*time.Hour - time.Second, "24 jam", "24 h"},
		{49 * time.Hour, "2 hari 1 jam", "2 days 1 h"},
		{24 * time.Hour, "1 hari", "1 day"},
		{-time.Minute, "1 menit", "1 min"},
	}
	for _, tt := range tests {
		if got := texts.Duration("id", tt.d); got != tt.id {
			t.Errorf("%v is %q, want %q", tt.d, got, tt.id)
		}
		if got := texts.Duration("en", tt.d); got != tt.want {
			t.Errorf("%v is %q, want %q", tt.d, got, tt.want)
		}
	}
}

// TestNotificationsGolden renders the shipped templates for every kind and language, alone and in a group.
func TestNotificationsGolden(t *testing.T) {
	tmpl := shippedTemplates(t)
	n := notices{gateway: "gerbang", url: "https://gerbang.example", texts: sampleTexts(t), ends: time.Hour}
	now := time.Now()
	wire := func(a Alert) *amalert.Alert {
		x := n.of(&a, now)
		return &amalert.Alert{Alert: model.Alert{Labels: labelSet(x.Labels), Annotations: labelSet(x.Annotations), StartsAt: x.Starts, EndsAt: x.Ends}}
	}
	var b strings.Builder
	render := func(name string, html bool, list ...*amalert.Alert) {
		data := tmpl.Data("guard", model.LabelSet{"site": "magetan"}, nil, "unknown", list...)
		execute := tmpl.ExecuteTextString
		if html {
			execute = tmpl.ExecuteHTMLString
		}
		got, err := execute(`{{ template "`+name+`" . }}`, data)
		if err != nil {
			t.Fatalf("rendering %s: %v", name, err)
		}
		fmt.Fprintf(&b, "--- %s\n%s\n", name, got)
		if strings.Contains(got, "<no value>") {
			t.Errorf("%s has a hole: %s", name, got)
		}
	}
	var all []*amalert.Alert
	for _, a := range samples() {
		all = append(all, wire(a))
	}
	for _, lang := range []string{"id", "en"} {
		for _, a := range all {
			render("gerbang.title."+lang, false, a)
			render("gerbang.text."+lang, false, a)
		}
		render("gerbang.html."+lang, true, all[0])
		render("gerbang.html."+lang, true, all[3])
		render("gerbang.title."+lang, false, all...)
		render("gerbang.text."+lang, false, all...)
	}
	golden(t, "notifications.golden", b.String())
}

// TestNotificationsAreInert: names from a configuration cannot put markup into a chat or a mail.
func TestNotificationsAreInert(t *testing.T) {
	tmpl := shippedTemplates(t)
	n := notices{gateway: "gerbang", url: "https://gerbang.example", texts: sampleTexts(t)}
	a := samples()[0]
	a.SubjectName = `<script>alert(1)</script> {{ .Labels }} <a href="javascript:x">`
	a.Explanation.Detail = `"><img src=x onerror=y>`
	a.Explanation.Reason = rules.ReasonSilent
	x := n.of(&a, time.Now())
	data := tmpl.Data("guard", nil, nil, "unknown", &amalert.Alert{Alert: model.Alert{Labels: labelSet(x.Labels), Annotations: labelSet(x.Annotations), StartsAt: x.Starts}})
	for _, name := range []string{"gerbang.html", "gerbang.text", "gerbang.title"} {
		got, err := tmpl.ExecuteHTMLString(`{{ template "`+name+`" . }}`, data)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"<script", "<img", "<a href=\"java", "map["} {
			if strings.Contains(got, bad) {
				t.Errorf("%s contains %q: %s", name, bad, got)
			}
		}
	}
}
