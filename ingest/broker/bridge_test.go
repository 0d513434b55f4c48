package broker_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/access"
	"github.com/gerbang-iot/gerbang/ingest/broker"
	"github.com/gerbang-iot/gerbang/testengine"
)

// Finding T7: a mosquitto with a bridge in its defaults, which begin with a protocol level of their own, connects. Messages go
// both ways, each once: a bridge does not get its own back, and what is retained stays so.
func TestT7_MosquittoBridgesToUs(t *testing.T) {
	for _, version := range []string{"", "mqttv31", "mqttv50"} {
		name := version
		if name == "" {
			name = "defaults"
		}
		t.Run(name, func(t *testing.T) { bridgesToUs(t, version) })
	}
}

// bridgesToUs bridges with a version of the protocol; "": none is set.
func bridgesToUs(t *testing.T, version string) {
	b := start(t, broker.Options{Credentials: []access.Credential{
		{Name: "gedung", Password: "p", Role: access.Bridge, Read: []string{"#"}},
	}}, acknowledge(t))
	lines := []string{"connection gerbang", "address " + b.Addr(0), "remote_username gedung", "remote_password p", "topic gerbang/# both 1"}
	if version != "" {
		lines = append(lines, "bridge_protocol_version "+version)
	}
	m := testengine.Mosquitto(t, testengine.MosquittoLines(lines...))

	theirs := &stage{t: t, addr: m.Addr}
	theirs.control = theirs.connect("control")
	there := theirs.connect("there")
	there.subscribe("#", noLocal)
	ours := &stage{t: t, addr: b.Addr(0), login: []string{"gedung", "p"}}
	ours.control = ours.connect("control here")
	here := ours.connect("here")
	here.subscribe("#", noLocal)

	// The bridge may still be connecting: what is published meanwhile waits for it, or, from here, nobody has asked for yet.
	there.publish("gerbang/v1/mpp/door", "from there", retain)
	here.expect(t, `gerbang/v1/mpp/door "from there" q1`)
	here.publish("gerbang/v1/mpp/sign", "from here", retain)
	there.expect(t, `gerbang/v1/mpp/sign "from here" q1`)
	theirs.sync(there)
	ours.sync(here)
	time.Sleep(100 * time.Millisecond) // for anything that goes in circles
	theirs.sync(there)
	ours.sync(here)
	if got := theirs.transcript() + "\n" + ours.transcript(); strings.Contains(got, "from") {
		t.Errorf("got again:\n%s", got)
	}
	late := theirs.connect("late")
	late.subscribe("gerbang/v1/mpp/sign")
	late.expect(t, `gerbang/v1/mpp/sign "from here" q1 retained`)
	late = ours.connect("late")
	late.subscribe("gerbang/v1/mpp/door")
	late.expect(t, `gerbang/v1/mpp/door "from there" q1 retained`)
}

// expect waits for a message, and passes over others.
func (p *peer) expect(t *testing.T, want string) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case pk, ok := <-p.came:
			if !ok {
				t.Fatalf("%s: connection closed, want %s", p.name, want)
			}
			if got := p.describe(pk); strings.HasPrefix(got, want) {
				return
			} else if strings.Contains(got, "from") {
				t.Errorf("%s: got %s, want %s", p.name, got, want)
			}
		case <-limit:
			t.Fatalf("%s: nothing came, want %s", p.name, want)
		}
	}
}
