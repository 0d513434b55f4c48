// Package script runs a maker's own JavaScript payload decoder in a sandbox. A decoder is one file that defines decodeUplink
// (The Things Stack, ChirpStack v4), Decode (ChirpStack v3) or Decoder (The Things Network v2); its answer becomes the one
// JSON object that a device model maps.
//
// A decoder computes and does nothing else: no files, no network, no modules but "buffer", no timers, no promises, no code
// from text, no BigInt. console is mute. Date is in UTC and knows one time, that of the message; Math.random gives the same
// numbers for each message. So the answer depends on the message and on nothing else.
//
// # What one message can leave for the next
//
// Nothing. The script's top level is run again for each message, so all its variables are new; what it assigns without
// declaring it lives as long as the message, too; and the built-ins of JavaScript are frozen but for Object.assign, which is
// put back. A decoder that changes other built-ins while it is loaded gets a runtime of its own for each message, which costs
// some milliseconds; one that tries it later finds that they do not change.
//
// # What a decoder can use up
//
// Call depth, source and answer are bounded exactly. Time is measured twice, on the wall and as what the process has computed,
// and has to be used up in both: on a machine that is busy with something else a decoder gets its share. Memory is the growth
// of the process's heap, looked at every millisecond: a decoder is stopped tens of megabytes late, and not within its first
// millisecond. Other work of the process counts as well, so a call that exceeds time or memory is made once more before that
// is believed.
//
// The engine stops a script only between two instructions. So built-ins that can work long or make much refuse texts and
// arrays of more than 65,536 elements, and to make more than 1 Mi; a regular expression that Go's own package does not know
// is given up after 50 ms, and the call with it. If a built-in works on all the same, Decode returns without it after some seconds, and the decoder
// is not run again.
package script

import (
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/dop251/goja"

	"github.com/gerbang-iot/gerbang/ingest/decode/codec"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// Reasons that a caller tells apart, with errors.Is.
var (
	// ErrNoEntry is why a source is refused that defines none of the known functions.
	ErrNoEntry = errors.New("no decoding function")
	// ErrLimit is that a script used more than it may: the reading is lost, and the next may be as well.
	ErrLimit = errors.New("limit exceeded")
	// ErrDecoder is the decoder's own word, or an answer that cannot be read: the uplink is not what the decoder expects.
	ErrDecoder = errors.New("the decoder failed")
)

// Limits bound one run of a script. Zero is the default.
type Limits struct {
	Time   time.Duration // default 50 ms, at most 500 ms
	Memory int64         // bytes that the heap may grow, default 16 MiB
	Depth  int           // calls inside calls, default 256
	Source int           // bytes of the file, default 512 KiB, at most 1 MiB
	Output int           // bytes of the answer as JSON, default 64 KiB
}

// maxTime bounds Limits.Time, well below maxWall.
const maxTime = 500 * time.Millisecond

func (l Limits) withDefaults() Limits {
	set(&l.Time, 50*time.Millisecond)
	set(&l.Memory, 16<<20)
	set(&l.Depth, 256)
	set(&l.Source, 512<<10)
	set(&l.Output, 64<<10)
	return l
}

func set[T time.Duration | int64 | int](v *T, def T) {
	if *v == 0 {
		*v = def
	}
}

func (l Limits) validate() error {
	switch {
	case l.Time < 0 || l.Time > maxTime:
		return fmt.Errorf("time limit %s, want 1 ns to %s", l.Time, maxTime)
	case l.Memory < 0:
		return fmt.Errorf("memory limit %d bytes, want more than 0", l.Memory)
	case l.Depth < 0 || l.Depth > 10_000:
		return fmt.Errorf("call depth limit %d, want 1 to 10000", l.Depth)
	case l.Source < 0 || l.Source > 1<<20:
		return fmt.Errorf("source limit %d bytes, want 1 to 1 MiB", l.Source)
	case l.Output < 0 || l.Output > 1<<20:
		return fmt.Errorf("output limit %d bytes, want 1 to 1 MiB", l.Output)
	}
	return nil
}

// Extra is what a decoder is told beside the uplink.
type Extra struct {
	// Received is when the network received the uplink: the script's recvTime, and the time of its clock.
	Received time.Time
	// Variables are the device's own settings, which ChirpStack passes to decoders.
	Variables map[string]string
}

// Program is a decoder that is ready. It is safe for concurrent use.
type Program struct {
	name    string
	source  *source
	script  *goja.Program
	entry   int // in entries
	keeping keeping
	limit   Limits
	// trusted says that the last call kept the limits; one that does not is then made once more.
	trusted atomic.Bool
	// hung says that a built-in did not come to an end.
	hung atomic.Bool
}

// entry is a known way to call a decoder.
type entry struct {
	name string
	// wrapped says that the answer has its values in data, beside errors and warnings.
	wrapped bool
	args    func(r *realm, up codec.Uplink, extra Extra) []goja.Value
}

// entries are tried in this order.
var entries = []entry{
	{"decodeUplink", true, func(r *realm, up codec.Uplink, extra Extra) []goja.Value { return []goja.Value{r.input(up, extra)} }},
	{"Decode", false, func(r *realm, up codec.Uplink, extra Extra) []goja.Value {
		return []goja.Value{r.rt.ToValue(int64(up.Port)), r.payload(up.Bytes), r.variables(extra.Variables)}
	}},
	{"Decoder", false, func(r *realm, up codec.Uplink, _ Extra) []goja.Value {
		return []goja.Value{r.payload(up.Bytes), r.rt.ToValue(int64(up.Port))}
	}},
}

// Compile reads a decoder and runs its top level once, within the limits. The name stands in messages; a message about the
// source says at which line and column, and what was expected.
func Compile(name, text string, limits Limits) (*Program, error) {
	if err := limits.validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	limits = limits.withDefaults()
	s, compiled, err := compile(name, text, limits.Source)
	if err != nil {
		return nil, err
	}
	p := &Program{name: name, source: s, script: compiled, keeping: frozen, limit: limits}
	p.trusted.Store(true)
	if err := p.prepare(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// compile reads and compiles a source. What the engine panics at is a source that it does not take.
func compile(name, text string, limit int) (s *source, compiled *goja.Program, err error) {
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("%s: the engine cannot read it, %s", name, wantScript)
		}
	}()
	if s, err = read(name, text, limit); err != nil {
		return nil, nil, err
	}
	compiled, err = s.compile()
	return s, compiled, err
}

// prepare runs the top level, finds the function to call, and whether the script can do with frozen built-ins.
func (p *Program) prepare() error {
	find := func(r *realm) error {
		found, err := p.load(r)
		if err != nil {
			return err
		}
		for p.entry = range entries {
			if found(p.entry) != nil {
				return nil
			}
		}
		return fmt.Errorf("%w, want decodeUplink(input), Decode(fPort, bytes, variables) or Decoder(bytes, port)", ErrNoEntry)
	}
	r, err := p.attempt(3, compared, Extra{}, find)
	if err != nil {
		return err
	}
	changed := true
	check := func(r *realm) error {
		answer, err := r.changed(goja.Undefined())
		if err != nil {
			return p.thrown(r, err)
		}
		changed = answer.ToBoolean()
		return nil
	}
	for range 3 {
		if err = p.run(r, Limits{Time: maxTime}.withDefaults(), Extra{}, check); !errors.Is(err, ErrLimit) {
			break
		}
	}
	if changed || err != nil {
		p.keeping = loose
		return nil
	}
	r.release()
	if r, err = p.attempt(3, frozen, Extra{}, find); err != nil {
		p.keeping = loose // it does in earnest what is forbidden there
		return nil
	}
	r.release()
	return nil
}

// attempt runs f, up to so many times while it exceeds a limit: the clocks are those of the whole machine and process, and
// may tell of other work than the script's. It gives the realm of the last time.
func (p *Program) attempt(times int, k keeping, extra Extra, f func(*realm) error) (r *realm, err error) {
	for range times {
		r = acquire(k)
		if err = p.run(r, p.limit, extra, f); !errors.Is(err, ErrLimit) {
			break
		}
	}
	return r, err
}

// Entry is the name of the function that is called.
func (p *Program) Entry() string { return entries[p.entry].name }

// Decode runs the decoder on an uplink and writes its answer to out, which is emptied first. An answer without data leaves
// out empty: it is not a reading. Warnings of the decoder are dropped. The error is ErrLimit or ErrDecoder with what is known;
// it quotes at most 120 characters of the decoder's own words, and no payload but what those repeat.
func (p *Program) Decode(up codec.Uplink, extra Extra, out *object.Writer) error {
	out.Reset()
	if p.hung.Load() {
		return fmt.Errorf("%s: %w: a built-in function did not come to its end in an earlier call", p.name, ErrLimit)
	}
	times := 1
	if p.trusted.Load() {
		times = 2
	}
	r, err := p.attempt(times, p.keeping, extra, func(r *realm) error {
		found, err := p.load(r)
		if err != nil {
			return err
		}
		f := found(p.entry)
		if f == nil {
			return fmt.Errorf("%w: %s is not defined for each message", ErrDecoder, p.Entry())
		}
		answer, err := f(goja.Undefined(), entries[p.entry].args(r, up, extra)...)
		if err != nil {
			return p.thrown(r, err)
		}
		return r.answer(answer, entries[p.entry].wrapped)
	})
	p.trusted.Store(!errors.Is(err, ErrLimit))
	if err == nil {
		*out, r.out = r.out, *out // the script never had the caller's
	}
	if !errors.Is(err, ErrLimit) && !errors.Is(err, errEngine) {
		r.release()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}

// load runs the top level of the script. It gives what finds the function of an entry, nil if the script does not define it.
func (p *Program) load(r *realm) (func(entry int) goja.Callable, error) {
	outer, err := r.rt.RunProgram(p.script)
	if err != nil {
		return nil, p.thrown(r, err)
	}
	f, ok := goja.AssertFunction(outer)
	if !ok {
		return nil, fmt.Errorf("%w: the script is no function", errEngine)
	}
	module, exports := r.rt.NewObject(), r.rt.NewObject()
	r.put(module, "exports", exports)
	defined, err := f(goja.Undefined(), r.bounded, r.rt.GlobalObject(), module, exports)
	if err != nil {
		return nil, p.thrown(r, err)
	}
	return func(entry int) (f goja.Callable) {
		// A getter that throws here is none of a decoder's.
		_ = r.catch(func() error {
			if f, ok = goja.AssertFunction(defined.(*goja.Object).Get(strconv.Itoa(entry))); ok {
				return nil
			}
			if exported, ok := module.Get("exports").(*goja.Object); ok {
				f, _ = goja.AssertFunction(exported.Get(entries[entry].name))
			}
			return nil
		})
		return f
	}, nil
}
