package decode

import (
	"os"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// docs/native.md has every member of the native format, and every quantity with its unit.
func TestNativeFormatIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/native.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	row := func(name string) string {
		for _, l := range lines {
			cells := strings.SplitN(l, "|", 3)
			if len(cells) == 3 && strings.Contains(cells[1], "`"+name+"`") {
				return cells[2]
			}
		}
		return ""
	}
	for _, q := range telemetry.Quantities() {
		got := row(q.String())
		if unit := q.Unit(); got == "" || unit != "1" && !strings.Contains(got, unit) {
			t.Errorf("%s (%s): got %q, want a row with its unit", q, q.Unit(), got)
		}
	}
	for _, name := range []string{"at", "boot", "seq", "site", "device", "task"} {
		if row(name) == "" {
			t.Errorf("%s: want a row", name)
		}
	}
	for _, name := range []string{"done", "item", "agent", "by"} {
		if !strings.Contains(row("task"), "`"+name+"`") {
			t.Errorf("task: want %s", name)
		}
	}
}
