package broker_test

import (
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/access"
	"github.com/gerbang-iot/gerbang/ingest/broker"
	"github.com/gerbang-iot/gerbang/ingest/wire"
)

// Finding F1: Zigbee2MQTT gets its own topics; a refused subscription, such as that of a Tasmota to its commands, is answered and
// ends no connection.
func TestF1_ARefusedSubscriptionEndsNoConnection(t *testing.T) {
	in := make(inbox, 1)
	z2m := access.Credential{Name: "z2m", Password: "p", Role: access.Bridge, Devices: []string{"mpp/a"}}
	b := start(t, broker.Options{Credentials: []access.Credential{door, z2m}}, in)
	z := open(t, b, login{id: "z", user: "z2m", password: "p"})
	if got := z.subscribe("zigbee2mqtt/#"); got != 1 {
		t.Fatalf("zigbee2mqtt/#: got %#x, want it granted", got)
	}
	d := open(t, b, asDoor("d"))
	for _, filter := range []string{"cmnd/tasmota_1/#", "shellies/command", "spBv1.0/g/NCMD/n/#", "#"} {
		if got := d.subscribe(filter); got != 0x80 {
			t.Errorf("%s: got %#x, want 0x80", filter, got)
		}
	}
	d.publish(1, 7, "gerbang/v1/mpp/door", "x")
	in.next(t).Ack()
	d.acked(wire.Puback, 7)

	z.publish(1, 8, "zigbee2mqtt/bridge/state", "online")
	in.next(t).Ack()
	for range 2 { // its own message and the acknowledgement, in either order
		if kind, body := z.receive(); kind&0xf0 != wire.Puback && kind&0xf0 != 0x30 {
			t.Errorf("got packet %#x %q", kind, body)
		}
	}
}
