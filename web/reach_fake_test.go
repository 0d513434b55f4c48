package web

import (
	"context"
	"sync"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/reach"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// fakeReach writes down what it is told.
type fakeReach struct {
	mu     sync.Mutex
	phones []reach.Phone
	told   []string
	ended  []string
}

var _ Reach = (*fakeReach)(nil)

// testKey is a point of the curve P-256: browsers take no other.
const testKey = "BPcMbnWQL5GOYX_5LKZXT6sLmHiMsJSiEvIFvfcDvX7IZ9qqtq68onpTPEYmyxSQNiH7UD_98AUcQ12kBoxz_0s"

func (f *fakeReach) Key() string { return testKey }

func (f *fakeReach) Keep(_ context.Context, p reach.Phone) (*reach.Phone, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p.Endpoint == "" {
		return nil, reach.ErrEndpoint
	}
	p.ID = "p1"
	f.phones = append(f.phones, p)
	return &p, nil
}

func (f *fakeReach) Drop(context.Context, string, string) error { return nil }

func (f *fakeReach) SignedOut(_ context.Context, session string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = append(f.ended, session)
}

func (f *fakeReach) Test(context.Context, string, string, string, string) (*reach.Probe, error) {
	return &reach.Probe{ID: "t1", Began: fleetNow, Sent: fleetNow}, nil
}

func (f *fakeReach) Probe(id string) (reach.Probe, bool) {
	return reach.Probe{ID: id, Began: fleetNow, Sent: fleetNow, Shown: fleetNow.Add(2 * time.Second)}, id == "t1"
}

func (f *fakeReach) Answer(_ context.Context, token, what string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, token+" "+what)
	return token != "wrong"
}

func (f *fakeReach) Saw(alert string, by *accounts.Caller, via, what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, alert+" "+by.Name+" "+via+" "+what)
}

func (f *fakeReach) Watching(account, _ string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, "watching")
}

// heard is what it was told so far.
func (f *fakeReach) heard() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.told...)
}

func (f *fakeReach) Roster(string) []reach.Person {
	return []reach.Person{
		{Name: "Siti Aminah", Roles: []accounts.Role{accounts.Security}, Phones: []reach.Phone{{ID: "1"}}, Shown: fleetNow.Add(-40 * time.Minute)},
		{Name: "Budi Santoso", Roles: []accounts.Role{accounts.Security}, Phones: []reach.Phone{{ID: "2", Failed: "push_status:403"}}, Shown: fleetNow.Add(-30 * time.Hour)},
		{Name: "Agus", Roles: []accounts.Role{accounts.Security}, Watch: fleetNow.Add(-10 * time.Second)},
		{Name: "Ibu Rina", Roles: []accounts.Role{accounts.Manager}},
	}
}

func (f *fakeReach) Channels() []reach.ChannelState {
	return []reach.ChannelState{
		{Name: "sirene", Kind: alerts.ViaSiren, Last: reach.Outcome{At: fleetNow.Add(-time.Hour)}},
		{Name: "sms", Kind: alerts.ViaSMS, Last: reach.Outcome{At: fleetNow.Add(-time.Hour), Failed: "modem_failed"}},
	}
}

// drilled is a drill under way, with whom it has called.
func drilled(site string) alerts.Alert {
	at := func(d time.Duration) telemetry.Instant { return ago(4 * time.Minute).Add(d) }
	a := alerts.Alert{
		ID: "drill1", Site: site, Rule: alerts.DrillRule, Kind: alerts.KindDrill, Class: rules.ClassBreach, Severity: rules.Critical, Subject: rules.Subject{Kind: rules.SubjectSite, ID: site},
		Opened: at(0), Updated: at(0), Shown: at(3 * time.Second), Looked: at(20 * time.Second), Accepted: at(time.Second), Told: []string{"satpam"},
		Drill: &alerts.Drill{Entry: "d1", By: "Ibu Rina", Proven: true, Reason: "latihan bulanan", Until: in(6 * time.Minute)},
		Calls: []alerts.Call{
			{Number: 1, Step: 1, Round: 1, Role: "security", At: at(0), Done: true, Deliveries: []alerts.Delivery{
				{Key: "a", To: "Siti Aminah", Via: alerts.ViaPush, Sent: at(time.Second), Shown: at(3 * time.Second), Looked: at(20 * time.Second)},
				{Key: "b", To: "Budi Santoso", Via: alerts.ViaPush, Failed: "push_status:403"},
			}},
			{Number: 2, Step: 2, Round: 1, Channel: "sms", At: at(2 * time.Minute), Done: true, Deliveries: []alerts.Delivery{{Key: "sms-1", To: "sms", Via: alerts.ViaSMS, Sent: at(2*time.Minute + 8*time.Second)}}},
		},
	}
	a.SiteName, a.SubjectName, a.Timezone = "MPP Gresik", "MPP Gresik", "Asia/Jakarta"
	return a
}

// drills is the fleet whose entries begin and end drills, as the real book does.
type drills struct{ *fleet }

func (d drills) Enter(ctx context.Context, site string, e telemetry.Entry, at telemetry.Instant) (telemetry.Record, error) {
	rec, err := d.fleet.Enter(ctx, site, e, at)
	if err == nil && e.Kind == telemetry.EntryDrill {
		d.mu.Lock()
		defer d.mu.Unlock()
		b := alerts.NewBook(d.open, nil)
		d.changes = append(d.changes, b.Entry(&rec, nil)...)
		d.open = b.Open()
	}
	return rec, err
}
