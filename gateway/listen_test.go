package gateway

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// notes are what the sites were told of who listens: one letter a record, D for nobody.
func notes(m *memory, site string) (all string) {
	for i := range m.records {
		if rec := &m.records[i]; rec.Site == site && rec.Kind == telemetry.KindService {
			if rec.Service.Deaf {
				all += "D"
			} else {
				all += "-"
			}
		}
	}
	return all
}

// A broker that is away and one that delivers nothing are two causes: nobody listens until both are over, whichever is told first.
func TestTwoCausesOfDeafness(t *testing.T) {
	type told struct {
		name   alerts.FaultName
		firing bool
	}
	down, deaf := alerts.FaultBrokerDown, alerts.FaultBrokerDeaf
	for name, tc := range map[string]struct {
		told []told
		want string
	}{
		"one takes the other's place":          {[]told{{deaf, true}, {down, true}, {deaf, false}}, "D"},
		"and back":                             {[]told{{down, true}, {deaf, true}, {down, false}, {deaf, false}}, "D-"},
		"one of an earlier run ends":           {[]told{{deaf, true}, {down, false}}, "D"},
		"the same is told twice":               {[]told{{down, true}, {down, true}, {down, false}, {down, false}}, "D-"},
		"what has nothing to do with hearing":  {[]told{{alerts.FaultClientTakeover, true}, {alerts.FaultSessionLost, true}}, ""},
		"the end is told before the beginning": {[]told{{deaf, true}, {deaf, false}, {down, true}}, "D-D"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			b := newBench(t, m, "mall")
			for i, x := range tc.told {
				if err := b.listens(context.Background(), alerts.Fault{Name: x.name, Firing: x.firing}, begin.Add(time.Duration(i+1)*time.Second)); err != nil {
					t.Fatal(err)
				}
			}
			b.commit(begin.Add(time.Minute))
			if got := notes(m, "mall"); got != tc.want {
				t.Errorf("the site was told %q, want %q", got, tc.want)
			}
		})
	}
}

// A site whose engine begins anew while nobody listens is told when somebody does again.
func TestASiteThatBeginsAnewIsToldThatSomebodyListens(t *testing.T) {
	for what, anew := range map[string]func(t *testing.T, b *bench){
		"a reload": func(t *testing.T, b *bench) {
			mend := breakBad(t, breakages["no end"])
			b.send("gerbang/v1/bad/count", counted(1, 1, 0), begin.Add(2*time.Second))
			b.commit(begin.Add(2 * time.Second))
			if b.Stopped()["bad"] == "" {
				t.Fatal("the site was not stopped")
			}
			mend()
			b.retry(context.Background(), map[string]bool{})
		},
		"a record that the engine fails on": func(t *testing.T, b *bench) {
			s := b.sites["bad"]
			sound := s.judge
			s.judge = func(rec *telemetry.Record, out *rules.Output) error {
				if rec.Kind == telemetry.KindObservation {
					s.judge = sound
					panic("unlucky")
				}
				return sound(rec, out)
			}
			b.send("gerbang/v1/bad/count", counted(1, 1, 0), begin.Add(2*time.Second))
		},
	} {
		t.Run(what, func(t *testing.T) {
			m := newMemory()
			b := newBench(t, m, "bad", "good")
			listens := func(is bool, at time.Duration) {
				if err := b.listens(context.Background(), alerts.Fault{Name: alerts.FaultBrokerDown, Firing: !is}, begin.Add(at)); err != nil {
					t.Fatal(err)
				}
				b.commit(begin.Add(at))
			}
			listens(false, time.Second)
			anew(t, b)
			listens(true, time.Minute)
			if bad, good := notes(m, "bad"), notes(m, "good"); bad != "D-" || good != "D-" || b.sites["bad"].engine.Deaf() {
				t.Errorf("told %q and the other site %q, deaf now: %t; want D- and that it listens", bad, good, b.sites["bad"].engine.Deaf())
			}
		})
	}
}

// A site that is configured while nobody listens knows it.
func TestANewSiteKnowsThatNobodyListens(t *testing.T) {
	m := newMemory()
	b := newBench(t, m, "mall")
	if err := b.listens(context.Background(), alerts.Fault{Name: alerts.FaultBrokerDown, Firing: true}, begin.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	b.defs = append(b.defs, definition(t, "new"))
	if err := b.Configure(context.Background(), b.defs, "test", begin.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	b.commit(begin.Add(time.Minute))
	if got := notes(m, "new"); got != "D" || !b.sites["new"].engine.Deaf() {
		t.Errorf("the new site was told %q, and is deaf: %v; want that it knows", got, b.sites["new"].engine.Deaf())
	}
}

// A site is told of every time without listening that could make one of its devices silent, and of none that could not.
func TestShortDeafnessIsTold(t *testing.T) {
	open := func(t *testing.T, interval time.Duration) (*memory, *bench) {
		m := newMemory()
		b := newBench(t, m, "mall", "quiet")
		b.defs[0].Site.Devices[0].Interval = interval
		if err := b.Configure(t.Context(), b.defs, "test", begin); err != nil {
			t.Fatal(err)
		}
		b.commit(begin.Add(time.Second))
		return m, b
	}
	for _, tt := range []struct {
		interval, away time.Duration
		want           string
	}{
		{time.Second, 500 * time.Millisecond, ""},
		{time.Second, time.Second, "-"},
		{2 * time.Second, 5 * time.Second, "-"},
		{19 * time.Second, 18 * time.Second, ""},
		{19 * time.Second, 19 * time.Second, "-"},
		{time.Hour, 59 * time.Second, ""},
		{time.Hour, time.Minute, "-"},
	} {
		quiet := "" // its device reports every minute
		if tt.away >= time.Minute {
			quiet = "-"
		}
		t.Run(tt.interval.String()+" away "+tt.away.String(), func(t *testing.T) {
			m, b := open(t, tt.interval)
			g, err := Open(t.Context(), Options{Journal: m, Decoder: b.decoder, Directory: alerts.NewDirectory(), Logger: slog.New(slog.DiscardHandler), Window: 1000})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := g.Resume(t.Context(), g.heard.Add(tt.away)); err != nil {
				t.Fatal(err)
			}
			b.Gateway = g
			b.commit(begin.Add(time.Second + tt.away))
			if got, other := notes(m, "mall"), notes(m, "quiet"); got != tt.want || other != quiet {
				t.Errorf("after a restart: told %q, and the other site %q; want %q and %q", got, other, tt.want, quiet)
			}

			m, b = open(t, tt.interval)
			if _, err := b.paused(t.Context(), begin.Add(time.Second), begin.Add(time.Second+tt.away)); err != nil {
				t.Fatal(err)
			}
			b.commit(begin.Add(time.Second + tt.away))
			if got, other := notes(m, "mall"), notes(m, "quiet"); got != tt.want || other != quiet {
				t.Errorf("after a pause: told %q, and the other site %q; want %q and %q", got, other, tt.want, quiet)
			}
		})
	}
	t.Run("a connection that is away for a moment, then for long", func(t *testing.T) {
		m, b := open(t, 2*time.Second)
		for i, f := range []alerts.Fault{
			{Name: connection, Firing: true}, {Name: connection}, {Name: connection, Firing: true},
			{Name: alerts.FaultBrokerDown, Firing: true}, {Name: connection}, {Name: alerts.FaultBrokerDown},
		} {
			if err := b.listens(t.Context(), f, begin.Add(time.Duration(i+2)*time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		b.commit(begin.Add(time.Minute))
		if got, other := notes(m, "mall"), notes(m, "quiet"); got != "D-D-" || other != "D-" {
			t.Errorf("told %q, and the other site %q; want D-D- and D-", got, other)
		}
	})
}
