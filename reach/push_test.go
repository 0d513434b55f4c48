package reach

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

const (
	phoneA = "https://fcm.googleapis.com/fcm/send/a"
	phoneB = "https://updates.push.services.mozilla.com/wpush/v2/b"
	phoneC = "https://web.push.apple.com/c"
)

func wants(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// The whole way, on a clock of its own: guards of the site are called at once and nobody else, managers a minute later because nothing was shown.
// The payload says nothing of anybody, and only the phone can read it.
func TestAlertGoesToTheGuardThenToTheManager(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		defer func() { r.stop() }()
		if r.Fallback("mall") != nil {
			t.Error("without any phone there is somebody to be called")
		}
		r.add("siti", phoneA)
		r.add("budi", phoneB) // of another site
		r.add("rina", phoneC)
		id := r.raise("mall")
		time.Sleep(time.Second)
		synctest.Wait()
		got := r.service.messages()
		if len(got) != 1 || got[0].endpoint != phoneA {
			t.Fatalf("after a second: %d messages, want one to the guard of the site (%v)", len(got), r.service.bad)
		}
		m := got[0]
		if m.payload.WebPush != 8030 || !m.payload.Mutable || m.payload.Notification.Title == "" || !m.payload.Notification.RequireInteraction ||
			m.payload.Notification.Navigate != "https://gerbang.example.go.id/alert/"+id || m.payload.Notification.Lang != "id" {
			t.Errorf("payload: %+v", m.payload)
		}
		if h := m.header; h.Get("TTL") != "600" || h.Get("Urgency") != "high" || h.Get("Topic") != id || !strings.HasPrefix(h.Get("Authorization"), "vapid t=") || h.Get("Content-Encoding") != "aes128gcm" {
			t.Errorf("headers: %v", h)
		}
		time.Sleep(58 * time.Second)
		if n := len(r.service.messages()); n != 1 {
			t.Errorf("after 59 seconds: %d messages, want 1", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := r.service.messages(); len(got) != 2 || got[1].endpoint != phoneC {
			t.Fatalf("after 61 seconds: %d messages, want a second one to the manager", len(got))
		}
		wants(t, "what became of it", r.outcome(id), "1 Siti push: sent", "2 Ibu Rina push: sent")

		// The manager's phone shows it, and he opens it.
		token := r.service.messages()[1].payload.Notification.Data.Token
		if !r.Answer(t.Context(), token, AnswerShown) || !r.Answer(t.Context(), token, AnswerOpened) || r.Answer(t.Context(), token+"x", AnswerShown) || r.Answer(t.Context(), token, "hacked") {
			t.Error("answers: want the token taken twice, a wrong one and a wrong word not")
		}
		wants(t, "after the answer", r.outcome(id), "1 Siti push: sent", "2 Ibu Rina push: opened")
		if a := r.alert(id); a.Shown == 0 || a.Looked == 0 {
			t.Errorf("the alert's clock: shown %v, opened %v", a.Shown, a.Looked)
		}
		if p := r.PhoneAt("rina", phoneC); p == nil || p.Shown.IsZero() {
			t.Error("the phone is not known to have shown anything")
		}
	})
}

// Shown in time: the manager is left in peace.
func TestShownInTimeCallsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		defer func() { r.stop() }()
		r.add("siti", phoneA)
		r.add("rina", phoneC)
		r.raise("mall")
		time.Sleep(time.Second)
		synctest.Wait()
		r.Answer(t.Context(), r.service.messages()[0].payload.Notification.Data.Token, AnswerShown)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if n := len(r.service.messages()); n != 1 {
			t.Errorf("%d messages, want 1", n)
		}
	})
}

// A phone that is gone is forgotten, one that is busy is tried again when the service asks for it, one that never answers holds up nobody, and
// what is refused for good is not repeated.
func TestWhatPushServicesAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil, facility.Call{Role: "security"})
		defer func() { r.stop() }()
		gone, lost, busy, broken, never, bad := "https://p.example/gone", "https://p.example/lost", "https://p.example/busy", "https://p.example/broken", "https://p.example/never", "https://p.example/bad"
		for _, e := range []string{gone, lost, busy, broken, never, bad} {
			r.add("siti", e)
		}
		r.service.answers = map[string][]int{gone: {410}, lost: {404}, busy: {429, 429}, broken: {500}, never: {0, 0, 0}, bad: {403}}
		r.service.after = "30"
		begin := time.Now()
		id := r.raise("mall")
		time.Sleep(9 * time.Minute)
		synctest.Wait()
		tries := map[string][]time.Duration{}
		for _, m := range r.service.messages() {
			tries[m.endpoint] = append(tries[m.endpoint], m.at.Sub(begin).Round(time.Second))
		}
		for endpoint, want := range map[string][]time.Duration{
			gone: {0}, lost: {0}, bad: {0}, broken: {0, 30 * time.Second}, busy: {0, 30 * time.Second, 60 * time.Second},
			never: {0, 11 * time.Second, 23 * time.Second, 37 * time.Second},
		} {
			if !slices.Equal(tries[endpoint], want) {
				t.Errorf("%s was tried after %v, want %v", endpoint, tries[endpoint], want)
			}
		}
		wants(t, "what became of it", r.outcome(id),
			"1 Siti push: push_gone", "1 Siti push: push_gone", "1 Siti push: push_status:403",
			"1 Siti push: sent", "1 Siti push: sent", "1 Siti push: sent")
		if r.PhoneAt("siti", gone) != nil || r.PhoneAt("siti", lost) != nil || r.PhoneAt("siti", busy) == nil || r.PhoneAt("siti", bad) == nil {
			t.Error("phones: want those that are gone forgotten, and no others")
		}
		if p := r.PhoneAt("siti", bad); p.Failed != "push_status:403" {
			t.Errorf("the refused phone says %q", p.Failed)
		}
		if a := r.alert(id); !a.Calls[0].Done {
			t.Error("the call is not done")
		}
	})
}

// Whoever sees to it ends what is still tried.
func TestAcknowledgedIsTriedNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil, facility.Call{Role: "security"})
		defer func() { r.stop() }()
		r.add("siti", phoneA)
		r.service.answers[phoneA] = slices.Repeat([]int{503}, 100)
		id := r.raise("mall")
		time.Sleep(20 * time.Second)
		r.do(func(b *alerts.Book, now telemetry.Instant) []alerts.Change {
			return b.Entry(&telemetry.Record{Kind: telemetry.KindEntry, Site: "mall", At: now, Entry: &telemetry.Entry{ID: "e", Kind: telemetry.EntryAcknowledge, Author: "Siti", Subject: id}}, nil)
		})
		synctest.Wait()
		before := len(r.service.messages())
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := len(r.service.messages()); n != before || before < 3 {
			t.Errorf("%d messages, then %d, want no more", before, n)
		}
	})
}

// Killed before the answer was stored: the next run sends what is not known to have gone out, with the same token, and nothing else.
func TestRestartSendsWhatIsMissingAndNothingTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil, facility.Call{Role: "security"})
		r.add("siti", phoneA)
		r.add("siti", phoneB)
		r.service.answers[phoneB] = slices.Repeat([]int{503}, 3)
		id := r.raise("mall")
		time.Sleep(500 * time.Millisecond)
		synctest.Wait()
		r.stop() // no word of what is on its way
		first := r.service.messages()
		key := r.Key()
		r.begin([]alerts.Alert{*r.alert(id)})
		defer func() { r.stop() }()
		time.Sleep(time.Minute)
		synctest.Wait()
		count := map[string]int{}
		tokens := map[string]map[string]bool{}
		for _, m := range r.service.messages() {
			count[m.endpoint]++
			if tokens[m.endpoint] == nil {
				tokens[m.endpoint] = map[string]bool{}
			}
			tokens[m.endpoint][m.payload.Notification.Data.Token] = true
		}
		if len(first) != 2 || count[phoneA] != 1 || count[phoneB] != 4 || len(tokens[phoneB]) != 1 {
			t.Errorf("messages: %v before the restart, %v in all, %v tokens; want one to the phone that took it", len(first), count, tokens)
		}
		if r.Key() != key {
			t.Error("the restart made a new key: all phones would have to tell of themselves again")
		}
		wants(t, "what became of it", r.outcome(id), "1 Siti push: sent", "1 Siti push: sent")
		// A notification from before the restart still answers.
		if !r.Answer(t.Context(), first[0].payload.Notification.Data.Token, AnswerShown) {
			t.Error("what was sent before the restart cannot answer")
		}
	})
}

// Nobody has a phone: that stands in the record, and the next step comes.
func TestNobodyToBeCalledIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil, facility.Call{Role: "security"}, facility.Call{Account: "rina", After: 30 * time.Second})
		defer func() { r.stop() }()
		r.add("rina", phoneC)
		id := r.raise("mall")
		time.Sleep(40 * time.Second)
		synctest.Wait()
		wants(t, "what became of it", r.outcome(id), "1 security nobody: no_phone", "2 Ibu Rina push: sent")
	})
}

// Finding R10 of hostile texts: what an alert says is text in a notification, whole or cut, and its message fits.
func TestHostileTextsAreTextInANotification(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil, facility.Call{Role: "security"})
		defer func() { r.stop() }()
		b := r.add("siti", phoneA)
		evil := `</title><script>pwned()</script>` + strings.Repeat("界", 3000) + "\u202e\x00"
		p := b.phone("siti")
		_, err := r.push(t.Context(), p, "x", notification{Title: clip(evil), Body: clip(evil), Tag: "t", Data: told{"tok", "alert/x"}})
		if err != nil {
			t.Fatalf("sending: %v", err)
		}
		got := r.service.messages()[0].payload.Notification
		if len([]rune(got.Title)) != mostRunes || !strings.HasPrefix(got.Title, `</title><script>`) {
			t.Errorf("title: %d runes %.40q", len([]rune(got.Title)), got.Title)
		}
	})
}
