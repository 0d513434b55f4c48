package influx

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memoryJournal is a Source in memory. Its position and rejections stay when a Writer is replaced by another.
type memoryJournal struct {
	mu          sync.Mutex
	records     []telemetry.Record // Seq is the index + 1
	transitions []journal.Transition
	samples     []journal.Sample
	flows       []journal.Flow
	before      []telemetry.Record // configurations from before the first record
	position    journal.Position
	rejected    []journal.Rejected
	advances    int
	// fail, if set, is asked before each method and may return an error.
	fail func(method string) error
	// advanced, if set, sees what is about to be saved.
	advanced func(journal.Position, []journal.Rejected)
}

func (j *memoryJournal) enter(method string) error {
	j.mu.Lock()
	if j.fail != nil {
		return j.fail(method)
	}
	return nil
}

func (j *memoryJournal) Records(_ context.Context, after uint64, limit int, dst []telemetry.Record) ([]telemetry.Record, error) {
	defer j.mu.Unlock()
	if err := j.enter("Records"); err != nil {
		return dst, err
	}
	from := min(int(after), len(j.records))
	return append(dst, j.records[from:min(from+limit, len(j.records))]...), nil
}

func (j *memoryJournal) Transitions(_ context.Context, after int64, limit int, dst []journal.Transition) ([]journal.Transition, error) {
	defer j.mu.Unlock()
	if err := j.enter("Transitions"); err != nil {
		return dst, err
	}
	from := min(int(after), len(j.transitions))
	return append(dst, j.transitions[from:min(from+limit, len(j.transitions))]...), nil
}

func (j *memoryJournal) Samples(_ context.Context, after int64, limit int, dst []journal.Sample) ([]journal.Sample, error) {
	defer j.mu.Unlock()
	if err := j.enter("Samples"); err != nil {
		return dst, err
	}
	from := min(int(after), len(j.samples))
	return append(dst, j.samples[from:min(from+limit, len(j.samples))]...), nil
}

func (j *memoryJournal) Flows(_ context.Context, after int64, limit int, dst []journal.Flow) ([]journal.Flow, error) {
	defer j.mu.Unlock()
	if err := j.enter("Flows"); err != nil {
		return dst, err
	}
	from := min(int(after), len(j.flows))
	return append(dst, j.flows[from:min(from+limit, len(j.flows))]...), nil
}

func (j *memoryJournal) Configured(_ context.Context, seq uint64) ([]telemetry.Record, error) {
	defer j.mu.Unlock()
	if err := j.enter("Configured"); err != nil {
		return nil, err
	}
	last := map[string]telemetry.Record{}
	for _, r := range j.before {
		last[r.Site] = r
	}
	for _, r := range j.records[:min(int(seq), len(j.records))] {
		if r.Kind == telemetry.KindConfiguration {
			last[r.Site] = r
		}
	}
	return slices.Collect(maps.Values(last)), nil
}

func (j *memoryJournal) Position(context.Context) (journal.Position, error) {
	defer j.mu.Unlock()
	err := j.enter("Position")
	return j.position, err
}

func (j *memoryJournal) Advance(_ context.Context, to journal.Position, rejected []journal.Rejected) error {
	defer j.mu.Unlock()
	if err := j.enter("Advance"); err != nil {
		return err
	}
	if j.advanced != nil {
		j.advanced(to, rejected)
	}
	j.position = to
	j.rejected = append(j.rejected, rejected...)
	j.advances++
	return nil
}

// add appends observations and returns the new head.
func (j *memoryJournal) add(records ...telemetry.Record) journal.Position {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range records {
		r.Seq = uint64(len(j.records) + 1)
		j.records = append(j.records, r)
	}
	return j.headLocked()
}

func (j *memoryJournal) head() journal.Position {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.headLocked()
}

func (j *memoryJournal) headLocked() journal.Position {
	return journal.Position{Record: uint64(len(j.records)), Transition: int64(len(j.transitions)), Sample: int64(len(j.samples)), Flow: int64(len(j.flows))}
}

func (j *memoryJournal) saved() journal.Position {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.position
}

func (j *memoryJournal) rejections() []journal.Rejected {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.rejected)
}

// reply is what the fake server does with one request. The zero reply stores and answers 204.
type reply struct {
	status int // 0: 204
	header http.Header
	body   string
	drop   bool          // do not store, whatever the status
	lose   bool          // store, but break the connection before the answer
	after  time.Duration // answer only then
	err    error         // no answer at all
}

// fakeServer stands in for InfluxDB as a transport: what a real one will not do on command.
type fakeServer struct {
	mu       sync.Mutex
	answer   func(n int, lines []string) reply // n counts requests from 1; nil: always 204
	requests []request
	points   map[string]string // series and time -> fields
	order    []string          // in which points came first
}

type request struct {
	at    time.Time
	lines []string
	req   *http.Request
}

func (s *fakeServer) RoundTrip(req *http.Request) (*http.Response, error) {
	var from io.Reader = req.Body
	if req.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(req.Body)
		if err != nil {
			return nil, err
		}
		from = z
	}
	body, err := io.ReadAll(from)
	if err != nil {
		return nil, err
	}
	_ = req.Body.Close()
	lines := strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")
	s.mu.Lock()
	s.requests = append(s.requests, request{time.Now(), lines, req})
	var r reply
	if s.answer != nil {
		r = s.answer(len(s.requests), lines)
	}
	if strings.HasPrefix(lines[0], probe) && r.status == 0 && !r.drop {
		r.status, r.body = http.StatusBadRequest, fmt.Sprintf(`{"error":"unable to parse '%s': missing fields"}`, lines[0])
	}
	if r.err == nil && !r.drop && (r.status == 0 || r.status == http.StatusNoContent) || r.lose {
		s.store(lines)
	}
	s.mu.Unlock()
	if r.after > 0 {
		select {
		case <-time.After(r.after):
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
	switch {
	case r.err != nil:
		return nil, r.err
	case r.lose:
		return nil, io.ErrUnexpectedEOF
	}
	h := r.header
	if h == nil {
		h = http.Header{"X-Influxdb-Version": {"1.8.10"}, "Content-Type": {"application/json"}}
	}
	if r.status == 0 {
		r.status = http.StatusNoContent
	}
	return &http.Response{StatusCode: r.status, Status: http.StatusText(r.status), Header: h, Body: io.NopCloser(strings.NewReader(r.body)), Request: req}, nil
}

// store keeps points as InfluxDB would: one for each series and time, whose fields are the newest. The caller holds mu.
func (s *fakeServer) store(lines []string) {
	if s.points == nil {
		s.points = make(map[string]string)
	}
	for _, line := range lines {
		key, fields := splitLine(line)
		if _, known := s.points[key]; !known {
			s.order = append(s.order, key)
		}
		s.points[key] = fields
	}
}

// count is how many requests came so far.
func (s *fakeServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

// splitLine splits a line into series with time, and fields.
func splitLine(line string) (key, fields string) {
	i := 0
	for ; i < len(line) && line[i] != ' '; i++ {
		if line[i] == '\\' {
			i++
		}
	}
	j := strings.LastIndexByte(line, ' ')
	return line[:i] + line[j:], line[i+1 : j]
}

// partial is InfluxDB's answer to lines of which bad refuses some: the others are stored. The caller holds mu.
func (s *fakeServer) partial(lines []string, bad func(string) bool) reply {
	good := slices.DeleteFunc(slices.Clone(lines), bad)
	s.store(good)
	if len(good) == len(lines) {
		return reply{}
	}
	return reply{status: 400, body: fmt.Sprintf(`{"error":"partial write: field type conflict dropped=%d"}`, len(lines)-len(good))}
}

// testSite has a device of every place.
func testSite() facility.Site {
	jakarta, err := facility.LoadLocation("Asia/Jakarta")
	if err != nil {
		panic(err)
	}
	return facility.Site{
		ID: "magetan", Location: jakarta,
		Zones: []facility.Zone{{ID: "hall"}},
		Doors: []facility.Door{{ID: "main", From: facility.Outside, To: "hall"}},
		Tasks: []facility.Task{{ID: "handles", Place: facility.Place{Kind: facility.AtDoor, ID: "main"}}},
		Devices: []facility.Device{
			{ID: "counter-1", Place: facility.Place{Kind: facility.AtDoor, ID: "main"}},
			{ID: "air-1", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}},
			{ID: "button-1", Place: facility.Place{Kind: facility.AtTask, ID: "handles"}},
		},
	}
}

// epoch is the time of the first test reading.
const epoch telemetry.Instant = 1_656_990_000_000_000_000

// flow is an observation of the people counter.
func flow(at telemetry.Instant, in, out float64) telemetry.Record {
	return telemetry.Record{Kind: telemetry.KindObservation, Site: "magetan", At: at, Received: at, Observation: telemetry.Observation{
		Device:   "counter-1",
		Readings: []telemetry.Reading{{Quantity: telemetry.PeopleIn, Value: in}, {Quantity: telemetry.PeopleOut, Value: out}},
	}}
}

// flows are n observations a second apart.
func flows(from, n int) []telemetry.Record {
	var all []telemetry.Record
	for i := from; i < from+n; i++ {
		all = append(all, flow(epoch+telemetry.Instant(i)*1e9, float64(i%7), 1))
	}
	return all
}

// options make a Writer between j and s.
func options(j *memoryJournal, s http.RoundTripper) Options {
	j.before = []telemetry.Record{configuration(testSite())}
	return Options{
		Server: Server{URL: "http://influx.test:8086", Bucket: "gerbang", Token: NewSecret("gate:canary-secret")},
		Source: j, Transport: s,
	}
}

// configuration is the record that brings a site into force.
func configuration(site facility.Site) telemetry.Record {
	body, err := json.Marshal(rules.Definition{Site: site})
	if err != nil {
		panic(err)
	}
	return telemetry.Record{Kind: telemetry.KindConfiguration, Site: site.ID, Configuration: &telemetry.Configuration{Definition: body}}
}

// start runs a Writer until the returned function is called, which waits for its end.
func start(t *testing.T, o Options) (*Writer, func()) {
	t.Helper()
	w, err := New(o)
	if err != nil {
		t.Fatalf("making a writer: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := w.Run(ctx); err != nil {
			t.Errorf("running: got %v, want nil", err)
		}
	}()
	stop := sync.OnceFunc(func() { cancel(); <-ended })
	t.Cleanup(stop)
	return w, stop
}

// encodeAll is the text that the records become, from the start of a journal.
func encodeAll(places *places, records []telemetry.Record) string {
	e := encoder{places: places}
	var b batch
	for i := range records {
		records[i].Seq = uint64(i + 1)
		e.record(&b, &records[i])
	}
	return string(bytes.Clone(b.text))
}
