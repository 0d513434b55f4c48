package shared

import (
	"errors"
	"testing"
)

func TestTable(t *testing.T) {
	table := Table[string, int]{Most: 2}
	made := 0
	get := func(key string) int {
		n, err := table.Get(key, func() (int, error) { made++; return made, nil })
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if a, b, again := get("a"), get("b"), get("a"); a != 1 || b != 2 || again != 1 {
		t.Errorf("got %d, %d, %d, want 1, 2 and 1 again", a, b, again)
	}
	if c, a := get("c"), get("a"); c != 3 || a != 4 {
		t.Errorf("beyond the most: got %d and %d, want 3, and the first made anew", c, a)
	}
	bad := errors.New("bad")
	if _, err := table.Get("d", func() (int, error) { return 0, bad }); !errors.Is(err, bad) {
		t.Errorf("got %v, want the error", err)
	}
	if d := get("d"); d != 5 {
		t.Errorf("after an error: got %d, want a value made now", d)
	}
}
