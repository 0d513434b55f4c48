package configs

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Finding S16: a secret that is no secret is refused before it fills the memory.
func TestS16_ASecretIsReadWithALimit(t *testing.T) {
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, bytes.Repeat([]byte("s"), 1<<20+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{large, "/dev/zero"} {
		text, err := Secret{file: file}.Reveal()
		if err == nil || text != "" || !strings.Contains(err.Error(), "larger than 1 MiB") {
			t.Errorf("%s: %d bytes, %v, want it refused", file, len(text), err)
		}
	}
}
