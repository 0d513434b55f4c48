package broker

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/access"
)

// The tree finds what comparing each filter with the topic finds, whatever comes and goes, and keeps nothing of what has gone.
func TestTreeMatchesAsFiltersDo(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	path := func(levels ...string) string {
		all := make([]string, 1+random.IntN(4))
		for i := range all {
			all[i] = pick(levels...)
		}
		return strings.Join(all, "/")
	}
	type key struct {
		session *session
		filter  string
	}
	var tree level
	there := map[key]bool{}
	sessions := []*session{{}, {}, {}}
	for i := range sessions {
		sessions[i].mailbox = &mailbox{client: fmt.Sprint(i)}
	}
	for range 4_000 {
		filter := path("a", "b", "+", "", "$x")
		if random.IntN(3) == 0 {
			filter += "/#"
		}
		if random.IntN(10) == 0 {
			filter = "#"
		}
		k := key{sessions[random.IntN(len(sessions))], filter}
		if random.IntN(2) == 0 {
			if existed := tree.add(&subscription{session: k.session, filter: filter}); existed != there[k] {
				t.Fatalf("seed %d: adding %q: existed %v, want %v", seed, filter, existed, there[k])
			}
			there[k] = true
		} else {
			tree.remove(k.session, filter)
			delete(there, k)
		}
		topic := path("a", "b", "", "$x")
		got := map[key]int{}
		tree.match(topic, func(l *level) {
			for s, sub := range l.single {
				got[key{s, sub.filter}]++
			}
		})
		for k := range there {
			want := 0
			if access.Covers(k.filter, topic) {
				want = 1
			}
			if got[k] != want {
				t.Fatalf("seed %d: %q against %q: found %d times, want %d", seed, k.filter, topic, got[k], want)
			}
			delete(got, k)
		}
		if len(got) > 0 {
			t.Fatalf("seed %d: topic %q: found %v, which have gone", seed, topic, got)
		}
	}
	for k := range there {
		tree.remove(k.session, k.filter)
	}
	if len(tree.next) > 0 {
		t.Errorf("seed %d: %d levels are left of nothing", seed, len(tree.next))
	}
}
