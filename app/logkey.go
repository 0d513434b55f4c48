package app

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gerbang-iot/gerbang/audit"
	"github.com/gerbang-iot/gerbang/keyfile"
)

// LogKeyFile is the name of the key that signs the checkpoints of the transparency logs, in the data folder. LogKeyNextFile is the one that is to follow
// it: the next start announces it in every log, signed by the one before, and signs with it from then on.
const (
	LogKeyFile     = "log.key"
	LogKeyNextFile = "log.key.next"
)

// ReadLogKey reads a key in a data folder; fs.ErrNotExist: there is none.
func ReadLogKey(dir, name string) (audit.Key, error) {
	path := filepath.Join(dir, name)
	text, err := keyfile.Read(path)
	if err != nil {
		return audit.Key{}, fmt.Errorf("reading the key of the logs: %w", err)
	}
	k, err := audit.ParseKey(text)
	if err != nil {
		return audit.Key{}, fmt.Errorf("reading the key of the logs: %s: %w; put the file back from a backup, or move it away: the next start makes another key, which whoever verifies the logs must be told", path, err)
	}
	return k, nil
}

// MakeLogKey makes a key in a data folder that only its owner can read. It is durable when the error is nil, and never takes the place of another one.
func MakeLogKey(dir, name string) (_ audit.Key, err error) {
	k, err := audit.GenerateKey(rand.Reader)
	if err != nil {
		return k, fmt.Errorf("making the key of the logs: %w", err)
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err == nil {
		return audit.Key{}, fmt.Errorf("making the key of the logs: %s: %w", path, fs.ErrExist)
	}
	part := path + ".part"
	f, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return audit.Key{}, fmt.Errorf("making the key of the logs: %w", err)
	}
	_, err = f.Write(k.Private())
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(part, path)
	}
	if err == nil {
		err = syncFolder(dir)
	}
	if err != nil {
		return audit.Key{}, fmt.Errorf("making the key of the logs: %w", err)
	}
	return k, nil
}

// openLogKey is the key that signs, made at the first start.
func openLogKey(dir string) (k audit.Key, made bool, err error) {
	k, err = ReadLogKey(dir, LogKeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		k, err = MakeLogKey(dir, LogKeyFile)
		return k, err == nil, err
	}
	return k, false, err
}

// followLogKey puts the key that is to follow in the place of the one that has announced it, which is kept under another name.
func followLogKey(dir string, now time.Time) error {
	path := filepath.Join(dir, LogKeyFile)
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path+".old-"+now.UTC().Format("20060102T150405Z"), text, 0o600)
	}
	if err == nil {
		err = os.Rename(filepath.Join(dir, LogKeyNextFile), path)
	}
	if err == nil {
		err = syncFolder(dir)
	}
	if err != nil {
		return fmt.Errorf("putting the new key of the logs in place: %w", err)
	}
	return nil
}

// syncFolder makes the names in a folder durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
