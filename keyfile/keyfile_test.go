package keyfile

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Finding S16: a file that is none of a secret is refused, and its contents are not in the error.
func TestS16_FilesAreReadWithALimit(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, size int) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, bytes.Repeat([]byte("x"), size), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	if text, err := Read(write("fits", Most)); err != nil || len(text) != Most {
		t.Errorf("1 MiB: %d bytes, %v", len(text), err)
	}
	for _, name := range []string{write("large", Most+1), "/dev/zero"} {
		text, err := Read(name)
		if err == nil || text != nil || !strings.Contains(err.Error(), "larger than 1 MiB") || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "xxx") {
			t.Errorf("%s: %d bytes, %v, want it refused by name", name, len(text), err)
		}
		if _, err := Pair(name, name); err == nil {
			t.Errorf("%s is taken for a certificate", name)
		}
	}
	if _, err := Read(filepath.Join(dir, "nothing")); err == nil {
		t.Error("a file that is not there is read")
	}
}
