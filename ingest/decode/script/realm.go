package script

import (
	_ "embed" // the JavaScript that prepares a runtime
	"encoding/base64"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"

	"github.com/gerbang-iot/gerbang/ingest/decode/codec"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

var (
	//go:embed bounds.js
	boundsSource string
	//go:embed around.js
	aroundSource string
	//go:embed keep.js
	keepSource string

	boundsProgram = mustCompile("bounds.js", boundsSource)
	aroundProgram = mustCompile("around.js", aroundSource)
	keepProgram   = mustCompile("keep.js", keepSource)
)

// keeping is how the built-ins of a realm are kept; keep.js knows the words.
type keeping string

const (
	frozen   keeping = "frozen"   // they cannot change: the realm serves one message after the other
	loose    keeping = "loose"    // they can: the realm serves one message
	compared keeping = "compared" // they can, and it shows: for the check of a new decoder
)

// realm is a runtime of the engine with all that a decoder finds around it. One call at a time uses it.
type realm struct {
	rt      *goja.Runtime
	keeping keeping
	// object is Object, and assign its method of that name, which a decoder may replace for the time of a call.
	object *goja.Object
	assign goja.Value
	date   goja.Constructor
	// property is Object.getOwnPropertyDescriptor, and typedLength the accessor of the length of all typed arrays.
	property    func(goja.FunctionCall) goja.Value
	typedLength goja.Value
	// bounded is what texts and arrays are handed to that no built-in sees (source.go).
	bounded goja.Value
	// changed tells whether a built-in is other than at first; only of a compared realm.
	changed goja.Callable

	// asked is set by the clock of a call, with the limit that is exceeded: built-ins that are entered then go no further.
	asked atomic.Pointer[error]

	// What follows is of the current call, and of the goroutine that runs it.
	limit Limits
	now   time.Time
	seed  uint64 // of Math.random
	over  error  // the limit that a built-in found exceeded
	steps int    // elements that built-ins took from iterators
	// inside counts the built-ins that are at work inside one another.
	inside int
	// matched says that a regular expression was tried; begun is when the call began.
	matched bool
	begun   time.Time
	items   []any // of the payload
	out     object.Writer
}

// Realms that are ready, for all programs: frozen ones for messages, and compared ones while a configuration is loaded.
var (
	frozenPool   = make(chan *realm, runtime.GOMAXPROCS(0))
	comparedPool sync.Pool
)

func acquire(k keeping) *realm {
	switch k {
	case frozen:
		select {
		case r := <-frozenPool:
			return r
		default:
		}
	case compared:
		if r, ok := comparedPool.Get().(*realm); ok {
			return r
		}
	}
	return newRealm(k)
}

// release gives back a realm whose call has ended in good order and left the built-ins as they were, but for Object.assign.
func (r *realm) release() {
	if r.object.DefineDataProperty("assign", r.assign, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE) != nil {
		return // a decoder has nailed down its own
	}
	switch r.keeping {
	case frozen:
		select {
		case frozenPool <- r:
		default:
		}
	case compared:
		comparedPool.Put(r)
	}
}

// newRealm takes some milliseconds, less for a loose one, and about a megabyte.
func newRealm(k keeping) *realm {
	r := &realm{rt: goja.New(), keeping: k, limit: Limits{}.withDefaults()}
	r.rt.SetParserOptions(parser.WithDisableSourceMaps)
	r.rt.SetTimeSource(func() time.Time { return r.now })
	r.rt.SetRandSource(r.random)
	r.date, _ = goja.AssertConstructor(r.rt.Get("Date"))
	r.bounded = r.rt.ToValue(func(c goja.FunctionCall) goja.Value {
		r.bound(c.Argument(0))
		return c.Argument(0)
	})
	r.property = r.rt.Get("Object").(*goja.Object).Get("getOwnPropertyDescriptor").Export().(func(goja.FunctionCall) goja.Value)
	host := r.host()
	r.prepare(boundsProgram, host)
	typed := r.rt.Get("Uint8Array").(*goja.Object).Prototype().Get("prototype")
	r.typedLength = r.property(goja.FunctionCall{Arguments: []goja.Value{typed, r.rt.ToValue("length")}}).(*goja.Object).Get("get")
	r.prepare(aroundProgram, host)
	r.changed, _ = goja.AssertFunction(r.prepare(keepProgram, r.rt.ToValue(string(k))))
	r.object = r.rt.Get("Object").(*goja.Object)
	r.assign = r.object.Get("assign")
	return r
}

// prepare calls the function that is the value of one of our own programs.
func (r *realm) prepare(p *goja.Program, arg goja.Value) goja.Value {
	f, err := r.rt.RunProgram(p)
	if err == nil {
		call, _ := goja.AssertFunction(f)
		if f, err = call(goja.Undefined(), arg); err == nil {
			return f
		}
	}
	panic("preparing a runtime: " + err.Error())
}

// begin makes a realm ready for a call.
func (r *realm) begin(limit Limits, extra Extra) {
	r.asked.Store(nil)
	r.limit, r.now, r.seed, r.over, r.steps, r.inside = limit, extra.Received, 0, nil, 0, 0
	r.matched, r.begun = false, time.Now()
	r.rt.SetMaxCallStackSize(limit.Depth)
	r.out.Reset()
}

// random is Math.random (splitmix64): the same numbers for each message.
func (r *realm) random() float64 {
	r.seed += 0x9e3779b97f4a7c15
	z := r.seed
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return float64((z^z>>31)>>11) / (1 << 53)
}

// host is what bounds.js and around.js are given.
func (r *realm) host() goja.Value {
	host := r.rt.NewObject()
	text := func(f func(string) string) func(goja.FunctionCall) goja.Value {
		return func(c goja.FunctionCall) goja.Value { return r.rt.ToValue(f(c.Argument(0).String())) }
	}
	for name, f := range map[string]func(goja.FunctionCall) goja.Value{
		"guard": r.guard,
		"size": func(c goja.FunctionCall) goja.Value {
			if c.Argument(0).ToFloat() > maxSize {
				r.exceed("a value of more than 64 KiB")
			}
			return goja.Undefined()
		},
		"btoa": text(func(s string) string { return base64.StdEncoding.EncodeToString(r.bytesOf(s)) }),
		"utf8": text(func(s string) string { return string([]rune(string(r.bytesOf(s)))) }),
		"atob": text(func(s string) string {
			raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
			if err != nil {
				panic(r.rt.NewTypeError("atob: not base64"))
			}
			runes := make([]rune, len(raw))
			for i, b := range raw {
				runes[i] = rune(b)
			}
			return string(runes)
		}),
	} {
		r.put(host, name, f)
	}
	return host
}

// bytesOf is a text whose characters are bytes.
func (r *realm) bytesOf(text string) []byte {
	raw := make([]byte, 0, len(text))
	for _, c := range text {
		if c > 0xff {
			panic(r.rt.NewTypeError("btoa: a character of more than one byte"))
		}
		raw = append(raw, byte(c))
	}
	return raw
}

// input is what decodeUplink is given.
func (r *realm) input(up codec.Uplink, extra Extra) goja.Value {
	at, err := r.date(nil, r.rt.ToValue(extra.Received.UnixMilli()))
	if err != nil {
		panic(err)
	}
	o := r.rt.NewObject()
	r.put(o, "bytes", r.payload(up.Bytes))
	r.put(o, "fPort", int64(up.Port))
	r.put(o, "recvTime", at)
	r.put(o, "variables", r.variables(extra.Variables))
	return o
}

// payload is an array of numbers, the script's own to change.
func (r *realm) payload(raw []byte) goja.Value {
	r.items = r.items[:0]
	for _, b := range raw {
		r.items = append(r.items, int64(b))
	}
	return r.rt.NewArray(r.items...)
}

func (r *realm) variables(of map[string]string) goja.Value {
	o := r.rt.NewObject()
	for _, name := range slices.Sorted(maps.Keys(of)) {
		r.put(o, name, of[name])
	}
	return o
}

// put adds a member to an object of ours, which takes every one.
func (r *realm) put(o *goja.Object, name string, v any) {
	if err := o.DefineDataProperty(name, r.rt.ToValue(v), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE); err != nil {
		panic(err)
	}
}

// catch runs f and makes an error of what a getter or conversion of the script throws in it.
func (r *realm) catch(f func() error) error {
	var err error
	if ex := r.rt.Try(func() { err = f() }); ex != nil {
		return fmt.Errorf("%w: a getter in the answer threw", ErrDecoder)
	}
	return err
}

func mustCompile(name, source string) *goja.Program {
	tree, err := goja.Parse(name, source, parser.WithDisableSourceMaps)
	if err != nil {
		panic(err)
	}
	program, err := goja.CompileAST(tree, false)
	if err != nil {
		panic(err)
	}
	return program
}
