package testengine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNuFindsWhatIsInvalid(t *testing.T) {
	dir := t.TempDir()
	for name, body := range map[string]string{"good": "<p>x</p>", "twice": "<p id=a></p><p id=a></p>", "nested": "<p><div></div></p>", "open": "<section><h1>x</h1>"} {
		if err := os.WriteFile(filepath.Join(dir, name+".html"), []byte("<!doctype html><html lang=\"en\"><head><title>x</title></head><body>"+body+"</body></html>"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found := map[string]string{}
	for _, v := range Nu(t, dir) {
		found[v.File] += v.Message
	}
	for file, want := range map[string]string{"twice.html": "Duplicate ID", "nested.html": "No “p” element in scope", "open.html": "unclosed"} {
		if !strings.Contains(found[file], want) {
			t.Errorf("%s: got %q, want %q in it", file, found[file], want)
		}
	}
	if found["good.html"] != "" {
		t.Errorf("good.html: got %q, want nothing", found["good.html"])
	}
}
