package rehearse

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Course takes one site through its records on their own clock: the engine judges, and the book of alerts follows it, as in the
// gateway, with nothing behind them. It is used by one goroutine.
type Course struct {
	site   string
	engine *rules.Engine
	book   *alerts.Book
	names  *alerts.Directory
	out    rules.Output
	seq    uint64

	// Transitions and Changes are what the records have caused since the caller last emptied them.
	Transitions []rules.Transition
	Changes     []alerts.Change
}

// NewCourse begins a site that nobody has heard of. Until it is configured it judges nothing.
func NewCourse(site string) *Course {
	names := alerts.NewDirectory()
	return &Course{site: site, engine: rules.New(site), book: alerts.NewBook(nil, names), names: names}
}

// Configure brings a definition into force at a time.
func (c *Course) Configure(def *rules.Definition, at telemetry.Instant) error {
	rec, err := Configuration(def, at)
	if err != nil {
		return err
	}
	c.names.Set(def)
	c.Changes = c.book.Configure(def, at, c.Changes)
	return c.Apply(&rec)
}

// Configuration is the record by which a definition comes into force.
func Configuration(def *rules.Definition, at telemetry.Instant) (telemetry.Record, error) {
	body, err := json.Marshal(def)
	if err != nil {
		return telemetry.Record{}, fmt.Errorf("encoding the definition of site %q: %w", def.Site.ID, err)
	}
	sum := sha256.Sum256(body)
	return telemetry.Record{
		Kind: telemetry.KindConfiguration, Site: def.Site.ID, At: at, Received: at,
		Configuration: &telemetry.Configuration{Version: hex.EncodeToString(sum[:8]), Author: "file", Definition: body},
	}, nil
}

// Apply moves the clock to the record's receipt, firing what comes due on the way, and judges it. A record without a number gets
// the next one. The record must not change afterwards.
func (c *Course) Apply(rec *telemetry.Record) error {
	if err := c.Until(rec.Received); err != nil {
		return err
	}
	return c.apply(rec)
}

// Until moves the clock, firing every deadline at its own time.
func (c *Course) Until(to telemetry.Instant) error {
	for {
		due := min(c.engine.Due(), c.book.Due())
		if due > to {
			return nil
		}
		due = max(due, c.engine.Clock())
		if c.engine.Due() <= due {
			if err := c.apply(&telemetry.Record{Kind: telemetry.KindTick, Site: c.site, At: due, Received: due}); err != nil {
				return err
			}
		}
		c.Changes = c.book.Tick(due, c.Changes)
	}
}

// View is the site's live state, and tells the book of it, as looking at the site does.
func (c *Course) View(now telemetry.Instant) rules.View {
	v := c.engine.View()
	c.Changes = c.book.Refresh(v.Site, v.Verdicts, now, c.Changes)
	return v
}

// Open lists the open alerts.
func (c *Course) Open() []alerts.Alert { return c.book.Open() }

func (c *Course) apply(rec *telemetry.Record) error {
	if rec.Seq == 0 {
		rec.Seq = c.seq + 1
	}
	c.seq = rec.Seq
	if rec.Kind == telemetry.KindEntry {
		c.Changes = c.book.Entry(rec, c.Changes)
	}
	c.out.Reset()
	if err := c.engine.Apply(rec, &c.out); err != nil {
		return fmt.Errorf("judging record %d of site %q: %w", rec.Seq, c.site, err)
	}
	c.Transitions = append(c.Transitions, c.out.Transitions...)
	for i := range c.out.Alarms {
		c.Changes = c.book.Alarm(&c.out.Alarms[i], c.Changes)
	}
	return nil
}
