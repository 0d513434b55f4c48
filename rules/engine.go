// Package rules decides whether a site keeps its protocol. Its engine is a pure state machine: the same records in the same
// order give the same verdicts, bit for bit. It does no I/O, reads no clock, starts no goroutine and logs nothing.
package rules

import (
	"errors"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// SampleInterval is the least event time between two occupancy samples of one zone with the same verdict.
const SampleInterval = 10 * time.Second

// Engine judges one site. It is a discrete-event machine: its clock is the greatest Received seen, and before a record is
// applied every deadline up to the record's Received fires in order, each at its own time. Ticks therefore only move the
// clock; when they come does not change what is decided.
//
// An Engine is used by one goroutine at a time.
type Engine struct{}

// New makes an engine for a site. Until a configuration record is applied it judges nothing.
func New(site string) *Engine { return &Engine{} }

// Apply advances the engine by one record of its site and appends what it caused to out. The record must not be retained,
// nor any slice in it. Records that are not the site's, and rejections, only move the clock. A configuration that cannot be
// read is an error and leaves the engine as it was; there are no other errors.
func (e *Engine) Apply(rec *telemetry.Record, out *Output) error { return errors.New("not built") }

// Due is the next deadline: when a KindTick record would change something. telemetry.Never: none.
func (e *Engine) Due() telemetry.Instant { return telemetry.Never }

// Snapshot is the engine's whole state in a versioned encoding; Restore on a fresh engine gives one that behaves
// identically from then on.
func (e *Engine) Snapshot() ([]byte, error) { return nil, nil }

// Restore replaces the state. A snapshot of another version or site is an error: the caller then replays from the start.
func (e *Engine) Restore(b []byte) error { return nil }

// View is the live state.
func (e *Engine) View() View { return View{} }
