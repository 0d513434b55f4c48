package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
)

// told is one alert in a notification.
type told struct {
	at       time.Time // the sender's
	receiver string
	status   string
	labels   map[string]string
	summary  string
}

// listeners are the receivers of the shipped routes: a webhook each.
type listeners struct {
	*httptest.Server
	mu   sync.Mutex
	told []told
}

func listenAsReceivers(t *testing.T) *listeners {
	t.Helper()
	l := &listeners{}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct {
			Receiver string
			Alerts   []struct {
				Status              string
				Labels, Annotations map[string]string
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Errorf("a notification is no JSON: %v", err)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, a := range m.Alerts {
			l.told = append(l.told, told{receiver: m.Receiver, status: a.Status, labels: a.Labels, summary: a.Annotations["summary_en"]})
		}
	}))
	l.Config.SetKeepAlivesEnabled(false) // a connection that waits would hold up a virtual clock
	t.Cleanup(l.Close)
	return l
}

// edits give the receivers their webhooks.
func (l *listeners) edits() (all []weekEdit) {
	for _, name := range []string{"guard", "manager", "technician"} {
		line := "  - name: " + name + "\n"
		all = append(all, weekEdit{"alertmanager.yml", line, fmt.Sprintf("%s    webhook_configs: [{url: %q, send_resolved: true}]\n", line, l.URL)})
	}
	return all
}

// tell lets the gateway's own Alertmanager and resender live through the week on a virtual clock, each change of an alert at its time, and
// returns what the receivers were told.
func (w *ordinaryWeek) tell(l *listeners) []told {
	w.t.Helper()
	synctest.Test(w.t, func(t *testing.T) {
		time.Sleep(time.Until(w.from))
		ctx, cancel := context.WithCancel(context.Background())
		am := w.cfg.Alertmanager
		router, err := alerts.NewEmbedded(alerts.EmbeddedOptions{
			Config: am.Text, Templates: am.Templates, DataDir: t.TempDir(), Language: w.cfg.Language, Languages: am.Languages,
		})
		if err != nil {
			t.Fatal(err)
		}
		texts, err := alerts.NewTexts()
		if err != nil {
			t.Fatal(err)
		}
		resender, err := alerts.NewResender(alerts.ResenderOptions{Router: router, Texts: texts, Interval: am.Resend})
		if err != nil {
			t.Fatal(err)
		}
		var running sync.WaitGroup
		running.Go(func() { _ = router.Run(ctx) })
		synctest.Wait()
		running.Go(func() { _ = resender.Run(ctx) })
		until := func(at time.Time) {
			for now := time.Now(); now.Before(at); now = time.Now() {
				time.Sleep(min(at.Sub(now), time.Minute))
				synctest.Wait()
				l.stamp(time.Now())
			}
		}
		for _, c := range w.changes {
			until(c.At.Time())
			resender.Notify([]alerts.Change{c})
		}
		until(time.Now().Add(30 * time.Minute))
		cancel()
		running.Wait()
	})
	return l.told
}

// stamp notes when something was told, to the minute.
func (l *listeners) stamp(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.told) - 1; i >= 0 && l.told[i].at.IsZero(); i-- {
		l.told[i].at = now
	}
}

// receivers are who was told that an alert fires.
func receivers(all []told, site, rule, subject string) string {
	var who []string
	for _, m := range all {
		if m.labels["site"] == site && m.labels["alertname"] == rule && m.labels["subject"] == subject && m.status == "firing" && !slices.Contains(who, m.receiver) {
			who = append(who, m.receiver)
		}
	}
	slices.Sort(who)
	return strings.Join(who, " ")
}
