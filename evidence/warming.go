package evidence

import (
	"fmt"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// The reasons why the verdicts of a pack cannot be judged again.
const (
	WhyVersion = "version" // another version of the engine judged the site last
	WhyDeleted = "deleted" // records that the state rests on were deleted
	WhyStopped = "stopped" // the site was not judged when the period began
	WhyUnnamed = "unnamed" // no record says from where the engine began
)

// warming makes the state with which judging begins, as a restart of the gateway without a snapshot would: the engine takes what stands
// where it began to read, and every record from there up to the period.
type warming struct {
	origin telemetry.Engine
	engine *rules.Engine // nil: there is no state to be made, or it is made
	out    rules.Output
	why    string
	begun  uint64 // the record with which the engine of this version began; 0: it has not come yet
	before bool   // something was judged before that record
	done   bool
	state  []byte
	basis  Basis
	behind uint64
}

func newWarming(site string, origin telemetry.Engine) *warming {
	return &warming{origin: origin, engine: rules.New(site)}
}

// from is the record behind which the engine wants to read; false: it wants none.
func (w *warming) from() (uint64, bool) { return w.origin.After, w.engine != nil }

// stand takes what stands where the engine begins.
func (w *warming) stand(rec *telemetry.Record) error {
	w.before = true
	return w.apply(rec)
}

func (w *warming) apply(rec *telemetry.Record) error {
	w.out.Reset()
	if err := w.engine.Apply(rec, &w.out); err != nil {
		return fmt.Errorf("judging record %d again: %w", rec.Seq, err)
	}
	return nil
}

// record takes a record; first is the last one before the period.
func (w *warming) record(rec *telemetry.Record, first uint64) error {
	if w.engine == nil || w.done || rec.Seq <= w.origin.After {
		return nil
	}
	if rec.Seq > first && w.begun != 0 {
		return w.take(first)
	}
	begins := rec.Kind == telemetry.KindEngine && rec.Engine != nil && rec.Engine.Version == rules.EngineVersion && rec.Engine.After == w.origin.After
	if begins && rec.Seq > first && !w.before {
		w.done, w.basis, w.behind = true, BasisBeginning, rec.Seq-1
		return nil
	}
	if !rec.Judged() {
		return nil
	}
	w.before = true
	if err := w.apply(rec); err != nil {
		return err
	}
	if begins {
		w.begun = rec.Seq
		if rec.Seq > first {
			return w.take(rec.Seq)
		}
	}
	return nil
}

// reached says that all records have passed.
func (w *warming) reached(first uint64) error {
	if w.engine != nil && !w.done && w.begun != 0 {
		return w.take(first)
	}
	return nil
}

// take takes the state behind a record.
func (w *warming) take(record uint64) (err error) {
	w.done, w.basis, w.behind = true, BasisState, record
	w.state, err = w.engine.Snapshot()
	return err
}

// finish writes into the manifest what there is.
func (w *warming) finish(m *Manifest) {
	if !w.done && w.why == "" {
		w.why = WhyUnnamed
		if m.Stopped != 0 {
			w.why = WhyStopped
		}
	}
	if w.done {
		m.State = State{Basis: w.basis, Record: w.behind}
		return
	}
	m.State = State{Basis: BasisNone, Why: w.why}
}
