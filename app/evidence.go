package app

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/gerbang-iot/gerbang/evidence"
	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/web"
)

// evidenceDesk makes evidence packs beside the loop: one of a site at a time, and one of all at a time, so that whoever takes many leaves
// the machine to the gateway. A pack is a file of the data directory until it was sent.
type evidenceDesk struct {
	journal evidence.Source
	folder  string
	program string
	log     *slog.Logger
	turn    chan struct{}

	mu     sync.Mutex
	making map[string]bool
}

var _ web.Evidence = (*evidenceDesk)(nil)

// newEvidenceDesk makes packs of a journal; nil: it is one of which none can be made. What a stop left in the folder is removed.
func newEvidenceDesk(j any, folder, program string, log *slog.Logger) *evidenceDesk {
	src, ok := j.(evidence.Source)
	if !ok {
		return nil
	}
	if err := os.RemoveAll(folder); err != nil {
		log.Warn("unfinished evidence packs cannot be removed", "folder", folder, "err", err)
	}
	return &evidenceDesk{journal: src, folder: folder, program: program, log: log, turn: make(chan struct{}, 1), making: map[string]bool{}}
}

func (d *evidenceDesk) options(q web.EvidenceQuery) *evidence.Options {
	return &evidence.Options{Site: q.Site, From: q.From, Until: q.Until, Rules: q.Rules, Program: d.program, Standing: gateway.Standing}
}

// said puts why there is no pack into the words of the pages.
func said(err error) error {
	switch {
	case errors.Is(err, evidence.ErrNothing), errors.Is(err, evidence.ErrNoSite), errors.Is(err, evidence.ErrNoRule):
		return fmt.Errorf("%w: %w", web.ErrNothingKnown, err)
	case errors.Is(err, evidence.ErrTooMuch):
		return fmt.Errorf("%w: %w", web.ErrTooMuch, err)
	}
	return err
}

// Preview says what a pack would hold.
func (d *evidenceDesk) Preview(ctx context.Context, q web.EvidenceQuery) (web.EvidencePreview, error) {
	p, err := evidence.Look(ctx, d.journal, d.options(q))
	if err != nil {
		return web.EvidencePreview{}, said(err)
	}
	return web.EvidencePreview{Verdicts: p.Verdicts, Alerts: p.Alerts, Policies: p.Policies, Gaps: p.Gaps, Again: p.Again, AsOf: p.AsOf}, nil
}

// begin takes the turn of a site; false: a pack of it is being made.
func (d *evidenceDesk) begin(site string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.making[site] {
		return false
	}
	d.making[site] = true
	return true
}

func (d *evidenceDesk) end(site string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.making, site)
}

// Pack makes a pack.
func (d *evidenceDesk) Pack(ctx context.Context, q web.EvidenceQuery) (_ *web.EvidencePack, err error) {
	if !d.begin(q.Site) {
		return nil, web.ErrPacking
	}
	defer d.end(q.Site)
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := os.MkdirAll(d.folder, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of packs: %w", err)
	}
	f, err := os.CreateTemp(d.folder, "pack-*.zip") // for its owner only
	if err != nil {
		return nil, fmt.Errorf("making a pack: %w", err)
	}
	file := &packFile{f}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close())
		}
	}()
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(f, sum), 256<<10)
	if _, err = evidence.Export(ctx, d.journal, d.options(q), out); err != nil {
		return nil, said(err)
	}
	if err = out.Flush(); err != nil {
		return nil, fmt.Errorf("making a pack: %w", err)
	}
	n, err := f.Seek(0, io.SeekCurrent)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, fmt.Errorf("making a pack: %w", err)
	}
	d.log.Info("an evidence pack was made", "site", q.Site, "from", q.From, "until", q.Until, "bytes", n)
	return &web.EvidencePack{ReadSeekCloser: file, Bytes: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}

// packFile is a pack that is gone when it is closed.
type packFile struct{ *os.File }

// Close ends and removes it.
func (f *packFile) Close() error {
	err := errors.Join(f.File.Close(), os.Remove(f.Name()))
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// evidenceFolder is where packs lie until they are sent.
func evidenceFolder(data string) string { return filepath.Join(data, "packs") }
