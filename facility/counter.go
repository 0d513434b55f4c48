package facility

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Accuracy is what somebody accepted about a people counter: the share of people that it counts, from a time on.
type Accuracy struct {
	From  telemetry.Instant `json:"from"`
	Value float64           `json:"value"`
}

// Bias is what somebody accepted about a people counter: how many people of one passage it misses going in more than going out, from a
// time on. Since is the closing from which on it shows.
type Bias struct {
	From  telemetry.Instant `json:"from"`
	Since telemetry.Instant `json:"since"`
	Value float64           `json:"value"`
}

// Accuracies are what was accepted of a counter, by time. The configuration's own accuracy holds before the first.
type Accuracies []Accuracy

// Biases are what was accepted of a counter, by time. Before the first it has none.
type Biases []Bias

// LeastAccuracy and MostBias bound what can be accepted: a counter that is further off is broken, or hangs the other way.
const (
	LeastAccuracy = 0.5
	MostBias      = 0.25
)

// At is the accuracy of a time; false: the configuration's own.
func (all Accuracies) At(t telemetry.Instant) (Accuracy, bool) {
	for _, one := range slices.Backward(all) {
		if one.From <= t {
			return one, true
		}
	}
	return Accuracy{}, false
}

// At is the bias of a time; false: none.
func (all Biases) At(t telemetry.Instant) (Bias, bool) {
	for _, one := range slices.Backward(all) {
		if one.From <= t {
			return one, true
		}
	}
	return Bias{}, false
}

// AcceptedCounter reads from a record what somebody accepted of a people counter: of which device (and channel, that hangs apart;
// empty: the device itself). Of accuracy and bias one is not nil. false: the record says nothing of that.
func AcceptedCounter(rec *telemetry.Record) (device, channel string, a *Accuracy, b *Bias, ok bool) {
	e := rec.Entry
	if rec.Kind != telemetry.KindEntry || e == nil {
		return "", "", nil, nil, false
	}
	switch {
	case e.Kind == telemetry.EntryAccuracy && e.Value >= LeastAccuracy && e.Value <= 1:
		a = &Accuracy{rec.Received, e.Value}
	case e.Kind == telemetry.EntryDrift && math.Abs(e.Value) <= MostBias:
		b = &Bias{From: rec.Received, Since: rec.Received, Value: e.Value}
		var since int64
		if _, err := fmt.Sscanf(e.Text, "since=%d", &since); err == nil && since > 0 && since < int64(rec.Received)/1e9 {
			b.Since = telemetry.Instant(since * 1e9)
		}
	default:
		return "", "", nil, nil, false
	}
	device, channel, _ = strings.Cut(strings.Clone(e.Subject), "/")
	return device, channel, a, b, true
}

// BiasText is the text of an entry about a bias that shows since a time, in whole seconds.
func BiasText(since telemetry.Instant) string { return fmt.Sprintf("since=%d", int64(since)/1e9) }
