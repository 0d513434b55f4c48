package app

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/influx"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/web"
)

// records are what of the journal the archive reads.
type records interface {
	journal.Queries
	journal.Streams
}

// archive gives raw readings back: InfluxDB's where it is configured, answers, and has what is asked for, else the journal's.
type archive struct {
	journal records
	health  func() influx.Health          // nil: InfluxDB is not configured
	reader  atomic.Pointer[influx.Reader] // nil: likewise
}

var _ web.Readings = (*archive)(nil)

// openArchive makes the way to raw readings.
func openArchive(cfg *configs.Config, j records, w *influx.Writer) (*archive, error) {
	h := &archive{journal: j}
	if w == nil {
		return h, nil
	}
	h.health = w.Health
	server, err := InfluxServer(cfg.Influx)
	if err != nil {
		return nil, err
	}
	reader, err := influx.NewReader(server)
	if err != nil {
		return nil, err
	}
	h.reader.Store(reader)
	return h, nil
}

// renew asks a server with the secrets of now.
func (h *archive) renew(r *influx.Reader) {
	if old := h.reader.Swap(r); old != nil {
		old.Close()
	}
}

// Why InfluxDB was not asked, or did not answer.
const (
	whyOff     = "off"      // it is not configured
	whyAll     = "quantity" // it is asked for one quantity at a time
	whyBehind  = "behind"   // it has not got all of it yet
	whyFailed  = "failed"   // it does not answer
	whyRefused = "refused"  // it answers with a refusal
)

// Readings implements web.Readings.
func (h *archive) Readings(ctx context.Context, q web.ReadingsQuery) (web.ReadingsPage, error) {
	from, before, _ := strings.Cut(q.After, ".")
	position, err := strconv.ParseInt(before, 36, 64)
	if q.After != "" && (err != nil || position <= 0 || from != "i" && from != "j") {
		return web.ReadingsPage{}, fmt.Errorf("after %q: %w", q.After, web.ErrBadCursor)
	}
	why, words := "", ""
	if from != "j" {
		if why = h.whyNot(&q); why == "" {
			page, err := h.ofInflux(ctx, q, telemetry.Instant(position))
			if err == nil || from == "i" {
				return page, err
			}
			why = whyFailed
			if no, ok := errors.AsType[*influx.Refusal](err); ok {
				why, words = whyRefused, no.Words
			}
		} else if from == "i" { // the page before was InfluxDB's
			return web.ReadingsPage{}, errors.New("InfluxDB, which the page before came from, cannot be asked now")
		}
		position = 0
	}
	page, err := h.ofJournal(ctx, q, uint64(position))
	page.Why, page.Words = why, words
	return page, err
}

// whyNot says why InfluxDB is not asked; empty: it is.
func (h *archive) whyNot(q *web.ReadingsQuery) string {
	switch {
	case h.health == nil:
		return whyOff
	case q.Quantity == telemetry.NoQuantity:
		return whyAll
	}
	s := h.health()
	switch {
	case s.Past > 0 || s.Waiting > 0 && s.Age > 10*time.Second && q.Until.Time().After(time.Now().Add(-s.Age)):
		return whyBehind
	case s.State == influx.Retrying || s.State == influx.Blocked:
		return whyFailed
	}
	return ""
}

func (h *archive) ofInflux(ctx context.Context, q web.ReadingsQuery, before telemetry.Instant) (web.ReadingsPage, error) {
	points, err := h.reader.Load().Readings(ctx, influx.Query{
		Site: q.Site, Zone: q.Zone, Device: q.Device, Quantity: q.Quantity, From: q.From, To: q.Until, Limit: q.Limit + 1, Newest: true, Before: before,
	})
	if err != nil {
		return web.ReadingsPage{}, err
	}
	page := web.ReadingsPage{Source: "influxdb"}
	if len(points) > q.Limit {
		n := q.Limit
		for n > 1 && points[n-1].Moment == points[n].Moment { // a page ends between two moments
			n--
		}
		points = points[:n]
		page.Next = "i." + strconv.FormatInt(int64(points[n-1].Moment), 36)
	}
	for i := range points {
		page.Rows = append(page.Rows, rowOf(q.Site, &influx.Reading{Point: points[i], Quantity: q.Quantity}))
	}
	return page, nil
}

// rowOf is a reading as the pages know it.
func rowOf(site string, r *influx.Reading) web.ReadingRow {
	return web.ReadingRow{
		At: r.At, Site: site, Zone: r.Zone, Door: r.Door, Device: r.Device, Channel: r.Channel, Provenance: r.Provenance, Quantity: r.Quantity,
		Value: r.Value, HasValue: r.Counted, Raw: r.Raw, HasRaw: r.HasRaw, Text: r.Text,
	}
}

// lookAtMost is how many records are looked at for one page. Behind them the next page goes on.
const lookAtMost = 200_000

// ofJournal lists readings in the order of arrival, the newest first.
func (h *archive) ofJournal(ctx context.Context, q web.ReadingsQuery, before uint64) (web.ReadingsPage, error) {
	page := web.ReadingsPage{Source: "journal"}
	var found []telemetry.Record
	readings := 0
	next, err := h.journal.Observations(ctx, q.Site, before, lookAtMost, func(rec *telemetry.Record) bool {
		at := rec.Moment()
		if at >= q.From && at < q.Until && (q.Device == "" || rec.Observation.Device == q.Device) {
			kept := *rec
			kept.Observation.Readings = slices.Clone(rec.Observation.Readings)
			found = append(found, kept)
			if q.Quantity == telemetry.NoQuantity && q.Zone == "" {
				readings += len(kept.Observation.Readings)
			} else {
				readings++
			}
		}
		return readings >= q.Limit
	})
	if err != nil || len(found) == 0 {
		return page, err
	}
	oldest, newest := found[len(found)-1].Seq, found[0].Seq
	later, err := h.journal.Configurations(ctx, q.Site, 0, newest)
	if err != nil {
		return page, err
	}
	n := 0
	for n < len(later) && later[n].Seq <= oldest {
		n++
	}
	meaning, _ := influx.NewMeaning(later[:n]) // devices of a site that cannot be read have no place
	later = later[n:]
	var all []influx.Reading
	var clocks []bool
	for i := len(found) - 1; i >= 0; i-- {
		for len(later) > 0 && later[0].Seq < found[i].Seq {
			_ = meaning.Configure(&later[0]) // likewise
			later = later[1:]
		}
		all = meaning.Readings(&found[i], all)
		for len(clocks) < len(all) {
			clocks = append(clocks, found[i].Observation.Flags.Has(telemetry.FlagClock))
		}
	}
	for i := len(all) - 1; i >= 0; i-- {
		if r := &all[i]; (q.Quantity == telemetry.NoQuantity || r.Quantity == q.Quantity) && (q.Zone == "" || r.Zone == q.Zone) {
			row := rowOf(q.Site, r)
			row.ClockReplaced = clocks[i]
			page.Rows = append(page.Rows, row)
		}
	}
	if next > 0 {
		page.Next = "j." + strconv.FormatInt(int64(next), 36)
	}
	return page, nil
}

// refusedPort shows the points that InfluxDB refused, and sends them again.
type refusedPort struct {
	journal journal.Refusals
	writer  *influx.Writer // nil: InfluxDB is not configured
}

var _ web.Refused = refusedPort{}

// register shows how many there are. The answer is asked of the journal at each scrape, and missing where that takes too long.
func (p refusedPort) register(reg prometheus.Registerer) {
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "gerbang_influx_points_refused", Help: "Points, or single fields of points, that InfluxDB refused and that are kept to be sent again.",
	}, func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		n, err := p.journal.RefusedCount(ctx)
		if err != nil {
			return math.NaN()
		}
		return float64(n)
	}))
}

// Refused implements web.Refused.
func (p refusedPort) Refused(ctx context.Context, site string, before int64, limit int) ([]web.RefusedPoint, error) {
	kept, err := p.journal.Refused(ctx, site, before, limit)
	points := make([]web.RefusedPoint, len(kept))
	for i, r := range kept {
		points[i] = web.RefusedPoint{Number: r.Number, When: r.When, At: r.At, Site: r.Site, Device: r.Device, Line: r.Line, Reason: r.Reason}
	}
	return points, err
}

// Again implements web.Refused.
func (p refusedPort) Again(ctx context.Context, site string) (stored, refused int, err error) {
	if p.writer == nil {
		return 0, 0, fmt.Errorf("sending points to InfluxDB, which is not configured: %w", web.ErrNotFound)
	}
	return p.writer.Again(ctx, p.journal, site)
}
