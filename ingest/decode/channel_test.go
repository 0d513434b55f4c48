package decode

import (
	"strings"
	"testing"
)

// Finding I8: channels that differ stay different, whatever script they are written in, and each has a bounded, plain name.
func TestI8_ChannelsOfOtherScriptsStayApart(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxChannel)
	seen := map[string]string{}
	for _, name := range []string{"入口", "出口", "Küche", "Kèche", "K_che", "K__che", long, long + "a", long + "b", "line 1", ""} {
		got := channelText([]byte(name))
		if was, ok := seen[got]; ok {
			t.Errorf("%q and %q are both %q", was, name, got)
		}
		seen[got] = name
		if len(got) > maxChannel || !plain([]byte(got), " _-.:") {
			t.Errorf("%q: got %q, want a plain name of at most %d bytes", name, got, maxChannel)
		}
	}
	for _, name := range []string{"line 1", "a/b", long} { // as they always were
		if got, want := channelText([]byte(name)), strings.ReplaceAll(name, "/", "_"); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
