package wire

import (
	"io"
	"time"
)

// A busy peer's packets arrive one by one, and each read wakes a chain of goroutines for one of them. Above gatherFrom a
// reader therefore lets gatherPause pass before it reads, and takes what has come meanwhile at once. Below, where a pause
// would only add latency, it reads at once.
const (
	gatherFrom  = 300 << 10 // bytes per second: about 3,000 small messages
	gatherPause = time.Millisecond
	gatherHalf  = 50 * time.Millisecond // in which the weight of the past halves
)

// gatherer is a reader that gathers. It has one caller.
type gatherer struct {
	r    io.Reader
	rate float64 // bytes per second, smoothed
	last time.Time
	full bool // the last read filled its buffer: there is more already

	quiet func(on bool) // of the connection below; nil: there is none
}

func newGatherer(r io.Reader) *gatherer { return &gatherer{r: r, quiet: quieter(r)} }

func (g *gatherer) Read(p []byte) (int, error) {
	if g.rate > gatherFrom && !g.full {
		g.pause()
	}
	n, err := g.r.Read(p)
	g.full = n == len(p)
	now := time.Now()
	if dt := now.Sub(g.last); dt > 0 {
		keep := float64(gatherHalf) / float64(gatherHalf+dt)
		g.rate = keep*g.rate + (1-keep)*float64(n)/dt.Seconds()
	}
	g.last = now
	return n, err
}

// pause lets packets come.
func (g *gatherer) pause() {
	if g.quiet == nil {
		time.Sleep(gatherPause)
		return
	}
	g.quiet(true)
	time.Sleep(gatherPause)
	g.quiet(false)
}
