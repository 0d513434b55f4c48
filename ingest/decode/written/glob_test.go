package written

import "testing"

func TestLike(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"*temperature*", "Room Temperature 2", true}, {"*temperature*", "humidity", false}, {"am*-1", "AM2301-1", true}, {"am*-1", "AM2301-12", false},
		{"*", "", true}, {"", "", true}, {"", "a", false}, {"a*b*c", "axxbyybzzc", true}, {"a*b*c", "axxbyyb", false}, {"$g*", "$GPGGA,1", true},
		{"a", "A", true}, {"ab", "a", false}, {"*ab", "aab", true}, {"suhu é*", "Suhu é 1", true},
	} {
		if got := Like(tt.pattern, []byte(tt.text)); got != tt.want {
			t.Errorf("%q like %q: got %t, want %t", tt.text, tt.pattern, got, tt.want)
		}
	}
}
