package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/configs"
)

// hostile is what takes over a terminal: it clears the screen, renames the window, turns the text round, and begins a sequence with
// one byte and with one character.
const hostile = "\x1b[2J\x1b]0;gone\a\u202eevil\u009b31m\x9b1m\rgone\x7f"

func wantLegible(t *testing.T, what, text string) {
	t.Helper()
	for _, bad := range []string{"\x1b", "\a", "\u202e", "\u009b", "\x9b1", "\r", "\x7f"} {
		if strings.Contains(strings.ToValidUTF8(text, "\x1b"), bad) {
			t.Errorf("%s prints %q: %q", what, bad, text)
		}
	}
}

// Finding S14: no command gives a terminal what it would take for a command, wherever the text comes from.
func TestS14_ForeignTextIsShownEscaped(t *testing.T) {
	run := func(stdin string, args ...string) string {
		var out, errs bytes.Buffer
		execute(context.Background(), args, streams{strings.NewReader(stdin), &out, &errs})
		return out.String() + errs.String()
	}
	payload := `{"` + hostile + `":1,"temprature":"` + hostile + `","device":"` + hostile + `"}`
	for _, args := range [][]string{
		{"decode", "--model", "native", "--explain", "--topic", hostile}, {"decode", "--explain"}, {"decode", "--model", hostile},
		{"decode", "--model", "zigbee2mqtt", "--explain", "--topic", "zigbee2mqtt/" + hostile}, {hostile}, {"decode", "--" + hostile}, {"decode", "/nothing/" + hostile},
	} {
		text := run(payload, args...)
		if text == "" {
			t.Errorf("%q prints nothing", args)
		}
		wantLegible(t, strings.Join(args[:1], " "), text)
	}
	file := filepath.Join(t.TempDir(), "gerbang.yaml")
	if err := os.WriteFile(file, []byte("sites: [\""+strings.ReplaceAll(hostile, "\x9b1m", "")+"\"]\nodd\u202ekey: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantLegible(t, "check", run("", "check", "--config", file))

	var out bytes.Buffer
	w := shown(&out)
	if err := printStrangers(w, []stranger{{Topic: hostile + "\n  fake", Why: hostile}, {Topic: hostile, Guesses: []strangerGuess{{Title: hostile, Detail: hostile, YAML: hostile, Model: hostile}}}}); err != nil {
		t.Fatal(err)
	}
	newLogger(w, configs.Log{Level: "info"}).Warn(hostile, "topic", hostile)
	newLogger(w, configs.Log{Level: "info", Format: "json"}).Warn(hostile, "topic", hostile)
	wantLegible(t, "devices discover, and a log", out.String())
	if !strings.Contains(out.String(), `\x1b[2J`) {
		t.Errorf("the text is not there to be read: %q", out.String())
	}
}

// Text that is none of these stays as it is, however it is cut in writes.
func TestLegibleTextStaysAsItIs(t *testing.T) {
	const text = "suhu 36,5 °C\t体温\n👩‍🔧 ok\n"
	want := strings.ReplaceAll(text, "\u200d", `\u200d`)
	for size := range 5 {
		var out bytes.Buffer
		w := shown(&out)
		for rest := text; rest != ""; {
			n := min(size+1, len(rest))
			if got, err := w.Write([]byte(rest[:n])); err != nil || got != n {
				t.Fatalf("wrote %d of %d: %v", got, n, err)
			}
			rest = rest[n:]
		}
		if out.String() != want {
			t.Errorf("in writes of %d bytes: got %q, want %q", size+1, out.String(), want)
		}
	}
}

// Progress is written while messages are: both at one writer, which need not be safe for that (a test's buffer, a pipe).
func TestProgressAndMessagesTakeTurns(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := shown(&out)
	bar := newProgress(w, "published", 1000)
	var both sync.WaitGroup
	both.Go(func() {
		for range 1000 {
			bar.last = time.Time{}
			bar.set(1)
		}
	})
	both.Go(func() {
		for range 1000 {
			_, _ = fmt.Fprintln(w, "waiting")
		}
	})
	both.Wait()
	if lines := strings.Count(out.String(), "\n"); lines != 2000 {
		t.Errorf("got %d lines, want 2000", lines)
	}
}
