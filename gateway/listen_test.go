package gateway

import (
	"context"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
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
