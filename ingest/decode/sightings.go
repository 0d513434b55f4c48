package decode

import (
	"cmp"
	"slices"
	"sync"

	"github.com/gerbang-iot/gerbang/ingest"
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
}

// maxSightings bounds how many are kept: the ones that were silent longest make room.
const maxSightings = 500

// A guess costs as much as some hundred messages: as many as a gateway is full of strangers when it starts may come at once, and
// one every guessEvery from then on.
const (
	guessBurst = 30
	guessEvery = telemetry.Instant(50e6)
)

// Sightings are the devices that publish and are not configured. The zero value is ready; it is safe for concurrent use and
// may be shared by the decoders before and after a reload.
type Sightings struct {
	mu      sync.Mutex
	bySight map[string]*Sighting
	// guessFree is when all guesses of a burst are free again.
	guessFree telemetry.Instant
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
func (s *Sightings) note(d *Decoder, msg *ingest.Message, f *fault) {
	key := f.subject
	if key == "" {
		key = bounded(msg.Topic, maxTopic)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.bySight[key]
	if one == nil {
		s.makeRoom()
		one = &Sighting{Topic: bounded(msg.Topic, maxTopic), First: msg.Received}
		s.bySight[key] = one
	}
	one.Why = bounded(f.detail, maxDetail)
	one.Messages++
	one.Last = max(one.Last, msg.Received)
	// A join or heartbeat tells less than the readings that follow it.
	if len(one.Candidates) > 0 && len(one.Candidates[0].Quantities) > 0 || one.Messages > maxGuesses {
		return
	}
	free := max(s.guessFree, msg.Received) + guessEvery
	if free > msg.Received+guessBurst*guessEvery {
		return
	}
	s.guessFree = free
	if better := d.Recognise(Query{Topic: msg.Topic, Payload: msg.Payload, Retained: msg.Retained, Received: msg.Received.Time()}); len(better) > 0 {
		one.Candidates = better
	}
}

// maxGuesses bounds at how many messages of one sighting a guess is tried.
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
