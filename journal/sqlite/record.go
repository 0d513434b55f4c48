package sqlite

import (
	"encoding/json"
	"fmt"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// appendBody appends a record's body in JSON.
func appendBody(b []byte, rec *telemetry.Record) ([]byte, error) {
	var part any
	switch rec.Kind {
	case telemetry.KindObservation:
		return appendObservation(b, &rec.Observation)
	case telemetry.KindRejection:
		part = rec.Rejection
	case telemetry.KindEntry:
		part = rec.Entry
	case telemetry.KindConfiguration:
		part = (*configurationBody)(rec.Configuration)
	case telemetry.KindEngine:
		part = rec.Engine
	case telemetry.KindService:
		part = rec.Service
	case telemetry.KindTick:
		return append(b, `{}`...), nil
	default:
		return nil, fmt.Errorf("encoding record %d: unknown kind %d", rec.Seq, rec.Kind)
	}
	body, err := json.Marshal(part)
	if err != nil {
		return nil, fmt.Errorf("encoding record %d: %w", rec.Seq, err)
	}
	return append(b, body...), nil
}

// readBody fills the part of rec that its kind names. Readings of an observation are appended to the arena.
func (r *reader) readBody(rec *telemetry.Record, body []byte, arena []telemetry.Reading) ([]telemetry.Reading, error) {
	var err error
	switch rec.Kind {
	case telemetry.KindObservation:
		arena, err = r.observation(body, &rec.Observation, arena)
	case telemetry.KindRejection:
		rec.Rejection = &telemetry.Rejection{}
		err = json.Unmarshal(body, rec.Rejection)
	case telemetry.KindEntry:
		rec.Entry = &telemetry.Entry{}
		err = json.Unmarshal(body, rec.Entry)
	case telemetry.KindConfiguration:
		rec.Configuration = &telemetry.Configuration{}
		err = json.Unmarshal(body, (*configurationBody)(rec.Configuration))
	case telemetry.KindEngine:
		rec.Engine = &telemetry.Engine{}
		err = json.Unmarshal(body, rec.Engine)
	case telemetry.KindService:
		rec.Service = &telemetry.Service{}
		err = json.Unmarshal(body, rec.Service)
	case telemetry.KindTick:
	default:
		err = fmt.Errorf("unknown kind %d", rec.Kind)
	}
	if err != nil {
		return arena, fmt.Errorf("reading record %d: %w", rec.Seq, err)
	}
	return arena, nil
}

// configurationBody shows the definition as JSON inside the body instead of as a string of bytes.
type configurationBody telemetry.Configuration

func (c *configurationBody) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Version    string          `json:"version"`
		Author     string          `json:"author"`
		Definition json.RawMessage `json:"definition"`
	}{c.Version, c.Author, c.Definition})
}

func (c *configurationBody) UnmarshalJSON(b []byte) error {
	var w struct {
		Version    string          `json:"version"`
		Author     string          `json:"author"`
		Definition json.RawMessage `json:"definition"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	c.Version, c.Author, c.Definition = w.Version, w.Author, w.Definition
	return nil
}
