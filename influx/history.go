package influx

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/influxdata/influxdb-client-go/v2/api"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// History gives raw readings back. It may be asked from any number of goroutines. An error is worth a message to the user
// and nothing more: live state and verdicts do not depend on it.
type History interface {
	// Raw lists the readings of a quantity with From ≤ At < To in the order of time, the oldest Limit of them. None is not
	// an error.
	Raw(ctx context.Context, q Query) ([]Point, error)
}

var _ History = (*Reader)(nil)

// Query asks for one quantity of one device.
type Query struct {
	Site, Device string // required
	Quantity     telemetry.Quantity
	From, To     telemetry.Instant // From < To
	Limit        int               // 1 to MaxLimit; 0: MaxLimit
}

// MaxLimit is the most readings of one answer.
const MaxLimit = 100_000

// Point is one reading as InfluxDB holds it.
type Point struct {
	At         telemetry.Instant
	Value      float64
	Channel    string // as it was written; see the package's words on tags
	Provenance string // empty: sensor
}

// Reader is the History of an InfluxDB server: InfluxQL for 1.8, Flux for 2.x. Both languages come from templates in this
// file, in which only measurements and fields of the schema, quoted ids and numbers are put.
type Reader struct {
	server Server
	doer   *doer
	flux   api.QueryAPI
}

// NewReader makes a Reader. It does not speak to the server; an error is one of configuration.
func NewReader(s Server) (*Reader, error) {
	setDefault(&s.Timeout, defaultTimeout)
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("configuring the InfluxDB reader: %w", err)
	}
	t, err := s.transport()
	if err != nil {
		return nil, fmt.Errorf("configuring the InfluxDB reader: %w", err)
	}
	d := newDoer(t, http.StatusOK, false, s.Token)
	return &Reader{server: s, doer: d, flux: s.client(d).QueryAPI(s.Org)}, nil
}

// Close lets go of idle connections. Queries in flight go on.
func (r *Reader) Close() { r.doer.client.CloseIdleConnections() }

// Raw implements History.
func (r *Reader) Raw(ctx context.Context, q Query) ([]Point, error) {
	c, err := q.validate()
	if err != nil {
		return nil, fmt.Errorf("asking for history: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.server.Timeout)
	defer cancel()
	var points []Point
	if r.server.v1() {
		points, err = r.byInfluxQL(ctx, q, c)
	} else {
		points, err = r.byFlux(ctx, q, c)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s of device %q from InfluxDB: %s", q.Quantity, q.Device, safeText(err.Error(), r.server.Token))
	}
	return points, nil
}

// validate checks a query and finds its column.
func (q *Query) validate() (column, error) {
	c := columnOf(q.Quantity)
	switch {
	case c.measurement == noMeasurement:
		return c, fmt.Errorf("quantity %d: want one that is measured", q.Quantity)
	case q.Site == "" || q.Device == "":
		return c, errors.New("want a site and a device")
	case q.From >= q.To:
		return c, fmt.Errorf("from %v to %v: want a period", q.From, q.To)
	case q.Limit < 0 || q.Limit > MaxLimit:
		return c, fmt.Errorf("limit %d: want 1 to %d", q.Limit, MaxLimit)
	}
	setDefault(&q.Limit, MaxLimit)
	return c, nil
}

// influxQL is the query's text for 1.8.
func (q *Query) influxQL(c column) (string, error) {
	site, err := influxQLString(q.Site)
	if err != nil {
		return "", err
	}
	device, err := influxQLString(q.Device)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`SELECT "%s", "channel"::tag, "provenance"::tag FROM "%s" WHERE "site"::tag = %s AND "device"::tag = %s`+
		` AND time >= %d AND time < %d ORDER BY time LIMIT %d`,
		c.field, measurementNames[c.measurement], site, device, int64(q.From), int64(q.To), q.Limit), nil
}

// fluxText is the query's text for 2.x.
func (q *Query) fluxText(bucket string, c column) (string, error) {
	var quoted [3]string
	for i, s := range []string{bucket, q.Site, q.Device} {
		var err error
		if quoted[i], err = fluxString(s); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf(`from(bucket: %s) |> range(start: time(v: %d), stop: time(v: %d))`+
		` |> filter(fn: (r) => r._measurement == "%s" and r._field == "%s" and r.site == %s and r.device == %s)`+
		` |> group() |> sort(columns: ["_time"]) |> limit(n: %d)`,
		quoted[0], int64(q.From), int64(q.To), measurementNames[c.measurement], c.field, quoted[1], quoted[2], q.Limit), nil
}

// maxAnswer bounds an answer to a query: MaxLimit points need about 8 MiB.
const maxAnswer = 64 << 20

func (r *Reader) byInfluxQL(ctx context.Context, q Query, c column) ([]Point, error) {
	text, err := q.influxQL(c)
	if err != nil {
		return nil, err
	}
	db, rp := r.server.database()
	form := url.Values{"db": {db}, "q": {text}, "epoch": {"ns"}}
	if rp != "" {
		form.Set("rp", rp)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(r.server.URL, "/")+"/query", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if !r.server.Token.IsZero() {
		req.Header.Set("Authorization", "Token "+r.server.Token.Reveal())
	}
	resp, err := r.doer.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end, or given up
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	return parseInfluxQL(body)
}

// parseInfluxQL reads the answer of 1.8.
func parseInfluxQL(body []byte) ([]Point, error) {
	var said struct {
		Error   string
		Results []struct {
			Error  string
			Series []struct{ Values [][]any }
		}
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber() // a float64 cannot hold nanoseconds
	if err := d.Decode(&said); err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if said.Error != "" {
		return nil, errors.New(said.Error)
	}
	var points []Point
	for _, result := range said.Results {
		if result.Error != "" {
			return nil, errors.New(result.Error)
		}
		for _, series := range result.Series {
			for _, row := range series.Values {
				p, err := parseRow(row)
				if err != nil {
					return nil, err
				}
				points = append(points, p)
			}
		}
	}
	return points, nil
}

// parseRow reads time, value, channel, provenance.
func parseRow(row []any) (Point, error) {
	if len(row) != 4 {
		return Point{}, fmt.Errorf("reading a row of %d columns: want 4", len(row))
	}
	at, ok1 := row[0].(json.Number)
	value, ok2 := row[1].(json.Number)
	if !ok1 || !ok2 {
		return Point{}, fmt.Errorf("reading a row: time %v, value %v: want numbers", row[0], row[1])
	}
	ns, err1 := strconv.ParseInt(at.String(), 10, 64)
	v, err2 := value.Float64()
	if err := errors.Join(err1, err2); err != nil {
		return Point{}, fmt.Errorf("reading a row: %w", err)
	}
	channel, _ := row[2].(string) // null where there is none
	provenance, _ := row[3].(string)
	return Point{At: telemetry.Instant(ns), Value: v, Channel: channel, Provenance: provenance}, nil
}

func (r *Reader) byFlux(ctx context.Context, q Query, c column) ([]Point, error) {
	text, err := q.fluxText(r.server.Bucket, c)
	if err != nil {
		return nil, err
	}
	table, err := r.flux.Query(ctx, text)
	if err != nil {
		return nil, err
	}
	defer func() { _ = table.Close() }() // read to its end, or given up
	var points []Point
	for len(points) < q.Limit && table.Next() {
		rec := table.Record()
		p := Point{At: telemetry.InstantOf(rec.Time())}
		switch v := rec.Value().(type) {
		case float64:
			p.Value = v
		case int64:
			p.Value = float64(v)
		default:
			return nil, fmt.Errorf("reading a value of type %T: want a number", v)
		}
		p.Channel, _ = rec.ValueByKey("channel").(string)
		p.Provenance, _ = rec.ValueByKey("provenance").(string)
		points = append(points, p)
	}
	// A server that splits the answer into several tables orders each of them only.
	slices.SortStableFunc(points, func(a, b Point) int { return cmp.Compare(a.At, b.At) })
	return points, table.Err()
}
