package memory

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func open(t testing.TB, o Options) *File {
	t.Helper()
	f, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// all is everything that is remembered.
func all(f *File) map[string]string {
	facts := make(map[string]string)
	f.Each("", func(key, value string) bool {
		facts[key] = value
		return true
	})
	return facts
}

func TestWhatIsPutIsThereAfterARestart(t *testing.T) {
	dir := t.TempDir()
	f := open(t, Options{Dir: dir})
	want := map[string]string{"homie a/b": `{"unit":"°C"}`, "ha x": "two\nlines \"quoted\" \x00 <b>", "ha y": "1"}
	for key, value := range want {
		if err := f.Put(key, value); err != nil {
			t.Fatal(err)
		}
	}
	for _, change := range [][2]string{{"ha gone", "x"}, {"ha gone", ""}, {"ha never", ""}, {"ha y", "2"}} {
		if err := f.Put(change[0], change[1]); err != nil {
			t.Fatal(err)
		}
	}
	want["ha y"] = "2"
	for i := range 2 {
		if got := all(f); !maps.Equal(got, want) {
			t.Errorf("open %d: got %q, want %q", i, got, want)
		}
		if got, ok := f.Get("ha y"); got != "2" || !ok {
			t.Errorf("open %d: got %q %t, want 2", i, got, ok)
		}
		if _, ok := f.Get("ha gone"); ok {
			t.Errorf("open %d: what was forgotten is there", i)
		}
		n := 0
		f.Each("ha ", func(string, string) bool { n++; return n < 2 })
		if n != 2 {
			t.Errorf("open %d: yielded %d, want 2", i, n)
		}
		f = open(t, Options{Dir: dir})
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("got %v, want one file", files)
	}
}

func TestAnUnchangedFactWritesNothing(t *testing.T) {
	d := &faultyDisk{}
	f := open(t, Options{Dir: t.TempDir(), disk: d})
	for range 3 {
		if err := f.Put("k", "v"); err != nil {
			t.Fatal(err)
		}
	}
	if d.writes != 1 {
		t.Errorf("%d writes, want 1", d.writes)
	}
}

func TestABrokenFileIsKeptAside(t *testing.T) {
	for name, text := range map[string]string{
		"cut": `{"a":"b`, "empty": "", "a list": `["a"]`, "null": `null`, "numbers": `{"a":1}`, "no text": "\x00\x01", "too large": `{"a":"` + strings.Repeat("x", 2000) + `"}`,
		"far too large": strings.Repeat("x", 20_000),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, FileName)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			f := open(t, Options{Dir: dir, MaxBytes: 1000, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if got := all(f); len(got) != 0 {
				t.Errorf("got %q, want nothing", got)
			}
			aside, _ := filepath.Glob(path + ".broken-*")
			if len(aside) != 1 || !strings.Contains(log.String(), aside[0]) || !strings.Contains(log.String(), "level=ERROR") {
				t.Fatalf("kept aside %v, log %s", aside, log.String())
			}
			if kept, err := os.ReadFile(aside[0]); err != nil || string(kept) != text {
				t.Errorf("kept %q (%v), want it as it was", kept, err)
			}
			if err := f.Put("k", "v"); err != nil {
				t.Error(err)
			}
			if got := all(open(t, Options{Dir: dir, MaxBytes: 1000})); got["k"] != "v" {
				t.Errorf("afterwards: got %q", got)
			}
		})
	}
}

func TestItIsBounded(t *testing.T) {
	f := open(t, Options{Dir: t.TempDir(), MaxBytes: 100})
	if err := f.Put("a", strings.Repeat("x", 99)); err != nil {
		t.Fatal(err)
	}
	if err := f.Put("b", "x"); !errors.Is(err, ErrFull) {
		t.Errorf("got %v, want that it is full", err)
	}
	if err := f.Put("a", strings.Repeat("y", 50)); err != nil {
		t.Errorf("a smaller one: %v", err)
	}
	if err := f.Put("b", "x"); err != nil {
		t.Errorf("after that: %v", err)
	}
	if err := f.Put("a", ""); err != nil || f.size != 2 {
		t.Errorf("forgetting: %v, %d bytes; want 2", err, f.size)
	}
}

// faultyDisk fails one step: before it has done it, or after.
type faultyDisk struct {
	osDisk
	step   string
	after  bool
	writes int
}

var errBroken = errors.New("disk broken")

func (d *faultyDisk) do(step string, do func() error) error {
	if d.step != step {
		return do()
	}
	if d.after {
		return errors.Join(do(), errBroken)
	}
	return errBroken
}

func (d *faultyDisk) write(path string, text []byte) error {
	d.writes++
	if d.step == "half" {
		return errors.Join(d.osDisk.write(path, text[:len(text)/2]), errBroken)
	}
	return d.do("write", func() error { return d.osDisk.write(path, text) })
}

func (d *faultyDisk) rename(from, to string) error {
	return d.do("rename", func() error { return d.osDisk.rename(from, to) })
}

func (d *faultyDisk) syncDir(path string) error {
	return d.do("sync", func() error { return d.osDisk.syncDir(path) })
}

func (d *faultyDisk) remove(path string) error {
	return d.do("remove", func() error { return d.osDisk.remove(path) })
}

// TestEveryStepMayFail breaks each step of a change, before and after it is done: this process goes on with what it knew, a
// restart finds the old or the new state and nothing else, and the next change works.
func TestEveryStepMayFail(t *testing.T) {
	for _, step := range []string{"write", "half", "rename", "sync"} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, done %t", step, after), func(t *testing.T) {
				dir := t.TempDir()
				d := &faultyDisk{}
				f := open(t, Options{Dir: dir, disk: d})
				if err := f.Put("a", "1"); err != nil {
					t.Fatal(err)
				}
				before := map[string]string{"a": "1"}
				for _, change := range [][2]string{{"a", "2"}, {"b", "3"}, {"a", ""}} {
					d.step, d.after = step, after
					if err := f.Put(change[0], change[1]); !errors.Is(err, errBroken) {
						t.Fatalf("got %v, want the disk's error", err)
					}
					if got := all(f); !maps.Equal(got, before) {
						t.Errorf("got %q, want what it knew: %q", got, before)
					}
					changed := maps.Clone(before)
					if changed[change[0]] = change[1]; change[1] == "" {
						delete(changed, change[0])
					}
					if got := all(open(t, Options{Dir: dir})); !maps.Equal(got, before) && !maps.Equal(got, changed) {
						t.Errorf("after a restart: got %q, want %q or %q", got, before, changed)
					}
					d.step = ""
					if err := f.Put("c", change[0]); err != nil {
						t.Errorf("the next change: %v", err)
					}
					before["c"] = change[0]
					if got := all(open(t, Options{Dir: dir})); !maps.Equal(got, before) {
						t.Errorf("after the next change and a restart: got %q, want %q", got, before)
					}
				}
			})
		}
	}
}

func TestADiskThatCannotBeReadIsAnError(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, FileName), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), FileName) {
		t.Errorf("got %v, want an error that names the file", err)
	}
}

// TestConcurrently is for the race detector, and checks that yield may change what it is shown.
func TestConcurrently(t *testing.T) {
	f := open(t, Options{Dir: t.TempDir()})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 10 {
				key := fmt.Sprintf("k%d", (g+i)%5)
				if err := f.Put(key, fmt.Sprint(g, i)); err != nil {
					t.Error(err)
				}
				f.Get(key)
			}
		})
	}
	wg.Wait()
	f.Each("k", func(key, _ string) bool { return f.Put(key, "") == nil })
	if got := all(f); len(got) != 0 {
		t.Errorf("got %q, want nothing", got)
	}
}

func BenchmarkPut(b *testing.B) {
	f := open(b, Options{Dir: b.TempDir()})
	value := strings.Repeat("x", 300)
	for i := range 1000 {
		f.facts[fmt.Sprintf("homeassistant homeassistant/sensor/%d/config", i)] = value
	}
	for i := 0; b.Loop(); i++ {
		if err := f.Put("k", fmt.Sprint(i)); err != nil {
			b.Fatal(err)
		}
	}
}
