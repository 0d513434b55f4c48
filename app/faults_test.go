package app

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/influx"
	"github.com/gerbang-iot/gerbang/rules"
)

// A fault that an earlier run has left open ends when it is disproved, or when nobody has reported it for long enough; one
// that is reported again belongs to whoever reports it.
func TestFaultsOfAnEarlierRunEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		ended := map[alerts.FaultName]time.Duration{}
		f := inheritFaults([]alerts.Alert{
			{Rule: string(alerts.FaultInfluxAuth), Class: rules.ClassService},
			{Rule: string(alerts.FaultBrokerDown), Class: rules.ClassService},
			{Rule: string(alerts.FaultDiskLow), Class: rules.ClassService},
			{Rule: "suhu", Site: "gedung", Class: rules.ClassBreach},
		}, func(x alerts.Fault) {
			if !x.Firing {
				ended[x.Name] = time.Since(begin)
			}
		})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- f.run(func(name alerts.FaultName) bool {
				return name == alerts.FaultInfluxAuth && time.Since(begin) > 10*time.Second
			})(ctx)
		}()
		time.Sleep(5 * time.Second)
		f.report(alerts.Fault{Name: alerts.FaultBrokerDown, Firing: true})
		time.Sleep(10 * time.Minute)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if at, ok := ended[alerts.FaultInfluxAuth]; !ok || at > 12*time.Second {
			t.Errorf("disproved: ended %t after %s, want within 12s", ok, at)
		}
		if at, ok := ended[alerts.FaultDiskLow]; !ok || at < faultPatience || at > faultPatience+2*time.Second {
			t.Errorf("not heard of: ended %t after %s, want %s", ok, at, faultPatience)
		}
		if len(ended) != 2 {
			t.Errorf("ended: got %v, want these two", ended)
		}
	})
}

// The writer does not know package alerts: what it tells is of the closed set all the same.
func TestFaultsOfInfluxAreOfTheSet(t *testing.T) {
	for _, name := range []string{
		influx.FaultDown, influx.FaultAuth, influx.FaultMissing, influx.FaultRejected, influx.FaultExpiring, influx.FaultSource, influx.FaultHeld,
	} {
		if !slices.Contains(alerts.FaultNames(), alerts.FaultName(name)) {
			t.Errorf("%s is none of alerts.FaultNames", name)
		}
	}
}
