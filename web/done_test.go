package web

import (
	"net/url"
	"strings"
	"testing"
)

// After the button the page says what was recorded, by whom, when and what comes next, with a way back; who presses again reads the same.
func TestAfterTheButtonThePageSaysWhatWasRecorded(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	form := url.Values{"id": {someUUID}, "of": {"3"}, "item": {"pintu utama", "lift"}, "agent": {"alkohol 70%"}, "remark": {"botol habis"}, "author": {"Siti"}}
	var said []string
	for range 2 {
		got := r.do("POST", "/site/mpp-magetan/task/lap-gagang/done", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html")
		to := got.Header.Get("Location")
		if got.StatusCode != 303 || !strings.HasPrefix(to, "/site/mpp-magetan/do/lap-gagang?saved="+someUUID+",") {
			t.Fatalf("the button: %d to %q", got.StatusCode, to)
		}
		said = append(said, one(t, r.get(to+"&lang=en").body, "section.done"))
		wants(t, "in Indonesian", one(t, r.get(to+"&lang=id").body, "section.done"), "Tercatat", "Lap gagang pintu: pintu utama, lift", "Siti (menurut pengisi)", "botol habis", "Ke semua tugas")
	}
	wants(t, "what was recorded", said[0], "Recorded", "Lap gagang pintu: pintu utama, lift", "Siti (as they say)", "14:05", "botol habis", "To all tasks")
	if said[1] != said[0] || len(f.entries) != 2 {
		t.Errorf("again: %q, want %q; %d entries, want 2", said[1], said[0], len(f.entries))
	}
	for _, other := range []string{"1", otherUUID, "%00", strings.Repeat(otherUUID+",", 90)} {
		if got := r.get("/site/mpp-magetan/do/lap-gagang?saved=" + other); got.StatusCode != 200 || len(find(t, got.body, "section.done")) != 0 {
			t.Errorf("saved=%.40s: %d, something is said to be recorded", other, got.StatusCode)
		}
	}
	if got := r.get("/site/mpp-magetan/do/semprot-buka?saved=" + someUUID); len(find(t, got.body, "section.done")) != 0 {
		t.Error("another task is said to be recorded")
	}
}
