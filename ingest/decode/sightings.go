package decode

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Sighting is a device, or a topic, that is heard and not configured.
type Sighting struct {
	Topic string `json:"topic"`
	// Why nothing is read of it.
	Why         string            `json:"why"`
	First, Last telemetry.Instant `json:"-"`
	Messages    uint64            `json:"messages"`
	// Candidates are guesses of its model, the likeliest first; none: nothing shipped or configured fits.
	Candidates []Candidate `json:"candidates,omitempty"`
	// tries are how often a guess was tried.
	tries int
}

// maxSightings bounds how many are kept: the ones that were silent longest make room.
const maxSightings = 500

// Guesses are made where messages are decoded, on the loop that commits them, and cost what a few messages cost or what thousands
// do: a frame that many codecs accept is weighed with up to guessTrials made-up ones. So each is charged what it took: guesses may have
// a twentieth of the time (guessShare), and never more than one every guessEvery. As many cheap ones as a gateway is full of strangers
// when it starts (guessBurst) may come at once.
const (
	guessBurst = 30
	guessEvery = telemetry.Instant(50e6)
	guessShare = 20
)

// Sightings are the devices that publish and are not configured. The zero value is ready; it is safe for concurrent use and
// may be shared by the decoders before and after a reload.
type Sightings struct {
	mu      sync.Mutex
	bySight map[string]*Sighting
	// Open shows topics and addresses as they are, whatever they look like: for the person in whose terminal it ends. Set before use.
	Open bool
	// guessFree is when all guesses of a burst are free again.
	guessFree telemetry.Instant
	guessing  bool
	clock     func() time.Time // nil: time.Now
}

// List gives all of them, the newest first.
func (s *Sightings) List() []Sighting {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Sighting, 0, len(s.bySight))
	for _, one := range s.bySight {
		all = append(all, *one)
	}
	slices.SortFunc(all, func(a, b Sighting) int { return cmp.Or(cmp.Compare(b.First, a.First), cmp.Compare(a.Topic, b.Topic)) })
	return all
}

// Forget empties the list: what is still not configured will be seen again.
func (s *Sightings) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bySight = nil
}

// note counts a message that led to no configured device.
func (s *Sightings) note(g *guesser, msg *ingest.Message, f *fault.Fault) {
	key := f.Subject
	if key == "" {
		key = written.Bounded(msg.Topic, written.MaxTopic)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.bySight[key]
	if one == nil {
		s.makeRoom()
		one = &Sighting{Topic: written.Bounded(g.shared.lexicon().Topic(msg.Topic, s.sight(), f.Address), written.MaxTopic), First: msg.Received}
		s.bySight[key] = one
	}
	one.Why = written.Bounded(f.Said(g.shared.lexicon(), s.sight()), written.MaxDetail)
	one.Messages++
	one.Last = max(one.Last, msg.Received)
	// A join or heartbeat tells less than the readings that follow it.
	if len(one.Candidates) > 0 && len(one.Candidates[0].Quantities) > 0 || one.tries == maxGuesses {
		return
	}
	free := max(s.guessFree, msg.Received)
	if s.guessing || free+guessEvery > msg.Received+guessBurst*guessEvery {
		return
	}
	one.tries++
	better, took := s.guess(g, msg)
	s.guessFree = free + max(guessEvery, guessShare*telemetry.Instant(took))
	if len(better) > 0 {
		one.Candidates = better
	}
}

// guess recognises a message and says how long that took. It gives the lock back for as long: nobody waits for a guess but the message.
func (s *Sightings) guess(g *guesser, msg *ingest.Message) (found []Candidate, took time.Duration) {
	now := s.clock
	if now == nil {
		now = time.Now
	}
	s.guessing = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.guessing = false
	}()
	began := now()
	found = g.recognise(Query{Topic: msg.Topic, Payload: msg.Payload, Retained: msg.Retained, Received: msg.Received.Time(), Open: s.Open})
	for i := range found {
		if c := &found[i]; !s.Open && !redact.WellFormed(c.Address) {
			c.Address = ingest.Outline(c.Address)
		}
	}
	return found, now().Sub(began)
}

func (s *Sightings) sight() redact.Sight {
	if s.Open {
		return redact.Open
	}
	return redact.Heard
}

// maxGuesses bounds how often a guess is tried on one sighting.
const maxGuesses = 20

func (s *Sightings) makeRoom() {
	if s.bySight == nil {
		s.bySight = make(map[string]*Sighting)
	}
	if len(s.bySight) < maxSightings {
		return
	}
	var oldest string
	for key, one := range s.bySight {
		if oldest == "" || one.Last < s.bySight[oldest].Last {
			oldest = key
		}
	}
	delete(s.bySight, oldest)
}
