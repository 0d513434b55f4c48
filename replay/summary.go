package replay

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Summary is what became of a replay. Whoever plays the messages feeds it what the gateway stored, in its order. It
// belongs to one goroutine. Its JSON is the machine's form, WriteText the people's.
type Summary struct {
	Messages uint64 `json:"messages"` // delivered, repetitions included
	// Published says that they were published to a broker: what became of them is known where they were heard, not here.
	Published  bool                        `json:"published,omitempty"`
	Readings   uint64                      `json:"readings"` // stored
	Stored     uint64                      `json:"stored"`   // messages that were stored as observations
	Duplicates uint64                      `json:"duplicates"`
	Ignored    uint64                      `json:"ignored"`
	Rejections uint64                      `json:"rejections"`
	Reasons    map[telemetry.Reason]uint64 `json:"reasons,omitempty"` // of the rejections
	// Problems counts rows of the table that could not be read, FirstProblems shows some of them.
	Problems      uint64   `json:"problems"`
	FirstProblems []string `json:"first_problems,omitempty"`
	// First and Last are the earliest and latest time of a reading.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	Sites []*Site   `json:"sites"` // by id

	totals map[counter]*runningTotal
}

// Site is the part of a summary that is about one site.
type Site struct {
	ID string `json:"site"`
	// In and Out are the people that all counters of the site together saw pass, as the sensors are mounted: inner doors
	// and Swap are not considered.
	In  float64 `json:"in"`
	Out float64 `json:"out"`
	// Lowest and Highest are the extremes of the estimated occupancy of the building; absent if nobody ever knew one.
	Lowest  *Occupancy `json:"lowest,omitempty"`
	Highest *Occupancy `json:"highest,omitempty"`
	// Changes counts changes of verdict by rule; Late how many of all of them revised history.
	Changes map[string]uint64 `json:"verdict_changes,omitempty"`
	Late    uint64            `json:"late_changes,omitempty"`
}

// Occupancy is an estimate at a time.
type Occupancy struct {
	Persons float64   `json:"persons"`
	Error   float64   `json:"error"`
	At      time.Time `json:"at"`
}

// counter is one running total.
type counter struct {
	site, device, channel string
	quantity              telemetry.Quantity
}

// maxProblems bounds how many problems a summary shows.
const maxProblems = 20

// Problem notes a row that could not be read.
func (s *Summary) Problem(err error) {
	s.Problems++
	if len(s.FirstProblems) < maxProblems {
		s.FirstProblems = append(s.FirstProblems, err.Error())
	}
}

// Record notes a stored record. Records that are neither observations nor rejections do not count.
func (s *Summary) Record(rec *telemetry.Record) {
	switch rec.Kind {
	case telemetry.KindRejection:
		if s.Reasons == nil {
			s.Reasons = make(map[telemetry.Reason]uint64)
		}
		s.Rejections++
		s.Reasons[rec.Rejection.Reason]++
		return
	case telemetry.KindObservation:
	default:
		return
	}
	s.Stored++
	s.Readings += uint64(len(rec.Observation.Readings))
	at := rec.At.Time()
	if s.First.IsZero() || at.Before(s.First) {
		s.First = at
	}
	if at.After(s.Last) {
		s.Last = at
	}
	site := s.site(rec.Site)
	if rec.Observation.Flags.Has(telemetry.FlagRetained) {
		return // state, not an event
	}
	for i := range rec.Observation.Readings {
		r := &rec.Observation.Readings[i]
		switch r.Quantity {
		case telemetry.PeopleIn:
			site.In += r.Value
		case telemetry.PeopleOut:
			site.Out += r.Value
		case telemetry.PeopleInTotal:
			site.In += s.increment(rec, r)
		case telemetry.PeopleOutTotal:
			site.Out += s.increment(rec, r)
		}
	}
}

// increment is by how much a value changes what its running total has counted: the first value is a baseline, a drop a
// reset. Values count in the order of their times, not of their arrival.
func (s *Summary) increment(rec *telemetry.Record, r *telemetry.Reading) float64 {
	if s.totals == nil {
		s.totals = make(map[counter]*runningTotal)
	}
	key := counter{rec.Site, rec.Observation.Device, r.Channel, r.Quantity}
	if s.totals[key] == nil {
		s.totals[key] = &runningTotal{}
	}
	return s.totals[key].insert(rec.At, r.Value)
}

// Sample notes an occupancy; only those of whole buildings count, and of them what was known.
func (s *Summary) Sample(sample *rules.Sample) {
	if sample.Zone != "" || !sample.Known {
		return
	}
	site := s.site(sample.Site)
	now := &Occupancy{sample.Persons, sample.Error, sample.At.Time()}
	if site.Lowest == nil || now.Persons < site.Lowest.Persons {
		site.Lowest = now
	}
	if site.Highest == nil || now.Persons > site.Highest.Persons {
		site.Highest = now
	}
}

// Transition notes a change of verdict.
func (s *Summary) Transition(t *rules.Transition) {
	site := s.site(t.Site)
	if site.Changes == nil {
		site.Changes = make(map[string]uint64)
	}
	site.Changes[t.Rule]++
	if t.Late {
		site.Late++
	}
}

func (s *Summary) site(id string) *Site {
	i, ok := slices.BinarySearchFunc(s.Sites, id, func(site *Site, id string) int { return cmp.Compare(site.ID, id) })
	if !ok {
		s.Sites = slices.Insert(s.Sites, i, &Site{ID: id})
	}
	return s.Sites[i]
}

// WriteText writes the summary for people.
func (s *Summary) WriteText(w io.Writer) error {
	var b strings.Builder
	if s.Published {
		fmt.Fprintf(&b, "%d messages published, each acknowledged by the broker\n", s.Messages)
	} else {
		s.writeStored(&b)
	}
	if s.Problems > 0 {
		fmt.Fprintf(&b, "%d rows could not be read:\n", s.Problems)
		for _, p := range s.FirstProblems {
			fmt.Fprintf(&b, "  %s\n", p)
		}
		if more := s.Problems - uint64(len(s.FirstProblems)); more > 0 {
			fmt.Fprintf(&b, "  and %d more\n", more)
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the summary: %w", err)
	}
	return nil
}

// writeStored writes what became of the messages.
func (s *Summary) writeStored(b *strings.Builder) {
	fmt.Fprintf(b, "%d messages: %d stored with %d readings, %d duplicates, %d rejected, %d without a reading\n",
		s.Messages, s.Stored, s.Readings, s.Duplicates, s.Rejections, s.Ignored)
	for _, reason := range slices.Sorted(maps.Keys(s.Reasons)) {
		fmt.Fprintf(b, "  rejected as %s: %d\n", reason, s.Reasons[reason])
	}
	if !s.First.IsZero() {
		fmt.Fprintf(b, "from %s to %s\n", s.First.Format(time.RFC3339), s.Last.Format(time.RFC3339))
	}
	for _, site := range s.Sites {
		fmt.Fprintf(b, "site %s: in %v, out %v", site.ID, site.In, site.Out)
		if site.Lowest != nil {
			fmt.Fprintf(b, "; occupancy from %s to %s", site.Lowest, site.Highest)
		}
		b.WriteByte('\n')
		for _, rule := range slices.Sorted(maps.Keys(site.Changes)) {
			fmt.Fprintf(b, "  verdict changes of %s: %d\n", rule, site.Changes[rule])
		}
		if site.Late > 0 {
			fmt.Fprintf(b, "  of which late data revised: %d\n", site.Late)
		}
	}
}

// String is "12 ± 3 at 2022-07-05T01:00:00Z".
func (o *Occupancy) String() string {
	return fmt.Sprintf("%.0f ± %.0f at %s", o.Persons, o.Error, o.At.Format(time.RFC3339))
}
