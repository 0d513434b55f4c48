package decode_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// What is planted in a message: a name, an address, a number, and a picture's first bytes. Whoever finds one of marks in
// anything that is kept has found personal data.
const (
	plantName   = "Qwzanto Budiman"
	plantMail   = "qwzanto@example.com"
	plantNumber = "9988776655443322"
	plantPic    = "data:image/jpeg;base64,UVd6YW50bw=="
)

var marks = []string{"qwz", "99887766", "UVd6"}

// planted is a valid message of a family with something planted wherever people, their numbers, pictures, addresses or
// credentials stand in such messages, and wherever somebody may type what he likes. {name}, {mail}, {number} and {pic} are filled in.
type planted struct {
	model, topic, payload string
	ignored               bool // the message is no reading
}

var plantedMessages = []planted{
	{model: "milesight-people-counter-mqtt", topic: "pasar/pintu/telemetry", payload: `{"device_info":{"device_sn":"6500A00000000017","device_mac":"24:E1:24:00:12:AB","device_name":"{name}","cus_device_id":"{name}",
		"cus_site_id":"{mail}","ip_address":"10.0.0.8"},"user":"{name}","snapshot":"{pic}","line_periodic_data":[{"line":1,"line_name":"Line1","line_uuid":"{number}","total":{"in":2,"out":0},"people_id":{number}}],
		"line_total_data":[{"line":1,"line_name":"Line1","note":"{name}","total":{"in_counted":12,"out_counted":3,"capacity_counted":-9}}],"time_info":{"end_time":"2022-07-05T01:00:00+00:00","time_zone":"UTC+0:00 {name}"}}`},
	{model: "milesight-people-counter-mqtt", topic: "bus/7/telemetry", payload: `{"data":{"driver":"{name}","latitude":-7.16,"longitude":112.65}}`, ignored: true},
	{model: "xovis", topic: "xovis/pintu", payload: `{"logics_data":{"package_info":{"version":"5.0","id":8,"agent":"{name}"},"sensor_info":{"serial_number":"80:1F:12:00:00:17","name":"{name}","group":"{mail}"},
		"logics":[{"id":1,"name":"Pintu","info":"XLT_LINE_IN_OUT_COUNT","geometries":[{"name":"{name}"}],"records":[{"from":1656982740000,"to":1656982800000,"counts":[{"id":2,"name":"fw","value":3},{"id":3,"name":"bw","value":1},{"name":"{name}","value":{number}}]}]}]}}`},
	{model: "xovis", topic: "xovis/pintu", payload: `{"live_data":{"sensor_info":{"serial_number":"80:1F:12:00:00:17","name":"{name}"},"frames":[{"time":1656982800000,"tracked_objects":[{"track_id":7,"type":"PERSON","attributes":{"tag":"{number}","gender":"{name}","face":"{pic}"}}],
		"events":[{"type":"COUNT_INCREMENT","attributes":{"track_id":7,"logic_name":"Pintu","counter_name":"fw","counter_value":31,"user":"{name}"}}]}]}}`},
	{model: "xovis", topic: "xovis/pintu", payload: `{"status_data":{"sensor_info":{"serial_number":"80:1F:12:00:00:17","name":"{name}"},"states":{"contact":"{mail}"}}}`, ignored: true},
	{model: "axis-people-counter", topic: "axis/b8a44f000017", payload: `{"apiName":"Axis Retail Data","data":{"measurements":[{"kind":"people-counts","utcTo":"2022-07-05T01:00:00Z","items":[{"direction":"in","count":3,"adults":2,"who":"{name}"},{"direction":"out","count":1}]}]},
		"sensor":{"serial":"b8a44f000017","name":"{name}","user":"{mail}","password":"{number}"}}`},
	{model: "axis-people-counter", topic: "axis/00408C000017", payload: `{"serial":"00408C000017","name":"{name}","timestamp":"20220705010000","in":12,"out":9}`},
	{model: "hikvision-people-counter", topic: "hikvision/pintu", payload: `<?xml version="1.0"?><EventNotificationAlert version="2.0" user="{name}"><!-- {name} --><ipAddress>10.0.0.64</ipAddress><macAddress>84:9a:40:00:00:17</macAddress><channelID>1</channelID>
		<dateTime>2022-07-05T01:00:00+00:00</dateTime><eventType>PeopleCounting</eventType><eventDescription>{name}</eventDescription><channelName>{name}</channelName><userName>{mail}</userName><password>{number}</password><backgroundImage>{pic}</backgroundImage>
		<peopleCounting><statisticalMethods>realTime</statisticalMethods><RealTime><time>2022-07-05T01:00:00+00:00</time></RealTime><enter>61</enter><exit>44</exit><person>{name}</person></peopleCounting></EventNotificationAlert>`},
	{model: "hikvision-people-counter", topic: "hikvision/pintu", payload: `<EventNotificationAlert><macAddress>84:9a:40:00:00:17</macAddress><eventType>videoloss</eventType><channelName>{name}</channelName></EventNotificationAlert>`, ignored: true},
	{model: "hikvision-access-terminal", topic: "hikvision-terminal/pintu", payload: `{"macAddress":"ac:b9:2f:00:00:17","dateTime":"2022-07-05T01:00:00+00:00","eventType":"AccessControllerEvent","AccessControllerEvent":{"deviceName":"{name}","majorEventType":5,
		"name":"{name}","cardNo":"{number}","employeeNo":{number},"employeeNoString":"{number}","label":"{mail}","pictureURL":"http://{mail}/a.jpeg","picture":"{pic}","mask":"yes","thermometryUnit":"celsius","currTemperature":36.4,"HealthInfo":{"note":"{name}"}}}`},
	{model: "hikvision-access-terminal", topic: "hikvision-terminal/pintu", payload: `<EventNotificationAlert><macAddress>ac:b9:2f:00:00:17</macAddress><dateTime>2022-07-05T01:00:00+00:00</dateTime><AccessControllerEvent><name>{name}</name><employeeNoString>{number}</employeeNoString>
		<pictureURL>{pic}</pictureURL><mask>no</mask><currTemperature>36.4</currTemperature></AccessControllerEvent></EventNotificationAlert>`},
	{model: "hikvision-access-terminal", topic: "hikvision-terminal/pintu", payload: `{"AcsEvent":{"searchID":"{name}","InfoList":[{"time":"2022-07-05T01:00:00+00:00","name":"{name}","employeeNoString":"{number}","cardNo":{number},"currTemperature":36.4,"mask":"no","FaceRect":{"x":0.1}}]}}`},
	{model: "face-terminal", topic: "mqtt/face/1700001/Rec", payload: `{"operator":"RecPush","info":{"customId":"{number}","personId":"{number}","RecordID":"91","personName":"{name}","persionName":"{name}","facesluiceId":"1700001","idCard":"{number}","telnum":"{number}",
		"native":"{name}","address":"{name}","notes":"{mail}","birthday":"{number}","time":"2022-07-05 01:00:00","isNoMask":"1","temperature":"36.4","pic":"{pic}"}}`},
	{model: "face-terminal", topic: "mqtt/face/1700001/Rec", payload: `{"operator":"Online","info":{"facesluiceId":"1700001","username":"{name}","password":"{number}"}}`, ignored: true},
	{model: "generic-face-terminal", topic: "terminals/1700001/Rec", payload: `{"operator":"RecPush","info":{"RecordID":"91","personName":"{name}","idCard":"{number}","time":"2022-07-05 01:00:00","isNoMask":"1","temperature":"36.4","pic":"{pic}"}}`},
	{model: "thermometer-json", topic: "thermometers/pintu", payload: `{"id":"pintu17a","temperature":"36.7","name":"{name}","nik":"{number}","phone":{number},"email":"{mail}","photo":"{pic}"}`},
	{model: "disruptive-technologies", topic: "disruptive/emu17", payload: `{"eventId":"{number}","targetName":"projects/p17/devices/emu17","eventType":"co2","data":{"eventType":"co2","co2":{"ppm":871,"updateTime":"2022-07-05T01:00:00Z"}},"labels":{"name":"{name}","owner":"{mail}"}}`},
	{model: "airthings", topic: "airthings/3110000017", payload: `{"serialNumber":"3110000017","recorded":"2022-07-05T01:00:00","temp":26.4,"co2":905,"segmentName":"{name}","account":"{mail}","ratings":{"co2":"{name}"},"sensorUnits":{"temp":"c"}}`},
	{model: "haltian-thingsee", topic: "thingsee/TSAR02TG000000017", payload: `{"tsmId":24100,"tsmTuid":"TSAR02TG000000017","tsmTs":1656982800,"deploymentGroupId":"{name}","carbonDioxide":733,"note":"{mail}"}`},
	{model: "vergesense", topic: "vergesense/820017", payload: `{"event_type":"space_report","space_id":820017,"building_ref_id":"{name}","floor_ref_id":"{number}","person_count":5,"people":{"count":5,"names":["{name}"]},"timestamp":"2022-07-05T01:00:00Z"}`},
	{model: "yanzi", topic: "yanzi/EUI64-17", payload: `{"owner":"{name}","values":[{"resourceType":"SampleCO2","sampleTime":1656982800000,"value":804,"unit":"{name}"}]}`},
}

func (p *planted) filled() []byte {
	fill := strings.NewReplacer("{name}", plantName, "{mail}", plantMail, "{number}", plantNumber, "{pic}", plantPic)
	return []byte(fill.Replace(p.payload))
}

// TestNothingPersonalIsKept plants personal data in a message of every family of cameras, terminals and clouds, and looks for it
// in all that the decoder gives of the message as it is, of every beginning of it, of it with a number spoilt, and of it with
// the wrong thing in each place.
func TestNothingPersonalIsKept(t *testing.T) {
	models := shippedModels(t)
	for i := range plantedMessages {
		if testengine.Racing && i%5 != 0 {
			continue
		}
		p := &plantedMessages[i]
		t.Run(p.model, func(t *testing.T) { keepsNothingPersonal(t, models, p) })
	}
}

// keepsNothingPersonal is for every family: other tests call it with messages of theirs.
func keepsNothingPersonal(t *testing.T, models []decode.Model, p *planted) {
	t.Helper()
	g := &grep{t: t, model: p.model, topic: p.topic, models: models}
	payload := p.filled()
	if read := g.look("as it is", payload); read == p.ignored {
		t.Errorf("the message is read: %t, want %t", read, !p.ignored)
	}
	own := g.device
	g.use(own)
	g.look("as it is, of a device that is configured", payload)
	for n := range payload {
		g.look("cut", payload[:n])
	}
	for _, m := range spoilt.FindAllIndex(payload, -1) {
		broken := slices.Concat(payload[:m[1]-1], []byte("x"), payload[m[1]-1:])
		g.look("a number spoilt", broken)
	}
	for _, with := range []string{`"` + plantName + `"`, `{"` + plantMail + `":"` + plantName + `"}`, `["` + plantName + `",{"name":"` + plantNumber + `"}]`, "null", "true"} {
		for _, wrong := range misplaced(t, payload, with, g.kept) {
			g.look("the wrong thing", wrong)
		}
	}
}

// spoilt are numbers in JSON and in XML.
var spoilt = regexp.MustCompile(`[:>"]-?\d+(\.\d+)?[,}\]<"]`)

// grep looks for what was planted.
type grep struct {
	t            *testing.T
	model, topic string
	models       []decode.Model
	decoder      *decode.Decoder
	sightings    *decode.Sightings
	device       string          // that the message came from
	kept         map[string]bool // what names devices and channels, and is kept on purpose
}

// use configures a device of that address.
func (g *grep) use(address string) {
	zone, err := facility.LoadLocation("UTC")
	if err != nil {
		g.t.Fatal(err)
	}
	site := facility.Site{ID: "mpp", Name: "MPP", Location: zone, Devices: []facility.Device{{ID: "d1", Model: g.model, Address: address}}}
	g.sightings = &decode.Sightings{}
	d, err := decode.New(decode.Options{Sites: []facility.Site{site}, Models: g.models, Sightings: g.sightings})
	if err != nil {
		g.t.Fatal(err)
	}
	g.decoder = d
}

// look decodes as for storage and as for a person who looks on, and reports whether there was a reading.
func (g *grep) look(how string, payload []byte) (read bool) {
	if g.decoder == nil {
		g.use("somebody-else")
	}
	received := telemetry.InstantOf(time.Date(2022, 7, 5, 1, 0, 1, 0, time.UTC))
	for _, topic := range []string{g.topic, "push/" + g.model} {
		recs := g.decoder.Worker(nil).Decode(&ingest.Message{Topic: topic, Payload: bytes.Clone(payload), QoS: 1, Received: received}, nil)
		for i := range recs {
			g.search(how, payload, recs[i])
			if r := recs[i].Rejection; r != nil {
				g.search(how, payload, string(r.Raw))
			}
		}
	}
	g.search(how, payload, g.sightings.List())
	a := g.decoder.One(decode.Query{Model: g.model, Topic: g.topic, Payload: bytes.Clone(payload), Received: received.Time(), Explain: true})
	g.search(how, payload, a.Lines)
	g.search(how, payload, a.Trace)
	if a.Rejection != nil {
		g.search(how, payload, a.Rejection)
		g.search(how, payload, string(a.Rejection.Raw))
	}
	if g.kept == nil {
		g.kept = map[string]bool{}
		for _, l := range a.Lines {
			g.device = l.Device
			g.kept[l.Device], g.kept[l.Channel] = true, true
		}
	}
	return len(a.Lines) > 0
}

func (g *grep) search(how string, payload []byte, kept any) {
	text, err := json.Marshal(kept)
	if err != nil {
		g.t.Fatal(err)
	}
	for _, m := range marks {
		if at := strings.Index(strings.ToLower(string(text)), strings.ToLower(m)); at >= 0 {
			g.t.Fatalf("%s: %q is kept: …%.100s…\nof %s", how, m, text[max(0, at-60):], payload)
		}
	}
}

// misplaced are copies of a message in each of which one value is another: JSON where the message is JSON, else what with
// has of text in the place of an element's. What names devices and channels stays: it is kept on purpose.
func misplaced(t *testing.T, payload []byte, with string, keep map[string]bool) [][]byte {
	t.Helper()
	if payload[0] == '<' {
		var all [][]byte
		for _, m := range regexp.MustCompile(`>[^<>]+<`).FindAllIndex(payload, -1) {
			if !named(keep, string(payload[m[0]+1:m[1]-1])) {
				all = append(all, slices.Concat(payload[:m[0]+1], []byte(strings.Trim(with, `"`)), payload[m[1]-1:]))
			}
		}
		return all
	}
	var tree any
	if err := json.Unmarshal(payload, &tree); err != nil {
		t.Fatalf("%v: %s", err, payload)
	}
	var all [][]byte
	var walk func(v any, put func(any))
	walk = func(v any, put func(any)) {
		if !named(keep, fmt.Sprint(v)) {
			put(json.RawMessage(with))
			text, err := json.Marshal(tree)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, text)
			put(v)
		}
		switch v := v.(type) {
		case map[string]any:
			for name, child := range v {
				walk(child, func(x any) { v[name] = x })
			}
		case []any:
			for i, child := range v {
				walk(child, func(x any) { v[i] = x })
			}
		}
	}
	walk(tree, func(x any) { tree = x })
	return all
}

// named reports whether text, or its end, names a device or is a channel.
func named(keep map[string]bool, text string) bool {
	for name := range keep {
		if name != "" && (text == name || strings.HasSuffix(text, "/"+name)) {
			return true
		}
	}
	return false
}
