package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/simulate"
	"github.com/gerbang-iot/gerbang/testengine"
)

// readiness is what /readyz says of the feed.
type readiness struct {
	Ready  bool
	Broker struct {
		Heard  bool
		Reason string
	}
}

// brokerHeard waits until /readyz says that the broker is heard, or is not.
func (r *rig) brokerHeard(want bool, patience time.Duration) (reason string) {
	r.t.Helper()
	r.p.eventually(patience, fmt.Sprintf("to say that the broker is heard: %t", want), func() error {
		var seen readiness
		if err := getAny("http://"+r.web+"/readyz", &seen); err != nil {
			return err
		}
		if seen.Broker.Heard != want || seen.Ready != want {
			return fmt.Errorf("readiness: %+v", seen)
		}
		reason = seen.Broker.Reason
		return nil
	})
	return reason
}

// fleetBehind is a gateway behind an external broker that serves a small fleet.
func fleetBehind(t *testing.T, url string) (*rig, simulate.Fleet) {
	t.Helper()
	fleet := simulate.Fleet{Sites: 2, Devices: 20}
	return newRig(t, fmt.Sprintf(`mqtt: {broker: {url: %q, client_id: gerbang-test, keep_alive: 5s}}`, url)).fleet(fleet).serve(), fleet
}

// The broker is restarted under load: with its store nothing is lost that it had acknowledged; without it what it held is
// gone, which is told, and everything after is stored.
func TestBrokerRestartsWithItsSessions(t *testing.T) {
	t.Parallel()
	m := testengine.Mosquitto(t, testengine.MosquittoOpenLimits(), testengine.MosquittoPersistence(""))
	r, fleet := fleetBehind(t, m.URL)
	running := startLoad(t, simulate.Load{Fleet: fleet, Broker: m.URL, Rate: 500})
	for range 2 {
		r.receivesMore(300)
		m.Stop()
		r.brokerHeard(false, 10*time.Second)
		m.Start()
		r.brokerHeard(true, time.Minute)
	}
	r.receivesMore(300)
	running.end(true)
	settled(t, r.p, r.web)
	r.stop()
	verifyJournal(t, r.data(), running.report)
}

func TestBrokerRestartsWithoutItsSessions(t *testing.T) {
	t.Parallel()
	m := testengine.Mosquitto(t, testengine.MosquittoOpenLimits(), testengine.MosquittoPersistence(""))
	r, fleet := fleetBehind(t, m.URL)
	before := startLoad(t, simulate.Load{Fleet: fleet, Broker: m.URL, Count: 1000, Rate: 1000})
	before.end(false)
	settled(t, r.p, r.web)
	// At its first start there is no session yet that could be lost.
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if a, err := r.alert("session_lost"); err == nil {
			t.Fatalf("alert at the first start: %+v, want none before a session is lost", *a)
		}
	}
	m.WipeSession()
	r.brokerHeard(true, time.Minute)
	if a := r.alerted("session_lost"); a.Class != "service" {
		t.Errorf("alert: got %+v, want a service alert", *a)
	}
	after := startLoad(t, simulate.Load{Fleet: fleet, Broker: m.URL, Count: 1000, Rate: 1000})
	after.end(false)
	settled(t, r.p, r.web)
	r.stop()
	verifyJournal(t, r.data(), before.report)
	verifyJournal(t, r.data(), after.report)
}

// The network swallows everything in both directions, and nobody closes anything. The gateway notices by itself, says so,
// and hears again when the network is back; what the broker acknowledged meanwhile is stored.
func TestHalfOpenConnectionIsFoundAndLosesNothing(t *testing.T) {
	t.Parallel()
	m := testengine.Mosquitto(t, testengine.MosquittoOpenLimits(), testengine.MosquittoPersistence(""))
	wire := testengine.Proxy(t, m.Addr)
	r, fleet := fleetBehind(t, "tcp://"+wire.Addr())
	running := startLoad(t, simulate.Load{Fleet: fleet, Broker: m.URL, Rate: 500})
	r.receivesMore(300)
	wire.Blackhole(testengine.Both)
	// Keep-alive 5 s and 10 s for its answer, and 5 s of grace.
	if reason := r.brokerHeard(false, 20*time.Second); reason == "" {
		t.Error("not ready, and no reason")
	}
	wire.Cut()
	wire.Heal()
	r.brokerHeard(true, time.Minute)
	running.end(true)
	settled(t, r.p, r.web)
	r.stop()
	verifyJournal(t, r.data(), running.report)
}

// Debian's limits: twenty messages in flight, a thousand in the queue. Whoever gathers messages for too long before
// acknowledging them makes that broker throw away the rest.
func TestDefaultLimitsOfMosquittoLoseNothing(t *testing.T) {
	m := testengine.Mosquitto(t)
	r, fleet := fleetBehind(t, m.URL)
	running := startLoad(t, simulate.Load{Fleet: fleet, Broker: m.URL, Count: 10_000, Rate: 1_000})
	sum := running.end(false)
	settled(t, r.p, r.web)
	r.stop()
	verifyJournal(t, r.data(), running.report)
	t.Logf("%d messages at %.0f/s", sum.Acked, sum.Rate())
}

// Whoever set up the broker forgot to let the gateway read. It takes every subscription and delivers nothing: only the
// canary finds out.
func TestBrokerThatDeliversNothingMakesTheGatewayNotReady(t *testing.T) {
	t.Parallel()
	for name, acl := range map[string]string{
		"nothing may be read":    "topic write #\n",
		"the canary may be read": "topic write #\ntopic read gerbang/v1/canary/+\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := testengine.Mosquitto(t, testengine.MosquittoACL(acl))
			r := newRig(t, fmt.Sprintf(`mqtt: {broker: {url: %q, client_id: gerbang-test}}`, m.URL)).building()
			r.p = start(t, "serve", "--config", r.config())
			if strings.HasPrefix(name, "the canary") {
				// What the canary cannot see: only the devices' topics are filtered. Their silence is an alert of its own.
				r.p.ready(r.web)
				return
			}
			// The first canary is sent as soon as the publisher is connected, and has 30 s to come back.
			r.p.eventually(90*time.Second, "to say why it is not ready", func() error {
				var seen readiness
				if err := getAny("http://"+r.web+"/readyz", &seen); err != nil {
					return err
				}
				if seen.Ready || !strings.Contains(seen.Broker.Reason, "the canary was not heard") {
					return fmt.Errorf("readiness: %+v", seen)
				}
				return nil
			})
			if a := r.alerted("broker_deaf"); a.Class != "service" || !strings.Contains(a.Explanation.Detail, "canary") {
				t.Errorf("alert: got %+v, want a service alert that names the canary", *a)
			}
		})
	}
}

// receivesMore waits until so many more messages have been received.
func (r *rig) receivesMore(n float64) {
	r.t.Helper()
	first := -1.0
	r.p.eventually(time.Minute, fmt.Sprintf("to receive %v more", n), func() error {
		c, err := r.counters()
		if err != nil {
			return err
		}
		if first < 0 {
			first = c.received
		}
		if c.received < first+n {
			return fmt.Errorf("received %v since", c.received-first)
		}
		return nil
	})
}
