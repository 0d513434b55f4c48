package influx

import (
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Meaning reads the journal's messages as they are written to InfluxDB: each value as it is meant at its device's place, by the
// configurations that were in force, with what the device sent beside it.
type Meaning struct{ places *places }

// NewMeaning takes the configuration records that are in force, and the calibrations so far. One that cannot be read is an error; its site's devices have no places
// then.
func NewMeaning(configured []telemetry.Record) (*Meaning, error) {
	m := &Meaning{places: newPlaces()}
	var problem error
	for i := range configured {
		if err := m.places.configure(&configured[i]); err != nil {
			problem = err
		}
	}
	return m, problem
}

// Configure takes in the next configuration record, or calibration.
func (m *Meaning) Configure(rec *telemetry.Record) error { return m.places.configure(rec) }

// Reading is one value of a message.
type Reading struct {
	Point
	Quantity telemetry.Quantity
	Text     string // of a press: its kind
}

// Readings appends what an observation holds.
func (m *Meaning) Readings(rec *telemetry.Record, dst []Reading) []Reading {
	o := &rec.Observation
	whole := m.places.device(rec.Site, o.Device)
	for i := range o.Readings {
		r := &o.Readings[i]
		p := whole.of(r.Channel)
		at := rec.Moment()
		v := Reading{Quantity: r.Quantity, Text: r.Text, Point: Point{
			At: shown(at), Moment: momentOf(at, rec.Seq, earlier(o.Readings[:i], r)), Channel: r.Channel,
			Provenance: provenanceTag(o.Provenance), Device: o.Device,
		}}
		switch p.at.Kind {
		case facility.AtZone:
			v.Zone = p.at.ID
		case facility.AtDoor:
			v.Door = p.at.ID
		}
		meant := p.meaning(r, at)
		if whole.counts(o, r) {
			v.Quantity, v.Value, v.Counted = meant.Quantity, meant.Value, true
		}
		if !v.Counted || meant.Quantity != r.Quantity || meant.Value != r.Value {
			v.Raw, v.HasRaw = r.Value, true
		}
		dst = append(dst, v)
	}
	return dst
}
