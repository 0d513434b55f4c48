package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// scarce is a disk that can be full.
type scarce interface {
	fill(l *life) error
	free(l *life) error
	close()
}

// fullDisks fills the disk under a running gateway, half of the time restarts it meanwhile, and gives the room back.
func fullDisks(b *bench, rounds int) error {
	mount := filepath.Join(b.dir, "disk")
	if err := os.MkdirAll(mount, 0o700); err != nil {
		return err
	}
	disk, kind, err := smallDisk(mount)
	if err != nil {
		return err
	}
	defer disk.close()
	var l *life
	return b.eachLife(rounds, func() (*life, error) {
		b.figure(kind, 1)
		var err error
		l, err = b.born(filepath.Join(mount, fmt.Sprintf("data-%d", b.rounds)), "")
		return l, err
	}, func(l *life) (err error) {
		defer func() {
			l.end()
			err = errors.Join(err, disk.free(l))
			if err == nil && !b.keep {
				err = os.RemoveAll(l.data) // its folder is on the small disk
			}
		}()
		return l.filled(disk)
	})
}

func (l *life) filled(disk scarce) error {
	if err := l.serve(); err != nil {
		return err
	}
	l.publish()
	if err := l.load.more(1+l.random.IntN(1500), 30*time.Second); err != nil {
		return err
	}
	if err := disk.fill(l); err != nil {
		return err
	}
	// A few messages may find room in what the log has.
	if err := l.until(30*time.Second, "acknowledgements end", func() bool { return time.Since(l.load.last()) > 1500*time.Millisecond }); err != nil {
		return err
	}
	if err := l.says(5*time.Second, saysRefuses, saysOnly); err != nil {
		return err
	}
	if err := l.alive(); err != nil {
		return err
	}
	if l.random.IntN(2) == 0 {
		l.kill()
		l.figure("started on a full disk", 1)
		if err := l.start(); err != nil {
			return err
		}
		if err := disk.fill(l); err != nil { // it may have given some back
			return err
		}
		if err := l.until(30*time.Second, "pages are there", func() bool { return l.status("/healthz") == http.StatusOK }); err != nil {
			return err
		}
		// It may have had room to open its journal, and finds out when it has something to keep.
		if err := l.says(5*time.Second, saysRefuses, saysOnly); err != nil {
			return err
		}
		if err := l.alive(); err != nil {
			return err
		}
	}
	held := time.Now()
	if err := disk.free(l); err != nil {
		return err
	}
	if err := l.load.more(100, 60*time.Second); err != nil {
		return fmt.Errorf("there is room again: %w", err)
	}
	if err := l.ready(); err != nil {
		return err
	}
	l.figure("ms until it went on", int(time.Since(held).Milliseconds()))
	return l.final()
}

// alive wants a gateway that cannot keep anything to show its pages and to say that it is not ready.
func (l *life) alive() error {
	if l.ended() {
		return fmt.Errorf("it ended by itself: %v", l.cmd.ProcessState)
	}
	if page, ready := l.status("/"), l.status("/readyz"); page != http.StatusOK || ready != http.StatusServiceUnavailable {
		return fmt.Errorf("the first page answers %d and /readyz %d: want 200 and 503", page, ready)
	}
	return nil
}
