package web

import (
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// What people enter is bounded twice: by who enters it, and by the site that it is about. A site may have several times what one account may
// give it, at once and by the minute, so that one account alone never takes from the others what they need. What is bounded is far above what
// work asks for: a paper form of a day has some hundred times, a phone that was without a network for a shift some dozen.
const (
	accountTasks, accountTasksEach = 1000, 3 * time.Second // tasks, counts and all else that is a number or a tick
	siteTasks, siteTasksEach       = 3000, time.Second / 2
	accountWords, accountWordsEach = 60, 10 * time.Second // what somebody reads: notes, comments, photos
	siteWords, siteWordsEach       = 300, 2 * time.Second

	// rationsMost bounds what is remembered: whoever has had nothing for longest is forgotten.
	rationsMost = 8192
)

// rations count what was entered a short while ago. They are of one process and forget with it: they are there against floods, and one that goes
// over a restart begins with one ration more. They are safe for concurrent use.
type rations struct {
	mu   sync.Mutex
	each map[ration]*given
}

// ration names what is shared out: the words or the ticks of an account, or of a site.
type ration struct {
	words    bool
	site     bool
	of, from string // an account's id; of who has none his name and address
}

type given struct {
	rate *rate.Limiter
	last time.Time
}

func newRations() *rations { return &rations{each: map[ration]*given{}} }

// take gives one of the account's and of the site's, or tells how long none is left, and whether it is the site's; then it has taken nothing.
func (r *rations) take(account, site ration, now time.Time) (wait time.Duration, ofSite bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	mine := r.of(account, now).ReserveN(now, 1)
	if wait := mine.DelayFrom(now); wait > 0 {
		mine.CancelAt(now)
		return wait, false
	}
	theirs := r.of(site, now).ReserveN(now, 1)
	if wait := theirs.DelayFrom(now); wait > 0 {
		theirs.CancelAt(now)
		mine.CancelAt(now)
		return wait, true
	}
	return 0, false
}

// of is what a ration has left. The caller holds the lock.
func (r *rations) of(k ration, now time.Time) *rate.Limiter {
	if g := r.each[k]; g != nil {
		g.last = now
		return g.rate
	}
	if len(r.each) >= rationsMost {
		var oldest ration
		at, found := now, false
		for k, g := range r.each {
			if !found || g.last.Before(at) {
				oldest, at, found = k, g.last, true
			}
		}
		delete(r.each, oldest)
	}
	most, each := k.bounds()
	g := &given{rate.NewLimiter(rate.Every(each), most), now}
	r.each[k] = g
	return g.rate
}

func (k ration) bounds() (most int, each time.Duration) {
	switch {
	case k.words && k.site:
		return siteWords, siteWordsEach
	case k.words:
		return accountWords, accountWordsEach
	case k.site:
		return siteTasks, siteTasksEach
	}
	return accountTasks, accountTasksEach
}

// readByPeople reports whether an entry is something that others have to read, and not one of many ticks.
func readByPeople(kind telemetry.EntryKind) bool {
	switch kind {
	case telemetry.EntryNote, telemetry.EntryComment, telemetry.EntryAssign, telemetry.EntrySilence, telemetry.EntryDrill, telemetry.EntryPaper,
		telemetry.EntryLevel, telemetry.EntryMaintenance:
		return true
	}
	return false
}

// mayEnter says why somebody has to wait with what he enters at a site; nil: he has not.
func (s *Server) mayEnter(ctx context.Context, site string, kind telemetry.EntryKind) error {
	who := ration{words: readByPeople(kind)}
	if c := callerOf(ctx); c != nil {
		if who.of = c.Account; who.of == "" {
			who.from = c.Name
		}
	}
	wait, ofSite := s.rations.take(who, ration{words: who.words, site: true, of: site}, s.opts.Now())
	if wait == 0 {
		return nil
	}
	key := "error.much"
	if ofSite {
		key = "error.much_site"
	}
	return waits(key, wait)
}

// waits answers that somebody has to wait, and how long. The sentence gets Count, in seconds.
func waits(key string, wait time.Duration) *fault {
	seconds := int((wait + time.Second - 1) / time.Second)
	return &fault{status: http.StatusTooManyRequests, key: key, args: []any{"Count", seconds}, retry: seconds}
}

// streamsEach is how many live pages one account may have open: on all its phones and screens, and in every tab.
const streamsEach = 100

var errOwnStreams = &fault{status: http.StatusTooManyRequests, key: "error.own_streams", args: []any{"Most", streamsEach}, retry: 10}

// watcher is who opens a live page, as far as it is bounded: an account's id, strangers at the signs, or empty for who has no account (the
// gateway's own computer, a shared token), whom only the bound of all holds.
func watcher(ctx context.Context) string {
	c := callerOf(ctx)
	if c == nil {
		return strangers
	}
	return c.Account
}

// strangers are the signs at the doors. No account can have this id.
const strangers = "\x00"

// liveMost is how many live pages somebody may have open, where all together may have most. Strangers never take the half that is left for people
// who are signed in.
func liveMost(who string, most int) int {
	switch who {
	case "":
		return most
	case strangers:
		return max(1, most/2)
	}
	return min(streamsEach, most)
}
