package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/journal/sqlite"
)

// Finding L6: damage that somebody has looked at is accepted by name and with a reason, also beside a running gateway: the check says so
// and passes, status and alert calm down, and something new is told as loudly as before.
func TestL6_AcceptedDamageIsAPlainLine(t *testing.T) {
	t.Parallel()
	r := newRig(t).building().serve()
	c := connect(t, "tcp://"+r.mqtt, "counter", nil)
	for seq := range 20 {
		r.counted(c, seq+1)
	}
	c.Disconnect(0)
	r.stop()
	tamper(t, r, `UPDATE records SET body = replace(body, '"people_in",1', '"people_in",9') WHERE seq = 10`)
	check := func(wantCode int, wants ...string) {
		t.Helper()
		code, out, errs := run(t, "", "journal", "check", "--data", r.data())
		if code != wantCode {
			t.Errorf("journal check: code %d, want %d\n%s%s", code, wantCode, out, errs)
		}
		for _, want := range wants {
			if !strings.Contains(out+errs, want) {
				t.Errorf("journal check says\n%s%s\nwant %q", out, errs, want)
			}
		}
	}
	check(1, "record 10 is changed")
	r.serve()
	r.alerted("journal_damaged")
	service := func() (state, detail string) {
		var ready struct {
			Services []struct{ Name, State, Detail string }
		}
		if err := getAny("http://"+r.web+"/readyz", &ready); err != nil {
			t.Fatal(err)
		}
		for _, s := range ready.Services {
			if s.Name == "journal" {
				return s.State, s.Detail
			}
		}
		return "", ""
	}
	if state, detail := service(); state == "ok" || !strings.Contains(detail, "record 10 is changed") {
		t.Errorf("the service is %q, %q before anybody accepted it", state, detail)
	}
	for _, args := range [][]string{{"--by", "Siti"}, {"--why", "x"}, {"--by", " ", "--why", "x"}} {
		if code, out, errs := run(t, "", append([]string{"journal", "accept", "--data", r.data()}, args...)...); code == 0 {
			t.Errorf("accepted with %q: %s%s", args, out, errs)
		}
	}
	if code, out, errs := run(t, "", "journal", "accept", "--data", r.data(), "--by", "Siti", "--why", "card replaced"); code != 0 || !strings.Contains(out, "record 10 is changed") {
		t.Fatalf("journal accept: code %d\n%s%s", code, out, errs)
	}
	accepted := fmt.Sprintf("record 10 is changed (accepted on %s by Siti: card replaced)", time.Now().UTC().Format(time.DateOnly))
	r.p.eventually(30*time.Second, "to calm down", func() error {
		if state, detail := service(); state != "ok" || detail != accepted {
			return fmt.Errorf("the service is %q, %q", state, detail)
		}
		return nil
	})
	r.resolved("journal_damaged", 5*time.Second)
	check(0, accepted)
	if code, out, errs := run(t, "", "journal", "accept", "--data", r.data(), "--by", "Siti", "--why", "again"); code != 0 || !strings.Contains(out, "nothing is found") {
		t.Errorf("journal accept once more: code %d\n%s%s", code, out, errs)
	}
	r.stop()
	// Something new is not accepted with it, and the old is still told as accepted.
	tamper(t, r, `DELETE FROM records WHERE seq = 12`)
	check(1, "record 12 is lost", accepted)
	r.serve()
	r.alerted("journal_damaged")
	r.stop()
	j, err := sqlite.OpenReader(t.Context(), r.data())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	if all, err := j.Accepted(t.Context()); err != nil || len(all) == 0 || all[0].By != "Siti" {
		t.Errorf("in the journal: %v, %v", all, err)
	}
}
