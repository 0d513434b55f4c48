package app

import (
	"context"
	"sync"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/influx"
	"github.com/gerbang-iot/gerbang/rules"
)

// faults is the one place where parts report what is wrong with the gateway itself. It passes it on, and ends what an earlier run has left open: a part tells of changes only, so
// nobody else would ever say that a fault of yesterday is over. Safe for concurrent use.
type faults struct {
	pass func(alerts.Fault)

	mu   sync.Mutex
	left map[fault]bool // open since an earlier run, and not heard of in this one
}

// fault is what makes a fault one and the same.
type fault struct {
	name alerts.FaultName
	site string
}

// faultPatience is how long the parts have to find out that a fault is still there. The slowest needs a minute: InfluxDB that
// is away.
const faultPatience = 90 * time.Second

// inheritFaults takes the alerts that are open at the start.
func inheritFaults(open []alerts.Alert, pass func(alerts.Fault)) *faults {
	f := &faults{pass: pass, left: map[fault]bool{}}
	for i := range open {
		// The loop looks at its clock and its sites itself, from the first moment on, and somebody else at what is damaged.
		own := open[i].Rule == string(alerts.FaultClockJump) || open[i].Rule == string(alerts.FaultSiteStopped) ||
			open[i].Rule == string(alerts.FaultJournalDamaged)
		if open[i].Class == rules.ClassService && !own {
			f.left[fault{alerts.FaultName(open[i].Rule), open[i].Site}] = true
		}
	}
	return f
}

// report passes a fault on. From then on the part that reports it is the one that knows.
func (f *faults) report(x alerts.Fault) {
	f.mu.Lock()
	delete(f.left, fault{x.Name, x.Site})
	f.mu.Unlock()
	f.pass(x)
}

// run ends what was left as soon as it is disproved, and the rest when the parts had their time.
func (f *faults) run(disproved func(alerts.FaultName) bool) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		begin := time.Now()
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for late := false; !late; {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
			late = time.Since(begin) >= faultPatience
			f.end(func(name alerts.FaultName) bool { return late || disproved(name) })
		}
		<-ctx.Done()
		return nil
	}
}

// end takes those that are over off the list and says so, under one lock: a part that reports one of them meanwhile comes after it.
func (f *faults) end(over func(alerts.FaultName) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for x := range f.left {
		if over(x.name) {
			delete(f.left, x)
			f.pass(alerts.Fault{Name: x.name, Site: x.site})
		}
	}
}

// disproved reports whether a fault cannot be there any more, by what the InfluxDB writer says; nil: none is configured.
func disproved(w *influx.Writer) func(alerts.FaultName) bool {
	return func(name alerts.FaultName) bool {
		switch name {
		case alerts.FaultConfiguration:
			return true // the files were read; sites that were left out have been reported before this is asked
		case alerts.FaultInfluxDown, alerts.FaultInfluxAuth, alerts.FaultInfluxBucket:
			return w == nil || !w.Health().LastSuccess.IsZero()
		}
		return false
	}
}
