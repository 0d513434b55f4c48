package evidence

import (
	"fmt"
	"strconv"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Record is one record of the site: a line of records.jsonl and standing.jsonl.
type Record struct {
	// Record is its number in the gateway's journal. All sites count together: numbers in between belong to others.
	Record   uint64            `json:"record"`
	Kind     string            `json:"kind"`
	At       telemetry.Instant `json:"at"`
	Received telemetry.Instant `json:"received"`

	Observation   *Observation   `json:"observation,omitempty"`
	Rejection     *Rejection     `json:"rejection,omitempty"`
	Entry         *Entry         `json:"entry,omitempty"`
	Configuration *Configuration `json:"configuration,omitempty"`
	Engine        *Engine        `json:"engine,omitempty"`
	Service       *Service       `json:"service,omitempty"`
}

// Observation is what a device reported.
type Observation struct {
	Device     string    `json:"device"`
	Boot       string    `json:"boot,omitempty"`
	Sequence   string    `json:"sequence,omitempty"` // the device's own number: up to 2^64, so it is text
	Provenance string    `json:"provenance"`
	Flags      []string  `json:"flags,omitempty"`
	DeviceTime string    `json:"device_time,omitempty"` // what the device's clock said, where it was not believed
	Readings   []Reading `json:"readings,omitempty"`
	Task       *TaskLog  `json:"task,omitempty"`
}

// Reading is one value.
type Reading struct {
	Quantity telemetry.Quantity `json:"quantity"`
	Value    float64            `json:"value"`
	Unit     string             `json:"unit"` // UCUM
	Channel  string             `json:"channel,omitempty"`
	Text     string             `json:"text,omitempty"`
}

// TaskLog is a duty that a device reported.
type TaskLog struct {
	Task  string            `json:"task"`
	Done  bool              `json:"done"`
	Agent string            `json:"agent,omitempty"`
	Item  string            `json:"item,omitempty"`
	By    string            `json:"by,omitempty"`
	Began telemetry.Instant `json:"began,omitempty"`
}

// Rejection is a message that was not understood. Its bytes are not in a pack.
type Rejection struct {
	Topic  string           `json:"topic,omitempty"`
	Device string           `json:"device,omitempty"`
	Reason telemetry.Reason `json:"reason"`
	Detail string           `json:"detail,omitempty"`
	Bytes  int              `json:"bytes"`
	More   uint64           `json:"more,omitempty"`
}

// Entry is what a person did.
type Entry struct {
	ID       string              `json:"id"`
	Kind     telemetry.EntryKind `json:"kind"`
	Author   string              `json:"author"`
	Claimed  bool                `json:"claimed,omitempty"` // nobody has checked the author
	Reason   string              `json:"reason,omitempty"`
	Subject  string              `json:"subject,omitempty"`
	Value    float64             `json:"value"`
	Text     string              `json:"text,omitempty"`
	From     telemetry.Instant   `json:"from,omitempty"`
	Until    telemetry.Instant   `json:"until,omitempty"`
	Legal    string              `json:"legal,omitempty"`
	Ends     string              `json:"ends,omitempty"`
	Item     string              `json:"item,omitempty"`
	Began    telemetry.Instant   `json:"began,omitempty"`
	Earliest telemetry.Instant   `json:"earliest,omitempty"`
	// PhoneDone is what the clock of the phone showed that kept the entry until it could be sent: it was entered then.
	PhoneDone telemetry.Instant `json:"phone_done,omitempty"`
	Paper     string            `json:"paper,omitempty"`
	Typist    string            `json:"typist,omitempty"`
	Photo     string            `json:"photo,omitempty"`
	Before    string            `json:"before,omitempty"`
	After     string            `json:"after,omitempty"`
}

// Configuration is a policy that came into force; its text is the file of its version.
type Configuration struct {
	Version string `json:"version"`
	Author  string `json:"author"`
}

// Engine says which version of the rules judged from there on.
type Engine struct {
	Version string            `json:"version"`
	After   uint64            `json:"after"`
	Deaf    telemetry.Instant `json:"deaf,omitempty"`
}

// Service is what the gateway said of itself: when nobody listened, and that its clock was set.
type Service struct {
	Since telemetry.Instant `json:"since,omitempty"`
	Deaf  bool              `json:"deaf,omitempty"`
	Set   bool              `json:"set,omitempty"`
	Door  string            `json:"door,omitempty"`
}

// flagWords name the flags, in the order of their bits.
var flagWords = [...]string{"clock", "retained", "late", "history", "unacknowledged"}

var provenances = [...]telemetry.Provenance{telemetry.Sensor, telemetry.Manual, telemetry.Corrected, telemetry.Estimated}

var kinds = [...]telemetry.Kind{
	telemetry.KindObservation, telemetry.KindRejection, telemetry.KindEntry, telemetry.KindTick, telemetry.KindConfiguration, telemetry.KindEngine, telemetry.KindService,
}

// recordOf is a record as a pack writes it. What is of no use to whoever checks is left out: the mark by which repeats are recognised,
// the bytes of messages that were not understood, and what a phone said of its clock.
func recordOf(rec *telemetry.Record) Record {
	r := Record{Record: rec.Seq, Kind: rec.Kind.String(), At: rec.At, Received: rec.Received}
	switch rec.Kind {
	case telemetry.KindObservation:
		o := &rec.Observation
		x := &Observation{Device: o.Device, Boot: o.Boot, Provenance: o.Provenance.String(), DeviceTime: o.DeviceTime}
		if o.HasSequence {
			x.Sequence = strconv.FormatUint(o.Sequence, 10)
		}
		for i, word := range flagWords {
			if o.Flags.Has(1 << i) {
				x.Flags = append(x.Flags, word)
			}
		}
		x.Readings = make([]Reading, len(o.Readings))
		for i, v := range o.Readings {
			x.Readings[i] = Reading{v.Quantity, v.Value, v.Quantity.Unit(), v.Channel, v.Text}
		}
		if t := o.Task; t != nil {
			x.Task = &TaskLog{t.Task, t.Done, t.Agent, t.Item, t.By, t.Began}
		}
		r.Observation = x
	case telemetry.KindRejection:
		if x := rec.Rejection; x != nil {
			r.Rejection = &Rejection{x.Topic, x.Device, x.Reason, x.Detail, x.Size, x.More}
		}
	case telemetry.KindEntry:
		if e := rec.Entry; e != nil {
			r.Entry = &Entry{
				ID: e.ID, Kind: e.Kind, Author: e.Author, Claimed: e.Claimed, Reason: e.Reason, Subject: e.Subject, Value: e.Value, Text: e.Text, From: e.From, Until: e.Until,
				Legal: e.Legal, Ends: e.Ends, Item: e.Item, Began: e.Began, Earliest: e.Earliest, PhoneDone: e.Phone.Done,
				Paper: e.Paper, Typist: e.Typist, Photo: e.Photo, Before: e.Before, After: e.After,
			}
		}
	case telemetry.KindConfiguration:
		if c := rec.Configuration; c != nil {
			r.Configuration = &Configuration{c.Version, c.Author}
		}
	case telemetry.KindEngine:
		if e := rec.Engine; e != nil {
			r.Engine = &Engine{e.Version, e.After, e.Deaf}
		}
	case telemetry.KindService:
		if s := rec.Service; s != nil {
			r.Service = &Service{s.Since, s.Deaf, s.Set, s.Door}
		}
	}
	return r
}

// of gives the record as the engine takes it; policies are the texts of configurations by version.
func (r *Record) of(site string, policies map[string][]byte) (telemetry.Record, error) {
	rec := telemetry.Record{Seq: r.Record, Site: site, At: r.At, Received: r.Received}
	for _, k := range kinds {
		if k.String() == r.Kind {
			rec.Kind = k
		}
	}
	if r.Record == 0 || r.Received == 0 {
		return rec, fmt.Errorf("a record has the number %d and was received at %q: want both", r.Record, instantText(r.Received))
	}
	bodies := 0
	for _, has := range []bool{r.Observation != nil, r.Rejection != nil, r.Entry != nil, r.Configuration != nil, r.Engine != nil, r.Service != nil} {
		if has {
			bodies++
		}
	}
	if want := rec.Kind != telemetry.KindTick; bodies > 1 || bodies == 1 != want || !r.body(rec.Kind) {
		return rec, fmt.Errorf("record %d of kind %.20q has another body", r.Record, r.Kind)
	}
	switch rec.Kind {
	case telemetry.KindObservation:
		return rec, r.Observation.of(&rec.Observation)
	case telemetry.KindRejection:
		x := r.Rejection
		rec.Rejection = &telemetry.Rejection{Topic: x.Topic, Device: x.Device, Reason: x.Reason, Detail: x.Detail, Size: x.Bytes, More: x.More}
	case telemetry.KindEntry:
		e := r.Entry
		rec.Entry = &telemetry.Entry{
			ID: e.ID, Kind: e.Kind, Author: e.Author, Claimed: e.Claimed, Reason: e.Reason, Subject: e.Subject, Value: e.Value, Text: e.Text, From: e.From, Until: e.Until,
			Legal: e.Legal, Ends: e.Ends, Item: e.Item, Began: e.Began, Earliest: e.Earliest, Phone: telemetry.PhoneClock{Done: e.PhoneDone},
			Paper: e.Paper, Typist: e.Typist, Photo: e.Photo, Before: e.Before, After: e.After,
		}
	case telemetry.KindConfiguration:
		text, ok := policies[r.Configuration.Version]
		if !ok {
			return rec, fmt.Errorf("record %d brings policy %.40q into force, which is not in the pack", r.Record, r.Configuration.Version)
		}
		rec.Configuration = &telemetry.Configuration{Version: r.Configuration.Version, Author: r.Configuration.Author, Definition: text}
	case telemetry.KindEngine:
		rec.Engine = &telemetry.Engine{Version: r.Engine.Version, After: r.Engine.After, Deaf: r.Engine.Deaf}
	case telemetry.KindService:
		rec.Service = &telemetry.Service{Since: r.Service.Since, Deaf: r.Service.Deaf, Set: r.Service.Set, Door: r.Service.Door}
	}
	return rec, nil
}

// body reports whether the record has the body of its kind.
func (r *Record) body(k telemetry.Kind) bool {
	switch k {
	case telemetry.KindObservation:
		return r.Observation != nil
	case telemetry.KindRejection:
		return r.Rejection != nil
	case telemetry.KindEntry:
		return r.Entry != nil
	case telemetry.KindConfiguration:
		return r.Configuration != nil
	case telemetry.KindEngine:
		return r.Engine != nil
	case telemetry.KindService:
		return r.Service != nil
	}
	return k == telemetry.KindTick
}

func (x *Observation) of(o *telemetry.Observation) error {
	*o = telemetry.Observation{Device: x.Device, Boot: x.Boot, DeviceTime: x.DeviceTime}
	known := false
	for _, p := range provenances {
		if p.String() == x.Provenance {
			o.Provenance, known = p, true
		}
	}
	if !known {
		return fmt.Errorf("provenance %.20q: want sensor, manual, corrected or estimated", x.Provenance)
	}
	if x.Sequence != "" {
		n, err := strconv.ParseUint(x.Sequence, 10, 64)
		if err != nil || strconv.FormatUint(n, 10) != x.Sequence {
			return fmt.Errorf("sequence %.24q: want a whole number", x.Sequence)
		}
		o.Sequence, o.HasSequence = n, true
	}
	next := 0
	for _, word := range x.Flags {
		for next < len(flagWords) && flagWords[next] != word {
			next++
		}
		if next == len(flagWords) {
			return fmt.Errorf("flag %.20q: want some of %v, in this order", word, flagWords)
		}
		o.Flags |= 1 << next
		next++
	}
	o.Readings = make([]telemetry.Reading, len(x.Readings))
	for i, v := range x.Readings {
		if v.Unit != v.Quantity.Unit() {
			return fmt.Errorf("%s in %.20q: want %s", v.Quantity, v.Unit, v.Quantity.Unit())
		}
		o.Readings[i] = telemetry.Reading{Quantity: v.Quantity, Value: v.Value, Channel: v.Channel, Text: v.Text}
	}
	if t := x.Task; t != nil {
		o.Task = &telemetry.TaskLog{Task: t.Task, Done: t.Done, Agent: t.Agent, Item: t.Item, By: t.By, Began: t.Began}
	}
	return nil
}
