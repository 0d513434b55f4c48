package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/app"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// kantor is a building with everything that makes a device say something else than what is true: a counter that hangs the other
// way round, a thermometer on skin, a counter of running totals, a button at a task; and a door inside.
const kantor = `id: %s
name: Kantor
timezone: %s
protocols: [mingguan]
hours: {mon-sun: "08:00-16:00"}
reset: "03:00"
zones:
  aula: {name: Aula, area: 400 m², capacity: 25}
  loket: {name: Loket, area: 60 m², capacity: 9}
doors:
  utama: {name: Pintu Utama, from: outside, to: aula}
  samping: {name: Pintu Samping, from: outside, to: aula}
  dalam: {name: Pintu Dalam, from: aula, to: loket}
tasks:
  semprot: {name: Semprot aula, zone: aula}
devices:
  utama-hitung: {name: Penghitung terbalik, door: utama, swap: true, interval: 30m}
  utama-suhu: {name: Termometer, door: utama, measures: [body_temperature], offset: 0.7}
  samping-hitung: {name: Penghitung jumlah, door: samping, interval: 30m}
  dalam-hitung: {name: Penghitung dalam, door: dalam, interval: 30m}
  semprot-tombol: {name: Tombol, task: semprot, measures: [button]}
`

const mingguan = `id: mingguan
title: Mingguan
rules:
  kapasitas: {kind: capacity}
  suhu: {kind: temperature, above: 37.3}
  semprot: {kind: disinfection, every: 3h}
  senyap: {kind: silence}
`

// week is what the gateway itself says of a week: what its API shows at the end of each day, and what its journal holds.
type week struct {
	days     []time.Time // the first moment of each, and of the one behind the last
	doors    map[string][]rules.DoorView
	presses  []int // of the button, by day
	until    telemetry.Instant
	location *time.Location
}

// live plays a week of one site through the gateway, a second at a time at the most, and asks for the site's view at the end of
// every day. Clocks of the devices have seconds.
func (w *week) live(t *testing.T, v *virtual, site string, random *rand.Rand) {
	t.Helper()
	ctx := t.Context()
	send := func(device, payload string, at time.Time, delay time.Duration) {
		t.Helper()
		body := strings.Replace(payload, "{", fmt.Sprintf(`{"at":%q,`, at.UTC().Format(time.RFC3339)), 1)
		err := v.accept(ctx, &ingest.Message{Topic: "gerbang/v1/" + site + "/" + device, Payload: []byte(body), QoS: 1,
			Received: telemetry.InstantOf(at.Add(delay))})
		if err != nil {
			t.Fatal(err)
		}
	}
	inTotal, outTotal := 1000, 900
	for day, from := range w.days[:len(w.days)-1] {
		open, inside, counter := from.Add(8*time.Hour), 0, 0
		for minute := range 8 * 60 {
			at := open.Add(time.Duration(minute) * time.Minute)
			if minute%10 == 0 {
				// Several events of one second, as a busy door has them.
				for range 1 + random.IntN(3) {
					in, out := random.IntN(4), random.IntN(3)
					counter++
					// It hangs the other way round: who comes in is counted as going out.
					send("utama-hitung", fmt.Sprintf(`{"boot":"%d","seq":%d,"people_in":%d,"people_out":%d}`, day, counter, out, in), at, 500*time.Millisecond)
					inside += in - out
				}
			}
			if minute%7 == 0 {
				counter++
				celsius := 35.4 + random.Float64()
				switch random.IntN(12) {
				case 0:
					celsius = 37.4
				case 1:
					celsius = 36.6 // 37.3 with the offset, and no fever
				}
				send("utama-suhu", fmt.Sprintf(`{"boot":"%d","seq":%d,"body_temperature":%.1f}`, day, counter, celsius), at.Add(3*time.Second), 500*time.Millisecond)
			}
			if minute%15 == 0 {
				inTotal += random.IntN(5)
				outTotal += random.IntN(5)
				counter++
				send("samping-hitung", fmt.Sprintf(`{"boot":"%d","seq":%d,"people_in_total":%d,"people_out_total":%d}`, day, counter, inTotal, outTotal), at.Add(5*time.Second), 500*time.Millisecond)
			}
			if minute%20 == 0 && day != 2 {
				counter++
				send("dalam-hitung", fmt.Sprintf(`{"boot":"%d","seq":%d,"people_in":%d,"people_out":%d}`, day, counter, random.IntN(3), random.IntN(3)), at.Add(7*time.Second), 500*time.Millisecond)
			}
			if random.IntN(100) == 0 {
				counter++
				w.presses[day]++
				send("semprot-tombol", fmt.Sprintf(`{"boot":"%d","seq":%d,"button":"single"}`, day, counter), at.Add(9*time.Second), 500*time.Millisecond)
			}
		}
		if day == 2 {
			// The inner counter was away all day and sends what it has kept.
			for minute := 0; minute < 8*60; minute += 20 {
				counter++
				send("dalam-hitung", fmt.Sprintf(`{"boot":"%d","seq":%d,"people_in":%d,"people_out":%d}`, day, counter, random.IntN(3), random.IntN(3)),
					open.Add(time.Duration(minute)*time.Minute), 9*time.Hour-time.Duration(minute)*time.Minute)
			}
		}
		if err := v.advance(ctx, telemetry.InstantOf(w.days[day+1])-1); err != nil {
			t.Fatal(err)
		}
		view, ok := v.gateway.View(site)
		if !ok {
			t.Fatalf("no site %s", site)
		}
		for _, d := range view.Doors {
			w.doors[d.ID] = append(w.doors[d.ID], d)
		}
	}
	w.until = v.now
}

// Finding I1: after a week, InfluxDB holds the numbers of the gateway's API and journal, series by series: people in a zone, flow
// at a door, fevers, tasks done, verdicts.
func TestI1_InfluxAndTheAPIShowOneNumber(t *testing.T) {
	t.Parallel()
	seed := testengine.Seed(t)
	db := testengine.Influxd(t)
	db.CreateDB("gerbang")
	r := newRig(t, fmt.Sprintf("influxdb: {url: %q, database: gerbang}", db.URL))
	zones := map[string]string{"barat": "Asia/Jakarta", "timur": "Asia/Makassar"}
	writeFile(t, r.dir, "protocols/mingguan.yaml", mingguan)
	for site, zone := range zones {
		writeFile(t, r.dir, "sites/"+site+".yaml", fmt.Sprintf(kantor, site, zone))
	}
	weeks := makeWeeks(t, r, zones, seed)
	r.serve()
	r.allInInflux(time.Minute)
	for site, w := range weeks {
		w.compareOccupancy(t, r, db, site)
		w.compareDoors(t, db, site)
		w.compareTasks(t, r, db, site)
	}
	compareShares(t, r, db, weeks)
	r.stop()
	compareVerdicts(t, r, db, weeks)
}

// makeWeeks fills the journal with a week of each site, ended some hours ago, on the clock of its messages.
func makeWeeks(t *testing.T, r *rig, zones map[string]string, seed uint64) map[string]*week {
	t.Helper()
	cfg, err := configs.Load(r.config())
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	j, err := app.OpenJournal(t.Context(), cfg, true, log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}()
	decoder, err := app.NewDecoder(cfg, app.Surroundings{})
	if err != nil {
		t.Fatal(err)
	}
	weeks := map[string]*week{}
	// One after the other: the sites know nothing of each other, and the clock of the second begins where the first ended.
	for i, site := range slices.Sorted(maps.Keys(zones)) {
		loc, err := time.LoadLocation(zones[site])
		if err != nil {
			t.Fatal(err)
		}
		w := &week{doors: map[string][]rules.DoorView{}, presses: make([]int, 7), location: loc}
		now := time.Now().In(loc)
		last := 7 * (len(zones) - 1 - i) // days before today
		for day := -7; day <= 0; day++ {
			w.days = append(w.days, time.Date(now.Year(), now.Month(), now.Day()+day-last, 0, 0, 0, 0, loc))
		}
		weeks[site] = w
	}
	first := weeks[slices.Sorted(maps.Keys(zones))[0]].days[0]
	g, err := app.OpenGateway(t.Context(), cfg, decoder, j, log, first)
	if err != nil {
		t.Fatal(err)
	}
	g.Quiet(true)
	v := &virtual{gateway: g, now: telemetry.InstantOf(first)}
	for i, site := range slices.Sorted(maps.Keys(zones)) {
		weeks[site].live(t, v, site, rand.New(rand.NewPCG(seed, uint64(i))))
	}
	if err := g.Rest(t.Context(), v.now); err != nil {
		t.Fatal(err)
	}
	if err := j.Strict(t.Context()); err != nil {
		t.Fatal(err)
	}
	return weeks
}

// allInInflux waits until the writer's durable position is the end of every stream: readings alone say nothing about verdicts.
func (r *rig) allInInflux(patience time.Duration) {
	r.t.Helper()
	j, err := sqlite.OpenReader(r.t.Context(), r.data())
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	s := j.Source()
	r.p.eventually(patience, "to write every stream to InfluxDB", func() error {
		at, err := s.Position(r.t.Context())
		if err != nil {
			return err
		}
		records, err1 := s.Records(r.t.Context(), at.Record, 1, nil)
		transitions, err2 := s.Transitions(r.t.Context(), at.Transition, 1, nil)
		samples, err3 := s.Samples(r.t.Context(), at.Sample, 1, nil)
		flows, err4 := s.Flows(r.t.Context(), at.Flow, 1, nil)
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			return err
		}
		if len(records)+len(transitions)+len(samples)+len(flows) > 0 {
			return fmt.Errorf("the position is %+v", at)
		}
		return nil
	})
}

// during is the condition of InfluxQL for a period.
func during(from, to time.Time) string {
	return fmt.Sprintf("time >= %d AND time < %d", from.UnixNano(), to.UnixNano())
}

// number reads a cell of InfluxDB's answer; null is 0.
func number(t *testing.T, cell any) float64 {
	t.Helper()
	if cell == nil {
		return 0
	}
	v, err := cell.(json.Number).Float64()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// compareOccupancy holds the last value of each hour against the API's, whose day begins with what held at midnight.
func (w *week) compareOccupancy(t *testing.T, r *rig, db *testengine.InfluxServer, site string) {
	t.Helper()
	compared, held := 0, map[string]string{}
	for day, from := range w.days[:len(w.days)-1] {
		for _, zone := range []string{"aula", "loket"} {
			var list struct {
				Items []struct {
					At             time.Time
					Known          bool
					Persons, Error float64
					Limit          *float64
				}
			}
			if err := r.get(fmt.Sprintf("/api/v1/sites/%s/zones/%s/occupancy?day=%s", site, zone, from.Format(time.DateOnly)), &list); err != nil {
				t.Fatal(err)
			}
			want, got := map[string]string{}, map[string]string{}
			for _, s := range list.Items {
				limit := 0.0
				if s.Limit != nil {
					limit = *s.Limit
				}
				want[s.At.In(w.location).Format("15")] = fmt.Sprint(s.Persons, s.Error, limit, s.Known)
			}
			if held[zone] != "" {
				got["00"] = held[zone]
			}
			for _, series := range db.Query("gerbang", fmt.Sprintf(`SELECT persons, error, capacity_limit, known FROM occupancy WHERE site = '%s' AND zone = '%s' AND %s`,
				site, zone, during(from, w.days[day+1]))) {
				for _, row := range series.Values {
					ns, err := row[0].(json.Number).Int64() // a float would round the last nanosecond of a day into the next
					if err != nil {
						t.Fatal(err)
					}
					at := time.Unix(0, ns).In(w.location)
					got[at.Format("15")] = fmt.Sprint(number(t, row[1]), number(t, row[2]), number(t, row[3]), number(t, row[4]) == 1)
					held[zone] = got[at.Format("15")]
				}
			}
			if !maps.Equal(got, want) {
				t.Errorf("%s/%s on day %d, occupancy by hour: InfluxDB %v, API %v", site, zone, day, got, want)
			}
			compared += len(want)
		}
	}
	if compared < 50 {
		t.Errorf("%s: only %d hours of occupancy were compared", site, compared)
	}
}

// compareDoors holds flow and fevers of each day against what the API showed at its end.
func (w *week) compareDoors(t *testing.T, db *testengine.InfluxServer, site string) {
	t.Helper()
	people := 0.0
	for day, from := range w.days[:len(w.days)-1] {
		for door, views := range w.doors {
			want := views[day]
			where := fmt.Sprintf("site = '%s' AND door = '%s' AND %s", site, door, during(from, w.days[day+1]))
			in, out, fevers, screened := 0.0, 0.0, 0.0, 0.0
			for _, s := range db.Query("gerbang", "SELECT sum(persons_in), sum(persons_out) FROM people_flow WHERE "+where) {
				in, out = number(t, s.Values[0][1]), number(t, s.Values[0][2])
			}
			for _, s := range db.Query("gerbang", "SELECT count(celsius) FROM body_temperature WHERE celsius > 37.3 AND "+where) {
				fevers = number(t, s.Values[0][1])
			}
			for _, s := range db.Query("gerbang", "SELECT count(celsius) FROM body_temperature WHERE "+where) {
				screened = number(t, s.Values[0][1])
			}
			if in != want.InToday || out != want.OutToday {
				t.Errorf("%s/%s on day %d: InfluxDB %v in, %v out; API %v in, %v out", site, door, day, in, out, want.InToday, want.OutToday)
			}
			if screened != want.Screened || fevers != want.TooWarm {
				t.Errorf("%s/%s on day %d: InfluxDB %v fevers of %v, API %v of %v", site, door, day, fevers, screened, want.TooWarm, want.Screened)
			}
			people += in + out + fevers
			outside := len(db.Query("gerbang", "SELECT * FROM people_flow WHERE outside = 'true' AND "+where+" LIMIT 1")) > 0
			if in+out > 0 && outside != (door != "dalam") {
				t.Errorf("%s/%s: outside is %t", site, door, outside)
			}
		}
	}
	if people < 500 {
		t.Errorf("%s: only %v people were compared", site, people)
	}
}

// compareTasks holds the tasks done on each day, and the last time, against what was pressed and what the API shows.
func (w *week) compareTasks(t *testing.T, r *rig, db *testengine.InfluxServer, site string) {
	t.Helper()
	for day, from := range w.days[:len(w.days)-1] {
		done := 0.0
		for _, s := range db.Query("gerbang", fmt.Sprintf("SELECT sum(done) FROM task WHERE site = '%s' AND task = 'semprot' AND %s", site, during(from, w.days[day+1]))) {
			done = number(t, s.Values[0][1])
		}
		if done != float64(w.presses[day]) {
			t.Errorf("%s on day %d: InfluxDB %v tasks done, pressed %d times", site, day, done, w.presses[day])
		}
	}
	var tasks struct {
		Items []struct {
			ID       string
			LastDone time.Time `json:"last_done"`
		}
	}
	if err := r.get("/api/v1/sites/"+site+"/tasks", &tasks); err != nil {
		t.Fatal(err)
	}
	last := db.Query("gerbang", fmt.Sprintf("SELECT last(done) FROM task WHERE site = '%s' AND task = 'semprot'", site))[0].Values[0][0]
	ns, _ := last.(json.Number).Int64()
	if got := time.Unix(0, ns).Truncate(time.Millisecond); !got.Equal(tasks.Items[0].LastDone) {
		t.Errorf("%s: last done: InfluxDB %v, API %v", site, got, tasks.Items[0].LastDone)
	}
}

// change is one step of a verdict: when, and what is so from then on.
type change struct {
	at    int64 // ms
	state string
}
