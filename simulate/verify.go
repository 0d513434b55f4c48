package simulate

import (
	"bufio"
	"fmt"
	"io"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Acked is a message that a broker has acknowledged, as a report names it.
type Acked struct {
	Site, Device, Boot string
	Sequence           uint64
}

// ReadReport reads the report of a Load.
func ReadReport(r io.Reader) ([]Acked, error) {
	var all []Acked
	s := bufio.NewScanner(r)
	for line := 1; s.Scan(); line++ {
		var a Acked
		if _, err := fmt.Sscanf(s.Text(), "%s %s %s %d", &a.Site, &a.Device, &a.Boot, &a.Sequence); err != nil {
			return nil, fmt.Errorf("report line %d: %.80q: want site, device, boot and sequence", line, s.Text())
		}
		all = append(all, a)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("reading the report: %w", err)
	}
	return all, nil
}

// Verification compares what was acknowledged with what is stored.
type Verification struct {
	Acked     int `json:"acked"`
	Stored    int `json:"stored"`    // acknowledged messages that are in the journal exactly once
	Duplicate int `json:"duplicate"` // acknowledged messages that are there more than once
	Rejected  int `json:"rejected"`  // rejections in the journal
	Missing   int `json:"missing"`   // acknowledged messages that are not there
	Influx    int `json:"influx"`    // points in InfluxDB; -1: not asked
	// Lost are the first of the missing.
	Lost []Acked `json:"lost,omitempty"`
}

// OK reports whether every acknowledged message is stored exactly once.
func (v *Verification) OK() bool {
	return v.Missing == 0 && v.Duplicate == 0 && (v.Influx < 0 || v.Influx >= v.Acked)
}

// lostShown bounds Verification.Lost.
const lostShown = 20

// Verify compares a report with a journal, given as a function that calls fn with every record.
func Verify(acked []Acked, journal func(fn func(*telemetry.Record) error) error) (*Verification, error) {
	stored := make(map[Acked]int, len(acked))
	v := &Verification{Influx: -1}
	err := journal(func(rec *telemetry.Record) error {
		switch rec.Kind {
		case telemetry.KindRejection:
			v.Rejected++
		case telemetry.KindObservation:
			o := &rec.Observation
			stored[Acked{rec.Site, o.Device, o.Boot, o.Sequence}]++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	seen := make(map[Acked]bool, len(acked))
	for _, a := range acked {
		if seen[a] {
			continue // acknowledged again after a repetition
		}
		seen[a] = true
		v.Acked++
		switch n := stored[a]; n {
		case 0:
			v.Missing++
			if len(v.Lost) < lostShown {
				v.Lost = append(v.Lost, a)
			}
		case 1:
			v.Stored++
		default:
			v.Duplicate++
		}
	}
	return v, nil
}
