package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"
)

// bench is what all faults share: the program under test, a folder, chance, and the figures of the fault that is tried.
type bench struct {
	gerbang string // the program
	shifted string // the same with a clock that can be moved; empty: not built yet
	dir     string
	keep    bool
	rate    int // messages a second
	random  *rand.Rand
	out     io.Writer

	fault string
	lives int
	*tally
}

// tally is what came of a fault.
type tally struct {
	rounds     int
	names      []string // of figures, in the order in which they came up
	figures    map[string]int
	violations []string
	took       time.Duration
}

// figure counts something that the summary tells.
func (t *tally) figure(name string, n int) {
	if !slices.Contains(t.names, name) {
		t.names = append(t.names, name)
	}
	t.figures[name] += n
}

func (t *tally) String() string {
	var parts []string
	for _, name := range t.names {
		parts = append(parts, fmt.Sprintf("%d %s", t.figures[name], name))
	}
	return strings.Join(parts, ", ")
}

// done counts a round.
func (b *bench) done(n int) {
	b.rounds++
	if b.rounds%10 == 0 || b.rounds == n {
		_, _ = fmt.Fprintf(b.out, "%s  %s: %d of %d rounds, %s\n", time.Now().Format(time.TimeOnly), b.fault, b.rounds, n, b.tally)
	}
}

// over ends a life: a violation keeps its folder and is named with it, otherwise the folder goes.
func (b *bench) over(l *life, err error) {
	l.end()
	if err == nil {
		if !b.keep {
			_ = os.RemoveAll(l.dir)
		}
		return
	}
	text := fmt.Sprintf("%s, round %d: %v (evidence: %s)", b.fault, b.rounds+1, err, l.dir)
	b.violations = append(b.violations, text)
	_, _ = fmt.Fprintf(b.out, "VIOLATION  %s\n", text)
}

// try does so many rounds of a fault and returns what came of them.
func (b *bench) try(f fault, rounds int) *tally {
	b.fault, b.lives, b.tally = f.name, 0, &tally{figures: map[string]int{}}
	begin := time.Now()
	if err := f.do(b, rounds); err != nil {
		b.violations = append(b.violations, fmt.Sprintf("%s: it could not be tried: %v", f.name, err))
		_, _ = fmt.Fprintln(b.out, b.violations[len(b.violations)-1])
	}
	b.took = time.Since(begin)
	return b.tally
}

// eachLife does the rounds of a fault that needs a new life for each.
func (b *bench) eachLife(rounds int, born func() (*life, error), do func(*life) error) error {
	for range rounds {
		l, err := born()
		if err != nil {
			return err
		}
		b.over(l, do(l))
		b.done(rounds)
	}
	return nil
}

// fresh is a life with nothing special.
func (b *bench) fresh() (*life, error) { return b.born("", "") }
