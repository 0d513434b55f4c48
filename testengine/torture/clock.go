package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// clockFile names the file that holds by how many seconds the clock of a shifted gateway is off.
const clockFile = "GERBANG_TORTURE_CLOCK"

// shifting is added to package time of the program under test: its wall clock, and nothing else, can be moved from outside. A
// program of Go asks the kernel itself, so that nothing can be put between.
const shifting = `
var shiftedBy int64

func init() {
	path, ok := syscall.Getenv("` + clockFile + `")
	if !ok {
		return
	}
	go func() {
		for {
			if f, err := open(path); err == nil {
				var b [32]byte
				n, _ := read(f, b[:])
				closefd(f)
				by, sign := int64(0), int64(1)
				for _, c := range b[:max(n, 0)] {
					switch {
					case c == '-':
						sign = -1
					case '0' <= c && c <= '9':
						by = 10*by + int64(c-'0')
					}
				}
				atomic.StoreInt64(&shiftedBy, sign*by)
			}
			Sleep(20 * Millisecond)
		}
	}()
}
`

// buildShifted builds the program with a wall clock that can be moved. Everything is compiled anew for it once: some minutes.
func (b *bench) buildShifted() error {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("finding the source of package time: %w", err)
	}
	source := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	text, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	changed := string(text)
	for _, step := range [][2]string{
		{"import (\n", "import (\n\t\"sync/atomic\"\n\t\"syscall\"\n"},
		{"func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n", "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n\tsec += atomic.LoadInt64(&shiftedBy)\n"},
	} {
		if strings.Count(changed, step[0]) != 1 {
			return fmt.Errorf("%s does not look as it did: %q is not in it once", source, step[0])
		}
		changed = strings.Replace(changed, step[0], step[1], 1)
	}
	file, overlay := filepath.Join(b.dir, "time.go"), filepath.Join(b.dir, "overlay.json")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {source: file}})
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{file: []byte(changed + shifting), overlay: replace} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			return err
		}
	}
	b.shifted = filepath.Join(b.dir, "gerbang-shifted")
	if text, err := exec.Command("go", "build", "-overlay", overlay, "-o", b.shifted, program).CombinedOutput(); err != nil {
		return fmt.Errorf("building gerbang with a clock that can be moved: %w\n%s", err, text)
	}
	return nil
}

// leaps are how far a clock jumps: one that was set to local time, a dead battery, a wrong century.
var leaps = []time.Duration{time.Hour, -time.Hour, 24 * time.Hour, -30 * 24 * time.Hour, 80 * 365 * 24 * time.Hour, -7 * time.Hour, 5 * time.Minute, -50 * 365 * 24 * time.Hour}

// jumps moves the clock away for some seconds, and back. It must be said, nothing may wait for it, and no record may have a time
// that never was.
func jumps(b *bench, rounds int) error {
	if err := b.buildShifted(); err != nil {
		return err
	}
	return b.eachLife(rounds, func() (*life, error) {
		l, err := b.fresh()
		if err == nil {
			l.program, l.env = b.shifted, []string{clockFile + "=" + filepath.Join(l.dir, "clock")}
		}
		return l, err
	}, func(l *life) error {
		leap := leaps[b.rounds%len(leaps)]
		if err := l.jumped(leap); err != nil {
			return fmt.Errorf("by %s: %w", leap, err)
		}
		return nil
	})
}

func (l *life) jumped(leap time.Duration) error {
	set := func(by time.Duration) error {
		path := filepath.Join(l.dir, "clock")
		if err := os.WriteFile(path+".new", []byte(strconv.FormatInt(int64(by.Seconds()), 10)), 0o600); err != nil {
			return err
		}
		return os.Rename(path+".new", path)
	}
	if err := l.serve(); err != nil {
		return err
	}
	l.publish()
	if err := l.load.more(200, 30*time.Second); err != nil {
		return err
	}
	if err := set(leap); err != nil {
		return err
	}
	if err := l.says(5*time.Second, saysJumped); err != nil {
		return err
	}
	if err := l.load.more(200, 30*time.Second); err != nil {
		return fmt.Errorf("while the clock is wrong: %w", err)
	}
	time.Sleep(time.Duration(1+l.random.IntN(5)) * time.Second)
	killed := l.random.IntN(3) == 0
	if err := set(0); err != nil {
		return err
	}
	if err := l.says(5*time.Second, saysRight); err != nil {
		return err
	}
	if killed {
		l.kill()
		if err := l.serve(); err != nil {
			return err
		}
	}
	if err := l.load.more(200, 30*time.Second); err != nil {
		return err
	}
	l.figure("jumps said", 1)
	return l.final()
}
