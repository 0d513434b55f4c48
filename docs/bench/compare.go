package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/gerbang-iot/gerbang/docs/bench/rows"
)

// compare measures two builds in alternating pairs: does a change make any row of the table worse?
func compare(ctx context.Context, out io.Writer, args []string) error {
	f := newFlags("docs/bench/compare", "measures two builds of gerbang under the same loads, in alternating pairs, and prints medians and ratios.",
		"docs/bench/compare OLD NEW [PAIRS]            OLD, NEW: files; PAIRS: 5 if it is not given\n"+
			"OLDFIELD=in docs/bench/compare OLD NEW 3      OLD calls persons_in \"in\" in InfluxDB")
	var c common
	c.define(f)
	field := f.String("old-field", cmp.Or(os.Getenv("OLDFIELD"), "persons_in"), "`NAME` that OLD gives the field persons_in in InfluxDB; OLDFIELD in the environment does the same")
	if err := f.parse(out, args, 0, 3); err != nil {
		return err
	}
	chosen, form, err := c.chosen(rows.Paired)
	if err != nil {
		return err
	}
	if len(f.args) < 2 && !c.list {
		return fmt.Errorf("docs/bench/compare: expected two builds, got %q, as in: docs/bench/compare OLD NEW 5", f.args)
	}
	pairs := 5
	if len(f.args) == 3 {
		if pairs, err = strconv.Atoi(f.args[2]); err != nil || pairs < 1 {
			return fmt.Errorf("docs/bench/compare: PAIRS is %q, expected a number from 1 on", f.args[2])
		}
	}
	if c.list {
		return list(out, chosen, form, pairs)
	}
	camp, err := newCampaign(ctx, out, c, form)
	if err != nil {
		return err
	}
	return camp.end(compareAll(ctx, camp, chosen, pairs, f.args[0], f.args[1], *field))
}

func compareAll(ctx context.Context, camp *campaign, chosen []rows.Row, pairs int, oldPath, newPath, oldField string) error {
	before, err := copied(camp.bench.Dir, "old", oldPath, oldField)
	if err != nil {
		return err
	}
	after, err := copied(camp.bench.Dir, "new", newPath, "persons_in")
	if err != nil {
		return err
	}
	for range pairs {
		for _, r := range chosen {
			if err := camp.measure(ctx, r, before, after); err != nil {
				return err
			}
		}
	}
	return nil
}

// copied is a build to compare. Both are copies: a file that the linker has just written is mapped in larger pieces, which shows as
// 6 MB more.
func copied(dir, side, path, field string) (*rows.Gateway, error) {
	program := filepath.Join(dir, "gerbang-"+side)
	from, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the %s build: %w", side, err)
	}
	defer func() { _ = from.Close() }() // it was only read
	to, err := os.OpenFile(program, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return nil, fmt.Errorf("copying the %s build: %w", side, err)
	}
	if _, err := io.Copy(to, from); err != nil {
		_ = to.Close() // the first error counts
		return nil, fmt.Errorf("copying the %s build: %w", side, err)
	}
	if err := to.Close(); err != nil {
		return nil, fmt.Errorf("copying the %s build: %w", side, err)
	}
	return rows.NewGateway(side, program, filepath.Join(dir, side), field), nil
}
