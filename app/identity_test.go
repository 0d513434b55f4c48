package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/configs"
)

// The id of a gateway that was not given one is made at its first start.
func TestIdentityIsKept(t *testing.T) {
	t.Parallel()
	cfg, quiet := &configs.Config{Data: t.TempDir()}, slog.New(slog.DiscardHandler)
	first, err := identify(cfg, quiet)
	if err != nil || first == "" || first != cleanID(first) {
		t.Fatalf("got %q, %v: want a clean id", first, err)
	}
	if again, err := identify(cfg, quiet); err != nil || again != first {
		t.Errorf("then %q, %v: want %q", again, err, first)
	}
	// Another one on this host: with one id they would take each other's messages.
	if other, err := identify(&configs.Config{Data: t.TempDir()}, quiet); err != nil || other == first {
		t.Errorf("another gateway has the id %q as well (%v)", other, err)
	}
	path := filepath.Join(cfg.Data, identityFile)
	if err := os.WriteFile(path, []byte("host-before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if id, err := identify(cfg, quiet); err != nil || id != "host-before" {
		t.Errorf("got %q, %v: want the one that was kept", id, err)
	}
	cfg.ID = "set"
	if id, err := identify(cfg, quiet); err != nil || id != "set" {
		t.Errorf("got %q, %v: want the configured one", id, err)
	}
	cfg.ID = ""
	for _, garbage := range []string{"", "a b\n", "a/b", "+", strings.Repeat("x", 49)} {
		if err := os.WriteFile(path, []byte(garbage), 0o600); err != nil {
			t.Fatal(err)
		}
		if id, err := identify(cfg, quiet); err == nil {
			t.Errorf("%q is taken for the id %q", garbage, id)
		}
	}
	for in, want := range map[string]string{"mpp-magetan": "mpp-magetan", "pi 4/#+": "pi4", "-x": "x", "東京": "", strings.Repeat("a", 60): strings.Repeat("a", 48)} {
		if got := cleanID(in); got != want {
			t.Errorf("cleanID(%q): got %q, want %q", in, got, want)
		}
	}
}
