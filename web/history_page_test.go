package web

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Last week's peak is answered at a glance, and so is any day by its link.
func TestLastWeeksPeakAtAGlance(t *testing.T) {
	r := start(t, newFleet(), func(o *Options) { o.Histories = aWeek(t) })
	week := r.get("/site/mpp-gresik/zone/loket/history?by=week&on=2025-12-31&lang=en").body
	figures := one(t, week, "div.past-figures")
	wants(t, "last week", figures, "Peak", "29 (27–31)", "On average, closed hours too", "Thu 1 Jan 2026 11:13", "1 h 7 min", "Limit", "24", "Not known")
	wants(t, "its days", week, "Mon 29", "Sun 4", "on=2026-01-01", `class="unknown"`, `class="over"`)
	day := r.get("/site/mpp-gresik/zone/loket/history?by=day&on=2025-12-31&with=2025-12-30&lang=en").body
	wants(t, "a day", day, "Wed 31 Dec 2025", `class="band"`, `class="limit"`, `class="unknown"`, "nobody knows", "Beside it: Tue 30 Dec 2025", `class="compared"`, "Alerts of this day", "/alerts?day=2025-12-31", "known now", "was known at the time",
		`class="ribbon"`, "on=2025-12-30", "on=2026-01-01")
	wants(t, "an hour of it", r.get("/site/mpp-gresik/zone/loket/history?by=hour&on=2025-12-31&hour=10&lang=en").body, "Wed 31 Dec 2025 10:00–11:00", `class="unknown"`, "hour=09", "hour=11")
	wants(t, "in Indonesian", r.get("/site/mpp-gresik/zone/loket/history?by=month&on=2025-12-31&lang=id").body, "Des 2025", "Puncak", "Tidak diketahui", "Rab 31")
	wants(t, "where nothing is known", r.get("/site/mpp-gresik/zone/loket/history?by=week&on=2025-10-07&lang=en").body, "nobody knew")
	for _, bad := range []string{"by=century", "on=2025-02-30", "on=2027-01-01", "by=hour", "by=hour&hour=24", "by=day&with=x"} {
		if got := r.get("/site/mpp-gresik/zone/loket/history?" + bad).StatusCode; got != 400 {
			t.Errorf("history?%s: status %d, want 400", bad, got)
		}
	}
	for _, none := range []string{"/site/nowhere/history", "/site/mpp-gresik/zone/nowhere/history"} {
		if got := r.get(none).StatusCode; got != 404 {
			t.Errorf("%s: status %d, want 404", none, got)
		}
	}
}

// A year is a page of a bounded size: every day a square, and a gap is drawn as one.
func TestAYearIsABoundedPage(t *testing.T) {
	r := start(t, newFleet(), func(o *Options) { o.Histories = aWeek(t) })
	begin := time.Now()
	page := r.get("/site/mpp-gresik/history?by=year&on=2025-12-31&lang=en")
	took := time.Since(begin)
	year := one(t, page.body, "svg.year")
	if n := strings.Count(year, `<title>`) + strings.Count(page.body, `<rect class="`); len(page.body) > 150<<10 || n < 365 {
		t.Errorf("a year: %d bytes and %d squares, want at most 150 KB and 365", len(page.body), n)
	}
	t.Logf("a year: %d bytes in %v, the fake's own time with it", len(page.body), took)
	wants(t, "the week in which nobody listened", page.body, "Tue 7 Oct 2025: nobody knows", "url(#hatch)")
	wants(t, "its months", page.body, ">Dec<", "by=month")
	if strings.Contains(page.body, `style="`) {
		t.Error("a style attribute, which the policy refuses")
	}
}

// The API gives the same figures, as JSON and as a table.
func TestHistoryThroughTheAPI(t *testing.T) {
	r := start(t, newFleet(), nil)
	var days struct {
		Items []struct {
			From, Peak_at      time.Time
			Peak, Low, Limit   *float64
			Unknown_s, Known_s float64
			Over_s             float64
		}
	}
	body := r.get("/api/v1/sites/mpp-gresik/zones/loket/history?from=2025-12-29&to=2026-01-04", "Accept", "application/json").body
	if err := json.Unmarshal([]byte(body), &days); err != nil || len(days.Items) != 7 {
		t.Fatalf("a week by days: %v: %s", err, body)
	}
	thursday := days.Items[3]
	if thursday.Peak == nil || *thursday.Peak != 29 || *thursday.Low != 27 || *thursday.Limit != 24 || thursday.Over_s == 0 || thursday.Peak_at.UTC().Format(time.TimeOnly)[:5] != "04:13" {
		t.Errorf("Thursday: %s", body)
	}
	rows, err := csv.NewReader(strings.NewReader(r.get("/api/v1/sites/mpp-gresik/history.csv?from=2025-12-31&to=2025-12-31&by=hour", "Accept", "text/csv").body)).ReadAll()
	if err != nil || len(rows) != 25 {
		t.Errorf("a day by hours: %d rows (%v), want 24 and a head", len(rows), err)
	}
	for path, want := range map[string]int{"/api/v1/sites/nowhere/history": 404, "/api/v1/sites/mpp-gresik/zones/nowhere/history": 404, "/api/v1/sites/mpp-gresik/history?from=x": 422, "/api/v1/sites/mpp-gresik/history?from=2020-01-01&to=2025-01-01": 422} {
		if got := r.get(path, "Accept", "application/json").StatusCode; got != want {
			t.Errorf("%s: status %d, want %d", path, got, want)
		}
	}
}

// What is added up of hours is what the samples say, over a change of the clocks as well.
func TestStretchesAddUpWhatSamplesSay(t *testing.T) {
	for _, zone := range []string{"Asia/Jakarta", "Europe/Berlin"} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		first := facility.Date{Year: 2025, Month: time.October, Day: 24}
		cuts := dayCuts(first, first.AddDays(5), loc) // in Berlin one of them has 25 hours
		var samples []rules.Sample
		for i := range 400 {
			at := cuts[0].Add(time.Duration(i*17) * time.Minute)
			samples = append(samples, rules.Sample{At: at, Persons: float64(i * 7 % 60), Known: i%9 != 0, Limit: 50, HasLimit: true, Verdict: map[bool]rules.Verdict{true: rules.Breached}[i*7%60 > 50]})
		}
		now := cuts[4].Add(7*time.Hour + 13*time.Minute)
		hours := rules.FoldHours(samples, cuts[0], now)
		got := stretchesOf(hours, cuts, now)
		for c := range got {
			want := stretch{from: cuts[c], until: min(cuts[c+1], now)}
			for i, s := range samples {
				end := want.until
				if i+1 < len(samples) {
					end = min(end, samples[i+1].At)
				}
				if b := max(s.At, want.from); b < end {
					if s.Known {
						want.known += end.Sub(b)
						want.area += s.Persons * end.Sub(b).Seconds()
					}
					if s.Verdict == rules.Breached {
						want.over += end.Sub(b)
					}
				}
			}
			if g := got[c]; g.from != want.from || g.until != want.until || g.known != want.known || g.over != want.over || math.Abs(g.area-want.area) > 1e-3 {
				t.Errorf("%s, day %d: %v known, %v over, area %v; want %v, %v, %v", zone, c, g.known, g.over, g.area, want.known, want.over, want.area)
			}
		}
	}
}

// A busy day is a page of a bounded size, and hostile names are text in it.
func TestABusyDayWithHostileNames(t *testing.T) {
	evil := `<script>pwned()</script>"'><img src=x onerror=pwned()>`
	f := newFleet()
	f.change("mpp-gresik", func(v *rules.View) { v.Zones[1].Name, v.Tasks[0].Name = evil, evil })
	a := answered()
	a.SubjectName, a.Subject.ID = evil, "loket"
	f.past = append(f.past, a)
	f.entries = append(f.entries, telemetry.Record{Site: "mpp-gresik", At: a.Opened, Kind: telemetry.KindEntry, Entry: &telemetry.Entry{Kind: telemetry.EntryTask, Subject: "semprot-buka", Author: evil}})
	r := start(t, f, func(o *Options) { o.Rollups, o.Histories = busy{f}, aWeek(t) })
	for _, path := range []string{"/site/mpp-gresik/zone/loket/history?on=2025-12-31", "/site/mpp-gresik/history?on=2025-12-31", "/site/mpp-gresik/zone/loket/history?by=year&on=2025-12-31"} {
		page := r.get(path)
		if strings.Contains(page.body, "<script>pwned") || strings.Contains(page.body, "<img src=x") {
			t.Errorf("%s: a name became markup", path)
		}
		if len(page.body) > 150<<10 || page.StatusCode != 200 {
			t.Errorf("%s: status %d, %d bytes, want at most 150 KB", path, page.StatusCode, len(page.body))
		}
	}
}

// busy changes each minute.
type busy struct{ *fleet }

func (b busy) Occupancy(_ context.Context, site, zone string, from, until telemetry.Instant) ([]rules.Sample, error) {
	var all []rules.Sample
	for i := 0; from.Add(time.Duration(i)*time.Minute) < until; i++ {
		p := 30 + 25*math.Sin(float64(i)/37) + float64(i%5)
		all = append(all, rules.Sample{Site: site, Zone: zone, At: from.Add(time.Duration(i) * time.Minute), Persons: math.Round(p), Low: math.Round(p - 2), High: math.Round(p + 3), Known: true, Limit: 50, HasLimit: true})
	}
	return all, nil
}

// Red is a number that was above its limit for certain. One that is too close to tell is full, and where nobody knew is hatched.
func TestAHeatMapTellsNearFromOver(t *testing.T) {
	at := func(persons float64, over time.Duration) *stretch {
		return &stretch{passed: time.Hour, known: time.Hour, over: over, peak: rules.Sample{Known: true, Persons: persons, Limit: 24, HasLimit: true}}
	}
	for _, c := range []struct {
		s    *stretch
		want string
	}{{at(29, time.Minute), "over"}, {at(26, 0), "s5"}, {at(24, 0), "s5"}, {at(12, 0), "s3"}, {at(1, 0), "s1"}, {at(0, 0), "s0"}, {&stretch{passed: 9}, "unknown"}, {&stretch{}, "none"}} {
		if got := shadeOf(c.s, 50); got != c.want {
			t.Errorf("%v people, %v over: shade %s, want %s", c.s.peak.Persons, c.s.over, got, c.want)
		}
	}
}

// A limit far above the people is said in words: an axis up to it would show nothing of the day.
func TestAFarLimitDoesNotFlattenTheDay(t *testing.T) {
	of := func(limit float64) *day {
		return &day{samples: []rules.Sample{{Persons: 90, Low: 86, High: 93, Known: true, Limit: limit, HasLimit: true}}}
	}
	for limit, want := range map[float64]float64{80: 100, 120: 200, 1157: 100} {
		if got := topOf(of(limit), nil); got != want {
			t.Errorf("93 people, limit %v: the axis ends at %v, want %v", limit, got, want)
		}
	}
	var d drawing
	if above := d.limits(axis{0, telemetry.Instant(time.Hour), 100}, of(1157), telemetry.Instant(time.Hour)); above != 1157 || d.Len() > 0 {
		t.Errorf("limit 1157 above an axis to 100: got %v and %q, want 1157 and no line", above, d.String())
	}
}

// Finding: where the clocks are off by half an hour, quiet time counted as unknown for as long as an hour of UTC is cut: 30 minutes of each hour.
func TestQuietTimeIsKnownWhereClocksAreOff(t *testing.T) {
	for _, zone := range []string{"Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Asia/Jakarta"} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		first := facility.Date{Year: 2026, Month: time.January, Day: 5}
		from := telemetry.InstantOf(first.In(loc))
		begun := rules.HourOf(from).Add(-3 * time.Hour)
		hours := []rules.Hour{{At: begun, Known: time.Hour, Last: rules.Sample{At: begun, Known: true, Persons: 3}}}
		for _, s := range stretchesOf(hours, hourCuts(from, from.Add(4*time.Hour)), from.Add(24*time.Hour)) {
			if s.known != time.Hour || s.unknown() != 0 {
				t.Errorf("%s: an hour has %v known and %v unknown, want all of it known", zone, s.known, s.unknown())
			}
		}
		for i, s := range stretchesOf(hours, dayCuts(first, first.AddDays(2), loc), from.Add(72*time.Hour)) {
			if s.known != 24*time.Hour || s.unknown() != 0 {
				t.Errorf("%s: day %d has %v known and %v unknown, want 24 hours known", zone, i, s.known, s.unknown())
			}
		}
		// The hour that runs is known as far as it has passed, and not beyond.
		now := from.Add(2*time.Hour + 40*time.Minute)
		parts := stretchesOf(hours, hourCuts(from, from.Add(4*time.Hour)), now)
		if sum := whole(parts); sum.known > sum.long() || sum.unknown() != 0 {
			t.Errorf("%s: %v known of %v that have passed", zone, sum.known, sum.long())
		}
		// Finding: where it had just begun, all of it was unknown, until the hour of UTC began.
		for i, s := range stretchesOf(hours, hourCuts(from, from.Add(4*time.Hour)), from.Add(2*time.Hour+20*time.Minute)) {
			if s.unknown() != 0 {
				t.Errorf("%s: of hour %d %v is unknown 20 minutes after it began, want none", zone, i, s.unknown())
			}
		}
	}
	// On Lord Howe the clocks are set by half an hour: such a day has 24 hours and a half, or 23 and a half.
	loc, err := time.LoadLocation("Australia/Lord_Howe")
	if err != nil {
		t.Fatal(err)
	}
	for _, day := range []facility.Date{{Year: 2026, Month: time.April, Day: 5}, {Year: 2026, Month: time.October, Day: 4}} {
		from := telemetry.InstantOf(day.In(loc))
		begun := rules.HourOf(from).Add(-3 * time.Hour)
		hours := []rules.Hour{{At: begun, Known: time.Hour, Last: rules.Sample{At: begun, Known: true, Persons: 3}}}
		for _, s := range stretchesOf(hours, dayCuts(day, day.AddDays(1), loc), from.Add(72*time.Hour)) {
			if s.long() == 24*time.Hour || s.unknown() < 0 || s.unknown() > 30*time.Minute {
				t.Errorf("%v has %v, %v of it unknown", day, s.long(), s.unknown())
			}
		}
	}
}

// Finding: the marks of a day were of the newest 600 tasks of the site, so that an older day had none, without a word.
func TestAnOldDayHasItsTasks(t *testing.T) {
	f := newFleet()
	task := func(at time.Time, author string) {
		f.entries = append(f.entries, telemetry.Record{Site: "mpp-gresik", At: telemetry.InstantOf(at), Kind: telemetry.KindEntry,
			Entry: &telemetry.Entry{Kind: telemetry.EntryTask, Subject: "semprot-buka", Author: author}})
	}
	task(time.Date(2025, 12, 31, 3, 0, 0, 0, time.UTC), "bu-lama")
	for i := range 12 * mostMarks {
		task(time.Date(2026, 1, 2, 0, i, 0, 0, time.UTC), "siti")
	}
	r := start(t, f, func(o *Options) { o.Histories = aWeek(t) })
	if page := r.get("/site/mpp-gresik/history?by=day&on=2025-12-31&lang=en").body; !strings.Contains(page, "bu-lama") || strings.Contains(page, "siti") {
		t.Error("an old day behind many tasks of newer ones: its task is missing from the marks")
	}
}
