package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gerbang-iot/gerbang/docs/bench/engines"
	"github.com/gerbang-iot/gerbang/docs/bench/figures"
	"github.com/gerbang-iot/gerbang/docs/bench/meter"
	"github.com/gerbang-iot/gerbang/docs/bench/rows"
)

// campaign is a sequence of measurements. One goroutine uses it.
type campaign struct {
	out     io.Writer
	bench   rows.Bench
	json    string // file to which each measurement is appended, "" for none
	records []figures.Record
	broken  []string
}

// newCampaign finds the programs, and makes a folder for the measurements that end removes.
func newCampaign(ctx context.Context, out io.Writer, c common, form rows.Form) (*campaign, error) {
	programs, err := engines.Find(ctx, c.repository, out)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(c.dir, "gerbang-bench-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the measurements: %w", err)
	}
	fmt.Fprintln(out, meter.Machine(dir))
	if kind := meter.FileSystem(dir); meter.InMemory(kind) {
		fmt.Fprintf(out, "note: %s keeps nothing on a disk, so that an fsync costs nothing: give a folder on a disk with --dir\n", kind)
	}
	return &campaign{out: out, bench: rows.Bench{Programs: programs, Dir: dir, Form: form}, json: c.json}, nil
}

// measure measures a row with each consumer in turn.
func (c *campaign) measure(ctx context.Context, r rows.Row, consumers ...rows.Consumer) error {
	for _, consumer := range consumers {
		record, err := c.bench.Measure(ctx, r, consumer)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s, %s: %s\n", record.Row, record.Side, figures.Line(record))
		c.records = append(c.records, record)
		c.broken = append(c.broken, rows.Broken(record)...)
		if c.json != "" {
			if err := record.AppendTo(c.json); err != nil {
				return err
			}
		}
	}
	return nil
}

// end writes the table of what was measured, also if that was cut short by an error, and says which promises were broken.
func (c *campaign) end(err error) error {
	_ = os.RemoveAll(c.bench.Dir) // what is left is in the folder for temporary files
	if len(c.records) > 0 {
		fmt.Fprintln(c.out)
		if tableErr := figures.WriteTable(c.out, c.records); err == nil {
			err = tableErr
		}
	}
	if err == nil && len(c.broken) > 0 {
		err = fmt.Errorf("promises were broken:\n  %s", strings.Join(c.broken, "\n  "))
	}
	return err
}

// buildGateway builds gerbang from the repository.
func (c *campaign) buildGateway(ctx context.Context, repository string) (string, error) {
	fmt.Fprintln(c.out, "building gerbang")
	program := filepath.Join(c.bench.Dir, "gerbang")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/gerbang")
	build.Dir = repository
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building gerbang in %s: %w\n%s", repository, err, out)
	}
	return program, nil
}
