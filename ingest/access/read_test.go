package access_test

import (
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/access"
)

// Finding F1: a bridge may read what it may publish, as Zigbee2MQTT and bridges of mosquitto in both directions want, and nothing
// of the native topics of others.
func TestF1_ABridgeReadsWhatItMayPublish(t *testing.T) {
	set, err := access.NewSet([]access.Credential{
		{Name: "some", Password: "p", Role: access.Bridge, Devices: []string{"mpp/a", "mpp/b"}},
		{Name: "all", Password: "p", Role: access.Bridge},
		{Name: "own", Password: "p", Role: access.Bridge, Devices: []string{"mpp/a"}, Read: []string{"gerbang/v1/mpp/c"}},
		{Name: "door", Password: "p", Role: access.Device, Device: "mpp/door"},
		{Name: "sign", Password: "p", Role: access.Reader},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ yes, no []string }{
		"some": {
			[]string{"zigbee2mqtt/#", "homeassistant/status", "$share/g/zigbee2mqtt/#", "+/devices/#", "cmnd/+/#", "spBv1.0/+/NCMD/#", "gerbang/v2/#", "gerbang/+", "/gerbang/v1/#",
				"gerbang/v1/mpp/a", "gerbang/v1/mpp/b/#", "gerbang/v1/mpp/out/#"},
			[]string{"#", "+/#", "gerbang/#", "gerbang/+/mpp/c", "+/v1/mpp/c", "+/+/+/+", "gerbang/v1/#", "gerbang/v1/mpp/+", "gerbang/v1/mpp/c", "gerbang/v1/mpp/ab",
				"$SYS/#", "$share/g/#", "$share/g/gerbang/v1/mpp/c"},
		},
		"all":  {[]string{"#", "gerbang/#", "zigbee2mqtt/#", "gerbang/v1/mpp/c"}, []string{"$SYS/#", "$share/g/$SYS/#"}},
		"own":  {[]string{"x/#", "gerbang/v1/mpp/a/#", "gerbang/v1/mpp/c"}, []string{"gerbang/v1/mpp/d", "gerbang/v1/mpp/out/#", "#"}},
		"door": {[]string{"gerbang/v1/mpp/door", "gerbang/v1/mpp/door/cmnd/#"}, []string{"cmnd/door/#", "zigbee2mqtt/#", "gerbang/v1/mpp/door2/#", "#"}},
		"sign": {[]string{"gerbang/v1/mpp/out/#"}, []string{"zigbee2mqtt/#", "x"}},
	} {
		a := set.Find(name)
		for _, filter := range c.yes {
			if !a.MayRead(filter) {
				t.Errorf("%s: MayRead(%q): got false", name, filter)
			}
		}
		for _, filter := range c.no {
			if a.MayRead(filter) {
				t.Errorf("%s: MayRead(%q): got true", name, filter)
			}
		}
	}
}
