package web

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// hubInterval is the least time between two renderings: what changes faster is coalesced to the latest.
	hubInterval = 500 * time.Millisecond
	// hubRefresh re-renders without a change, because "4 minutes ago" becomes "5 minutes ago" by itself.
	hubRefresh = 10 * time.Second
)

// topic names one thing that can be watched: a page in a language.
type topic struct {
	page  string // "overview", "map", "site", "zone", "devices", "sign"
	site  string
	zone  string
	lang  string
	part  part   // of the overview and of the map
	box   string // of the map: what of the Earth is shown; empty: as much as the sites need
	sites string // of the overview: those that are shown, between commas; empty: all
	past  string // of the overview: those of whose past something is shown, in the same form
	may   string // of a site: what who watches may do there, as far as it shows; people who may the same share a rendering
}

// chunk is a piece of a live page. A chunk with an id is one element of that id and is sent alone when it changes; one
// without is the markup around them.
type chunk struct {
	id   string
	html []byte
}

// hub renders each watched topic once per change and lets all its watchers share the bytes.
//
// A watcher has no queue. It remembers the generation it was sent last and asks for what is newer, so a slow reader skips
// what is already old and costs no memory.
type hub struct {
	compose func(topic) ([]chunk, error)
	metrics *metrics
	log     *slog.Logger

	mu       sync.Mutex
	boards   map[topic]*board
	watchers int
	each     map[string]int // of whom
}

func newHub(compose func(topic) ([]chunk, error), m *metrics, log *slog.Logger) *hub {
	return &hub{compose: compose, metrics: m, log: log, boards: make(map[topic]*board), each: make(map[string]int)}
}

// run renders until ctx ends. It owns the rhythm: at most one rendering of a topic per hubInterval, at least one per
// hubRefresh.
func (h *hub) run(ctx context.Context, live Live) {
	changed, cancel := live.Subscribe()
	defer cancel()
	refresh := time.NewTicker(hubRefresh)
	defer refresh.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-refresh.C:
		}
		h.renderAll()
		rest := time.NewTimer(hubInterval)
		select {
		case <-ctx.Done():
			rest.Stop()
			return
		case <-rest.C:
		}
	}
}

func (h *hub) renderAll() {
	for _, b := range h.watched() {
		b.render(h)
	}
}

func (h *hub) watched() []*board {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]*board, 0, len(h.boards))
	for _, b := range h.boards {
		all = append(all, b)
	}
	return all
}

// join starts watching; the first watcher of a topic renders it. The error is errStreams when there are most watchers
// already, errOwnStreams when there are as many as who may have, else compose's: the thing is not there. leave must be called once.
func (h *hub) join(t topic, who string, most int) (b *board, leave func(), err error) {
	h.mu.Lock()
	full := h.watchers >= most || who == strangers && h.each[who] >= liveMost(who, most)
	if full || h.each[who] >= liveMost(who, most) {
		h.mu.Unlock()
		if full {
			return nil, nil, errStreams
		}
		return nil, nil, errOwnStreams
	}
	h.watchers++
	h.each[who]++
	b, ok := h.boards[t]
	if !ok {
		b = &board{topic: t, next: make(chan struct{})}
		h.boards[t] = b
	}
	b.watchers++
	h.mu.Unlock()
	h.metrics.streams(1)
	leave = func() {
		h.metrics.streams(-1)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.watchers--
		if h.each[who]--; h.each[who] == 0 {
			delete(h.each, who)
		}
		if b.watchers--; b.watchers == 0 {
			delete(h.boards, t)
		}
	}
	if err := b.first(h); err != nil {
		leave()
		return nil, nil, err
	}
	return b, leave, nil
}

// board holds the newest rendering of one topic.
type board struct {
	topic    topic
	watchers int // guarded by hub.mu

	rendering sync.Mutex // held while composing; one at a time

	mu         sync.Mutex
	generation uint64 // of the newest rendering; 0: none yet
	layout     uint64 // generation in which the set of chunks changed last
	chunks     []painted
	next       chan struct{} // closed when generation grows
}

// painted is a chunk with the generation in which it changed last.
type painted struct {
	chunk
	generation uint64
}

// first makes sure that there is a rendering.
func (b *board) first(h *hub) error {
	b.rendering.Lock()
	defer b.rendering.Unlock()
	b.mu.Lock()
	ready := b.generation > 0
	b.mu.Unlock()
	if ready {
		return nil
	}
	chunks, err := h.compose(b.topic)
	if err != nil {
		return err
	}
	b.put(chunks)
	return nil
}

// render composes again. What cannot be composed any more (a site that was taken out) keeps its last rendering, and its
// watchers find out when they load the page again.
func (b *board) render(h *hub) {
	b.rendering.Lock()
	defer b.rendering.Unlock()
	start := time.Now()
	chunks, err := h.compose(b.topic)
	if err != nil {
		h.log.Debug("composing a live page failed", "page", b.topic.page, "site", b.topic.site, "err", err)
		return
	}
	if b.put(chunks) {
		h.metrics.rendered(b.topic.page, time.Since(start))
	}
}

// put takes a rendering and wakes the watchers if anything differs.
func (b *board) put(chunks []chunk) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	generation := b.generation + 1
	sameLayout := len(chunks) == len(b.chunks)
	for i := 0; sameLayout && i < len(chunks); i++ {
		old := b.chunks[i]
		sameLayout = old.id == chunks[i].id && (old.id != "" || bytes.Equal(old.html, chunks[i].html))
	}
	changed := !sameLayout
	fresh := make([]painted, len(chunks))
	for i, c := range chunks {
		fresh[i] = painted{c, generation}
		if sameLayout && bytes.Equal(b.chunks[i].html, c.html) {
			fresh[i] = b.chunks[i]
			continue
		}
		changed = true
	}
	if !changed {
		return false
	}
	if !sameLayout {
		b.layout = generation
	}
	b.generation, b.chunks = generation, fresh
	close(b.next)
	b.next = make(chan struct{})
	return true
}

// since gives what a watcher of generation seen lacks: everything, as one page, if it is new or the layout changed; else
// the chunks that changed. next is closed when there is more. The chunks are shared and must not be changed.
func (b *board) since(seen uint64) (all bool, chunks []chunk, generation uint64, next <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all = seen < b.layout
	for _, c := range b.chunks {
		if all || c.generation > seen {
			chunks = append(chunks, c.chunk)
		}
	}
	return all, chunks, b.generation, b.next
}
