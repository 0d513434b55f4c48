package script

import (
	"errors"
	"fmt"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/dop251/goja"
)

const (
	// tick is how often a call that lasts is looked at.
	tick = time.Millisecond
	// maxMatch is how long a regular expression is tried. The engine has no clock of a call, only this one for all, and what it gives
	// up looks to the script as if nothing had been found: a call that has tried one and lasted as long has no answer.
	maxMatch   = 50 * time.Millisecond
	matchClock = 5 * time.Millisecond // the step of its clock
	// lateClock is how late its clock may be: it is moved by a goroutine, which waits for its turn on a busy machine, and a try that begins
	// by a late clock is given up as much too early.
	lateClock = 50 * time.Millisecond
	// maxWall is how long a call may last, however little it computed.
	maxWall = time.Second
	// A call that does not even stop then is given up: after as long if it computes, and after as long if the machine has no
	// time for it.
	maxHung    = 2 * time.Second
	maxStarved = 10 * time.Second
)

// started is when the process was.
var started = time.Now()

// errEngine is a fault of the engine, not of the script.
var errEngine = fmt.Errorf("%w: in the engine", ErrDecoder)

func init() {
	// The engine's way of trying regular expressions that Go's own package does not know, or from the middle of a text, can take
	// forever. Nothing else in the program uses the package.
	regexp2.DefaultMatchTimeout = maxMatch + lateClock
	regexp2.SetTimeoutCheckPeriod(matchClock)
}

// run runs f on a realm within the limits, in a goroutine of its own, so that the caller comes back even when the engine does
// not; the program is then not run again. The realm is fit for another call unless the error is ErrLimit or errEngine.
func (p *Program) run(r *realm, limit Limits, extra Extra, f func(*realm) error) error {
	r.begin(limit, extra)
	end := make(chan error, 2) // of the script, and of the clock if it gives up waiting for that
	c := &clock{realm: r, limit: limit, begun: time.Now(), end: end}
	c.start()
	go func() { end <- r.protect(f) }()
	err := <-end
	c.stop()
	if errors.Is(err, errHung) {
		p.hung.Store(true)
	}
	return err
}

// protect runs f. If a limit was exceeded that is the error, whatever else came of it.
func (r *realm) protect(f func(*realm) error) (err error) {
	defer func() {
		if x := recover(); x != nil {
			if err = r.exceeded(x); err == nil {
				err = fmt.Errorf("%w: %T", errEngine, x)
			}
		}
		if reason := r.asked.Load(); r.over != nil {
			err = r.over
		} else if reason != nil {
			err = *reason // also if it was quicker: a regular expression may have been given up
		} else if r.matched && time.Since(r.begun) >= maxMatch {
			err = errMatch
		}
	}()
	return f(r)
}

// exceeded is the limit behind what the engine throws past all of a script's handlers, nil if the script threw it.
func (r *realm) exceeded(x any) error {
	err, ok := x.(error)
	if !ok {
		return nil
	}
	var interrupted *goja.InterruptedError
	var overflow *goja.StackOverflowError
	switch {
	case errors.As(err, &overflow):
		return fmt.Errorf("%w: more than %d calls inside calls", ErrLimit, r.limit.Depth)
	case errors.As(err, &interrupted):
		if reason := interrupted.Unwrap(); reason != nil {
			return reason
		}
		return errTime
	}
	return nil
}

var (
	errTime   = fmt.Errorf("%w: time", ErrLimit)
	errMemory = fmt.Errorf("%w: memory", ErrLimit)
	errMatch  = fmt.Errorf("%w: time, and a regular expression may have been given up", ErrLimit)
	errHung   = fmt.Errorf("%w: time, and a built-in function did not come to its end", ErrLimit)
)

// clock watches a call. Most calls are over before it looks for the first time.
type clock struct {
	realm *realm
	limit Limits
	begun time.Time
	end   chan<- error

	mu    sync.Mutex // of what follows
	timer *time.Timer
	over  bool
	heap  uint64        // in use when first looked at
	cpu   time.Duration // what the process had computed then
}

func (c *clock) start() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer = time.AfterFunc(min(tick, c.limit.Time), c.look)
}

// look asks the script to stop when it has used up what it may. Other work counts as well: on the wall's clock that of other
// processes, so the time limit is one of computing too; in this process that of other goroutines.
func (c *clock) look() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return
	}
	heap, cpu := heapInUse(), cpuTime()
	if c.heap == 0 {
		c.heap, c.cpu = heap, cpu
	}
	elapsed, computed := time.Since(c.begun), cpu-c.cpu
	switch {
	case elapsed >= maxHung && computed >= maxHung/2 || elapsed >= maxStarved:
		c.over = true
		c.end <- errHung
		return
	case c.realm.asked.Load() != nil:
	case elapsed >= maxWall || elapsed >= c.limit.Time && computed >= c.limit.Time-tick:
		c.ask(&errTime)
	case heap > c.heap && heap-c.heap > uint64(c.limit.Memory):
		c.ask(&errMemory)
	}
	c.timer.Reset(tick)
}

func (c *clock) ask(reason *error) {
	c.realm.asked.Store(reason)
	c.realm.rt.Interrupt(*reason)
}

// stop ends the watch: nothing happens to the realm after it.
func (c *clock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	c.timer.Stop()
}

// heapInUse is the size of all objects on the heap, in bytes, with those that are not used any more and not yet swept.
func heapInUse() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
