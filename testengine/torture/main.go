// Command torture hurts a gateway in every way that is known to happen, again and again, while devices publish, and wants of it what
// docs/durability.md promises: what was acknowledged is there once, or is named as lost; a full disk ends nothing; nothing is
// acknowledged into files that are gone. What it knows of the journal it reads from the file with plain SQLite and computes by
// itself: it shares no code with package journal.
//
//	go run ./testengine/torture --rounds 20
//	go run ./testengine/torture --faults kill=1000,flip=200,full=50 --seed 7
//
// For the clock all of Go is compiled once more, which takes minutes the first time; full disks want Linux, and root: without it the size of
// files is limited instead.
//
// It prints a line a fault and ends with exit code 1 if a promise was broken; the folder with log, configuration and journal is
// kept and named then.
package main

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// fault is a way to hurt a gateway. do tries it so many times; its error means that it could not be tried.
type fault struct {
	name, about string
	do          func(b *bench, rounds int) error
}

func faults() []fault {
	return []fault{
		{"kill", "killed without warning (kill -9) under load", kills},
		{"full", "the disk is full, in a running gateway and in one that starts", fullDisks},
		{"taken", "the journal's files are deleted, cut or replaced under it", takings},
		{"flip", "one bit of the database or its log is another one", flips},
		{"clock", "the machine's clock jumps and comes back", jumps},
		{"cut", "the devices' connections are reset", cuts},
		{"lie", "something that is not InfluxDB, or is not well, answers for it", liars},
	}
}

// plan is how often each fault is tried.
func plan(text string, rounds int) (map[string]int, error) {
	known := map[string]int{}
	for _, f := range faults() {
		known[f.name] = rounds
	}
	if text == "" {
		return known, nil
	}
	chosen := map[string]int{}
	for part := range strings.SplitSeq(text, ",") {
		name, number, given := strings.Cut(strings.TrimSpace(part), "=")
		if _, ok := known[name]; !ok {
			return nil, fmt.Errorf("no fault is called %q: want some of kill, full, taken, flip, clock, cut, lie", name)
		}
		chosen[name] = rounds
		if given {
			n, err := strconv.Atoi(number)
			if err != nil || n < 0 {
				return nil, fmt.Errorf("%s=%s: want a number of rounds", name, number)
			}
			chosen[name] = n
		}
	}
	return chosen, nil
}

func main() {
	rounds := flag.Int("rounds", 10, "rounds of each fault")
	chosen := flag.String("faults", "", "which faults, as kill=1000,flip,full=50; empty: all")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "where chance begins")
	rate := flag.Int("rate", 3000, "messages a second")
	keep := flag.Bool("keep", false, "keep every folder, not only those of broken promises")
	flag.Parse()
	times, err := plan(*chosen, *rounds)
	if err == nil {
		var broken int
		if broken, err = torture(os.Stdout, times, *seed, *rate, *keep); err == nil && broken == 0 {
			return
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
	}
	os.Exit(1)
}

// torture builds the program, tries the faults and prints the summary. It returns how often a promise was broken.
func torture(out io.Writer, times map[string]int, seed uint64, rate int, keep bool) (broken int, err error) {
	dir, err := os.MkdirTemp("", "gerbang-torture-")
	if err != nil {
		return 0, err
	}
	b := &bench{gerbang: filepath.Join(dir, "gerbang"), dir: dir, keep: keep, rate: rate, random: rand.New(rand.NewPCG(seed, 1)), out: out}
	_, _ = fmt.Fprintf(out, "seed %d, in %s\n", seed, dir)
	if text, err := exec.Command("go", "build", "-o", b.gerbang, program).CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building gerbang: %w\n%s", err, text)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "\nfault\trounds\tbroken promises\tseconds\tfigures")
	for _, f := range faults() {
		n := times[f.name]
		if n == 0 {
			continue
		}
		t := b.try(f, n)
		broken += len(t.violations)
		_, _ = fmt.Fprintf(table, "%s\t%d\t%d\t%.0f\t%s\n", f.name, t.rounds, len(t.violations), t.took.Seconds(), t)
	}
	if err := table.Flush(); err != nil {
		return broken, err
	}
	if broken > 0 {
		_, _ = fmt.Fprintf(out, "%d promises were broken; the evidence is in %s\n", broken, dir)
		return broken, nil
	}
	if !keep {
		err = os.RemoveAll(dir)
	}
	return 0, err
}

// program is what is tortured.
const program = "github.com/gerbang-iot/gerbang/cmd/gerbang"
