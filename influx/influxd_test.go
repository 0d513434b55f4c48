package influx

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// toReal are the options of a Writer to a real server. Times are recent, so that no retention policy is in the way.
func toReal(journal *memoryJournal, server *testengine.InfluxServer, bucket string) Options {
	o := options(journal, nil)
	o.Transport = nil
	o.Server = Server{URL: server.URL, Bucket: bucket, Token: NewSecret(server.Token())}
	o.Linger = 10 * time.Millisecond
	return o
}

// eventually waits until ok, which another process decides.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(90 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waited 90 s for %s", what)
		}
	}
}

// caughtUp tells when the position has reached the end of the journal.
func caughtUp(j *memoryJournal) func() bool {
	return func() bool { return j.saved() == j.head() }
}

func TestInfluxdTakesTheWholeSchema(t *testing.T) {
	t.Parallel()
	server := testengine.Influxd(t)
	server.CreateDB("gerbang")
	j := &memoryJournal{}
	at := telemetry.InstantOf(time.Now().Add(-time.Hour))
	var readings, periods []telemetry.Reading // where a message has both, only the total counts
	for i, q := range telemetry.Quantities() {
		r := telemetry.Reading{Quantity: q, Value: float64(i) + 0.25, Channel: "ch,1=a b"}
		if q.Total() != telemetry.NoQuantity {
			periods = append(periods, r)
		} else {
			readings = append(readings, r)
		}
	}
	for n := range 2 {
		all := observed("air-1", readings...)
		all.At = at + telemetry.Instant(n)
		all.Observation.Task = &telemetry.TaskLog{Task: "handles", Done: true, Agent: "alcohol\n\"70 %\", C:\\x", Item: "#m"}
		apart := observed("air-1", periods...)
		apart.At = all.At
		j.add(all, apart)
	}
	j.transitions = []journal.Transition{{ID: 1, Transition: rules.Transition{Site: "magetan", Rule: "capacity", Subject: rules.Subject{Kind: rules.SubjectZone, ID: "hall"},
		At: at, To: rules.Breached, Explanation: rules.Explanation{Value: 31, Limit: 30, HasValue: true, HasLimit: true, Reason: rules.ReasonNear}}}}
	j.samples = []journal.Sample{{ID: 1, Sample: rules.Sample{Site: "magetan", Zone: "hall", At: at, Persons: 31, Error: 0.5, Low: 30, High: 32, Known: true, Limit: 30, HasLimit: true, Near: true}}}
	j.flows = []journal.Flow{{ID: 1, Flow: rules.Flow{Site: "magetan", Device: "counter-1", At: at, In: 4, Out: 2, Record: 1}}}
	start(t, toReal(j, server, "gerbang"))
	eventually(t, "everything to be written", caughtUp(j))
	if got := j.rejections(); len(got) != 0 {
		t.Fatalf("rejected: got %+v, want none", got)
	}

	names := make(map[string]bool)
	for _, q := range telemetry.Quantities() {
		c := columnOf(q)
		m := measurementNames[c.measurement]
		names[m] = true
		want := int64(2)
		if m == "people_flow" {
			want = 3 // with the flow of a total
		}
		if got := server.Count("gerbang", m, c.field); got != want {
			t.Errorf("%s.%s: got %d points, want %d", m, c.field, got, want)
		}
		types := server.Query("gerbang", fmt.Sprintf(`SHOW FIELD KEYS FROM %q`, m))
		kind := "float"
		if c.integer {
			kind = "integer"
		}
		if !slices.ContainsFunc(types[0].Values, func(row []any) bool { return row[0] == c.field && row[1] == kind }) {
			t.Errorf("%s.%s: got types %v, want %s", m, c.field, types[0].Values, kind)
		}
	}
	names["task"], names["occupancy"], names["verdict"] = true, true, true
	if got := server.Query("gerbang", "SHOW MEASUREMENTS")[0].Values; len(got) != len(names) {
		t.Errorf("measurements: got %v, want %d", got, len(names))
	}
	row := server.Query("gerbang", `SELECT persons, error, low, high, capacity_limit, near, known FROM occupancy WHERE zone = 'hall'`)[0].Values[0]
	if fmt.Sprint(row[1:]) != "[31 0.5 30 32 30 1 1]" {
		t.Errorf("occupancy: got %v, want 31 0.5 30 32 30 1 1", row)
	}
	series := server.Query("gerbang", `SELECT * FROM air GROUP BY *`)[0]
	if want := map[string]string{"site": "magetan", "zone": "hall", "device": "air-1", "channel": "ch,1=a b"}; fmt.Sprint(series.Tags) != fmt.Sprint(want) {
		t.Errorf("tags: got %v, want %v", series.Tags, want)
	}
	row = server.Query("gerbang", `SELECT done, agent, item FROM task`)[0].Values[0]
	if row[1] != json.Number("1") || row[2] != `alcohol "70 %", C:\x` || row[3] != "#m" {
		t.Errorf("task log: got %q, want its words back", row)
	}
	row = server.Query("gerbang", `SELECT state, near, value, limit_value, reason FROM verdict WHERE subject = 'zone/hall'`)[0].Values[0]
	if fmt.Sprint(row[1:]) != "[1 0 31 30 near]" || row[0] != json.Number(strconv.FormatInt(int64(shown(at))+1, 10)) {
		t.Errorf("verdict: got %v, want 1 0 31 30 near", row)
	}
}

// Hostile text goes through the real parser, which is not the one the fuzz test asks.
func TestInfluxdKeepsHostileTextInItsPlace(t *testing.T) {
	t.Parallel()
	server := testengine.Influxd(t)
	server.CreateDB("gerbang")
	journal := &memoryJournal{}
	at := telemetry.InstantOf(time.Now().Add(-time.Hour))
	hostile := []string{`a\`, `\`, "a\nevil,site=x in=1i", "tab\tnul\x00", `quote"s'`, "#m", ` `, `,`, `=`, `\,`, `\ ="`, "100%", "\xff\xfe", "ü€😀\u2028", `${x}`, `a\\`, "\r\n", strings.Repeat("x", 2000)}
	for i, s := range hostile {
		journal.add(telemetry.Record{Kind: telemetry.KindObservation, Site: s, At: at + telemetry.Instant(i), Observation: telemetry.Observation{
			Device: s, Readings: []telemetry.Reading{{Quantity: telemetry.Button, Value: 1, Channel: s, Text: s}},
		}})
	}
	start(t, toReal(journal, server, "gerbang"))
	eventually(t, "everything to be written", caughtUp(journal))
	if got := journal.rejections(); len(got) != 0 {
		t.Fatalf("rejected: got %+v, want none", got)
	}
	if got := server.Query("gerbang", "SHOW MEASUREMENTS")[0].Values; len(got) != 1 {
		t.Errorf("measurements: got %v, want only button", got)
	}
	got := make(map[string]string)
	for _, s := range server.Query("gerbang", "SELECT kind FROM button GROUP BY *") {
		if s.Tags["channel"] != s.Tags["device"] || s.Tags["device"] != s.Tags["site"] || len(s.Tags) != 3 || len(s.Values) != 1 {
			t.Errorf("got series %v with %d values, want three equal tags, 1", s.Tags, len(s.Values))
		}
		got[s.Tags["device"]], _ = s.Values[0][1].(string)
	}
	for _, s := range hostile {
		if text, ok := got[percent(s)]; !ok || text != meant(s) {
			t.Errorf("%q: got %t with text %q, want it back as %q with %q", s, ok, text, percent(s), meant(s))
		}
	}
}

// InfluxDB goes away under load, by order and by force, and comes back: nothing is lost, nothing doubled, and what is
// stored is always a beginning of what was recorded.
func TestInfluxdGoesAwayUnderLoad(t *testing.T) {
	t.Parallel()
	seed := testengine.Seed(t)
	random := rand.New(rand.NewPCG(seed, 0))
	server := testengine.Influxd(t)
	server.CreateDB("gerbang")
	journal := &memoryJournal{}
	begin := telemetry.InstantOf(time.Now().Add(-time.Hour))
	o := toReal(journal, server, "gerbang")
	o.BatchLines = 500
	w, _ := start(t, o)

	recorded := 0
	load := func(n int) {
		for range n {
			batch := make([]telemetry.Record, 1+random.IntN(100))
			for i := range batch {
				batch[i] = flow(begin+telemetry.Instant(recorded/3)*1e6, float64(recorded), 0) // three at each time
				recorded++
			}
			w.Committed(journal.add(batch...))
		}
	}
	for round := range 3 {
		load(20)
		eventually(t, "some of it to be written", func() bool { return journal.saved().Record > uint64(recorded/2) })
		if round%2 == 0 {
			server.Stop()
		} else {
			server.Kill()
		}
		load(50)
		server.Start()
		saved := int(journal.saved().Record)
		stored := server.Query("gerbang", `SELECT persons_in FROM people_flow`)[0].Values
		if len(stored) < saved {
			t.Fatalf("round %d: the position is %d, and %d points are stored", round, saved, len(stored))
		}
		for i, row := range stored[:saved] { // behind it the present may have written what is newer
			if row[1] != json.Number(strconv.Itoa(i)) {
				t.Fatalf("round %d: point %d has value %v: something before it is missing", round, i, row[1])
			}
		}
	}
	eventually(t, "everything to be written", caughtUp(journal))
	rows := server.Query("gerbang", `SELECT persons_in FROM people_flow`)[0].Values
	if len(rows) != recorded {
		t.Errorf("points: got %d, want %d", len(rows), recorded)
	}
	for i, row := range rows {
		if row[1] != json.Number(strconv.Itoa(i)) {
			t.Fatalf("point %d: got value %v, want %d", i, row[1], i)
		}
	}
	t.Logf("%d points, health %+v", recorded, w.Health())
}

func TestInfluxdRevokesTheToken(t *testing.T) {
	t.Parallel()
	server := testengine.Influxd(t, testengine.InfluxAuth("root", "root-secret"))
	server.CreateDB("gerbang")
	server.Query("", `CREATE USER gate WITH PASSWORD 'canary-secret'`)
	server.Query("", `GRANT ALL ON gerbang TO gate`)
	journal := &memoryJournal{}
	o := toReal(journal, server, "gerbang/autogen")
	o.Server.Token = NewSecret("gate:canary-secret")
	faults := make(chan string, 16)
	o.Faults = func(name string, firing bool, detail string) { faults <- fmt.Sprintf("%s %t %s", name, firing, detail) }
	w, stop := start(t, o)
	add := func(from int) {
		records := flows(from, 10)
		for i := range records {
			records[i].At = telemetry.InstantOf(time.Now())
		}
		w.Committed(journal.add(records...))
	}
	add(0)
	eventually(t, "the first readings", caughtUp(journal))

	server.Query("", `REVOKE ALL PRIVILEGES FROM gate`)
	server.Query("", `REVOKE ALL ON gerbang FROM gate`)
	add(10)
	if got := <-faults; !strings.HasPrefix(got, FaultAuth+" true") || strings.Contains(got, "canary") {
		t.Errorf("alarm: got %q, want %s, without the token", got, FaultAuth)
	}
	if got := journal.saved().Record; got != 10 {
		t.Errorf("position: got %d, want 10", got)
	}
	stop() // the next attempt is a minute away; a new Writer tries at once

	server.Query("", `SET PASSWORD FOR gate = 'other-secret'`)
	server.Query("", `GRANT ALL ON gerbang TO gate`)
	w, stop = start(t, o)
	if got := <-faults; !strings.HasPrefix(got, FaultAuth+" true") {
		t.Errorf("alarm with a wrong password: got %q, want %s", got, FaultAuth)
	}
	stop()
	o.Server.Token = NewSecret("gate:other-secret")
	w, _ = start(t, o)
	eventually(t, "all readings", caughtUp(journal))
	if got := server.Count("gerbang", "people_flow", "persons_in"); got != 20 || len(journal.rejections()) != 0 {
		t.Errorf("got %d points, %d rejected, want 20, 0", got, len(journal.rejections()))
	}
	if h := w.Health(); h.State != Writing {
		t.Errorf("health: got %+v, want writing", h)
	}
}

func TestInfluxdLosesItsDatabase(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ bucket, create, hint string }{
		{"gerbang", `CREATE DATABASE gerbang`, `CREATE DATABASE "gerbang"`},
		{"gerbang/year", `CREATE DATABASE gerbang WITH NAME year`, `CREATE RETENTION POLICY "year" ON "gerbang"`},
	} {
		t.Run(tt.bucket, func(t *testing.T) {
			t.Parallel()
			server := testengine.Influxd(t)
			if strings.Contains(tt.bucket, "/") {
				server.CreateDB("gerbang") // with another policy
			}
			journal := &memoryJournal{}
			o := toReal(journal, server, tt.bucket)
			faults := make(chan string, 16)
			o.Faults = func(name string, firing bool, detail string) { faults <- fmt.Sprintf("%s %t %s", name, firing, detail) }
			journal.add(flows(0, 10)...)
			_, stop := start(t, o)
			if got := <-faults; !strings.HasPrefix(got, FaultMissing+" true") || !strings.Contains(got, tt.hint) {
				t.Errorf("alarm: got %q, want %s with %q", got, FaultMissing, tt.hint)
			}
			stop()
			server.DropDB("gerbang")
			server.Query("", tt.create)
			start(t, o)
			eventually(t, "the readings", caughtUp(journal))
			if got := server.Count("gerbang", "people_flow", "persons_in"); got != 10 {
				t.Errorf("points: got %d, want 10", got)
			}
		})
	}
}

// A firmware changes the type of a field (here: somebody else wrote it first): the points are set aside, the others flow.
func TestInfluxdRefusesAnotherFieldType(t *testing.T) {
	t.Parallel()
	server := testengine.Influxd(t)
	server.CreateDB("gerbang")
	now := time.Now().Add(-time.Hour)
	first := influxdb2.NewClient(server.URL, "")
	defer first.Close()
	if err := first.WriteAPIBlocking("", "gerbang").WriteRecord(t.Context(),
		fmt.Sprintf("people_flow,device=counter-1,door=main,outside=true,site=magetan persons_in=1.5 %d", now.UnixNano()-1)); err != nil {
		t.Fatalf("preparing: %v", err)
	}
	journal := &memoryJournal{}
	for i := range 1000 {
		r := observed("air-1", telemetry.Reading{Quantity: telemetry.CO2, Value: float64(i)})
		if i%100 == 50 {
			r = observed("counter-1", telemetry.Reading{Quantity: telemetry.PeopleIn, Value: 1})
		}
		r.At = telemetry.InstantOf(now.Add(time.Duration(i) * time.Millisecond))
		journal.add(r)
	}
	start(t, toReal(journal, server, "gerbang"))
	eventually(t, "everything to be written", caughtUp(journal))
	rejected := journal.rejections()
	if len(rejected) != 10 || server.Count("gerbang", "air", "co2_ppm") != 990 || server.Count("gerbang", "people_flow", "persons_in") != 1 {
		t.Fatalf("got %d rejected, %d stored, want 10, 990", len(rejected), server.Count("gerbang", "air", "co2_ppm"))
	}
	if r := rejected[0]; r.ID != 51 || r.Device != "counter-1" || !strings.Contains(r.Reason, "field type conflict") || !strings.Contains(r.Line, "persons_in=1i") {
		t.Errorf("rejection: got %+v, want record 51 with the server's words", r)
	}
}

// Data that is older than the database keeps is refused as a whole.
func TestInfluxdForgetsOldData(t *testing.T) {
	t.Parallel()
	server := testengine.Influxd(t)
	server.Query("", "CREATE DATABASE gerbang WITH DURATION 1d")
	journal := &memoryJournal{}
	journal.add(flows(0, 3000)...)
	w, _ := start(t, toReal(journal, server, "gerbang"))
	eventually(t, "everything to be set aside", caughtUp(journal))
	if n := len(journal.rejections()); n != 3000 || metricOf(w, invalid) > 3 {
		t.Errorf("got %d rejections in %v requests, want 3000 in few", n, metricOf(w, invalid))
	}
}

func TestInfluxdGivesHistoryBack(t *testing.T) {
	t.Parallel()
	server := testengine.Influxd(t, testengine.InfluxAuth("root", "canary-secret"))
	server.CreateDB("gerbang")
	journal := &memoryJournal{}
	at := telemetry.InstantOf(time.Now().Add(-time.Hour).Truncate(time.Millisecond))
	for i := range 10 {
		r := observed("air-1", telemetry.Reading{Quantity: telemetry.Temperature, Value: 20.5 + float64(i)}, telemetry.Reading{Quantity: telemetry.Temperature, Value: 5, Channel: "fridge"})
		r.At = at + telemetry.Instant(i)*1e9
		f := flow(r.At, float64(i), 0)
		f.Observation.Provenance = telemetry.Corrected
		journal.add(r, f)
	}
	start(t, toReal(journal, server, "gerbang"))
	eventually(t, "everything to be written", caughtUp(journal))

	for _, tt := range []struct{ name, bucket, org string }{{"InfluxQL", "gerbang", ""}, {"Flux", "gerbang/autogen", "any"}, {"InfluxQL with policy", "gerbang/autogen", ""}} {
		t.Run(tt.name, func(t *testing.T) {
			reader, err := NewReader(Server{URL: server.URL, Bucket: tt.bucket, Org: tt.org, Token: NewSecret(server.Token())})
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Close()
			all := Query{Site: "magetan", Device: "air-1", Quantity: telemetry.Temperature, From: at, To: at + 1e10}
			points, err := reader.Readings(t.Context(), all)
			if err != nil || len(points) != 20 {
				t.Fatalf("temperature: got %d points, %v, want 20", len(points), err)
			}
			fridge := 0
			for i, p := range points {
				if p.At != at+telemetry.Instant(i/2)*1e9 {
					t.Errorf("point %d: got time %v, want %v", i, p.At, at+telemetry.Instant(i/2)*1e9)
				}
				if p.Channel == "fridge" && p.Value == 5 {
					fridge++
				} else if p.Value != 20.5+float64(i/2) || p.Channel != "" || p.Provenance != "" {
					t.Errorf("point %d: got %+v, want %v", i, p, 20.5+float64(i/2))
				}
			}
			if fridge != 10 {
				t.Errorf("fridge: got %d points, want 10", fridge)
			}
			flows, err := reader.Readings(t.Context(), Query{Site: "magetan", Device: "counter-1", Quantity: telemetry.PeopleIn, From: at + 2e9, To: at + 5e9, Limit: 2})
			want := []Point{{At: at + 2e9, Value: 2, Counted: true, Provenance: "corrected"}, {At: at + 3e9, Value: 3, Counted: true, Provenance: "corrected"}}
			if err != nil || !slices.Equal(flows, want) {
				t.Errorf("people: got %v, %v, want %v", flows, err, want)
			}
			// None of these may find anything, or break.
			for _, payload := range []string{
				`x' OR '1'='1`, `air-1' OR device = 'air-1`, `' OR site = 'magetan`, `x\' OR 1=1 --`, `x"; DROP DATABASE gerbang; --`, `air-1'; DROP DATABASE "gerbang"`,
				`x" or r.device == "air-1`, `${"air-1"}`, `${r.device}`, `\`, `\\`, `x\" or true or r.device == \"`, `$device`, `/.*/`, `*`, `air-1 `, "x') |> yield()",
			} {
				for _, q := range []Query{
					{Site: payload, Device: "air-1", Quantity: telemetry.Temperature, From: at, To: at + 1e10},
					{Site: "magetan", Device: payload, Quantity: telemetry.Temperature, From: at, To: at + 1e10},
				} {
					if points, err := reader.Readings(t.Context(), q); err != nil || len(points) != 0 {
						t.Errorf("%q: got %d points, %v, want 0", payload, len(points), err)
					}
				}
			}
			if points, err := reader.Readings(t.Context(), all); err != nil || len(points) != 20 {
				t.Errorf("after all that: got %d points, %v, want 20", len(points), err)
			}
		})
	}
	for _, org := range []string{"", "any"} {
		reader, err := NewReader(Server{URL: server.URL, Bucket: "gerbang", Org: org, Token: NewSecret("root:canary-wrong")})
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		if _, err := reader.Readings(t.Context(), Query{Site: "s", Device: "d", Quantity: telemetry.CO2, From: 1, To: 2}); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("wrong password: got %v, want an error without it", err)
		}
	}
}

// Finding L5: behind a proxy that removes InfluxDB's headers a real server meets the challenge, and a proxy that answers by itself
// does not.
func TestL5_InfluxdBehindAProxy(t *testing.T) {
	t.Parallel()
	server := testengine.Influxd(t)
	server.CreateDB("gerbang")
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	var closed atomic.Bool
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if closed.Load() { // a firewall that swallows what is posted
			w.WriteHeader(http.StatusNoContent)
			return
		}
		(&httputil.ReverseProxy{
			Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(target) },
			ModifyResponse: func(r *http.Response) error {
				for _, name := range []string{"X-Influxdb-Version", "X-Influxdb-Build", "Request-Id", "X-Request-Id"} {
					r.Header.Del(name)
				}
				return nil
			},
		}).ServeHTTP(w, r)
	}))
	defer proxy.Close()
	j := &memoryJournal{}
	o := toReal(j, server, "gerbang")
	o.Server.URL = proxy.URL
	closed.Store(true)
	j.add(arrived(100, time.Hour)...)
	w, _ := start(t, o)
	eventually(t, "the firewall to be found out", func() bool { return w.Health().LastError != "" })
	if h := w.Health(); h.Written != 0 || j.saved() != (journal.Position{}) {
		t.Errorf("behind the firewall: got %+v, want nothing believed", h)
	}
	closed.Store(false)
	eventually(t, "everything to be written", caughtUp(j))
	if got := server.Count("gerbang", "people_flow", "persons_in"); got != 100 {
		t.Errorf("points: got %d, want 100", got)
	}
	if len(j.rejections()) != 0 {
		t.Errorf("rejected: got %v", j.rejections())
	}
}
