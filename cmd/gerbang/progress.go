package main

import (
	"fmt"
	"io"
	"time"
)

// progress shows how far long work has come: one line that is rewritten on a terminal, a line now and then elsewhere.
type progress struct {
	w        io.Writer
	what     string
	total    int
	terminal bool
	begin    time.Time
	last     time.Time
}

func newProgress(w io.Writer, what string, total int) *progress {
	return &progress{w: plainly(w), what: what, total: total, terminal: isTerminal(w), begin: time.Now()}
}

// set shows n of the total.
func (p *progress) set(n int) {
	every := 5 * time.Second
	if p.terminal {
		every = 100 * time.Millisecond
	}
	now := time.Now()
	if p.total == 0 || now.Sub(p.last) < every && n < p.total {
		return
	}
	p.last = now
	share := 100 * n / p.total
	if p.terminal {
		_, _ = fmt.Fprintf(p.w, "\r%s %3d%% (%d of %d)", p.what, share, n, p.total)
		return
	}
	_, _ = fmt.Fprintf(p.w, "%s %d%% (%d of %d)\n", p.what, share, n, p.total)
}

// count shows n where the total is not known.
func (p *progress) count(n int) {
	if p.total > 0 || !p.terminal {
		p.set(min(n, p.total))
		return
	}
	p.last = time.Now()
	_, _ = fmt.Fprintf(p.w, "\r%s %d", p.what, n)
}

// done ends the line.
func (p *progress) done() {
	if p.terminal && !p.last.IsZero() {
		_, _ = fmt.Fprintln(p.w)
	}
}
