package main

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// smallDisk is a file system of its own, where this program may mount one; elsewhere the length of files is limited, as a quota does.
func smallDisk(dir string) (scarce, string, error) {
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64m")
	switch {
	case err == nil:
		return tmpfs{dir}, "full file systems", nil
	case errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES):
		return &limit{}, "limits of file size (nothing can be mounted here)", nil
	}
	return nil, "", err
}

type tmpfs struct{ dir string }

func (d tmpfs) ballast() string { return filepath.Join(d.dir, "ballast") }

func (d tmpfs) fill(*life) error {
	f, err := os.OpenFile(d.ballast(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	for piece := make([]byte, 4096); err == nil; {
		_, err = f.Write(piece)
	}
	if errors.Is(err, syscall.ENOSPC) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

func (d tmpfs) free(*life) error {
	if err := os.Remove(d.ballast()); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (d tmpfs) close() { _ = syscall.Unmount(d.dir, syscall.MNT_DETACH) }

// limit has every write beyond a page fail.
type limit struct{}

func (*limit) fill(l *life) error { return setLimit(l, 4096) }

func (*limit) free(l *life) error {
	if l.ended() {
		return nil
	}
	return setLimit(l, unix.RLIM_INFINITY)
}

func (*limit) close() {}

func setLimit(l *life, bytes uint64) error {
	return unix.Prlimit(l.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}, nil)
}
