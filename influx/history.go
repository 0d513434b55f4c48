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

// History gives readings back. It may be asked from any number of goroutines. An error is worth a message to the user
// and nothing more: live state and verdicts do not depend on it.
type History interface {
	// Readings lists the readings of a quantity with From ≤ At < To in the order of time, the oldest Limit of them. None is not
	// an error.
	Readings(ctx context.Context, q Query) ([]Point, error)
}

var _ History = (*Reader)(nil)

// Query asks for one quantity of one device.
type Query struct {
	Site, Device string // required
	Quantity     telemetry.Quantity
	From, To     telemetry.Instant // From < To
	Limit        int               // 1 to MaxLimit; 0: MaxLimit
	// Newest asks for the newest Limit readings, the newest first, of one device or, where Device is empty, of all of the site or, where Zone is
	// set, of those that hung there; only those with Moment < Before where that is set.
	Newest bool
	Zone   string
	Before telemetry.Instant
}

// MaxLimit is the most readings of one answer.
const MaxLimit = 100_000

// Point is one reading as InfluxDB holds it.
type Point struct {
	At    telemetry.Instant // to the millisecond
	Value float64           // as it is meant at the device's place: swap, offset
	// Raw is what the device sent as this quantity, where HasRaw says that it is something else than Value, and Counted is false
	// where Value is not set because the reading was not reckoned with or is another quantity at its place.
	Raw        float64
	HasRaw     bool
	Counted    bool
	Channel    string // as it was written; see the package's words on tags
	Provenance string // empty: sensor
	// What follows is set in answers about the newest readings.
	Moment             telemetry.Instant // exact: no two points of a device's quantity and channel have the same
	Device, Zone, Door string
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

// Readings implements History.
func (r *Reader) Readings(ctx context.Context, q Query) ([]Point, error) {
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
		text := safeText(err.Error(), r.server.Token)
		if said, ok := refusedQuery(err); ok {
			return nil, &Refusal{Quantity: q.Quantity.String(), Words: safeText(said, r.server.Token)}
		}
		return nil, fmt.Errorf("reading %s of device %q from InfluxDB: %s", q.Quantity, q.Device, text)
	}
	return points, nil
}

// Refusal is an answer of InfluxDB to a query that says no: it is there, and it is something else that has to be mended.
type Refusal struct {
	Quantity string
	Words    string // InfluxDB's own, on one line, without secrets
}

// Error says what was asked for and what InfluxDB said.
func (r *Refusal) Error() string { return "InfluxDB refuses to give " + r.Quantity + ": " + r.Words }

// refusedQuery finds InfluxDB's words in an error of a query, if it answered with a status below 500 (it will not answer otherwise
// by itself).
func refusedQuery(err error) (words string, ok bool) {
	a, ok := errors.AsType[*answer](err)
	if !ok || a.status >= http.StatusInternalServerError || a.status == http.StatusTooManyRequests || !a.influx && !a.named {
		return "", false
	}
	return a.text, true
}

// validate checks a query and finds its column.
func (q *Query) validate() (*column, error) {
	c := columnOf(q.Quantity)
	switch {
	case c.measurement == noMeasurement:
		return c, fmt.Errorf("quantity %d: want one that is measured", q.Quantity)
	case q.Site == "" || q.Device == "" && !q.Newest:
		return c, errors.New("want a site and a device")
	case q.From >= q.To:
		return c, fmt.Errorf("from %v to %v: want a period", q.From, q.To)
	case q.Limit < 0 || q.Limit > MaxLimit:
		return c, fmt.Errorf("limit %d: want 1 to %d", q.Limit, MaxLimit)
	}
	setDefault(&q.Limit, MaxLimit)
	// Points lie within the millisecond in which they happened; see momentOf.
	q.From, q.To = shown(q.From+millisecond-1), shown(q.To+millisecond-1)
	if q.Before != 0 {
		q.To = min(q.To, q.Before)
	}
	return c, nil
}

// influxQL is the query's text for 1.8.
func (q *Query) influxQL(c *column) (string, error) {
	site, err := influxQLString(q.Site)
	if err != nil {
		return "", err
	}
	device, err := influxQLString(q.Device)
	if err != nil {
		return "", err
	}
	if q.Newest {
		zone, err := influxQLString(q.Zone)
		if err != nil {
			return "", err
		}
		t := fmt.Sprintf(`SELECT "%[1]s", "%[1]s%[2]s", "channel"::tag, "provenance"::tag, "device"::tag, "zone"::tag, "door"::tag FROM "%[3]s" WHERE "site"::tag = %[4]s`,
			c.field, rawSuffix, measurementNames[c.measurement], site)
		if q.Device != "" {
			t += ` AND "device"::tag = ` + device
		}
		if q.Zone != "" {
			t += ` AND "zone"::tag = ` + zone
		}
		return t + fmt.Sprintf(` AND time >= %d AND time < %d ORDER BY time DESC LIMIT %d`, int64(q.From), int64(q.To), q.Limit), nil
	}
	return fmt.Sprintf(`SELECT "%[1]s", "%[1]s%[2]s", "channel"::tag, "provenance"::tag FROM "%[3]s" WHERE "site"::tag = %[4]s`+
		` AND "device"::tag = %[5]s AND time >= %[6]d AND time < %[7]d ORDER BY time LIMIT %[8]d`,
		c.field, rawSuffix, measurementNames[c.measurement], site, device, int64(q.From), int64(q.To), q.Limit), nil
}

// fluxText is the query's text for 2.x.
func (q *Query) fluxText(bucket string, c *column) (string, error) {
	var quoted [4]string
	for i, s := range []string{bucket, q.Site, q.Device, q.Zone} {
		var err error
		if quoted[i], err = fluxString(s); err != nil {
			return "", err
		}
	}
	if q.Newest {
		t := fmt.Sprintf(`from(bucket: %[1]s) |> range(start: time(v: %[2]d), stop: time(v: %[3]d))`+
			` |> filter(fn: (r) => r._measurement == "%[4]s" and (r._field == "%[5]s" or r._field == "%[5]s%[6]s") and r.site == %[7]s`,
			quoted[0], int64(q.From), int64(q.To), measurementNames[c.measurement], c.field, rawSuffix, quoted[1])
		if q.Device != "" {
			t += " and r.device == " + quoted[2]
		}
		if q.Zone != "" {
			t += " and r.zone == " + quoted[3]
		}
		return t + fmt.Sprintf(`) |> group() |> sort(columns: ["_time"], desc: true) |> limit(n: %d)`, 2*q.Limit), nil
	}
	// A point is one row for each of its fields, at most two.
	return fmt.Sprintf(`from(bucket: %[1]s) |> range(start: time(v: %[2]d), stop: time(v: %[3]d))`+
		` |> filter(fn: (r) => r._measurement == "%[4]s" and (r._field == "%[5]s" or r._field == "%[5]s%[6]s")`+
		` and r.site == %[7]s and r.device == %[8]s)`+
		` |> group() |> sort(columns: ["_time"]) |> limit(n: %[9]d)`,
		quoted[0], int64(q.From), int64(q.To), measurementNames[c.measurement], c.field, rawSuffix, quoted[1], quoted[2], 2*q.Limit), nil
}

// maxAnswer bounds an answer to a query: MaxLimit points need about 8 MiB.
const maxAnswer = 64 << 20

func (r *Reader) byInfluxQL(ctx context.Context, q Query, c *column) ([]Point, error) {
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

// rowTags are the columns behind those of every answer.
const rowTags = 3

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

// parseRow reads time, value, raw value, channel, provenance, and of the newest readings device, zone and door.
func parseRow(row []any) (Point, error) {
	if len(row) != 5 && len(row) != 5+rowTags {
		return Point{}, fmt.Errorf("reading a row of %d columns: want 5", len(row))
	}
	at, ok := row[0].(json.Number)
	if !ok {
		return Point{}, fmt.Errorf("reading a row: time %v: want a number", row[0])
	}
	ns, err := strconv.ParseInt(at.String(), 10, 64)
	if err != nil {
		return Point{}, fmt.Errorf("reading a row: %w", err)
	}
	p := Point{At: shown(telemetry.Instant(ns))}
	for i, column := range []struct {
		value *float64
		has   *bool
	}{{&p.Value, &p.Counted}, {&p.Raw, &p.HasRaw}} {
		switch v := row[1+i].(type) {
		case nil:
		case json.Number:
			if *column.value, err = v.Float64(); err != nil {
				return Point{}, fmt.Errorf("reading a row: %w", err)
			}
			*column.has = true
		default:
			return Point{}, fmt.Errorf("reading a row: value %v: want a number", v)
		}
	}
	p.Channel, _ = row[3].(string) // null where there is none
	p.Provenance, _ = row[4].(string)
	if len(row) > 5 {
		p.Moment = telemetry.Instant(ns)
		p.Device, _ = row[5].(string)
		p.Zone, _ = row[6].(string)
		p.Door, _ = row[7].(string)
	}
	return p, nil
}

func (r *Reader) byFlux(ctx context.Context, q Query, c *column) ([]Point, error) {
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
	// Of each point that was read last: the moment itself, without which two in one millisecond could not be told apart.
	type key struct {
		moment                      telemetry.Instant
		channel, provenance, device string
	}
	at := map[key]int{}
	for table.Next() {
		rec := table.Record()
		k := key{moment: telemetry.InstantOf(rec.Time())}
		k.channel, _ = rec.ValueByKey("channel").(string)
		k.provenance, _ = rec.ValueByKey("provenance").(string)
		if q.Newest {
			k.device, _ = rec.ValueByKey("device").(string)
		}
		i, known := at[k]
		if !known {
			i = len(points)
			at[k] = i
			points = append(points, Point{At: k.moment, Channel: k.channel, Provenance: k.provenance, Device: k.device})
			if p := &points[i]; q.Newest {
				p.Moment = k.moment
				p.Zone, _ = rec.ValueByKey("zone").(string)
				p.Door, _ = rec.ValueByKey("door").(string)
			}
		}
		p := &points[i]
		value, has := &p.Value, &p.Counted
		if strings.HasSuffix(rec.Field(), rawSuffix) {
			value, has = &p.Raw, &p.HasRaw
		}
		switch v := rec.Value().(type) {
		case float64:
			*value = v
		case int64:
			*value = float64(v)
		default:
			return nil, fmt.Errorf("reading a value of type %T: want a number", v)
		}
		*has = true
	}
	// A server that splits the answer into several tables orders each of them only.
	slices.SortStableFunc(points, func(a, b Point) int {
		if q.Newest {
			a, b = b, a
		}
		return cmp.Compare(a.At, b.At)
	})
	points = points[:min(len(points), q.Limit)]
	for i := range points {
		points[i].At = shown(points[i].At)
	}
	return points, table.Err()
}
