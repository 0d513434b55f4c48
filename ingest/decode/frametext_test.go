package decode

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// TestD4_FrameText: however the bytes of a frame are written they are read, or the message is rejected and says why; it is never
// taken for a heartbeat. Finding D4.
func TestD4_FrameText(t *testing.T) {
	site := testSite(t)
	site.Devices = []facility.Device{{ID: "d1", Model: "climate", Address: "00137A1000002F13"}}
	d := newDecoder(t, Options{Sites: []facility.Site{site}, Models: []model.Model{{ID: "climate", Title: "C", Format: "lorawan", Codec: "netvox",
		Match: []string{"v3/+/devices/+/#", "application/+/device/+/event/+", "mqtt/things/+/uplink", "loriot/#"}, Readings: []model.Field{{Path: "Temp", Quantity: telemetry.Temperature}}}}})
	frame, _ := hex.DecodeString("01130124fbff1a9e3e0000") // with 62 and 63 in base64
	std, url := base64.StdEncoding.EncodeToString(frame), base64.URLEncoding.EncodeToString(frame)
	if std == url || !strings.HasSuffix(std, "=") {
		t.Fatalf("%s tells nothing apart", std)
	}
	envelopes := map[string]struct{ topic, payload string }{
		"things":      {"v3/app/devices/x/up", `{"end_device_ids":{"dev_eui":"00137A1000002F13"},"uplink_message":{"f_port":6,"frm_payload":%s}}`},
		"chirpstack4": {"application/1/device/00137a1000002f13/event/up", `{"deviceInfo":{"devEui":"00137a1000002f13"},"fPort":6,"data":%s}`},
		"chirpstack3": {"application/1/device/00137a1000002f13/event/up", `{"devEUI":"00137a1000002f13","fPort":6,"data":%s}`},
		"thingpark":   {"mqtt/things/00137A1000002F13/uplink", `{"DevEUI_uplink":{"DevEUI":"00137A1000002F13","FPort":6,"payload_hex":%s}}`},
		"loriot":      {"loriot/up", `{"cmd":"rx","EUI":"00137A1000002F13","port":6,"data":%s}`},
	}
	texts := map[string]struct {
		base64, hex string
		read        bool
	}{
		"as written":      {std, hex.EncodeToString(frame), true},
		"without padding": {strings.TrimRight(std, "="), strings.ToUpper(hex.EncodeToString(frame)), true},
		"of URLs":         {url, "0x" + hex.EncodeToString(frame), true},
		"both":            {strings.TrimRight(url, "="), "01:13:01:24:fb:ff:1a:9e:3e:00:00", true},
		"cut off":         {strings.TrimRight(std, "=")[:13], hex.EncodeToString(frame)[:21], false},
		"another sign":    {"!" + std[1:], "g" + hex.EncodeToString(frame)[1:], false},
		"dots":            {"...", "...", false},
	}
	for network, e := range envelopes {
		for name, text := range texts {
			written := text.base64
			if network == "thingpark" || network == "loriot" {
				written = text.hex
			}
			want := "undecoded"
			if text.read {
				want = "d1 temperature=-10.25"
			}
			if got := outcome(d, e.topic, fmt.Sprintf(e.payload, fmt.Sprintf("%q", written))); got != want {
				t.Errorf("%s, %s: got %s, want %s", network, name, got, want)
			}
		}
		for _, none := range []string{`""`, "null"} {
			if got := outcome(d, e.topic, fmt.Sprintf(e.payload, none)); got != "nothing" {
				t.Errorf("%s, a frame of %s: got %s, want nothing", network, none, got)
			}
		}
	}
}
