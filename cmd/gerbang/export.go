package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/evidence"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// exportFlags are the flags of export.
type exportFlags struct {
	folder         dataFolder
	site, from, to string
	rules          []string
	out            string
	asJSON         bool
	overwrite      bool
}

func exportCommand(std streams) *cobra.Command {
	var f exportFlags
	c := &cobra.Command{
		Use:   "export --site SITE --from DAY --to DAY -o FILE",
		Short: "Pack what is known of a site's period into one file that anybody can verify",
		Long: `Export writes an evidence pack: the readings of the period with their provenance, every change of verdict, alerts with their response
clock, what people did, the policies in force, and the figures that follow from it, as lines of JSON and as tables. gerbang verify checks
it without a network or a configuration, and judges the verdicts again. It reads the journal only, also while the gateway runs.

  gerbang export --site gedung-a --from 2026-03-01 --to 2026-03-31 -o pack.zip

A day is one of the site's calendar; the day of --to is included. Equal journals give equal files, byte for byte. Progress is on standard error.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), std) },
	}
	f.folder.flags(c)
	fl := c.Flags()
	fl.StringVar(&f.site, "site", "", "the site")
	fl.StringVar(&f.from, "from", "", "first day of the period in the site's calendar (2026-03-01), or a time with its zone")
	fl.StringVar(&f.to, "to", "", "last day of the period, included, or a time with its zone, not included")
	fl.StringSliceVar(&f.rules, "rule", nil, "only this rule; may be given again")
	fl.StringVarP(&f.out, "output", "o", "", "the file to write")
	fl.BoolVar(&f.asJSON, "json", false, "print the manifest as JSON")
	fl.BoolVar(&f.overwrite, "overwrite", false, "also where there is such a file")
	return c
}

// exported is what export prints as JSON.
type exported struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
	// Site, From, Until and Basis are those of the manifest, Files how many the pack has.
	Site  string    `json:"site"`
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	AsOf  time.Time `json:"as_of"`
	Basis string    `json:"basis"`
	Files int       `json:"files"`
}

func (f *exportFlags) run(ctx context.Context, std streams) error {
	for name, value := range map[string]string{"site": f.site, "from": f.from, "to": f.to, "output": f.out} {
		if value == "" {
			return hinted{&exitError{code: 2, err: fmt.Errorf("--%s is missing", name)}, "gerbang export --site SITE --from 2026-03-01 --to 2026-03-31 -o pack.zip"}
		}
	}
	j, err := f.folder.reader(ctx, std)
	if err != nil {
		return err
	}
	defer func() { _ = j.Close() }()
	o, err := f.options(ctx, j)
	if err != nil {
		return err
	}
	bar := newProgress(std.err, "records", 0)
	o.Progress = func(done, total uint64) {
		bar.total = int(total)
		bar.set(int(min(done, total)))
	}
	out, err := newExportFile(f.out, f.overwrite)
	if err != nil {
		return err
	}
	defer out.drop()
	m, err := evidence.Export(ctx, j, o, out)
	bar.done()
	if err != nil {
		if errors.Is(err, evidence.ErrTooMuch) {
			return hinted{err, "ask for a shorter period"}
		}
		return err
	}
	if err := out.keep(); err != nil {
		return err
	}
	x := exported{f.out, hex.EncodeToString(out.sum.Sum(nil)), out.bytes, m.Site, m.From.Time(), m.Until.Time(), m.AsOf.Time(), string(m.State.Basis), len(m.Files) + 2}
	if f.asJSON {
		return json.NewEncoder(std.out).Encode(&x)
	}
	p := printer{w: std.out}
	p.line("%s: %.1f MiB, %d files, site %s from %v to %v", x.File, float64(x.Bytes)/(1<<20), x.Files, x.Site, m.From, m.Until)
	p.line("sha256 %s", x.SHA256)
	if m.State.Basis == evidence.BasisNone {
		p.line("its verdicts cannot be judged again (%s): verifiable, not recomputable", m.State.Why)
	}
	p.line("check it: gerbang verify %s", x.File)
	return p.err
}

// options reads the period, whose days are the site's.
func (f *exportFlags) options(ctx context.Context, j journal.Recovery) (*evidence.Options, error) {
	o := &evidence.Options{Site: f.site, Rules: f.rules, Program: readBuild().Version, Standing: gateway.Standing}
	loc, err := evidence.Zone(ctx, j, f.site)
	if errors.Is(err, evidence.ErrNoSite) {
		var ids []string
		if st, err := j.State(ctx); err == nil {
			for id := range st.Snapshots {
				ids = append(ids, id)
			}
		}
		return nil, hinted{&exitError{code: 2, err: err}, "--site: " + strict.Suggestion(f.site, ids)}
	}
	if err != nil {
		return nil, err
	}
	if o.From, err = exportEdge("from", f.from, loc, 0); err != nil {
		return nil, err
	}
	if o.Until, err = exportEdge("to", f.to, loc, 1); err != nil {
		return nil, err
	}
	if o.Until <= o.From {
		return nil, &exitError{code: 2, err: fmt.Errorf("--from %s, --to %s: want a period", f.from, f.to)}
	}
	return o, nil
}

// exportEdge reads a day, to which days are added, or a time.
func exportEdge(flag, text string, loc facility.Location, days int) (telemetry.Instant, error) {
	if day, err := facility.ParseDate(text); err == nil {
		return telemetry.InstantOf(day.AddDays(days).In(loc.Location)), nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return telemetry.InstantOf(at), nil
	}
	return 0, &exitError{code: 2, err: fmt.Errorf("--%s %q: want a day as 2026-03-01, or a time with its zone as 2026-03-01T08:00:00+07:00", flag, text)}
}

// exportFile is a file that stands under its name only when it is whole.
type exportFile struct {
	name  string
	temp  *os.File
	out   *bufio.Writer
	sum   hash.Hash
	bytes int64
}

func newExportFile(name string, overwrite bool) (*exportFile, error) {
	if _, err := os.Stat(name); err == nil && !overwrite {
		return nil, hinted{fmt.Errorf("%s is there already", name), "--overwrite writes over it"}
	}
	temp, err := os.CreateTemp(filepath.Dir(name), ".export-*.zip")
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", name, err)
	}
	return &exportFile{name: name, temp: temp, out: bufio.NewWriterSize(temp, 256<<10), sum: sha256.New()}, nil
}

// Write writes on.
func (f *exportFile) Write(b []byte) (int, error) {
	n, err := f.out.Write(b)
	_, _ = f.sum.Write(b[:n]) // cannot fail
	f.bytes += int64(n)
	return n, err
}

// keep gives the file its name.
func (f *exportFile) keep() error {
	err := errors.Join(f.out.Flush(), f.temp.Sync(), f.temp.Close())
	if err == nil {
		err = os.Rename(f.temp.Name(), f.name)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", f.name, err)
	}
	return nil
}

// drop removes what did not become whole.
func (f *exportFile) drop() {
	_ = f.temp.Close()
	_ = os.Remove(f.temp.Name())
}

var _ io.Writer = (*exportFile)(nil)
