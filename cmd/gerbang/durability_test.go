package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/testengine"
)

// refusing waits until /readyz says that the journal refuses, and why, and wants that the pages, the alert and no acknowledgement
// are there.
func (r *rig) refusing(rule, why string, patience time.Duration) {
	r.t.Helper()
	r.p.eventually(patience, "not to be ready", func() error {
		var ready struct {
			Ready   bool
			Journal struct {
				Writable bool
				Reason   string
			}
		}
		if err := getAny("http://"+r.web+"/readyz", &ready); err != nil {
			return err
		}
		if ready.Ready || ready.Journal.Writable || !strings.Contains(ready.Journal.Reason, why) {
			return fmt.Errorf("readyz: %+v, want %q", ready, why)
		}
		return nil
	})
	r.p.eventually(5*time.Second, "to show the alert", func() error {
		_, err := r.alert(rule)
		return err
	})
	resp, err := http.Get("http://" + r.web + "/")
	if err != nil {
		r.t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		r.t.Errorf("the first page: status %d", resp.StatusCode)
	}
}

// starting begins to serve and does not wait until messages are taken.
func (r *rig) starting(args ...string) {
	r.t.Helper()
	r.p = start(r.t, append([]string{"serve", "--config", r.config()}, args...)...)
	r.p.eventually(30*time.Second, "to answer", func() error {
		resp, err := http.Get("http://" + r.web + "/healthz")
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
}

// unacknowledged sends a message that must wait, and gives what tells when it is acknowledged.
func (r *rig) unacknowledged(c paho.Client, seq int) paho.Token {
	r.t.Helper()
	token := c.Publish("gerbang/v1/gedung/hitung", 1, false, fmt.Sprintf(`{"boot":"a","seq":%d,"people_in":1}`, seq))
	if token.WaitTimeout(1500 * time.Millisecond) {
		r.t.Fatalf("message %d is acknowledged (%v) although nothing keeps it", seq, token.Error())
	}
	return token
}

func (r *rig) counted(c paho.Client, seq int) {
	r.t.Helper()
	publish(r.t, c, "gerbang/v1/gedung/hitung", fmt.Sprintf(`{"boot":"a","seq":%d,"people_in":1}`, seq))
}

// Finding L2: a full disk stops acknowledgements and nothing else, in a running gateway and in one that starts; it goes on by itself.
func TestL2_AFullDiskIsSurvived(t *testing.T) {
	t.Parallel()
	disk := testengine.SmallDisk(t, "8m")
	r := newRig(t).building()
	r.replace("gerbang.yaml", "data: data", "data: "+filepath.Join(disk.Dir, "data"))
	r.serve()
	c := connect(t, "tcp://"+r.mqtt, "counter", nil)
	r.counted(c, 1)
	waits := 0
	for round := range 3 {
		disk.Fill()
		// A few may find room in what the log has.
		var token paho.Token
		seq := 10 + 1000*round
		for ; seq < 990+1000*round; seq++ {
			token = c.Publish("gerbang/v1/gedung/hitung", 1, false, fmt.Sprintf(`{"boot":"a","seq":%d,"people_in":1}`, seq))
			if !token.WaitTimeout(500 * time.Millisecond) {
				waits++
				break
			}
		}
		r.refusing("disk_full", "full", 5*time.Second)
		if round == 1 {
			// The machine is restarted meanwhile.
			c.Disconnect(0)
			r.p.kill()
			r.starting()
			r.refusing("disk_full", "full", 10*time.Second)
			c = connect(t, "tcp://"+r.mqtt, "counter", nil)
			token = r.unacknowledged(c, seq)
		}
		disk.Free()
		if !token.WaitTimeout(20*time.Second) || token.Error() != nil {
			t.Fatalf("round %d: the message is not acknowledged although there is room: %v\n%s", round, token.Error(), r.p.out)
		}
		r.p.ready(r.web)
		r.resolved("disk_full", 5*time.Second)
	}
	if waits != 3 {
		t.Errorf("%d of 3 full disks held a message up: this tests nothing", waits)
	}
	r.stop()
	if code, out, errs := run(t, "", "journal", "check", "--data", filepath.Join(disk.Dir, "data")); code != 0 {
		t.Errorf("journal check: code %d\n%s%s", code, out, errs)
	}
}

// Finding L2, a sibling: writes that fail for another reason stop acknowledgements and nothing else.
func TestL2_FailingWritesAreSurvived(t *testing.T) {
	t.Parallel()
	r := newRig(t).building()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, out: &lockedBuffer{}, exited: make(chan struct{})}
	p.cmd = exec.Command("sh", "-c", `ulimit -f 1024 && exec "$0" serve --config "$1"`, path, r.config()) // half a MiB, or one
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.state = p.cmd.Wait(); close(p.exited) }()
	t.Cleanup(p.kill)
	p.ready(r.web)
	r.p = p
	c := connect(t, "tcp://"+r.mqtt, "counter", nil)
	for seq := 1; ; seq++ {
		token := c.Publish("gerbang/v1/gedung/hitung", 1, false, fmt.Sprintf(`{"boot":"a","seq":%d,"people_in":1}`, seq))
		if seq%50 == 0 && !token.WaitTimeout(2*time.Second) {
			break
		}
		if seq == 50_000 {
			t.Fatal("no write fails: this tests nothing")
		}
	}
	r.refusing("journal_refuses", "I/O", 5*time.Second)
}

// Finding L3: the journal's files are taken away under the gateway.
func TestL3_AJournalTakenAwayIsToldWithinASecond(t *testing.T) {
	for what, do := range map[string]func(path string) error{
		"deleted":          os.Remove,
		"truncated":        func(path string) error { return os.Truncate(path, 0) },
		"log gone":         func(path string) error { return os.Remove(path + "-wal") },
		"log cut":          func(path string) error { return os.Truncate(path+"-wal", 0) },
		"index gone":       func(path string) error { return os.Remove(path + "-shm") },
		"index cut":        func(path string) error { return os.Truncate(path+"-shm", 0) },
		"index cut within": func(path string) error { return os.Truncate(path+"-shm", 100) },
	} {
		t.Run(what, func(t *testing.T) {
			r := newRig(t).building().serve()
			c := connect(t, "tcp://"+r.mqtt, "counter", nil)
			r.counted(c, 1)
			if err := do(filepath.Join(r.data(), sqlite.FileName)); err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			r.refusing("journal_gone", "gone", 3*time.Second) // the test's machine may be busy
			t.Logf("told after %v", time.Since(begin).Round(time.Millisecond))
			r.unacknowledged(c, 2)
			if what != "deleted" {
				return
			}
			// What was acknowledged is not lost with the name of the file.
			var found []string
			r.p.eventually(10*time.Second, "to rescue the journal", func() (err error) {
				if found, _ = filepath.Glob(filepath.Join(r.data(), "journal-rescued-*.db")); len(found) != 1 {
					err = fmt.Errorf("found %v", found)
				}
				return err
			})
			c.Disconnect(0)
			r.p.kill()
			if code, out, errs := run(t, "", "restore", "--data", r.data(), found[0], "--overwrite"); code != 0 || strings.Contains(out, "lost") {
				t.Fatalf("restore: code %d\n%s%s", code, out, errs)
			}
			r.serve()
			if n, err := metric(r.web, outcomeMetric("stored")); err != nil || n != 1 {
				t.Errorf("%v messages are stored after the restore, %v: want the one that was acknowledged", n, err)
			}
			r.stop()
		})
	}
}

// Finding L6: a gateway that finds no journal where there was one acknowledges nothing, says so, and begins anew when it is told to.
func TestL6_AJournalThatIsGoneIsNotReplacedInSilence(t *testing.T) {
	t.Parallel()
	r := newRig(t).building().serve()
	c := connect(t, "tcp://"+r.mqtt, "counter", nil)
	r.counted(c, 1)
	r.stop()
	path := filepath.Join(r.data(), sqlite.FileName)
	if err := os.Rename(path, path+".lost"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a restart changes nothing
		r.starting()
		r.refusing("journal_gone", "gone", 5*time.Second)
		c = connect(t, "tcp://"+r.mqtt, "counter", nil)
		r.unacknowledged(c, 2)
		c.Disconnect(0)
		r.p.kill()
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a journal now: %v", err)
	}
	r.starting("--new")
	r.p.ready(r.web)
	c = connect(t, "tcp://"+r.mqtt, "counter", nil)
	r.counted(c, 2)
	r.stop()
}

// Finding L6: lost records are told with their numbers, in log, status and alert, and the gateway goes on.
func TestL6_LostRecordsAreTold(t *testing.T) {
	t.Parallel()
	r := newRig(t).building().serve()
	c := connect(t, "tcp://"+r.mqtt, "counter", nil)
	for seq := range 20 {
		r.counted(c, seq+1)
	}
	r.stop()
	a, err := sqlite.ReadAnchor(r.data())
	if err != nil {
		t.Fatal(err)
	}
	from := a.Record - 3
	tamper(t, r, fmt.Sprintf(`DELETE FROM records WHERE seq >= %d`, from), `UPDATE records SET body = replace(body, '"people_in",1', '"people_in",9') WHERE seq = 10`,
		`UPDATE snapshots SET seq = 8, body = x'00'`)
	r.serve()
	lost, changed := fmt.Sprintf("records %d to %d are lost", from, a.Record), "record 10 is changed"
	found := r.alerted("journal_damaged")
	for _, want := range []string{lost, changed} {
		if !strings.Contains(found.Explanation.Detail+found.Explanation.Sentence, want) {
			t.Errorf("the alert says %+v, want %q in it", found.Explanation, want)
		}
	}
	var ready struct {
		Services []struct{ Name, State, Detail string }
	}
	if err := getAny("http://"+r.web+"/readyz", &ready); err != nil {
		t.Fatal(err)
	}
	if s := fmt.Sprint(ready.Services); !strings.Contains(s, lost) || !strings.Contains(s, changed) {
		t.Errorf("readyz says %s, want %q and %q in it", s, lost, changed)
	}
	if out := r.p.out.String(); !strings.Contains(out, fmt.Sprintf("first=%d last=%d what=lost", from, a.Record)) {
		t.Errorf("the log does not tell what is lost:\n%s", out)
	}
	c = connect(t, "tcp://"+r.mqtt, "counter", nil)
	r.counted(c, 100)
	r.stop()
	code, out, errs := run(t, "", "journal", "check", "--data", r.data())
	if code == 0 || !strings.Contains(out+errs, lost) || !strings.Contains(out+errs, changed) {
		t.Errorf("journal check: code %d\n%s%s\nwant %q and %q", code, out, errs, lost, changed)
	}
}
