package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// demo starts the demo with a day of history and waits for the address that it prints.
func demo(t *testing.T, data string) *rig {
	t.Helper()
	r := &rig{t: t, dir: filepath.Dir(data), web: freeAddr(t), mqtt: freeAddr(t)}
	begin := time.Now()
	r.p = start(t, "demo", "--days", "1", "--data", data, "--listen", r.web, "--mqtt", r.mqtt)
	r.p.eventually(30*time.Second, "to print its address", func() error {
		if !strings.Contains(r.p.out.String(), "http://"+r.web+"/") {
			return fmt.Errorf("printed: %s", r.p.out)
		}
		return nil
	})
	t.Logf("the address was printed after %s", time.Since(begin).Round(time.Millisecond))
	r.p.ready(r.web)
	return r
}

// quit is Ctrl-C: it ends well and soon.
func (r *rig) quit() {
	r.t.Helper()
	begin := time.Now()
	r.stop()
	if took := time.Since(begin); took > 10*time.Second {
		r.t.Errorf("Ctrl-C took %s, want less than 10s", took)
	}
}

// What a stranger does first: one command, ten buildings that live, Ctrl-C, and the same again.
func TestDemoLivesStopsAndGoesOn(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "demo")
	r := demo(t, data)
	page := r.page("/")
	sites := map[string]bool{}
	for _, m := range regexp.MustCompile(`href="/site/([a-z0-9-]+)"`).FindAllStringSubmatch(page, -1) {
		sites[m[1]] = true
	}
	if len(sites) != 10 {
		t.Errorf("the page has the sites %v, want ten", sites)
	}
	history, err := metric(r.web, "gerbang_journal_records")
	if err != nil || history < 1000 {
		t.Errorf("records of the history: got %v (%v), want a day's", history, err)
	}
	r.p.eventually(40*time.Second, "to move", func() error {
		n, err := metric(r.web, "gerbang_journal_records")
		if err == nil && n < history+50 {
			err = fmt.Errorf("%v records after %v", n, history)
		}
		if err == nil && r.page("/") == page {
			err = errors.New("the page is the same as at the start")
		}
		return err
	})
	secondIsRefused(t, r, data)
	before, err := r.counters()
	if err != nil {
		t.Fatal(err)
	}
	r.quit()

	again := demo(t, data)
	again.p.eventually(10*time.Second, "to know what it had received: the history was made anew", func() error {
		after, err := again.counters()
		if err == nil && after.received < before.received {
			err = fmt.Errorf("%v received, %v before", after.received, before.received)
		}
		return err
	})
	if strings.Contains(again.p.out.String(), "making 1 days") {
		t.Errorf("the second start made a history:\n%s", again.p.out)
	}
	if len(again.page("/")) < len(page)/2 {
		t.Error("the page of the second start is empty")
	}
	again.quit()
	if code, out, errs := run(t, "", "journal", "check", "--data", data); code != 0 {
		t.Errorf("journal check: got code %d: %s%s", code, out, errs)
	}
}

// secondIsRefused starts another process on the same data while the first one runs.
func secondIsRefused(t *testing.T, r *rig, data string) {
	t.Helper()
	second := start(t, "demo", "--days", "1", "--data", data, "--listen", freeAddr(t), "--mqtt", freeAddr(t))
	select {
	case <-second.exited:
	case <-time.After(20 * time.Second):
		t.Fatalf("a second process works on the same data:\n%s", second.out)
	}
	out := second.out.String()
	if code := second.cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(out, "in use by another gerbang") || !strings.Contains(out, "stop the other one") {
		t.Errorf("the second process: got code %d and %s, want 1, the reason and a hint", code, out)
	}
	if resp, err := http.Get("http://" + r.web + "/healthz"); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("the first process after that: %v, %v", resp, err)
	} else {
		_ = resp.Body.Close()
	}
}

// A history that was interrupted is not taken for a whole one.
func TestDemoInterruptedWhileMakingItsHistory(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "demo")
	p := start(t, "demo", "--days", "60", "--data", data, "--listen", freeAddr(t), "--mqtt", freeAddr(t))
	p.eventually(20*time.Second, "to begin", func() error {
		if !strings.Contains(p.out.String(), "making 60 days") {
			return fmt.Errorf("printed: %s", p.out)
		}
		return nil
	})
	if code := p.interrupt(); code == 0 {
		t.Errorf("got code 0:\n%s", p.out)
	}
	if _, err := os.Stat(filepath.Join(data, "journal.db")); !os.IsNotExist(err) {
		t.Errorf("half a history is left: %v", err)
	}
}
