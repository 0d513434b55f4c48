package written

import (
	"strings"
	"testing"
)

// Finding I8: channels that differ stay different, whatever script they are written in, and each has a bounded, plain name.
func TestI8_ChannelsOfOtherScriptsStayApart(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", MaxChannel)
	seen := map[string]string{}
	for _, name := range []string{"入口", "出口", "Küche", "Kèche", "K_che", "K__che", long, long + "a", long + "b", "line 1", ""} {
		got := Channel([]byte(name))
		if was, ok := seen[got]; ok {
			t.Errorf("%q and %q are both %q", was, name, got)
		}
		seen[got] = name
		if len(got) > MaxChannel || !Plain([]byte(got), " _-.:") {
			t.Errorf("%q: got %q, want a plain name of at most %d bytes", name, got, MaxChannel)
		}
	}
	for _, name := range []string{"line 1", "a/b", long} { // as they always were
		if got, want := Channel([]byte(name)), strings.ReplaceAll(name, "/", "_"); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
