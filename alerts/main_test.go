package alerts

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails when a test leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func sampleTexts(t testing.TB) *Texts {
	t.Helper()
	texts, err := NewTexts()
	if err != nil {
		t.Fatal(err)
	}
	return texts
}
