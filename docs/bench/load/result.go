package load

import "github.com/gerbang-iot/gerbang/docs/bench/figures"

// Result is what one load came to.
type Result struct {
	Sent, Acked    int           // messages
	PublishSeconds float64       // from the first message to the last acknowledgement
	PubackMS       Latencies     // from sending a message to its PUBACK, of a sample
	Arrived        int           // points in InfluxDB; -1: not counted
	EndSeconds     float64       // from the first message until the last point was counted; 0: not counted
	Alerts         *AlertsResult // nil: not timed
}

// AlertsResult is what came of the readings over the limit.
type AlertsResult struct {
	Expected, Came, Twice int
	MS                    Latencies // from sending the reading to reading its alert
}

// Latencies are percentiles in milliseconds, 0 if there was nothing to measure.
type Latencies struct{ P50, P99, Max float64 }

// Lost is how many acknowledged messages are not in InfluxDB; 0 if nothing was counted.
func (r Result) Lost() int {
	if r.Arrived < 0 {
		return 0
	}
	return r.Acked - r.Arrived
}

// PublishRate is how many messages per second were acknowledged.
func (r Result) PublishRate() float64 { return float64(r.Acked) / r.PublishSeconds }

// EndRate is how many messages per second arrived in InfluxDB, 0 if nothing was counted.
func (r Result) EndRate() float64 {
	if r.EndSeconds == 0 {
		return 0
	}
	return float64(r.Arrived) / r.EndSeconds
}

func latenciesOf(ms []float64) Latencies {
	return Latencies{P50: figures.Percentile(ms, .5), P99: figures.Percentile(ms, .99), Max: figures.Percentile(ms, 1)}
}
