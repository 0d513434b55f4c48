package app

import (
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/influx"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/reach"
)

// audience is everybody behind the loop who hears of what is durable. Nobody in it blocks. Its parts are made after the loop and
// before anything runs.
type audience struct {
	head    func() journal.Position // of the journal
	courier *gateway.Courier
	influx  *influx.Writer // nil: not configured
	router  *router        // nil: not configured
	calls   *reach.Reach   // who calls people
}

// committed hands on a durable batch.
func (a *audience) committed(b *journal.Batch) {
	a.courier.Owe(b.Signals)
	a.router.notify(b.Changes)
	a.calls.Notify(b.Changes)
	if a.influx != nil {
		a.influx.Committed(a.head())
	}
}

// stuck tells people about a journal that refuses commits. Its alert is not stored yet.
func (a *audience) stuck(changes []alerts.Change) {
	a.courier.Show(alerts.Signals(changes, nil))
	a.router.notify(changes)
}

// show publishes states.
func (a *audience) show(signals []alerts.Signal) { a.courier.Show(signals) }
