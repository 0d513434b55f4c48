// Package decode turns messages into telemetry records: readings, task logs, or one rejection that says what was wrong.
// Nothing in a message is trusted: size, depth, encoding, types, physical range, clock and the sender's right to speak for
// the device are checked here, once, for every front door. Names, pictures and credentials in a payload end here.
//
// A format is how a payload is written and lives in one file (native.go, mapping.go); a model is data that says which
// topics a kind of device uses, in which format, and what its fields mean (Model; configs/models).
package decode

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Options configure a Decoder. Zero limits mean their default.
type Options struct {
	// Sites hold the devices that may be heard. Their ids, places and zones must be valid already.
	Sites []facility.Site
	// Models are the device models beside the built-in native one, by unique id.
	Models []model.Model
	// Memory keeps what devices announce; nil: for as long as the decoder lives.
	Memory Memory
	// Sightings note devices that are not configured; nil: those of the decoder alone, which nobody sees.
	Sightings *Sightings
	// Ear holds what is not understood as it is, while somebody listens; nil: nobody can.
	Ear *Ear
	// Ask publishes a request to a device, such as a Sparkplug edge node whose names are not known; it must not block. nil:
	// nobody is asked.
	Ask func(topic string, payload []byte)
	// MaxPayload is the largest payload in bytes; default 64 KiB.
	MaxPayload int
	// MaxDepth is how many objects and arrays may lie inside each other; default 32.
	MaxDepth int
	// Past and Future bound which times of a device are believed, relative to receipt; default 7 days and 2 minutes.
	Past, Future time.Duration
	// Lateness is how far behind its receipt a reading is late; default 2 minutes.
	Lateness time.Duration
}

// The limits where Options set none.
const (
	DefaultMaxPayload = 64 << 10
	DefaultMaxDepth   = 32
	DefaultPast       = 7 * 24 * time.Hour
	DefaultFuture     = 2 * time.Minute
	DefaultLateness   = 2 * time.Minute
)

func (o *Options) setDefaults() {
	if o.Memory == nil {
		o.Memory = &volatile{}
	}
	if o.Sightings == nil {
		o.Sightings = &Sightings{}
	}
	o.MaxPayload = orDefault(o.MaxPayload, DefaultMaxPayload)
	o.MaxDepth = orDefault(o.MaxDepth, DefaultMaxDepth)
	o.Past = orDefault(o.Past, DefaultPast)
	o.Future = orDefault(o.Future, DefaultFuture)
	o.Lateness = orDefault(o.Lateness, DefaultLateness)
}

func orDefault[T int | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

func (o *Options) validate() error {
	var errs []error
	for _, limit := range []struct {
		name  string
		value int64
	}{
		{"MaxPayload", int64(o.MaxPayload)}, {"MaxDepth", int64(o.MaxDepth)},
		{"Past", int64(o.Past)}, {"Future", int64(o.Future)}, {"Lateness", int64(o.Lateness)},
	} {
		if limit.value < 0 {
			errs = append(errs, fmt.Errorf("%s %d: want more than 0", limit.name, limit.value))
		}
	}
	return errors.Join(errs...)
}

// Decoder decodes the messages of a fixed set of sites and models. Beside what devices announce it does not change: a new
// configuration makes a new one. It is safe for concurrent use.
type Decoder struct {
	limits Options // without sites and models
	shared *shared
	models map[string]*ready
	router router
	// announcers are the formats whose devices announce where they publish.
	announcers []announcer
	guesser    *guesser
	changed    chan struct{}
	// workers are spare scratch memory for Decode.
	workers sync.Pool
}

// New makes a decoder. All problems of models, addresses and topics are reported at once.
func New(o Options) (*Decoder, error) {
	o.setDefaults()
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("decoder: %w", err)
	}
	d := &Decoder{limits: o, changed: make(chan struct{}, 1)}
	d.limits.Sites, d.limits.Models = nil, nil
	models, err := prepareAll(o.Models)
	if err != nil {
		return nil, err
	}
	d.models = models
	if err := d.router.build(o.Sites, models); err != nil {
		return nil, err
	}
	d.shared = &shared{
		clock: window{o.Past, o.Future, o.Lateness}, memory: o.Memory, maxPayload: o.MaxPayload, maxDepth: o.MaxDepth, ask: o.Ask,
		lexicon:  sync.OnceValue(func() *redact.Lexicon { return newLexicon(d.models, o.Sites) }),
		stranger: func(msg *ingest.Message, f *fault.Fault) { o.Sightings.note(d.guesser, msg, f) },
		grown:    d.grown,
	}
	d.guesser = newGuesser(d.shared, models)
	d.start()
	d.workers.New = func() any { return newWorker(d.shared, nil) }
	return d, nil
}

// start makes what formats keep.
func (d *Decoder) start() {
	byFormat := make(map[*Format][]*ready)
	for _, id := range slices.Sorted(maps.Keys(d.models)) {
		m := d.models[id]
		byFormat[m.format] = append(byFormat[m.format], m)
	}
	for f, models := range byFormat {
		if f.start == nil {
			continue
		}
		state := f.start(d.shared, models)
		for _, m := range models {
			m.state = state
		}
		if a, ok := state.(announcer); ok {
			d.announcers = append(d.announcers, a)
		}
	}
	select {
	case <-d.changed: // whoever asks for Topics now has them all
	default:
	}
}

// grown tells whoever waits for TopicsChanged.
func (d *Decoder) grown() {
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

// Decode appends what msg means to dst: observations, or exactly one rejection, or nothing for a message that is
// understood and is not a reading (see Ignored). What a device says beyond what it is configured to measure is refused with a
// rejection beside the observation of the rest. The records own their memory; msg's payload is neither kept nor changed.
func (d *Decoder) Decode(msg *ingest.Message, dst []telemetry.Record) []telemetry.Record {
	w := d.workers.Get().(*worker)
	defer d.workers.Put(w)
	return d.run(w, msg, dst)
}

// Topics lists the MQTT filters that a subscriber needs: the native format's, so that unconfigured devices are seen, those of
// every model that a device uses, and the topics that configured devices have announced. It may grow; see TopicsChanged.
func (d *Decoder) Topics() []string {
	topics := append(d.router.filters(), d.Announced()...)
	slices.Sort(topics)
	return slices.Compact(topics)
}

// Announced lists those of Topics that are there because configured devices have announced them.
func (d *Decoder) Announced() []string {
	var topics []string
	for _, a := range d.announcers {
		topics = append(topics, a.filters()...)
	}
	slices.Sort(topics)
	return topics
}

// TopicsChanged receives when Topics has grown since New, because a device announced where it publishes. One signal may stand
// for several changes. Only one goroutine may receive.
func (d *Decoder) TopicsChanged() <-chan struct{} { return d.changed }

// Ignored counts, by model id, the messages since New that were understood and carried no reading. Every model is listed.
func (d *Decoder) Ignored() map[string]uint64 {
	counts := make(map[string]uint64, len(d.models))
	for id, m := range d.models {
		counts[id] = m.ignored.Load()
	}
	return counts
}

// Recognise guesses which models a message may be of, the likeliest first, at most three.
func (d *Decoder) Recognise(q Query) []Candidate { return d.guesser.recognise(q) }

// RecogniseAll guesses the model of messages that belong together. Each may be taken in several ways, as it is or as the text of a
// frame; the queries are in the way in which most is recognised.
func (d *Decoder) RecogniseAll(ways [][]Query) ([]Candidate, []Query) {
	return d.guesser.recogniseAll(ways)
}
