package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gerbang-iot/gerbang/revise"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// intent is a change of a file that somebody has asked for and whose entry is not made yet. It is on disk before the file is changed, so
// that, whatever ends the gateway in between, what is in force has somebody who answers for it.
type intent struct {
	Site, File    string
	Before, After string // versions of the file
	Entry         telemetry.Entry
	At            telemetry.Instant // when it was asked for
}

// intents are kept in a folder, one a file, each whole or not at all. They are those of one process: the journal's lock holds for them.
type intents struct{ dir string }

const intentEnding = ".json"

func (s intents) name(site, id string) string {
	return filepath.Join(s.dir, revise.Version([]byte(site+"\x00"+id))+intentEnding)
}

// keep makes an intent durable.
func (s intents) keep(it *intent) error {
	text, err := json.Marshal(it)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	name := s.name(it.Site, it.Entry.ID)
	f, err := os.OpenFile(name+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(name+".new", name)
	}
	if err == nil {
		err = errors.Join(syncDir(s.dir), syncDir(filepath.Dir(s.dir)))
	}
	return err
}

// drop forgets an intent. One that was forgotten is no error; one that comes back after a failure of power has its entry already, or its file
// shows that nothing was changed.
func (s intents) drop(it *intent) error {
	if err := os.Remove(s.name(it.Site, it.Entry.ID)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// all lists what is kept. One that cannot be read is in the error, and the others are listed all the same.
func (s intents) all() (list []intent, err error) {
	files, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), intentEnding) {
			continue
		}
		var it intent
		text, e := os.ReadFile(filepath.Join(s.dir, f.Name()))
		if e == nil {
			e = json.Unmarshal(text, &it)
		}
		if e != nil {
			err = errors.Join(err, fmt.Errorf("reading %s: %w", f.Name(), e))
			continue
		}
		list = append(list, it)
	}
	return list, err
}

func syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
