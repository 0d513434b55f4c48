package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gerbang-iot/gerbang/web"
)

// photos keep photos of paper forms as files beside the journal: what is erased there is gone, which no journal could promise.
type photos struct{ dir string }

var _ web.Photos = photos{}

func (p photos) file(site, hash string) string { return filepath.Join(p.dir, site+"-"+hash+".jpg") }

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
