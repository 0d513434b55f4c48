package facility

import "testing"

func TestWithin(t *testing.T) {
	for _, tt := range []struct {
		area, other string
		want        bool
	}{
		{"ID", "ID", true}, {"ID-JI", "ID", true}, {"ID-JI/probolinggo", "ID-JI", true}, {"ID-JI/probolinggo", "ID", true},
		{"ID", "ID-JI", false}, {"ID-JI", "ID-JK", false}, {"ID-JI", "ID-J", false}, {"ID-JI/probolinggo", "ID-JI/prob", false},
		{"", "ID", false}, {"ID", "", false},
	} {
		if got := Within(tt.area, tt.other); got != tt.want {
			t.Errorf("%q in %q: got %t, want %t", tt.area, tt.other, got, tt.want)
		}
	}
}
