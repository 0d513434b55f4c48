package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/testengine"
)

// A visitor is too warm, then the next one is not: the webhook behind an Alertmanager is told of each once, whoever runs
// the Alertmanager.
func TestReceiverIsToldOnceOfFiringAndOnceOfResolved(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		hook := newWebhook(t)
		r := newRig(t, "alertmanager: {config: alertmanager.yml, resend: 10s}").building()
		writeFile(t, r.dir, "alertmanager.yml", hook.routes())
		feverComesAndGoes(t, r, hook)
	})
	t.Run("external", func(t *testing.T) {
		t.Parallel()
		hook := newWebhook(t)
		am := testengine.Alertmanager(t, hook.routes())
		feverComesAndGoes(t, newRig(t, fmt.Sprintf("alertmanager: {url: %q, resend: 10s}", am.URL)).building(), hook)
	})
}

func feverComesAndGoes(t *testing.T, r *rig, hook *webhook) {
	t.Helper()
	r.replace("protocols/uji.yaml", "above: 37.3", "above: 37.3, case: 2s")
	r.serve()
	c := connect(t, "tcp://"+r.mqtt, "thermometer", nil)
	listener := watchTopics(t, connect(t, "tcp://"+r.mqtt, "listener", nil), "gerbang/v1/gedung/out/alert/+")

	publish(t, c, "gerbang/v1/gedung/suhu", `{"boot":"a","seq":1,"body_temperature":36.4}`)
	publish(t, c, "gerbang/v1/gedung/suhu", `{"boot":"a","seq":2,"body_temperature":38.6}`)
	a := r.alerted("suhu")
	topic := "gerbang/v1/gedung/out/alert/" + a.ID
	r.p.eventually(30*time.Second, "to tell the receiver and MQTT", func() error {
		n, err := hook.first("suhu")
		if err != nil {
			return err
		}
		if n.Status != "firing" || n.Labels["site"] != "gedung" || n.Labels["subject"] != "suhu" || n.Annotations["value"] != "38.6" {
			t.Fatalf("notification: got %+v, want suhu firing at gedung with 38.6", n)
		}
		_, err = listener.payload(topic)
		return err
	})
	checkSignal(t, listener, topic, a.ID)
	// Who comes later learns of it too: the message is retained.
	late := watchTopics(t, connect(t, "tcp://"+r.mqtt, "late", nil), "gerbang/v1/gedung/out/alert/+")
	r.p.eventually(10*time.Second, "to have kept the signal", func() error { _, err := late.payload(topic); return err })

	// What is read as soon as the second check is due ends the case.
	seq := 2
	r.p.eventually(10*time.Second, "to end the case", func() error {
		seq++
		publish(t, c, "gerbang/v1/gedung/suhu", fmt.Sprintf(`{"boot":"a","seq":%d,"body_temperature":36.5}`, seq))
		var list struct{ Items []seenAlert }
		if err := r.get("/api/v1/alerts", &list); err != nil {
			return err
		}
		if i := slices.IndexFunc(list.Items, func(a seenAlert) bool { return a.Rule == "suhu" }); i >= 0 {
			return fmt.Errorf("still open: %+v", list.Items[i])
		}
		return nil
	})
	r.p.eventually(30*time.Second, "to tell that it is over", func() error {
		if p, err := listener.payload(topic); err != nil || p != "" {
			return fmt.Errorf("signal: %q, want an empty one (%w)", p, err)
		}
		if hook.told("suhu")["resolved"] == 0 {
			return fmt.Errorf("told: %v", hook.told("suhu"))
		}
		return nil
	})
	// A resend comes after 10 s, and must not be a second notification.
	last := watchTopics(t, connect(t, "tcp://"+r.mqtt, "last", nil), "gerbang/v1/gedung/out/#")
	resent(t, r)
	if got := hook.told("suhu"); got["firing"] != 1 || got["resolved"] != 1 {
		t.Errorf("notifications: got %v, want firing and resolved once each", got)
	}
	if p, err := last.payload(topic); err == nil {
		t.Errorf("the signal is still retained: %s", p)
	}
	if _, err := last.payload("gerbang/v1/gedung/out/zone/aula"); err != nil {
		t.Errorf("the zone's state is not retained: %v", err)
	}
	r.stop()
}

// resent waits until everything was sent to the router once more.
func resent(t *testing.T, r *rig) {
	t.Helper()
	const name = `gerbang_router_sent_total`
	before, err := metric(r.web, name)
	if err != nil {
		t.Fatal(err)
	}
	r.p.eventually(30*time.Second, "to send the alerts again", func() error {
		if n, err := metric(r.web, name); err != nil || n <= before {
			return fmt.Errorf("%v exchanges (%w)", n, err)
		}
		return nil
	})
}

// checkSignal compares an MQTT signal with what devices and displays rely on.
func checkSignal(t *testing.T, b *board, topic, id string) {
	t.Helper()
	payload, err := b.payload(topic)
	if err != nil {
		t.Fatal(err)
	}
	var s struct {
		ID, Site, Rule, Class string
		Value, Limit          float64
		Evidence              []struct {
			Device string
			Seq    uint64
			Value  float64
			At     time.Time
		}
	}
	if err := json.Unmarshal([]byte(payload), &s); err != nil {
		t.Fatalf("signal %s: %v", payload, err)
	}
	if s.ID != id || s.Site != "gedung" || s.Rule != "suhu" || s.Class != "breach" || s.Value != 38.6 || s.Limit != 37.3 {
		t.Errorf("signal: got %s", payload)
	}
	if len(s.Evidence) == 0 || s.Evidence[0].Device != "suhu" || s.Evidence[0].Seq != 2 || s.Evidence[0].Value != 38.6 || s.Evidence[0].At.IsZero() {
		t.Errorf("evidence: got %s, want the reading of suhu with seq 2 first", payload)
	}
}

// Somebody handles an alert: that is a record, everybody sees it, and a restart does not forget it.
func TestAcknowledgementIsARecordThatSurvivesARestart(t *testing.T) {
	r := newRig(t).building().serve()
	c := connect(t, "tcp://"+r.mqtt, "thermometer", nil)
	publish(t, c, "gerbang/v1/gedung/suhu", `{"boot":"a","seq":1,"body_temperature":39.1}`)
	a := r.alerted("suhu")
	if code := r.post("/api/v1/alerts/no-such-alert/acknowledge", map[string]any{"author": "satpam"}); code != http.StatusNotFound {
		t.Errorf("acknowledging what is not there: got status %d, want 404", code)
	}
	before, err := metric(r.web, "gerbang_journal_records")
	if err != nil {
		t.Fatal(err)
	}
	if code := r.post("/api/v1/alerts/"+a.ID+"/acknowledge", map[string]any{"author": "satpam pagi", "reason": "sedang diukur ulang", "minutes": 45}); code != http.StatusNoContent {
		t.Fatalf("acknowledging: got status %d, want 204", code)
	}
	seen := func() error {
		a, err := r.alert("suhu")
		switch {
		case err != nil:
			return err
		case a.Acknowledged == nil || a.Acknowledged.By != "satpam pagi" || a.Acknowledged.Reason != "sedang diukur ulang":
			return fmt.Errorf("acknowledged: got %+v, want by satpam pagi", a.Acknowledged)
		case time.Until(a.Acknowledged.Until) < 40*time.Minute:
			return fmt.Errorf("acknowledged until %s, want 45 minutes from now", a.Acknowledged.Until)
		}
		return nil
	}
	r.p.eventually(5*time.Second, "to show the acknowledgement", seen)
	if after, err := metric(r.web, "gerbang_journal_records"); err != nil || after < before+1 {
		t.Errorf("records: got %v after %v (%v), want one more", after, before, err)
	}
	r.p.kill()
	r.serve()
	r.p.eventually(5*time.Second, "to remember the acknowledgement", seen)
	if page := r.page("/site/gedung"); !strings.Contains(page, "satpam pagi") {
		t.Errorf("the page does not show who handles the alert:\n%s", page)
	}
	r.stop()
	if code, out, errs := run(t, "", "journal", "check", "--data", r.data()); code != 0 {
		t.Errorf("journal check: got code %d: %s%s", code, out, errs)
	}
}

// page is the text of a page.
func (r *rig) page(path string) string {
	r.t.Helper()
	resp, err := http.Get("http://" + r.web + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: status %d (%v)", path, resp.StatusCode, err)
	}
	return string(body)
}
