// Command counting measures the estimate of people against truths that the engine does not see: simulated malls whose counters
// make mistakes, and real series of libraries and office doors. It prints every figure with its bar.
//
//	go run ./testengine/counting [-seeds 200] [-data DIR] [-only WORD]
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
)

// firstSeed begins the seeds that are measured on. What was tuned was tuned on seeds of its own, from 900,000 on.
const firstSeed = 1

func main() {
	seeds := flag.Int("seeds", 200, "malls of each kind")
	first := flag.Uint64("first", firstSeed, "the first seed")
	data := flag.String("data", os.Getenv("GERBANG_DATA"), "folder of the real series; empty: without them")
	only := flag.String("only", "", "only kinds of malls with one of these words, separated by |, in their name")
	today := flag.Bool("error-only", false, "for engines without an interval: take it from the error")
	strict := flag.Bool("strict", false, "exit with 1 if a bar is missed")
	flag.Parse()
	all := setups()
	if *only != "" {
		kept := all[:0]
		for _, s := range all {
			if slices.ContainsFunc(strings.Split(*only, "|"), func(word string) bool { return strings.Contains(s.name, word) }) {
				kept = append(kept, s)
			}
		}
		all = kept
	}
	sums, err := measureAll(all, *first, *seeds, *today)
	if err != nil {
		fmt.Fprintln(os.Stderr, "counting:", err)
		os.Exit(1)
	}
	missed := report(os.Stdout, all, sums)
	if *data == "" {
		fmt.Println("real series: left out, GERBANG_DATA does not point to them")
	} else {
		n, err := realSeries(os.Stdout, *data)
		if err != nil {
			fmt.Fprintln(os.Stderr, "counting: the real series:", err)
			os.Exit(1)
		}
		missed += n
	}
	fmt.Printf("\n%d bars missed, with %d malls of each kind from seed %d\n", missed, *seeds, *first)
	if *strict && missed > 0 {
		os.Exit(1)
	}
}
