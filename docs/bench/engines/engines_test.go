package engines

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestInfluxdIsTheOneThatTheTestsPin(t *testing.T) {
	text, err := os.ReadFile("../../../testengine/influxd/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if want := "github.com/influxdata/influxdb " + influxVersion; !strings.Contains(string(text), want) {
		t.Errorf("testengine/influxd/go.mod does not say %q", want)
	}
}

func TestWhatIsMissingIsSaidWithTheWayToGetIt(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	var progress strings.Builder
	_, err := Find(t.Context(), t.TempDir(), &progress)
	if err == nil || !strings.Contains(err.Error(), "influxd is missing: building it failed") {
		t.Errorf("got %v, want an error that says that influxd is missing", err)
	}
	if _, err := os.Stat("/usr/sbin/mosquitto"); err != nil && !strings.Contains(err.Error(), "apt-get install mosquitto") {
		t.Errorf("got %v, want an error that says how to install mosquitto", err)
	}
	if !strings.Contains(progress.String(), "this takes minutes") {
		t.Errorf("said %q before a build of minutes", progress.String())
	}
}

func TestAProgramThatIsInstalledIsFound(t *testing.T) {
	dir := t.TempDir()
	script(t, filepath.Join(dir, "mosquitto"), "exit 0")
	script(t, filepath.Join(dir, "influxd"), "echo InfluxDB v1.8.7 '(git: 1.8 x)'")
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	got, err := Find(t.Context(), t.TempDir(), &strings.Builder{})
	if want := (Programs{Influxd: filepath.Join(dir, "influxd"), Mosquitto: filepath.Join(dir, "mosquitto")}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestAProgramThatEndsByItselfTellsItsLastWords(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	script(t, program, "echo no such key; exit 3")
	p, err := Start(dir, "gerbang", program)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	address, err := FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	err = p.Await(t.Context(), address)
	if err == nil || !strings.Contains(err.Error(), "gerbang ended by itself (exit status 3)") || !strings.Contains(err.Error(), "no such key") {
		t.Errorf("got %v, want how it ended and what it said", err)
	}
}

func TestAwaitAndStop(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	script(t, program, "exec sleep 60")
	p, err := Start(dir, "sleeper", program)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Await(t.Context(), listener.Addr().String()); err != nil {
		t.Errorf("it runs and somebody listens: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Rest(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the end of the context", err)
	}
	p.Stop()
	p.Stop() // twice does no harm
	if err := p.Alive(); err == nil {
		t.Error("it is alive after Stop")
	}
}

func script(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}
