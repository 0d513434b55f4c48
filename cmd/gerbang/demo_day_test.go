package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/facility"
)

// Finding N3: at every moment the plan makes believable days, each at another point, and a night around the reset. Where it is
// day in Indonesia the buildings keep the clocks of their cities.
func TestN3DemoPlansABelievableDayAtAnyTime(t *testing.T) {
	begin := time.Date(2026, 2, 27, 0, 0, 13, 0, time.UTC) // over a month's end, and changes of clocks elsewhere
	for now := begin; now.Before(begin.AddDate(0, 0, 16)); now = now.Add(7 * time.Minute) {
		cfg, plan := planned(t, now)
		for _, s := range cfg.Sites {
			d, _ := plan.day(s.ID)
			if d.Open < facility.TimeOfDay(earliest) || time.Duration(d.Close) > latest+quarter || d.Close-d.Open < facility.TimeOfDay(150*time.Minute) {
				t.Fatalf("at %s %s is open %s-%s, want at least two and a half hours between 06:00 and 21:00", now, s.ID, d.Open, d.Close)
			}
			if _, open := s.Hours.At(now, s.Location.Location); open == (s.ID == "mpp-belu") {
				t.Fatalf("at %s %s is open: %v (%s-%s)", now, s.ID, open, d.Open, d.Close)
			}
			if s.Hours.Open(s.Reset.On(facility.DayAt(now, s.Location.Location), s.Location.Location), s.Location.Location) {
				t.Fatalf("at %s %s is open when it is verified empty", now, s.ID)
			}
			for _, from := range []int{0, 1, 7} {
				if at := plan.historyFrom(from); s.Hours.Open(at, s.Location.Location) || now.Sub(at) > time.Duration(from+1)*24*time.Hour {
					t.Fatalf("at %s a history of %d days begins at %s, while %s is open or too early", now, from, at, s.ID)
				}
			}
			if local := now.In(westernZone); plan.Shift != nil && local.Hour() >= 10 && local.Hour() < 14 {
				t.Fatalf("at %s the clocks are not those of the cities", local)
			}
		}
		if n := points(plan); n < 8 {
			t.Fatalf("at %s the sites are at %d different points of their days, want at least 8: %+v", now, n, plan.Days)
		}
	}
}

var westernZone = time.FixedZone("WIB", westernIndonesia*3600)

// planned is the demo's configuration at a first start.
func planned(t *testing.T, now time.Time) (*configs.Config, *demoPlan) {
	t.Helper()
	cfg := demoConfig(t)
	cfg.Sites = slices.Clone(cfg.Sites)
	plan, err := newDemoPlan(cfg.Sites, 1, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.apply(cfg.Sites); err != nil {
		t.Fatal(err)
	}
	return cfg, &plan
}

// demoConfig is the demo's configuration as it ships; it is read once, and not to be changed.
func demoConfig(t *testing.T) *configs.Config {
	t.Helper()
	if shippedDemo == nil {
		cfg, err := configs.Demo(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		shippedDemo = cfg
	}
	cfg := *shippedDemo
	return &cfg
}

var shippedDemo *configs.Config

// points counts the twentieths of their days that the sites are at when the demo begins.
func points(p *demoPlan) int {
	at := map[int]bool{}
	for _, d := range p.Days {
		zone, err := time.LoadLocation(d.Timezone)
		if err != nil {
			continue
		}
		at[int(20*(sinceMidnight(p.Begun.In(zone))-time.Duration(d.Open))/time.Duration(d.Close-d.Open))] = true
	}
	return len(at)
}

// What goes wrong on purpose is told on the console and on the site's page, in both languages.
func TestN3DemoNamesWhatIsWrong(t *testing.T) {
	now := time.Date(2026, 11, 30, 3, 0, 0, 0, westernZone)
	cfg, plan := planned(t, now)
	var said strings.Builder
	if err := sayDemo(&said, plan, cfg.Sites, now); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a dead counter", "a late spraying", "fevers", "a hall near its limit", "a door that drifts", "clocks are set to UTC-9 (11:00 now)", "has just opened", "closed for today"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("the console does not say %q:\n%s", want, &said)
		}
	}
	wrong := 0
	for _, s := range cfg.Sites {
		if strings.Contains(s.Note["id"], "Sengaja salah") != strings.Contains(s.Note["en"], "Wrong on purpose") {
			t.Errorf("%s: the note differs by language: %v", s.ID, s.Note)
		}
		if strings.Contains(s.Note["en"], "Wrong on purpose") {
			wrong++
		}
		for _, f := range demoFaults {
			if _, ok := plan.day(f.site); !ok {
				t.Errorf("a fault is at %s, which the demo does not have", f.site)
			}
		}
	}
	if wrong != len(demoFaults) {
		t.Errorf("%d sites say what is wrong there, want %d", wrong, len(demoFaults))
	}
	said.Reset()
	if err := sayDemo(&said, plan, cfg.Sites, now.Add(14*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said.String(), "gerbang demo --new") {
		t.Errorf("14 hours later it does not say how to see buildings at work:\n%s", &said)
	}
}

// Finding N2: a busy address is told at once, with the flags, and before anything was made.
func TestN2DemoSaysThatAnAddressIsBusy(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	for _, flags := range [][]string{
		{"--mqtt", busy.Addr().String(), "--listen", "127.0.0.1:0"}, {"--listen", busy.Addr().String(), "--mqtt", "127.0.0.1:0"},
		{"--listen", "foo", "--mqtt", "127.0.0.1:0"},
	} {
		data := filepath.Join(t.TempDir(), "demo")
		code, out, errs := run(t, "", append([]string{"demo", "--data", data}, flags...)...)
		want, words := 1, []string{flags[1], flags[0], "--listen", "--mqtt"}
		if flags[1] == "foo" { // no address at all: a mistake of who typed it
			want, words = 2, words[:2]
		}
		for _, want := range words {
			if !strings.Contains(errs, want) {
				t.Errorf("%v: the error lacks %q:\n%s", flags, want, errs)
			}
		}
		if _, err := os.Stat(data); code != want || out != "" || !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%v: got code %d, output %q, and of the data folder %v; want %d and nothing made", flags, code, out, err, want)
		}
	}
}

// The demo writes into no journal that it has not made.
func TestN3DemoLeavesOthersJournalsAlone(t *testing.T) {
	data := t.TempDir()
	writeFile(t, data, "journal.db", "somebody's")
	for _, more := range [][]string{nil, {"--new"}} {
		code, _, errs := run(t, "", append([]string{"demo", "--data", data, "--listen", "127.0.0.1:0", "--mqtt", "127.0.0.1:0"}, more...)...)
		if code != 1 || !strings.Contains(errs, "has not made") || !strings.Contains(errs, "--data") {
			t.Errorf("%v: got code %d and %q, want a refusal with a hint", more, code, errs)
		}
	}
	if text, err := os.ReadFile(filepath.Join(data, "journal.db")); err != nil || string(text) != "somebody's" {
		t.Errorf("the journal is %q, %v", text, err)
	}
}
