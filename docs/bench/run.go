package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gerbang-iot/gerbang/docs/bench/rows"
)

// common are the options that run and compare share.
type common struct {
	repository string // of the gateway's sources
	dir        string // parent of the folder for the measurements, "" for the system's
	json       string // file for all measurements, "" for none
	only       string // part of the rows' names
	quick      bool
	list       bool
}

func (c *common) define(f *flags) {
	f.StringVar(&c.repository, "repository", "../..", "`FOLDER` with the sources of gerbang; the script gives its own")
	f.StringVar(&c.dir, "dir", "", "`FOLDER` on the disk to measure on; the system's for temporary files if it is not given")
	f.StringVar(&c.json, "json", "", "`FILE` to which each measurement is appended, as a line of JSON")
	f.StringVar(&c.only, "only", "", "only the rows with this `TEXT` in their name")
	f.BoolVar(&c.quick, "quick", false, "the short form: shows in less than three minutes that all works; its figures are for no table")
	f.BoolVar(&c.list, "list", false, "list the rows with their loads, and measure nothing")
}

// chosen are the rows to measure, in which form.
func (c *common) chosen(form rows.Form) ([]rows.Row, rows.Form, error) {
	if c.quick {
		form = rows.Quick
	}
	chosen := rows.Choose(form, c.only)
	if len(chosen) == 0 {
		return nil, form, fmt.Errorf("no row of this form has %q in its name; there are:\n  %s", c.only, strings.Join(rows.Names(), "\n  "))
	}
	return chosen, form, nil
}

// run repeats the table of docs/speed.md: the floor and the gateway in turn, then the gateway alone.
func run(ctx context.Context, out io.Writer, args []string) error {
	f := newFlags("docs/bench/run", "measures the rows of docs/speed.md and prints their medians.",
		"docs/bench/run            the table, in about twenty minutes\n"+
			"docs/bench/run --quick    one short run of each, in two\n"+
			"docs/bench/run --only alerts --runs 5 --json alerts.jsonl")
	var c common
	c.define(f)
	runs := f.Int("runs", 3, "how `OFTEN` each row is measured; with --quick once")
	gerbang := f.String("gerbang", "", "`FILE` of a build to measure, instead of building one")
	if err := f.parse(out, args, 0, 0); err != nil {
		return err
	}
	if *runs < 1 {
		return fmt.Errorf("docs/bench/run: --runs is %d, expected at least 1", *runs)
	}
	chosen, form, err := c.chosen(rows.Full)
	if err != nil {
		return err
	}
	if c.quick {
		*runs = 1
	}
	if c.list {
		return list(out, chosen, form, *runs)
	}
	camp, err := newCampaign(ctx, out, c, form)
	if err != nil {
		return err
	}
	return camp.end(runAll(ctx, camp, chosen, *runs, *gerbang, c.repository))
}

func runAll(ctx context.Context, camp *campaign, chosen []rows.Row, runs int, gerbang, repository string) error {
	var err error
	if gerbang == "" {
		gerbang, err = camp.buildGateway(ctx, repository)
	} else {
		gerbang, err = filepath.Abs(gerbang)
	}
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program, which is the floor: %w", err)
	}
	floor := rows.Floor{Program: self}
	gateway := rows.NewGateway("gerbang", gerbang, filepath.Join(camp.bench.Dir, "fleet"), "persons_in")
	for n := range runs {
		for _, r := range chosen {
			consumers := []rows.Consumer{floor, gateway}
			if !r.Floor {
				consumers = consumers[1:]
			}
			if r.Once && n > 0 {
				continue
			}
			if err := camp.measure(ctx, r, consumers...); err != nil {
				return err
			}
		}
	}
	return nil
}

// list writes what would be measured.
func list(out io.Writer, chosen []rows.Row, form rows.Form, runs int) error {
	for _, r := range chosen {
		times := runs
		if r.Once {
			times = 1
		}
		who := "gerbang"
		if r.Floor {
			who = "floor and gerbang"
		}
		if _, err := fmt.Fprintf(out, "%-40s %7d messages of %d devices, %s, %d ×\n", r.Name, r.Messages[form], r.Devices, who, times); err != nil {
			return err
		}
	}
	return nil
}
