package configs

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/gerbang-iot/gerbang/revise"
)

// examples are the shipped files: what LoadDefault runs, and the models and protocols that are always there.
//
//go:embed gerbang.yaml alertmanager.yml sites protocols models templates calendars
var examples embed.FS

// Examples are the shipped configuration files, for writing them to disk.
func Examples() fs.FS { return examples }

// folder is where configuration files are read from: the disk, or what is embedded.
type folder struct {
	embedded bool
	base     string            // on disk: the folder of the configuration file
	changed  map[string][]byte // texts that stand for those on disk, by resolved path
	texts    *texts            // notes what is read from disk; nil: nobody asks
}

// resolve makes a path of the configuration file usable.
func (f folder) resolve(name string) string {
	if f.embedded {
		return path.Clean(name)
	}
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(f.base, name)
}

// read reads a resolved file, but no more of it than a configuration may have.
func (f folder) read(name string) ([]byte, error) {
	if f.embedded {
		return examples.ReadFile(name)
	}
	if text, is := f.changed[name]; is {
		f.texts.note(name, text)
		return text, nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, plain(err)
	}
	const most = 16 << 20 // a device file or a log by mistake must not fill the memory
	if info.Size() > most || !info.Mode().IsRegular() && info.Mode()&fs.ModeNamedPipe == 0 {
		return nil, fmt.Errorf("not a file of at most %d bytes", most)
	}
	b, err := os.ReadFile(name)
	if err == nil {
		f.texts.note(name, b)
	}
	return b, plain(err)
}

// texts are the versions of the files that were read, by their names. It is safe for concurrent use; a nil one notes nothing.
type texts struct {
	mu sync.Mutex
	of map[string]string
}

func (t *texts) note(name string, text []byte) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.of[filepath.ToSlash(name)] = revise.Version(text)
}

// expand lists the files that a folder, a pattern or a file name of the configuration means, sorted.
func (f folder) expand(pattern string, endings ...string) ([]string, error) {
	if len(endings) == 0 {
		endings = []string{"*.yaml", "*.yml"}
	}
	resolved := f.resolve(pattern)
	if info, err := f.stat(resolved); err == nil && info.IsDir() {
		var files []string
		for _, ending := range endings {
			matches, err := f.glob(path.Join(filepath.ToSlash(resolved), ending))
			if err != nil {
				return nil, err
			}
			files = append(files, matches...)
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("folder %s has no *.yaml file", resolved)
		}
		slices.Sort(files)
		return files, nil
	}
	if !strings.ContainsAny(pattern, "*?[") {
		if _, err := f.stat(resolved); err != nil {
			return nil, fmt.Errorf("file %s cannot be read (%w)", resolved, plain(err))
		}
		return []string{resolved}, nil
	}
	files, err := f.glob(resolved)
	if err != nil {
		return nil, fmt.Errorf("pattern %s: %w", pattern, err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("pattern %s matches no file", resolved)
	}
	slices.Sort(files)
	return files, nil
}

func (f folder) stat(name string) (fs.FileInfo, error) {
	if f.embedded {
		return fs.Stat(examples, name)
	}
	return os.Stat(name)
}

func (f folder) glob(pattern string) ([]string, error) {
	if f.embedded {
		return fs.Glob(examples, pattern)
	}
	return filepath.Glob(pattern)
}

// plain drops the operation and path of a file error: the problem names the file already.
func plain(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err
	}
	return err
}
