package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
)

// What the journal holds is for nobody else on the machine: its directory is for its owner alone, and so are its files.

// makePrivate creates the data directory, or takes others' access to it away. One that belongs to somebody else, or that is meant
// for everybody (/tmp), is left as it is, and said so: the files in it are private all the same.
func makePrivate(dir string, log *slog.Logger) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("creating the data directory: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("looking at the data directory: %w", err)
	}
	mode := info.Mode()
	switch {
	case !owned(info):
		log.Warn("the data directory belongs to another user, who can delete the journal", "dir", dir)
	case mode.Perm()&0o077 == 0:
	case mode&fs.ModeSticky != 0:
		log.Warn("the data directory is open to everybody; give the gateway one of its own", "dir", dir, "mode", mode)
	default:
		if err := os.Chmod(dir, mode.Perm()&0o700); err != nil {
			log.Warn("the data directory stays open to other users", "dir", dir, "mode", mode, "err", err)
			break
		}
		log.Info("the data directory is for its owner alone now", "dir", dir, "was", mode)
	}
	return nil
}

// keepPrivate creates the database's file, empty, if it is not there, and takes others' access to it away: SQLite gives its other
// files the same.
func keepPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		return f.Close()
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().Perm()&0o177 == 0 {
			continue
		}
		if err == nil {
			err = os.Chmod(name, 0o600)
		}
		if err != nil && !errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("making the journal private: %w", err)
		}
	}
	return nil
}
