package alerts

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// webhook is a receiver that hands over what it is notified of.
type webhook struct {
	url      string
	messages chan message
}

type message struct {
	Receiver, Status string
	Alerts           []struct {
		Status              string
		Labels, Annotations map[string]string
		StartsAt, EndsAt    time.Time
	}
}

func (m message) subjects() []string {
	var all []string
	for _, a := range m.Alerts {
		all = append(all, a.Labels["subject"])
	}
	slices.Sort(all)
	return all
}

func newWebhook(t *testing.T) *webhook {
	t.Helper()
	w := &webhook{messages: make(chan message, 1000)}
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var m message
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Errorf("the notification is not JSON: %v", err)
		}
		w.messages <- m
	}))
	t.Cleanup(s.Close)
	w.url = s.URL
	return w
}

// next waits for a notification.
func (w *webhook) next(t *testing.T) message {
	t.Helper()
	select {
	case m := <-w.messages:
		return m
	case <-time.After(20 * time.Second):
		t.Fatal("no notification within 20 s")
		return message{}
	}
}

// quick is a configuration that groups by site and class within a moment.
func quick(url string, more string) string {
	return fmt.Sprintf(`
route:
  receiver: people
  group_by: [site, class]
  group_wait: 50ms
  group_interval: 100ms
  repeat_interval: 1h
receivers:
  - name: people
    webhook_configs: [{url: %q}]
%s`, url, more)
}

// routers starts each kind of router with a configuration.
var routers = map[string]func(t *testing.T, config string) Router{
	"embedded": func(t *testing.T, config string) Router { return startEmbedded(t, t.TempDir(), config).Embedded },
	"external": func(t *testing.T, config string) Router {
		e, err := NewExternal(ExternalOptions{URLs: []string{testengine.Alertmanager(t, config).URL}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Close)
		return e
	},
}

// runningEmbedded is an Embedded that runs until stop or the end of the test.
type runningEmbedded struct {
	*Embedded
	stop func()
}

func startEmbedded(t *testing.T, dir, config string) runningEmbedded {
	t.Helper()
	e, err := NewEmbedded(EmbeddedOptions{Config: []byte(config), DataDir: dir, StartDelay: -1, Templates: []string{readFile(t, shippedTemplate)},
		Logger: slog.New(slog.NewTextHandler(testLog{t}, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v, want nil", err)
		}
	})
	t.Cleanup(stop)
	running := func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.alerts != nil
	}
	for deadline := time.Now().Add(5 * time.Second); !running() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	return runningEmbedded{e, stop}
}

type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// startResender re-sends five times a second until the test ends.
func startResender(t *testing.T, router Router, initial ...Alert) *Resender {
	t.Helper()
	r, err := NewResender(ResenderOptions{Router: router, Texts: sampleTexts(t), Interval: 200 * time.Millisecond, Coalesce: time.Millisecond, Initial: initial})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v, want nil", err)
		}
	})
	return r
}

// alertOf opens an alert now; its site and class decide its group.
func alertOf(site string, class rules.Class, rule, subject string) Alert {
	s := rules.Subject{Kind: rules.SubjectZone, ID: subject}
	now := telemetry.InstantOf(time.Now())
	return Alert{ID: alertID(site, rule, s, now), Site: site, Rule: rule, Kind: "capacity", Class: class, Severity: rules.Warning,
		Subject: s, Opened: now, Updated: now, Description: Description{SiteName: "MPP " + site}}
}

func open(list ...Alert) []Change {
	var out []Change
	for _, a := range list {
		out = append(out, Change{Alert: a, What: Opened, At: a.Opened})
	}
	return out
}

func end(a Alert) []Change {
	a.Resolved = telemetry.InstantOf(time.Now())
	return []Change{{Alert: a, What: Resolved, At: a.Resolved}}
}

func TestRouterFiringAndResolvedOnce(t *testing.T) {
	for name, start := range routers {
		t.Run(name, func(t *testing.T) {
			hook := newWebhook(t)
			router := start(t, quick(hook.url, ""))
			r := startResender(t, router)
			a := alertOf("magetan", rules.ClassBreach, "capacity", "hall")
			r.Notify(open(a))
			m := hook.next(t)
			if m.Status != "firing" || len(m.Alerts) != 1 || !m.Alerts[0].StartsAt.Equal(a.Opened.Time()) {
				t.Fatalf("first notification is %+v, want the alert firing since %v", m, a.Opened)
			}
			if got := m.Alerts[0].Annotations["summary_id"]; got != "Terlalu penuh: hall, MPP magetan" {
				t.Errorf("summary is %q", got)
			}
			r.Notify(end(a))
			m = hook.next(t)
			if m.Status != "resolved" || len(m.Alerts) != 1 || m.Alerts[0].EndsAt.Before(m.Alerts[0].StartsAt) {
				t.Fatalf("second notification is %+v, want it resolved", m)
			}
			// Another group's round trip gives a repetition its chance: nothing else may have come.
			for i := range 5 {
				site := fmt.Sprint("marker-", i)
				r.Notify(open(alertOf(site, rules.ClassBreach, "capacity", "hall")))
				if m := hook.next(t); m.Alerts[0].Labels["site"] != site {
					t.Fatalf("a notification too many: %+v", m)
				}
			}
		})
	}
}

func TestRouterInhibition(t *testing.T) {
	for name, start := range routers {
		t.Run(name, func(t *testing.T) {
			hook := newWebhook(t)
			router := start(t, quick(hook.url, `
inhibit_rules:
  - source_matchers: [class="service", alertname="broker_down"]
    target_matchers: [class="sensor"]
    equal: [gateway]
`))
			r := startResender(t, router)
			book := NewBook(nil, nil)
			r.Notify(book.Service(Fault{Name: FaultBrokerDown, Firing: true}, telemetry.InstantOf(time.Now()), nil))
			if m := hook.next(t); m.Alerts[0].Labels["alertname"] != "broker_down" {
				t.Fatalf("first notification is %+v, want the broker's fault", m)
			}
			r.Notify(open(alertOf("magetan", rules.ClassSensor, "alive", "thermo-1")))
			for i := range 3 {
				site := fmt.Sprint("marker-", i)
				r.Notify(open(alertOf(site, rules.ClassBreach, "capacity", "hall")))
				if m := hook.next(t); m.Alerts[0].Labels["site"] != site {
					t.Fatalf("the sensor's alert was notified although the broker is down: %+v", m)
				}
			}
			r.Notify(book.Service(Fault{Name: FaultBrokerDown}, telemetry.InstantOf(time.Now()), nil))
			var got []string
			for range 2 {
				m := hook.next(t)
				got = append(got, m.Status+" "+m.Alerts[0].Labels["alertname"])
			}
			slices.Sort(got)
			if want := []string{"firing alive", "resolved broker_down"}; !slices.Equal(got, want) {
				t.Errorf("after the fault: %q, want %q", got, want)
			}
		})
	}
}

func TestRouterAcknowledgementSilences(t *testing.T) {
	for name, start := range routers {
		t.Run(name, func(t *testing.T) {
			hook := newWebhook(t)
			router := start(t, quick(hook.url, ""))
			acked := alertOf("magetan", rules.ClassBreach, "capacity", "hall")
			acked.Ack = &Acknowledgement{By: "satpam", Reason: "ditangani", Until: acked.Opened.Add(time.Hour)}
			r := startResender(t, router)
			r.Notify(open(acked))
			for i := range 3 {
				site := fmt.Sprint("marker-", i)
				r.Notify(open(alertOf(site, rules.ClassBreach, "capacity", "hall")))
				if m := hook.next(t); m.Alerts[0].Labels["site"] != site {
					t.Fatalf("an acknowledged alert was notified: %+v", m)
				}
			}
			all, err := router.Silences(t.Context())
			if err != nil || len(all) != 1 || all[0].By != "satpam" || len(all[0].Matchers) != 5 {
				t.Fatalf("silences are %+v (%v), want one by satpam", all, err)
			}
			loud := acked
			loud.Ack = nil
			r.Notify([]Change{{Alert: loud, What: Expired}})
			if m := hook.next(t); m.Status != "firing" || m.Alerts[0].Labels["site"] != "magetan" {
				t.Errorf("after the expiry came %+v, want the alert firing", m)
			}
			if err := router.ExpireSilence(t.Context(), all[0].ID); err != nil {
				t.Errorf("ending a silence twice: %v, want nil", err)
			}
		})
	}
}

// TestRouterSilences is the use that pages make of silences.
func TestRouterSilences(t *testing.T) {
	for name, start := range routers {
		t.Run(name, func(t *testing.T) {
			router := start(t, quick("http://127.0.0.1:1/", ""))
			s := Silence{By: "teknisi", Comment: "pemeliharaan", Ends: time.Now().Add(time.Hour), Matchers: []Matcher{
				{Name: "site", Value: "magetan|gresik", Regex: true}, {Name: "class", Value: "breach", Not: true}, {Name: "kind", Value: "x.*", Regex: true, Not: true}}}
			id, err := router.SetSilence(t.Context(), s)
			if err != nil || id == "" {
				t.Fatalf("setting a silence: id %q, %v", id, err)
			}
			all, err := router.Silences(t.Context())
			if err != nil || len(all) != 1 {
				t.Fatalf("silences are %+v (%v), want one", all, err)
			}
			got := all[0]
			if got.ID != id || got.By != s.By || got.Comment != s.Comment || got.Ends.Sub(s.Ends).Abs() > time.Second || !slices.Equal(got.Matchers, s.Matchers) {
				t.Errorf("silence is %+v, want %+v", got, s)
			}
			s.ID, s.Ends = id, time.Now().Add(2*time.Hour)
			if again, err := router.SetSilence(t.Context(), s); err != nil || again != id {
				t.Errorf("moving the end gave id %q (%v), want the same %q", again, err, id)
			}
			for range 2 {
				if err := router.ExpireSilence(t.Context(), id); err != nil {
					t.Errorf("ending a silence: %v", err)
				}
			}
			if err := router.ExpireSilence(t.Context(), "11111111-2222-3333-4444-555555555555"); err != nil {
				t.Errorf("ending an unknown silence: %v, want nil", err)
			}
			if all, err := router.Silences(t.Context()); err != nil || len(all) != 0 {
				t.Errorf("silences are %+v (%v), want none", all, err)
			}
			if _, err := router.SetSilence(t.Context(), Silence{Ends: time.Now().Add(time.Hour), By: "x", Comment: "x"}); err == nil {
				t.Error("a silence of everything was set, want an error")
			}
		})
	}
}

func TestRouterFloodIsGrouped(t *testing.T) {
	for name, start := range routers {
		t.Run(name, func(t *testing.T) {
			hook := newWebhook(t)
			router := start(t, strings.Replace(quick(hook.url, ""), "group_wait: 50ms", "group_wait: 1s", 1))
			r := startResender(t, router)
			var list []Alert
			for i := range 400 {
				list = append(list, alertOf("magetan", rules.ClassSensor, "alive", fmt.Sprintf("sensor-%03d", i)))
			}
			critical := alertOf("magetan", rules.ClassBreach, "capacity", "hall")
			r.Notify(open(append(list, critical)...))
			seen := make(map[string]bool)
			messages, breach := 0, false
			for len(seen) < 400 || !breach {
				m := hook.next(t)
				if m.Alerts[0].Labels["class"] == "breach" {
					breach = true
					continue
				}
				messages++
				for _, s := range m.subjects() {
					seen[s] = true
				}
			}
			if messages > 3 {
				t.Errorf("400 sensors made %d notifications, want at most 3", messages)
			}
		})
	}
}

// TestEmbeddedRestart: after a restart open alerts are there again within a round, and what was notified is not notified
// again.
func TestEmbeddedRestart(t *testing.T) {
	hook := newWebhook(t)
	dir := t.TempDir()
	config := quick(hook.url, "")
	first := startEmbedded(t, dir, config)
	a := alertOf("magetan", rules.ClassBreach, "capacity", "hall")
	n := notices{gateway: "gerbang", texts: sampleTexts(t), ends: time.Hour}
	if err := first.Send(t.Context(), []Notice{n.of(&a, time.Now())}); err != nil {
		t.Fatal(err)
	}
	hook.next(t)
	if _, err := first.SetSilence(t.Context(), Silence{Ends: time.Now().Add(time.Hour), By: "x", Comment: "x", Matchers: []Matcher{{Name: "site", Value: "gresik"}}}); err != nil {
		t.Fatal(err)
	}
	first.stop()
	if err := first.Send(t.Context(), []Notice{n.of(&a, time.Now())}); err == nil {
		t.Error("a stopped Alertmanager took an alert, want an error")
	}

	second := startEmbedded(t, dir, config)
	if all, err := second.Silences(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("after the restart silences are %+v (%v), want the one", all, err)
	}
	r := startResender(t, second, a)
	r.Notify(open(alertOf("gresik", rules.ClassBreach, "capacity", "hall"), alertOf("belu", rules.ClassBreach, "capacity", "hall")))
	if m := hook.next(t); m.Alerts[0].Labels["site"] != "belu" {
		t.Errorf("after the restart came %+v, want only what is new and not silenced", m)
	}
	r.Notify(end(a))
	if m := hook.next(t); m.Status != "resolved" || m.Alerts[0].Labels["site"] != "magetan" {
		t.Errorf("the end of an alert of the first run gave %+v, want it resolved", m)
	}
}

// TestExternalRestart: an Alertmanager that lost its alerts has them again within one interval.
func TestExternalRestart(t *testing.T) {
	hook := newWebhook(t)
	server := testengine.Alertmanager(t, strings.Replace(quick(hook.url, ""), "repeat_interval: 1h", "repeat_interval: 100ms", 1))
	e, err := NewExternal(ExternalOptions{URLs: []string{server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	r := startResender(t, e)
	r.Notify(open(alertOf("magetan", rules.ClassBreach, "capacity", "hall")))
	hook.next(t)
	server.Stop()
	for len(hook.messages) > 0 {
		<-hook.messages
	}
	server.Start()
	if m := hook.next(t); m.Status != "firing" || m.Alerts[0].Labels["site"] != "magetan" {
		t.Errorf("after the restart came %+v, want the alert firing", m)
	}
}

// TestEmbeddedReload: a configuration that cannot be used leaves the old one in force; one that can takes over open alerts.
func TestEmbeddedReload(t *testing.T) {
	old, other := newWebhook(t), newWebhook(t)
	e := startEmbedded(t, t.TempDir(), quick(old.url, ""))
	r := startResender(t, e)
	bad := []string{
		"",
		"route: {receiver: nobody}\nreceivers: [{name: somebody}]",
		quick(other.url, "templates: [/nowhere/[.tmpl]\n"),
		quick(other.url, "unknown: true\n"),
	}
	for _, config := range bad {
		if _, err := e.Prepare([]byte(config)); err == nil {
			t.Errorf("this configuration was taken, want an error:\n%s", config)
		}
	}
	r.Notify(open(alertOf("magetan", rules.ClassBreach, "capacity", "hall")))
	old.next(t)
	swap, err := e.Prepare([]byte(strings.Replace(quick(other.url, ""), "people", "others", 2)))
	if err != nil {
		t.Fatal(err)
	}
	swap()
	if m := other.next(t); m.Receiver != "others" || m.Alerts[0].Labels["site"] != "magetan" {
		t.Errorf("the new receiver got %+v, want the alert that is open", m)
	}
}

// TestShippedConfiguration: what is shipped loads, notifies nobody, and its routes lead where they should.
func TestShippedConfiguration(t *testing.T) {
	e, err := NewEmbedded(EmbeddedOptions{Config: []byte(readFile(t, shippedConfig)), DataDir: filepath.Join(t.TempDir(), "alertmanager"),
		Templates: []string{readFile(t, shippedTemplate)}, Languages: map[string]string{"manager": "en"}})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		class    rules.Class
		severity rules.Severity
		want     []string
	}{
		{rules.ClassBreach, rules.Warning, []string{"guard"}},
		{rules.ClassBreach, rules.Critical, []string{"manager", "guard"}},
		{rules.ClassOverdue, rules.Critical, []string{"manager"}},
		{rules.ClassOverdue, rules.Warning, []string{"manager"}},
		{rules.ClassSensor, rules.Warning, []string{"technician"}},
		{rules.ClassService, rules.Critical, []string{"manager", "technician"}},
	}
	for _, tt := range tests {
		var got []string
		for _, r := range e.setup.routes.Match(labelSet(map[string]string{"class": string(tt.class), "severity": string(tt.severity)})) {
			got = append(got, r.RouteOpts.Receiver)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s, %s goes to %q, want %q", tt.class, tt.severity, got, tt.want)
		}
	}
	for name, integrations := range e.setup.receivers {
		if len(integrations) > 0 {
			t.Errorf("receiver %q notifies as shipped, want nobody", name)
		}
	}
}

// TestShippedConfigurationExternal: the Alertmanager that people have installed reads it too.
func TestShippedConfigurationExternal(t *testing.T) {
	testengine.Alertmanager(t, readFile(t, shippedConfig))
}
