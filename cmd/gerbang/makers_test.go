package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/testengine"
)

// pasar is one building with the devices of ten makers, and two that are set up wrongly: one with another maker's model, one
// behind a network server that does not decode and with a model that has no codec.
const pasar = `id: pasar
name: Gedung Sepuluh Merek
timezone: Asia/Jakarta
protocols: [udara]
hours: {mon-sun: "00:00-24:00"}
zones:
  aula: {name: Aula, area: 400 m², capacity: 100}
doors:
  utama: {name: Pintu Utama, from: outside, to: aula}
devices:
  pintu: {name: Kontak pintu, door: utama, model: zigbee2mqtt, address: lobi/pintu, measures: [contact_open, battery]}
  tasmota: {name: Tasmota, zone: aula, model: tasmota, address: aula-1, measures: [co2, temperature]}
  shelly: {name: Shelly, zone: aula, model: shelly-gen2, address: shellyplusht-08b61fcc0001, measures: [temperature, humidity]}
  esphome: {name: ESPHome, zone: aula, model: esphome, address: aula-udara, measures: [co2]}
  hitung: {name: Penghitung, door: utama, model: milesight-people-counter-mqtt, address: "6500A00000000099"}
  milesight: {name: Milesight AM103, zone: aula, model: milesight-am103, address: 24e124710c400001}
  elsys: {name: ELSYS ERS CO2, zone: aula, model: elsys-ers-co2, address: a81758fffe050001}
  senml: {name: SenML, zone: aula, model: senml, address: "urn:dev:mac:0024beff00000001", measures: [temperature]}
  radio: {name: Radio 433, zone: aula, model: rtl_433, address: Acurite-Tower/10327, measures: [temperature, humidity]}
  wajah: {name: Terminal wajah, door: utama, model: face-terminal, address: "1026701"}
  salah: {name: Salah model, zone: aula, model: milesight-ws301, address: 24e124141c140002}
  mentah: {name: Tanpa dekoder, zone: aula, model: lorawan, address: 70b3d57ed0000003}
`

const udara = `id: udara
title: Udara
rules:
  co2: {kind: expression, subject: zone, expr: "co2 > 1000", value: co2, limit: 1000, unit: ppm, for: 0s}
  kapasitas: {kind: capacity}
  suhu: {kind: temperature, above: 37.3}
`

// uplinkOf wraps a frame as The Things Stack does.
func uplinkOf(t *testing.T, eui, frame string, port, counter int) (topic, payload string) {
	t.Helper()
	raw, err := hex.DecodeString(strings.ReplaceAll(frame, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return "v3/pasar@ttn/devices/eui-" + eui + "/up", fmt.Sprintf(`{"end_device_ids":{"device_id":"eui-%s","dev_eui":%q,"dev_addr":"26011BDA"},
		"uplink_message":{"f_port":%d,"f_cnt":%d,"frm_payload":%q,"received_at":%q}}`,
		eui, eui, port, counter, base64.StdEncoding.EncodeToString(raw), time.Now().UTC().Format(time.RFC3339Nano))
}

// What an installer has: sensors of ten makers on one broker, one with the wrong model, one that nobody decodes, and one that
// somebody forgot to write down. Each is read, or shown as what it is, on the page, in the API and in InfluxDB.
func TestTenMakersOnOneBroker(t *testing.T) {
	t.Parallel()
	broker := testengine.Mosquitto(t)
	db := testengine.Influxd(t)
	db.CreateDB("gerbang")
	r := newRig(t, fmt.Sprintf("mqtt: {broker: {url: %q, client_id: pasar}}\ninfluxdb: {url: %q, database: gerbang}", broker.URL, db.URL))
	writeFile(t, r.dir, "protocols/udara.yaml", udara)
	writeFile(t, r.dir, "sites/pasar.yaml", pasar)
	r.serve()
	c := connect(t, broker.URL, "makers", nil)
	now := time.Now()
	send := func(topic, format string, args ...any) { publish(t, c, topic, fmt.Sprintf(format, args...)) }

	send("zigbee2mqtt/lobi/pintu", `{"contact":false,"battery":88,"linkquality":120}`)
	send("zigbee2mqtt/bridge/state", `{"state":"online"}`)
	send("zigbee2mqtt/tamu", `{"contact":true,"battery":60}`)
	send("tele/aula-1/SENSOR", `{"Time":%q,"SCD40":{"CarbonDioxide":812,"Temperature":80.6,"Humidity":nan},"TempUnit":"F"}`, now.In(jakarta(t)).Format("2006-01-02T15:04:05"))
	send("shellyplusht-08b61fcc0001/events/rpc", `{"src":"shellyplusht-08b61fcc0001","method":"NotifyFullStatus","params":{"ts":%d,"temperature:0":{"id":0,"tC":26.1,"tF":79.0},"humidity:0":{"id":0,"rh":61.5}}}`, now.Unix())
	send("aula-udara/sensor/co2/state", "735")
	counter := func(in, out int, at time.Time) {
		send("milesight/pintu-utama", `{"device_info":{"device_sn":"6500A00000000099"},"line_total_data":[{"line":1,"line_name":"Line1","total":{"in_counted":%d,"out_counted":%d,"capacity_counted":-9}}],
			"line_periodic_data":[{"line":1,"line_name":"Line1","total":{"in":3,"out":0}}],"time_info":{"end_time":%q}}`, in, out, at.Format(time.RFC3339))
	}
	counter(800, 790, now.Add(-90*time.Second)) // the baseline
	counter(803, 790, now.Add(-30*time.Second))
	counter(803, 790, now.Add(-30*time.Second)) // once more, as QoS 1 may
	for i, uplink := range [][3]string{
		{"24E124710C400001", "01 75 5a 03 67 fb 00 04 68 77 07 7d 4c 03", "85"}, {"A81758FFFE050001", "01 00f6 02 3b 04 0040 05 02 06 0584", "5"},
		{"24E124141C140002", "ff ff ff", "85"}, {"70B3D57ED0000003", "01 02 03 04", "2"},
	} {
		port := map[string]int{"85": 85, "5": 5, "2": 2}[uplink[2]]
		topic, payload := uplinkOf(t, uplink[0], uplink[1], port, 10+i)
		send(topic, "%s", payload)
	}
	send("senml/aula", `[{"bn":"urn:dev:mac:0024beff00000001:","n":"temperature","u":"Cel","v":25.5}]`)
	send("rtl_433/loteng/events", `{"time":"%d","model":"Acurite-Tower","id":10327,"channel":"A","battery_ok":1,"temperature_C":24.5,"humidity":58,"rssi":-0.1}`, now.Unix())
	send("mqtt/face/1026701/Rec", `{"operator":"RecPush","info":{"facesluiceId":"1026701","RecordID":"41","personName":"Siti","telnum":"0812","temperature":"36.4","isNoMask":"0","time":%q,"pic":"data:image/jpeg;base64,AAAA"}}`, now.In(jakarta(t)).Format("2006-01-02 15:04:05"))

	want := map[string]string{
		"pintu": "contact_open=1", "tasmota": "co2=812", "shelly": "temperature=26.1", "esphome": "co2=735", "milesight": "co2=844", "elsys": "co2=1412",
		"senml": "temperature=25.5", "radio": "temperature=24.5", "wajah": "body_temperature=36.4", "hitung": "people_in_total=803",
	}
	r.p.eventually(30*time.Second, "to read the devices of ten makers", func() error {
		var list struct {
			Items []struct {
				ID       string
				Readings []struct {
					Quantity string
					Value    float64
				}
			}
		}
		if err := r.get("/api/v1/sites/pasar/devices", &list); err != nil {
			return err
		}
		for _, d := range list.Items {
			seen := []string{}
			for _, x := range d.Readings {
				seen = append(seen, fmt.Sprintf("%s=%v", x.Quantity, x.Value))
			}
			if w := want[d.ID]; w != "" && !slices.Contains(seen, w) {
				return fmt.Errorf("%s: got %v, want %s", d.ID, seen, w)
			}
		}
		return nil
	})
	var zones struct {
		Items []struct {
			In      float64 `json:"in_today"`
			Persons struct{ Reason string }
		}
	}
	if err := r.get("/api/v1/sites/pasar/zones", &zones); err != nil || len(zones.Items) != 1 || zones.Items[0].In != 3 {
		t.Errorf("people who came in: got %+v (%v), want the 3 between two totals, once", zones, err)
	} else if got := zones.Items[0].Persons.Reason; got != "uncounted" {
		t.Errorf("people inside: got reason %q, want uncounted: it began in an open building", got)
	}
	if a := r.alerted("co2"); a.Site != "pasar" {
		t.Errorf("the CO₂ of the hall: got %+v, want an alert", *a)
	}

	var rejections struct {
		Items []struct{ Device, Reason, Detail, Raw string }
	}
	if err := r.get("/api/v1/rejections", &rejections); err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, x := range rejections.Items {
		told[x.Device] = x.Reason + ": " + x.Detail
	}
	for device, words := range map[string]string{"salah": "undecoded", "mentah": "nobody decoded"} {
		if !strings.Contains(told[device], words) {
			t.Errorf("rejections: %s: got %q among %v, want …%s…", device, told[device], told, words)
		}
	}
	var strangers struct{ Items []stranger }
	if err := r.get("/api/v1/devices/unconfigured", &strangers); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(strangers.Items, func(s stranger) bool { return s.Topic == "zigbee2mqtt/tamu" })
	if i < 0 || len(strangers.Items[i].Guesses) == 0 || strangers.Items[i].Guesses[0].Model != "zigbee2mqtt" ||
		!strings.Contains(strangers.Items[i].Guesses[0].YAML, "tamu: {model: zigbee2mqtt") {
		t.Errorf("not configured: got %+v, want zigbee2mqtt/tamu with what to write", strangers.Items)
	}
	if page := r.page("/devices"); !strings.Contains(page, "tamu: {model: zigbee2mqtt") {
		t.Error("the page of new devices does not say what to write for tamu")
	}
	for path := range map[string]bool{"/site/pasar": true, "/rejections": true, "/devices": true} {
		if page := r.page(path); strings.Contains(page, "Siti") || strings.Contains(page, "0812") {
			t.Errorf("%s shows a visitor's name or number", path)
		}
	}

	r.inInflux(30 * time.Second)
	for query, value := range map[string]float64{
		`SELECT last("co2_ppm") FROM "air" WHERE "device"='milesight'`:                     844,
		`SELECT last("celsius") FROM "body_temperature" WHERE "device"='wajah'`:            36.4,
		`SELECT last("temperature_c") FROM "air" WHERE "device"='tasmota'`:                 27,
		`SELECT last("state") FROM "verdict" WHERE "rule"='co2' AND "subject"='zone/aula'`: 1,
	} {
		series := db.Query("gerbang", query)
		if len(series) != 1 {
			t.Errorf("%s: got %v, want one series", query, series)
			continue
		}
		got, err := series[0].Values[0][1].(json.Number).Float64()
		if err != nil || got != value {
			t.Errorf("%s: got %v (%v), want %v", query, got, err, value)
		}
	}
	r.stop()
}

func jakarta(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Jakarta")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}
