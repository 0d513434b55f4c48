package gateway

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
)

// Finding L2: while the journal refuses commits people hear why, and of what else goes wrong; all of it is over, and stored, when
// the journal takes commits again.
func TestL2_AlertsLiveWhileTheJournalRefuses(t *testing.T) {
	m := newMemory()
	var refusal atomic.Pointer[error]
	m.fail = func(int) (error, bool) {
		if err := refusal.Load(); err != nil {
			return *err, false
		}
		return nil, false
	}
	withLoop(t, m, func(t *testing.T, l *Loop, _ *bench, _ func() error) {
		refuse := func(err error) { refusal.Store(&err) }
		isOpen := func(name alerts.FaultName) bool {
			return slices.ContainsFunc(l.live.Open(), func(a alerts.Alert) bool { return a.Rule == string(name) })
		}
		refuse(fmt.Errorf("writing: %w", journal.ErrFull))
		_ = l.Intake().Put(message(1, nil))
		time.Sleep(10 * time.Second)
		if !isOpen(alerts.FaultDiskFull) {
			t.Errorf("open alerts %+v: want the full disk's", l.live.Open())
		}
		for i := range 200 { // more than the loop has room for
			l.Fault(alerts.Fault{Name: alerts.FaultInfluxDown, Firing: i%2 == 0})
		}
		l.Fault(alerts.Fault{Name: alerts.FaultBrokerDown, Firing: true})
		time.Sleep(10 * time.Second)
		if !isOpen(alerts.FaultBrokerDown) {
			t.Errorf("open alerts %+v: want the broker's among them", l.live.Open())
		}
		// It is for another reason now.
		refuse(fmt.Errorf("looking: %w", journal.ErrGone))
		time.Sleep(30 * time.Second)
		if isOpen(alerts.FaultDiskFull) || !isOpen(alerts.FaultJournalGone) {
			t.Errorf("open alerts %+v: want the lost journal's and not the full disk's", l.live.Open())
		}
		refuse(errors.New("disk I/O error"))
		time.Sleep(30 * time.Second)
		if isOpen(alerts.FaultJournalGone) || !isOpen(alerts.FaultJournalRefuses) {
			t.Errorf("open alerts %+v: want that of a journal that refuses", l.live.Open())
		}
		refusal.Store(nil)
		time.Sleep(time.Minute)
		for _, name := range refusals {
			if isOpen(name) {
				t.Errorf("%s is open although the journal takes commits", name)
			}
		}
		if !isOpen(alerts.FaultBrokerDown) {
			t.Error("the broker's alert is over although nobody said so")
		}
	})
	stored := map[string]bool{}
	for _, a := range m.open {
		stored[a.Rule] = true
	}
	if len(stored) != 1 || !stored[string(alerts.FaultBrokerDown)] {
		t.Errorf("stored as open: %v, want the broker's alone", stored)
	}
}
