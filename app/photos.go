package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/web"
)

// photos keep photos of paper forms as files beside the journal: what is erased there is gone, which no journal could promise.
type photos struct{ dir string }

var _ web.Photos = photos{}

func (p photos) file(site, hash string) string { return filepath.Join(p.dir, site+"-"+hash+".jpg") }

// Spool is a file among the photos, not in a folder for temporary files: that may be in memory, and readable by others.
func (p photos) Spool() (web.Spooled, error) {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of photos: %w", err)
	}
	f, err := os.CreateTemp(p.dir, "new-*") // for its owner only; what a crash leaves goes with sweep
	if err != nil {
		return nil, err
	}
	return spooled{f}, nil
}

// spooled is a file that is gone when it is closed.
type spooled struct{ *os.File }

func (f spooled) Close() error { return errors.Join(f.File.Close(), os.Remove(f.Name())) }

// KeepPhoto keeps a photo; one that is there already stays.
func (p photos) KeepPhoto(site, hash string, photo []byte) error {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return fmt.Errorf("making the folder of photos: %w", err)
	}
	f, err := os.CreateTemp(p.dir, "new-*") // for its owner only
	if err != nil {
		return err
	}
	_, err = f.Write(photo)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), p.file(site, hash))
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("keeping a photo: %w", err)
	}
	d, err := os.Open(p.dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}

// Photo reads a photo.
func (p photos) Photo(site, hash string) ([]byte, error) {
	b, err := os.ReadFile(p.file(site, hash))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("photo %s of %q: %w", hash, site, web.ErrNotFound)
	}
	return b, err
}

// ErasePhoto takes a photo away.
func (p photos) ErasePhoto(site, hash string) error {
	if err := os.Remove(p.file(site, hash)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// newPhoto is how young a file is that may have its entry yet to come.
const newPhoto = time.Hour

// sweep takes away the files that no entry has which lives: a crash came between the entry and the file. Where the record cannot be read, nothing goes.
func (p photos) sweep(ctx context.Context, entries entriesDuring, now time.Time, log *slog.Logger) {
	files, err := os.ReadDir(p.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn("the photos of paper forms cannot be listed", "err", err)
	}
	living := map[string]map[string]bool{}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || !info.Mode().IsRegular() || now.Sub(info.ModTime()) < newPhoto {
			continue
		}
		if name, ok := strings.CutSuffix(f.Name(), ".jpg"); ok {
			at := strings.LastIndexByte(name, '-')
			if at < 0 {
				continue
			}
			site, hash := name[:at], name[at+1:]
			if _, known := living[site]; !known {
				all, err := entries.EntriesDuring(ctx, site, telemetry.EntryPaper, math.MinInt64, math.MaxInt64, math.MaxInt)
				if err != nil {
					log.Warn("the photos of paper forms cannot be compared with the record", "site", site, "err", err)
					return
				}
				living[site] = web.LivingPhotos(all)
			}
			if living[site][hash] {
				continue
			}
		} else if !strings.HasPrefix(f.Name(), "new-") { // of nobody here
			continue
		}
		err = os.Remove(filepath.Join(p.dir, f.Name()))
		log.Info("a photo of a paper form that no entry has was removed", "file", f.Name(), "err", err)
	}
}

type entriesDuring interface {
	EntriesDuring(ctx context.Context, site string, kind telemetry.EntryKind, from, until telemetry.Instant, limit int) ([]telemetry.Record, error)
}
