package rows

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/gerbang-iot/gerbang/docs/bench/engines"
	"github.com/gerbang-iot/gerbang/docs/bench/figures"
	"github.com/gerbang-iot/gerbang/docs/bench/influx"
	"github.com/gerbang-iot/gerbang/docs/bench/load"
	"github.com/gerbang-iot/gerbang/docs/bench/meter"
)

const database = "bench"

// Bench measures rows, one at a time. Dir is a folder on the disk that is to be measured: each measurement begins with nothing and
// leaves nothing there.
type Bench struct {
	Programs engines.Programs
	Dir      string
	Form     Form
}

// Measure starts InfluxDB, the row's broker and the consumer, publishes, counts, and ends all three.
func (b Bench) Measure(ctx context.Context, r Row, c Consumer) (record figures.Record, err error) {
	fail := func(err error) (figures.Record, error) {
		return figures.Record{}, fmt.Errorf("measuring %q with %s: %w", r.Name, c.Side(), err)
	}
	dir, err := os.MkdirTemp(b.Dir, "measurement-")
	if err != nil {
		return fail(err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left is in the folder for temporary files
	influxd, url, err := b.Programs.StartInflux(ctx, dir)
	if err != nil {
		return fail(err)
	}
	defer influxd.Stop()
	db := influx.Open(url, database)
	if err := db.Create(ctx); err != nil {
		return fail(err)
	}
	pids := map[string]int{"influxd": influxd.PID, "load": os.Getpid()}
	broker, address, err := b.broker(ctx, r.Broker, dir)
	if err != nil {
		return fail(err)
	}
	if broker != nil {
		defer broker.Stop()
		pids["broker"] = broker.PID
	}
	consumer, err := c.start(ctx, r, dir, address, db)
	if err != nil {
		return fail(err)
	}
	defer consumer.Stop()
	pids["consumer"] = consumer.PID

	m, err := meter.Begin(pids)
	if err != nil {
		return fail(err)
	}
	format, measurement, field := c.Reads()
	var count load.Counter
	if !r.Alerts {
		count = func(ctx context.Context, from, to int64) (int64, error) {
			return db.Count(ctx, influx.Series{Measurement: measurement, Field: field, From: from, To: to})
		}
	}
	result, err := load.Run(ctx, r.load(b.Form, format, address), count)
	if err == nil {
		err = consumer.Alive()
	}
	if err != nil {
		return fail(err)
	}
	costs, err := m.Costs()
	if err != nil {
		return fail(err)
	}
	return figures.Record{Row: r.Name, Side: c.Side(), Values: values(r, result, costs)}, nil
}

// broker starts the row's broker. The process is nil if the consumer brings it along.
func (b Bench) broker(ctx context.Context, kind Broker, dir string) (*engines.Process, string, error) {
	if kind == Embedded {
		address, err := engines.FreeAddress()
		return nil, "tcp://" + address, err
	}
	return b.Programs.StartMosquitto(ctx, dir, kind == Mosquitto)
}

// values are the figures of one measurement, by column.
func values(r Row, result load.Result, costs map[string]meter.Cost) map[string]float64 {
	perMillion := 1e6 / float64(max(1, result.Acked))
	v := map[string]float64{
		figures.Acked: result.PublishRate(),
		figures.CPU:   costs["consumer"].CPUSeconds * perMillion,
		figures.Peak:  costs["consumer"].PeakMB,
	}
	for name, cost := range costs {
		if name != "consumer" {
			v["cpu_"+name], v["peak_mb_"+name] = cost.CPUSeconds*perMillion, cost.PeakMB
		}
	}
	v["puback_p50_ms"], v["puback_p99_ms"] = result.PubackMS.P50, result.PubackMS.P99
	v["sent"], v["acked"] = float64(result.Sent), float64(result.Acked)
	if r.Rate > 0 {
		v[figures.Core] = costs["consumer"].CPUSeconds / result.PublishSeconds * 100
	}
	if result.Arrived >= 0 {
		v[figures.Lost], v[figures.End] = float64(result.Lost()), result.EndRate()
	}
	if a := result.Alerts; a != nil {
		v[figures.Alerts], v["alerts_twice"] = float64(a.Expected-a.Came), float64(a.Twice)
		v[figures.AlertP50], v[figures.AlertP99], v[figures.AlertMax] = a.MS.P50, a.MS.P99, a.MS.Max
	}
	return v
}

// Broken says which promises a measurement broke: what was acknowledged arrives, each once.
func Broken(r figures.Record) []string {
	var broken []string
	check := func(key, format string) {
		if n := r.Values[key]; n != 0 {
			broken = append(broken, fmt.Sprintf("%s, %s: "+format, r.Row, r.Side, n))
		}
	}
	if n := r.Values[figures.Lost]; n > 0 && n == r.Values["acked"] {
		// Nobody loses everything: most likely it is called otherwise there.
		return append(broken, fmt.Sprintf("%s, %s: nothing is in InfluxDB under the name that is counted; for a build from before persons_in, give --old-field in", r.Row, r.Side))
	}
	check(figures.Lost, "%.0f acknowledged messages are not in InfluxDB")
	check(figures.Alerts, "%.0f readings over the limit raised no alert in time")
	check("alerts_twice", "%.0f readings raised their alert a second time")
	if short := r.Values["sent"] - r.Values["acked"]; short != 0 {
		broken = append(broken, fmt.Sprintf("%s, %s: %.0f messages were not acknowledged in the time there was", r.Row, r.Side, short))
	}
	return broken
}

func hostPort(url string) string { return strings.TrimPrefix(url, "tcp://") }
