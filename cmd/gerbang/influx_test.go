package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/simulate"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// inInflux waits until nothing waits for InfluxDB any more.
func (r *rig) inInflux(patience time.Duration) {
	r.t.Helper()
	r.p.eventually(patience, "to write everything to InfluxDB", func() error {
		var seen struct {
			Lags []struct {
				Name    string
				Waiting uint64
			}
		}
		if err := getAny("http://"+r.web+"/readyz", &seen); err != nil {
			return err
		}
		for _, l := range seen.Lags {
			if l.Name == "influx" && l.Waiting == 0 {
				return nil
			}
		}
		return fmt.Errorf("lags: %v", seen.Lags)
	})
}

// What each device sends arrives where dashboards look for it: measurement, fields and tags are a contract.
func TestInfluxGetsTheSchema(t *testing.T) {
	t.Parallel()
	db := testengine.Influxd(t)
	db.CreateDB("gerbang")
	r := newRig(t, fmt.Sprintf("influxdb: {url: %q, database: gerbang}", db.URL)).building().serve()
	c := connect(t, "tcp://"+r.mqtt, "devices", nil)
	publish(t, c, "gerbang/v1/gedung/hitung", `{"people_in":7,"people_out":2}`)
	publish(t, c, "gerbang/v1/gedung/suhu", `{"body_temperature":38.5}`)
	publish(t, c, "gerbang/v1/gedung/udara", `{"co2":640,"temperature":26.5,"humidity":61}`)
	r.alerted("suhu")
	// Counting began in an open building: until somebody counts, nobody knows how many are inside, and no number is written.
	count := map[string]any{"id": "8f14e45f-ceea-467f-9575-6f1c1f1b1a01", "value": 5, "author": "Sari", "reason": "dihitung"}
	if code := r.post("/api/v1/sites/gedung/zones/aula/count", count); code/100 != 2 {
		t.Fatalf("a count by hand: got %d", code)
	}
	r.p.eventually(20*time.Second, "to write that somebody has counted", func() error {
		if len(db.Query("gerbang", "SELECT persons FROM occupancy WHERE known = 1 LIMIT 1")) == 0 {
			return errors.New("no number of people")
		}
		return nil
	})
	r.p.eventually(20*time.Second, "to write every measurement", func() error {
		for _, m := range []string{"people_flow", "body_temperature", "air", "occupancy", "verdict"} {
			if len(db.Query("gerbang", fmt.Sprintf("SELECT * FROM %q LIMIT 1", m))) == 0 {
				return fmt.Errorf("nothing in %s", m)
			}
		}
		return nil
	})
	for _, tt := range []struct{ measurement, tags, fields string }{
		{"people_flow", "device=hitung door=utama outside=true site=gedung", "persons_in=7 persons_out=2"},
		{"body_temperature", "device=suhu door=utama outside=true site=gedung", "celsius=38.5"},
		{"air", "device=udara site=gedung zone=aula", "co2_ppm=640 humidity_pct=61 temperature_c=26.5"},
		{"occupancy", "site=gedung zone=aula", "persons=5 known=1"},
		{"verdict", "rule=suhu site=gedung subject=device/suhu", "state=1"},
	} {
		where := strings.ReplaceAll(tt.tags, " ", "' AND ")
		where = strings.ReplaceAll(where, "=", "='") + "'"
		series := db.Query("gerbang", fmt.Sprintf("SELECT * FROM %q WHERE %s ORDER BY time DESC LIMIT 1", tt.measurement, where))
		if len(series) != 1 {
			t.Errorf("%s with %s: got %v, want one series", tt.measurement, tt.tags, series)
			continue
		}
		got := map[string]string{}
		for i, column := range series[0].Columns {
			got[column] = fmt.Sprint(series[0].Values[0][i])
		}
		for field := range strings.FieldsSeq(tt.fields) {
			if name, want, _ := strings.Cut(field, "="); got[name] != want {
				t.Errorf("%s: got %v, want %s", tt.measurement, got, field)
			}
		}
	}
	r.stop()
}

// InfluxDB is away under load and comes back: nothing is lost, the order of each device is kept, and meanwhile pages, alerts
// and signals live as if nothing had happened.
func TestInfluxAwayUnderLoadLosesNothing(t *testing.T) {
	db := testengine.Influxd(t)
	db.CreateDB("gerbang")
	hook := newWebhook(t)
	fleet := simulate.Fleet{Sites: 2, Devices: 20}
	r := newRig(t, fmt.Sprintf("influxdb: {url: %q, database: gerbang}\nalertmanager: {config: alertmanager.yml}", db.URL)).fleet(fleet)
	writeFile(t, r.dir, "alertmanager.yml", hook.routes())
	r.building().serve()
	running := startLoad(t, simulate.Load{Fleet: fleet, Broker: "tcp://" + r.mqtt, Rate: 500})
	r.p.eventually(20*time.Second, "to write to InfluxDB", func() error {
		if n := db.Count("gerbang", "people_flow", "persons_in"); n == 0 {
			return fmt.Errorf("%d points", n)
		}
		return nil
	})

	db.Kill()
	board := watchTopics(t, connect(t, "tcp://"+r.mqtt, "board", nil), "gerbang/v1/gedung/out/alert/+")
	c := connect(t, "tcp://"+r.mqtt, "thermometer", nil)
	publish(t, c, "gerbang/v1/gedung/suhu", `{"boot":"a","seq":1,"body_temperature":38.9}`)
	a := r.alerted("suhu")
	r.p.eventually(20*time.Second, "to tell of the alert", func() error {
		if _, err := hook.first("suhu"); err != nil {
			return err
		}
		_, err := board.payload("gerbang/v1/gedung/out/alert/" + a.ID)
		return err
	})
	r.receivesMore(3000) // about six seconds
	if page := r.page("/site/gedung"); !strings.Contains(page, "Gedung Uji") {
		t.Error("the page does not show the building")
	}
	var ready struct {
		Ready    bool
		Services []struct{ Name, State string }
	}
	if err := r.get("/readyz", &ready); err != nil || !ready.Ready {
		t.Errorf("readiness while InfluxDB is away: %+v (%v), want ready", ready, err)
	}
	if !slices.Contains(ready.Services, struct{ Name, State string }{"influx", "waiting"}) {
		t.Errorf("services: got %v, want influx waiting", ready.Services)
	}
	db.Start()
	r.receivesMore(500)
	running.end(true)
	settled(t, r.p, r.web)
	r.inInflux(time.Minute)

	counters, err := r.counters()
	if err != nil {
		t.Fatal(err)
	}
	points := db.Count("gerbang", "people_flow", "persons_in") + db.Count("gerbang", "body_temperature", "celsius")
	if float64(points) != counters.stored {
		t.Errorf("points in InfluxDB: got %d, want one for each of %v stored messages", points, counters.stored)
	}
	r.stop()
	verifyJournal(t, r.data(), running.report)
	inOrder(t, db, fleet)
}

// inOrder wants the values of each device in the order in which the load sent them: they count.
func inOrder(t *testing.T, db *testengine.InfluxServer, fleet simulate.Fleet) {
	t.Helper()
	for d := range fleet.Devices {
		measurement, field, cycle := "body_temperature", "celsius", 8
		if fleet.Counts(d) {
			measurement, field, cycle = "people_flow", "persons_in", 2
		}
		series := db.Query("gerbang", fmt.Sprintf(`SELECT %q FROM %q WHERE "site"='%s' AND "device"='%s'`, field, measurement, fleet.Site(d), fleet.Device(d)))
		if len(series) != 1 {
			t.Fatalf("%s: got %d series, want one", fleet.Device(d), len(series))
		}
		for i, row := range series[0].Values {
			seq := i + 1
			want := fmt.Sprint(seq % cycle)
			if cycle == 8 && seq%8 > 0 {
				want = "36." + want
			} else if cycle == 8 {
				want = "36"
			}
			if got := row[1].(json.Number).String(); got != want {
				t.Fatalf("%s, value %d: got %s, want %s: the order is not that of the device", fleet.Device(d), seq, got, want)
			}
		}
	}
}

// Finding L4: a device whose clock has seconds, at hundreds of messages a second, and a gateway that is restarted between two
// events of one second: every message that was stored is a point of its own, exact to the millisecond.
func TestL4_InfluxKeepsEventsOfOneSecondApart(t *testing.T) {
	t.Parallel()
	db := testengine.Influxd(t)
	db.CreateDB("gerbang")
	r := newRig(t, fmt.Sprintf("influxdb: {url: %q, database: gerbang}", db.URL)).building().serve()
	at := time.Now().Add(-time.Hour).Truncate(time.Second)
	seq := 0
	send := func(n int, second func(i int) int) {
		c := connect(t, "tcp://"+r.mqtt, "hitung", nil)
		var tokens []paho.Token
		for i := range n {
			seq++
			tokens = append(tokens, c.Publish("gerbang/v1/gedung/hitung", 1, false, fmt.Sprintf(`{"at":%q,"boot":"a","seq":%d,"people_in":%d}`,
				at.Add(time.Duration(second(i))*time.Second).UTC().Format(time.RFC3339), seq, seq%4)))
		}
		for _, token := range tokens {
			if !token.WaitTimeout(30*time.Second) || token.Error() != nil {
				t.Fatalf("publishing: not acknowledged: %v", token.Error())
			}
		}
	}
	one := func(int) int { return 0 }
	send(5, one)
	r.inInflux(30 * time.Second)
	r.stop()
	r.serve()
	send(5, one)
	send(3000, func(i int) int { return 1 + i/1000 })
	r.inInflux(30 * time.Second)
	for i, want := range []int64{10, 1000, 1000, 1000} {
		from := at.Add(time.Duration(i) * time.Second)
		series := db.Query("gerbang", fmt.Sprintf("SELECT count(persons_in) FROM people_flow WHERE time >= %d AND time < %d",
			from.UnixNano(), from.Add(time.Millisecond).UnixNano()))
		if len(series) == 0 || series[0].Values[0][1] != json.Number(fmt.Sprint(want)) {
			t.Errorf("second %d: got %v, want %d points in its first millisecond", i, series, want)
		}
	}
	r.stop()
}

// The database is not there, and then it is: a service alert says what is missing, and nothing that was received meanwhile
// is lost. The same when somebody drops it while the gateway runs.
func TestInfluxWithoutItsDatabase(t *testing.T) {
	t.Parallel()
	db := testengine.Influxd(t)
	fleet := simulate.Fleet{Sites: 2, Devices: 20}
	r := newRig(t, fmt.Sprintf("influxdb: {url: %q, database: gerbang}", db.URL)).fleet(fleet).serve()
	startLoad(t, simulate.Load{Fleet: fleet, Broker: "tcp://" + r.mqtt, Count: 500}).end(false)
	missing := r.alerted("influx_missing_bucket")
	if missing.Class != "service" || !strings.Contains(missing.Explanation.Detail, "gerbang") {
		t.Errorf("alert: got %+v, want a service alert that names the database", *missing)
	}
	db.CreateDB("gerbang")
	r.resolved("influx_missing_bucket", 90*time.Second) // it is tried once a minute
	r.inInflux(time.Minute)
	if got := db.Count("gerbang", "people_flow", "persons_in") + db.Count("gerbang", "body_temperature", "celsius"); got != 500 {
		t.Errorf("points after the database was made: got %d, want 500", got)
	}

	db.DropDB("gerbang")
	startLoad(t, simulate.Load{Fleet: fleet, Broker: "tcp://" + r.mqtt, Count: 500}).end(false)
	r.alerted("influx_missing_bucket")
	db.CreateDB("gerbang")
	r.stop() // a restart tries at once
	r.serve()
	r.inInflux(time.Minute)
	if got := db.Count("gerbang", "people_flow", "persons_in") + db.Count("gerbang", "body_temperature", "celsius"); got != 500 {
		t.Errorf("points after the database was made again: got %d, want 500", got)
	}
	r.resolved("influx_missing_bucket", 10*time.Second)
	r.stop()
}

// A wrong password is told and keeps everything; after the right one everything is written.
func TestInfluxRefusesTheGateway(t *testing.T) {
	t.Parallel()
	db := testengine.Influxd(t, testengine.InfluxAuth("gerbang", "rahasia-benar"))
	db.CreateDB("gerbang")
	fleet := simulate.Fleet{Sites: 2, Devices: 20}
	r := newRig(t, fmt.Sprintf("influxdb: {url: %q, database: gerbang, username: gerbang, password_file: influx}", db.URL)).fleet(fleet)
	writeFile(t, r.dir, "influx", "rahasia-salah\n")
	r.serve()
	startLoad(t, simulate.Load{Fleet: fleet, Broker: "tcp://" + r.mqtt, Count: 500}).end(false)
	if a := r.alerted("influx_auth"); a.Class != "service" || strings.Contains(a.Explanation.Detail, "rahasia") {
		t.Errorf("alert: got %+v, want a service alert without the password", *a)
	}
	writeFile(t, r.dir, "influx", "rahasia-benar\n")
	r.stop()
	r.serve()
	r.inInflux(time.Minute)
	if got := db.Count("gerbang", "people_flow", "persons_in") + db.Count("gerbang", "body_temperature", "celsius"); got != 500 {
		t.Errorf("points after the right password: got %d, want 500", got)
	}
	r.resolved("influx_auth", 10*time.Second)
	r.stop()
	noSecrets(t, r, "rahasia-benar", "rahasia-salah")
}

// Findings I3 and I4: what InfluxDB refused is listed, and taken once what was wrong is mended; the readings themselves are read from
// the journal meanwhile.
func TestI3_RefusedPointsAreSentAgain(t *testing.T) {
	t.Parallel()
	db := testengine.Influxd(t)
	db.CreateDB("gerbang")
	textWhereNumbersAre(t, db)
	r := newRig(t, fmt.Sprintf("influxdb: {url: %q, database: gerbang}", db.URL)).building().serve()
	c := connect(t, "tcp://"+r.mqtt, "devices", nil)
	for i := range 5 {
		publish(t, c, "gerbang/v1/gedung/udara", fmt.Sprintf(`{"boot":"a","seq":%d,"co2":%d,"temperature":2%d.5}`, i+1, 600+i, i))
	}
	r.inInflux(30 * time.Second)
	if got := db.Count("gerbang", "air", "temperature_c"); got != 5 {
		t.Errorf("the other field: got %d points, want 5: one bad field costs that field", got)
	}
	var refused struct {
		Items []struct{ Line, Reason, Device string }
	}
	if err := r.get("/api/v1/refused", &refused); err != nil || len(refused.Items) != 5 || !strings.Contains(refused.Items[0].Line, "co2_ppm=604") || refused.Items[0].Device != "udara" {
		t.Fatalf("refused: got %+v, %v, want five, the newest first", refused, err)
	}
	if got, err := metric(r.web, "gerbang_influx_points_refused"); err != nil || got != 5 {
		t.Errorf("kept: got %v, %v, want 5", got, err)
	}
	var page struct {
		Source, Why, Next string
		Items             []struct {
			Quantity, Zone string
			Value          float64
		}
	}
	if err := r.get("/api/v1/readings?site=gedung&device=udara&limit=4", &page); err != nil || page.Source != "journal" || page.Why != "quantity" || len(page.Items) != 4 || page.Next == "" || page.Items[0].Zone != "aula" {
		t.Errorf("readings: got %+v, %v, want four of the journal and more", page, err)
	}
	after := page.Next
	page.Items, page.Next = nil, ""
	if err := r.get("/api/v1/readings?site=gedung&device=udara&limit=40&after="+after, &page); err != nil || len(page.Items) != 6 {
		t.Errorf("second page: got %+v, %v, want the other six", page, err)
	}
	db.Query("gerbang", `DROP MEASUREMENT air`)
	if code := r.post("/api/v1/refused/again", nil); code != http.StatusOK {
		t.Errorf("sending again: got %d", code)
	}
	if err := r.get("/api/v1/refused", &refused); err != nil || len(refused.Items) != 0 {
		t.Errorf("afterwards: got %+v, %v, want none", refused, err)
	}
	if got := db.Count("gerbang", "air", "co2_ppm"); got != 5 {
		t.Errorf("stored: got %d, want 5", got)
	}
	r.stop()
}

// Finding I6: a bucket that was made anew gets its past back, beside the running gateway, exactly as it was.
func TestI6_RefillGivesThePastBack(t *testing.T) {
	t.Parallel()
	db := testengine.Influxd(t)
	db.CreateDB("gerbang")
	begin := time.Now().Add(-time.Minute)
	r := newRig(t, fmt.Sprintf("influxdb: {url: %q, database: gerbang}", db.URL)).building().serve()
	c := connect(t, "tcp://"+r.mqtt, "devices", nil)
	for i := range 30 {
		publish(t, c, "gerbang/v1/gedung/udara", fmt.Sprintf(`{"boot":"a","seq":%d,"co2":%d}`, i+1, 600+i))
		publish(t, c, "gerbang/v1/gedung/hitung", fmt.Sprintf(`{"boot":"a","seq":%d,"people_in":%d,"people_out":1}`, i+1, i%4))
		publish(t, c, "gerbang/v1/gedung/suhu", fmt.Sprintf(`{"boot":"a","seq":%d,"body_temperature":38.%d}`, i+1, i%10))
	}
	r.alerted("suhu")
	time.Sleep(4 * time.Second) // what happens from now on is not compared
	r.inInflux(30 * time.Second)
	end := time.Now()
	everything := func() string {
		return fmt.Sprint(db.Query("gerbang", fmt.Sprintf(`SELECT * FROM /.*/ WHERE time < %d GROUP BY *`, end.Add(-2*time.Second).UnixNano())))
	}
	before := everything()
	if !strings.Contains(before, "people_flow") || !strings.Contains(before, "verdict") || !strings.Contains(before, "occupancy") {
		t.Fatalf("nothing to compare: %s", before)
	}
	db.Query("", "DROP DATABASE gerbang")
	db.CreateDB("gerbang")
	time.Sleep(time.Until(end.Truncate(time.Second).Add(time.Second))) // the flag has whole seconds
	args := []string{"influx", "refill", "--config", r.config(), "--from", begin.UTC().Format(time.RFC3339), "--to", end.Add(time.Second).UTC().Format(time.RFC3339)}
	for range 2 { // twice does no harm
		if code, out, errs := run(t, "", args...); code != 0 || !strings.Contains(out, "wrote ") {
			t.Fatalf("refill: got code %d, %s %s", code, out, errs)
		}
		if after := everything(); after != before {
			t.Errorf("after the refill:\n%s\nwant, as before:\n%s", after, before)
		}
	}
	for _, tt := range []struct{ from, to, want string }{
		{"2020-01-01", time.Now().Add(time.Hour).UTC().Format(time.RFC3339), "has not ended"},
		{"2020-01-01", "2020-01-02", "nothing that was received before"},
		{"gestern", "2020-01-02", "want a day as"},
	} {
		if code, _, errs := run(t, "", "influx", "refill", "--config", r.config(), "--from", tt.from, "--to", tt.to); code == 0 || !strings.Contains(errs, tt.want) {
			t.Errorf("from %s to %s: got code %d, %s, want %q", tt.from, tt.to, code, errs, tt.want)
		}
	}
	r.stop()
}

// Finding I6: what the journal holds only partly is refused, with the part that it has.
func TestI6_APartIsRefused(t *testing.T) {
	t.Parallel()
	at := func(day int) time.Time { return time.Date(2026, 3, day, 0, 0, 0, 0, time.UTC) }
	r := journal.Range{Oldest: telemetry.InstantOf(at(5)), Newest: telemetry.InstantOf(at(9)), Pruned: true, To: journal.Position{Record: 9}}
	if err := wholly(&r, at(3), at(7)); err == nil || !strings.Contains(err.Error(), "from 2026-03-05T00:00:00Z on") {
		t.Errorf("pruned: got %v, want the part that is there", err)
	}
	if err := wholly(&r, at(5), at(7)); err != nil {
		t.Errorf("whole: got %v", err)
	}
	r.Pruned = false
	if err := wholly(&r, at(3), at(7)); err != nil {
		t.Errorf("nothing was ever deleted: got %v", err)
	}
}

// textWhereNumbersAre makes a field of the gateway's one of text, which InfluxDB then wants of everybody.
func textWhereNumbersAre(t *testing.T, db *testengine.InfluxServer) {
	t.Helper()
	resp, err := http.Post(db.URL+"/write?db=gerbang", "text/plain", strings.NewReader(`air,site=elsewhere co2_ppm="tinggi"`))
	if err != nil || resp.StatusCode != http.StatusNoContent {
		t.Fatalf("writing text: %v %v", resp, err)
	}
	_ = resp.Body.Close()
}

// Somebody else has written text where the gateway writes numbers: its points are refused for good, told and kept; all
// others arrive, and the queue does not stand still.
func TestInfluxFieldOfAnotherType(t *testing.T) {
	t.Parallel()
	db := testengine.Influxd(t)
	db.CreateDB("gerbang")
	textWhereNumbersAre(t, db)
	r := newRig(t, fmt.Sprintf("influxdb: {url: %q, database: gerbang}", db.URL)).building().serve()
	c := connect(t, "tcp://"+r.mqtt, "devices", nil)
	for i := range 20 {
		publish(t, c, "gerbang/v1/gedung/udara", fmt.Sprintf(`{"boot":"a","seq":%d,"co2":%d}`, i+1, 600+i))
		publish(t, c, "gerbang/v1/gedung/suhu", fmt.Sprintf(`{"boot":"a","seq":%d,"body_temperature":36.%d}`, i+1, i%10))
	}
	if a := r.alerted("influx_rejecting"); a.Class != "service" {
		t.Errorf("alert: got %+v, want a service alert", *a)
	}
	r.inInflux(30 * time.Second)
	if got := db.Count("gerbang", "body_temperature", "celsius"); got != 20 {
		t.Errorf("body temperatures: got %d, want 20", got)
	}
	if got, err := metric(r.web, "gerbang_influx_points_rejected_total"); err != nil || got != 20 {
		t.Errorf("rejected points: got %v (%v), want 20", got, err)
	}
	r.stop()
}
