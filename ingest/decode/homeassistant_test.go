package decode

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func haModel() model.Model {
	return model.Model{ID: "ha", Title: "H", Format: "homeassistant", Count: model.CountTotal,
		Match: []string{"homeassistant/{component}/{object}/config", "homeassistant/{component}/{node}/{object}/config"}}
}

// announcing decodes for two devices: bedroom-1 by its identifier, d2 by the unique id of one entity.
func announcing(t testing.TB, m Memory) *Decoder {
	t.Helper()
	site := testSite(t)
	site.Devices = []facility.Device{{ID: "d1", Model: "ha", Address: "Room-1"}, {ID: "d2", Model: "ha", Address: "d2-door"}}
	return newDecoder(t, Options{Sites: []facility.Site{site}, Models: []model.Model{haModel()}, Memory: m})
}

// config announces an entity of Room-1 in a component.
func config(component, object, rest string) [3]string {
	return [3]string{"homeassistant/" + component + "/" + object + "/config",
		`{"unique_id":"` + object + `-u","device":{"identifiers":["Room-1"],"name":"Somebody's room"},` + rest + `}`, "nothing"}
}

func TestHomeAssistantSequences(t *testing.T) {
	const t1 = `"device_class":"temperature","state_topic":"room/state","unit_of_measurement":"°C","value_template":"{{ value_json.t }}"`
	tests := []struct {
		name  string
		steps [][3]string // topic, payload, what it means
	}{
		{"announcement, then values", [][3]string{
			config("sensor", "room-t", t1),
			config("sensor", "room-h", `"device_class":"humidity","state_topic":"room/state","unit_of_measurement":"%","value_template":"{{ value_json.h | float | round(0) }}"`),
			{"room/state", `{"t":26.25,"h":61.4}`, "d1 temperature=26.25 humidity=61"},
			{"room/state", `{"t":26.25}`, "d1 temperature=26.25"},
			{"room/state", `{"t":null,"x":1}`, "nothing"},
			{"room/state", `{"t":"unavailable","h":"61"}`, "d1 humidity=61"},
			{"room/state", `{"t":-127}`, "range"},
			{"room/state", `{"t":-127,"h":61}`, "d1 humidity=61; range"},
			{"room/state", `{"t":"warm"}`, "field"},
			{"room/state", `{"t":`, "syntax"},
			{"room/state", ``, "nothing"},
		}},
		{"values before their announcement", [][3]string{
			{"room/state", `{"t":26}`, "unknown_topic"},
			config("sensor", "room-t", t1),
			{"room/state", `{"t":26}`, "d1 temperature=26"},
		}},
		{"an announcement that changes, and goes", [][3]string{
			config("sensor", "room-t", t1),
			config("sensor", "room-t", `"device_class":"temperature","state_topic":"room/other","unit_of_measurement":"°F"`),
			{"room/state", `{"t":26}`, "unknown_topic"},
			{"room/other", `77`, "d1 temperature=25"},
			{"homeassistant/sensor/room-t/config", ``, "nothing"},
			{"room/other", `77`, "unknown_topic"},
			config("sensor", "room-t", t1),
			{"homeassistant/sensor/room-t/config", `{"migrate_discovery":true}`, "nothing"},
			{"room/state", `{"t":26}`, "unknown_topic"},
		}},
		{"short names and a base topic", [][3]string{
			{"homeassistant/sensor/node/room-t/config", `{"~":"room/t","stat_t":"~/state","unit_of_meas":"°C","dev_cla":"temperature","uniq_id":"u","dev":{"ids":"Room-1"}}`, "nothing"},
			{"room/t/state", `26.5`, "d1 temperature=26.5"},
			{"homeassistant/sensor/node/room-h/config", `{"~":"state","stat_t":"room/h/~","unit_of_meas":"%","dev_cla":"humidity","dev":{"cns":[["mac","Room-1"]]}}`, "nothing"},
			{"room/h/state", `60`, "d1 humidity=60"},
		}},
		{"a device at once", [][3]string{
			{"homeassistant/device/room/config", `{"dev":{"ids":["Room-1"]},"o":{"name":"x"},"state_topic":"room/all","cmps":{
				"t1":{"p":"sensor","device_class":"temperature","unit_of_measurement":"°C","value_template":"{{ value_json.inside }}","unique_id":"a1"},
				"t2":{"p":"sensor","device_class":"temperature","unit_of_measurement":"°C","value_template":"{{ value_json.window }}","unique_id":"a2"},
				"co2":{"platform":"sensor","device_class":"carbon_dioxide","unit_of_measurement":"ppm","state_topic":"room/co2","unique_id":"a3"},
				"gone":{"p":"sensor"},"odd":7}}`, "nothing"},
			{"room/all", `{"inside":24,"window":21}`, "d1 temperature=24 @ inside temperature=21 @ window"},
			{"room/co2", `812`, "d1 co2=812"},
			{"homeassistant/device/room/config", `{"dev":{"ids":["Room-1"]}}`, "field"},
		}},
		{"binary sensors", [][3]string{
			config("binary_sensor", "w", `"device_class":"window","state_topic":"room/w"`),
			config("binary_sensor", "c", `"device_class":"door","state_topic":"room/z","value_template":"{{ value_json.contact }}","payload_on":false,"payload_off":true`),
			config("binary_sensor", "o", `"name":"Occupancy","state_topic":"room/z","value_template":"{{ value_json.occupancy }}","payload_on":"1","payload_off":"0"`),
			config("binary_sensor", "low", `"device_class":"battery","state_topic":"room/z","value_template":"{{ value_json.battery_low }}"`),
			{"room/w", `ON`, "d1 contact_open=1 @ w-u"},
			{"room/w", `off`, "d1 contact_open=0 @ w-u"},
			{"room/w", `open`, "field"},
			{"room/w", `unavailable`, "nothing"},
			{"room/z", `{"contact":false,"occupancy":1,"battery_low":true}`, "d1 occupied=1 contact_open=1 @ contact"},
			{"room/z", `{"contact":true,"occupancy":0}`, "d1 occupied=0 contact_open=0 @ contact"},
		}},
		{"presses", [][3]string{
			config("device_automation", "a1", `"automation_type":"trigger","type":"action","subtype":"single","payload":"single","topic":"room/b/action"`),
			config("device_automation", "a2", `"atype":"trigger","type":"button_long_press","stype":"button_2","pl":"HOLD","t":"room/r","val_tpl":"{{ value_json.Button2.Action }}"`),
			config("event", "e1", `"device_class":"button","state_topic":"room/e","event_types":["press","long_press"]`),
			config("event", "e2", `"state_topic":"room/f","event_types":["flash"]`),
			{"room/b/action", `single`, "d1 button=1 single"},
			{"room/b/action", `double`, "nothing"},
			{"room/r", `{"Button2":{"Action":"HOLD"}}`, "d1 button=1 HOLD @ button_2"},
			{"room/r", `{"POWER":"ON"}`, "nothing"},
			{"room/e", `{"event_type":"long_press","duration":2}`, "d1 button=1 long_press @ e1-u"},
			{"room/e", `press`, "nothing"},
			{"room/f", `{"event_type":"flash"}`, "unknown_topic"},
		}},
		{"what is none of ours, and what only looks like it", [][3]string{
			config("sensor", "s1", `"device_class":"temperature","name":"Dew point","state_topic":"room/a","unit_of_measurement":"°C"`),
			config("sensor", "s2", `"device_class":"temperature","state_topic":"room/b","value_template":"{{ value_json.current_heating_setpoint }}"`),
			config("sensor", "s3", `"device_class":"voltage","name":"Voltage","state_topic":"room/c","unit_of_measurement":"V"`),
			config("sensor", "s4", `"device_class":"signal_strength","state_topic":"room/d","unit_of_measurement":"dBm"`),
			{"homeassistant/sensor/s5/config", config("sensor", "s5", `"device_class":"temperature","state_topic":"room/e","unit_of_measurement":"furlong"`)[1], "undecoded"},
			config("switch", "s6", `"state_topic":"room/f"`),
			config("sensor", "s7", `"name":"Battery state","state_topic":"room/g"`),
			{"room/a", `12`, "unknown_topic"}, {"room/b", `{"current_heating_setpoint":12}`, "unknown_topic"}, {"room/c", `230`, "unknown_topic"},
			{"room/d", `-60`, "unknown_topic"}, {"room/e", `20`, "unknown_topic"}, {"room/f", `ON`, "unknown_topic"}, {"room/g", `low`, "unknown_topic"},
		}},
		{"the device's own temperature and voltage", [][3]string{
			config("sensor", "s1", `"device_class":"temperature","entity_category":"diagnostic","state_topic":"room/a","unit_of_measurement":"°C"`),
			config("sensor", "s2", `"device_class":"temperature","name":"Device temperature","state_topic":"room/b","unit_of_measurement":"°C"`),
			config("sensor", "s3", `"device_class":"voltage","entity_category":"diagnostic","state_topic":"room/c","unit_of_measurement":"mV"`),
			config("sensor", "s4", `"device_class":"voltage","name":"Battery voltage","state_topic":"room/d","unit_of_measurement":"V"`),
			config("sensor", "s5", `"device_class":"battery","state_topic":"room/e","unit_of_measurement":"%","value_template":"{{ value_json.battery_ok * 99 + 1 }}"`),
			{"room/a", `41`, "d1 device_temperature=41 @ s1-u"}, {"room/b", `42`, "d1 device_temperature=42 @ s2-u"},
			{"room/c", `2950`, "d1 battery_voltage=2.95 @ s3-u"}, {"room/d", `2.9`, "d1 battery_voltage=2.9 @ s4-u"}, {"room/e", `{"battery_ok":1}`, "d1 battery=100"},
		}},
		{"names and units where there is no class", [][3]string{
			config("sensor", "s1", `"device_class":"sensor","name":"Humidity","state_topic":"room/a","unit_of_measurement":"%"`),
			config("sensor", "s2", `"name":"People in total","state_topic":"room/b","unit_of_measurement":"people","value_template":"{{ value_json.n | int }}"`),
			config("sensor", "s3", `"name":"People in","state_topic":"room/c"`),
			config("sensor", "s4", `"name":"Something","state_topic":"room/d","unit_of_measurement":"%"`),
			{"room/a", `60`, "d1 humidity=60"}, {"room/b", `{"n":417}`, "d1 people_in_total=417"}, {"room/c", `3`, "nothing"}, {"room/d", `60`, "unknown_topic"},
		}},
		{"a climate device", [][3]string{
			config("climate", "ac", `"current_temperature_topic":"room/ac","current_temperature_template":"{{ value_json.in }}","temperature_unit":"F","curr_hum_t":"room/ac","curr_hum_tpl":"{{ value_json.h }}","temperature_state_topic":"room/set"`),
			{"room/ac", `{"in":77,"h":58}`, "d1 temperature=25 humidity=58"},
		}},
		{"the same value announced twice", [][3]string{
			config("sensor", "room-t", t1), config("sensor", "room-t-again", t1),
			{"room/state", `{"t":26}`, "d1 temperature=26"},
		}},
		{"a device by the unique id of an entity, one topic for two", [][3]string{
			{"homeassistant/binary_sensor/x/config", `{"device_class":"door","state_topic":"room/state","value_template":"{{ value_json.d }}","payload_on":1,"payload_off":0,"unique_id":"d2-door","device":{"identifiers":"hub"}}`, "nothing"},
			config("sensor", "room-t", t1),
			{"room/state", `{"t":26,"d":1}`, "d1 temperature=26; d2 contact_open=1"},
		}},
		{"templates that are programs", [][3]string{
			{"homeassistant/sensor/p/config", `{"device_class":"temperature","state_topic":"room/a","value_template":"{% if x %}1{% endif %}","device":{"ids":["Room-1"]}}`, "undecoded"},
			{"homeassistant/light/p/config", `{"state_topic":"room/a","value_template":"{% if x %}1{% endif %}","device":{"ids":["Room-1"]}}`, "nothing"},
		}},
		{"topics that nobody may choose", [][3]string{
			{"homeassistant/sensor/p/config", `{"device_class":"temperature","state_topic":"#","device":{"ids":["Room-1"]}}`, "undecoded"},
			{"homeassistant/sensor/p/config", `{"device_class":"temperature","state_topic":"$SYS/broker","device":{"ids":["Room-1"]}}`, "undecoded"},
			{"homeassistant/sensor/p/config", `{"device_class":"temperature","state_topic":"gerbang/v1/mpp/door-1","device":{"ids":["Room-1"]}}`, "undecoded"},
		}},
		{"what is no announcement", [][3]string{
			{"homeassistant/sensor/p/config", `{"device_class":`, "syntax"},
			{"homeassistant/sensor/p/config", `"x"`, "field"},
			{"homeassistant/sensor/p/state", `21`, "unknown_topic"},
			{"homeassistant/sensor/p/config", `{"device":7,"device_class":["temperature"],"state_topic":{"a":1}}`, "nothing"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := announcing(t, nil)
			for _, s := range tt.steps {
				if got := outcome(d, s[0], s[1]); got != s[2] {
					t.Errorf("%s %s: got %s, want %s", s[0], s[1], got, s[2])
				}
			}
		})
	}
}

// TestAnnouncedTopicsAreTold: whoever subscribes learns of new topics of configured devices, of them only, and once.
func TestAnnouncedTopicsAreTold(t *testing.T) {
	m := &volatile{}
	d := announcing(t, m)
	told := func() bool {
		select {
		case <-d.TopicsChanged():
			return true
		default:
			return false
		}
	}
	base := []string{"gerbang/v1/+/+", "homeassistant/+/+/+/config", "homeassistant/+/+/config"}
	if got := d.Topics(); !slices.Equal(got, base) || told() {
		t.Errorf("before: got %v, want %v and no word", got, base)
	}
	stranger := `{"device_class":"humidity","state_topic":"x/state","device":{"ids":["hidden"]}}`
	own := config("sensor", "t", `"device_class":"temperature","state_topic":"room/t"`)
	for _, step := range []struct {
		topic, payload string
		told           bool
	}{
		{"homeassistant/sensor/x/config", stranger, false},
		{own[0], own[1], true},
		{own[0], own[1], false}, // the broker repeats it
		{"homeassistant/sensor/t2/config", strings.Replace(own[1], "t-u", "t2-u", 1), false}, // of the same topic
	} {
		if outcome(d, step.topic, step.payload); told() != step.told {
			t.Errorf("%s: want told %t", step.topic, step.told)
		}
	}
	want := append(slices.Clone(base), "room/t")
	if got := d.Topics(); !slices.Equal(got, want) {
		t.Errorf("after: got %v, want %v", got, want)
	}
	// A restart knows them from the start, and has nothing new to tell.
	d = announcing(t, m)
	if got := d.Topics(); !slices.Equal(got, want) || told() {
		t.Errorf("after a restart: got %v, want %v and no word", got, want)
	}
	if got := outcome(d, "room/t", "26"); got != "d1 temperature=26" {
		t.Errorf("after a restart: got %s", got)
	}
	// A device that is configured later was heard in time.
	site := testSite(t)
	site.Devices = []facility.Device{{ID: "d3", Model: "ha", Address: "hidden"}}
	d = newDecoder(t, Options{Sites: []facility.Site{site}, Models: []model.Model{haModel()}, Memory: m})
	if got := outcome(d, "x/state", "60"); got != "d3 humidity=60" {
		t.Errorf("configured later: got %s", got)
	}
	if got := outcome(d, "room/t", "26"); got != "unknown_topic" {
		t.Errorf("no longer configured: got %s", got)
	}
}

// TestChannelsDoNotDependOnOrder: what tells two values apart is the same however they were announced.
func TestChannelsDoNotDependOnOrder(t *testing.T) {
	var all [][3]string
	for _, name := range []string{"a", "b", "c"} {
		all = append(all, config("sensor", name, `"device_class":"temperature","state_topic":"room/state","value_template":"{{ value_json.`+name+` }}"`))
	}
	const want = "d1 temperature=1 @ a temperature=2 @ b temperature=3 @ c"
	m := &volatile{}
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
		d := announcing(t, m)
		for _, i := range order {
			outcome(d, all[i][0], all[i][1])
		}
		if got := outcome(d, "room/state", `{"a":1,"b":2,"c":3}`); got != want {
			t.Errorf("order %v: got %s, want %s", order, got, want)
		}
	}
	d := announcing(t, m)
	for _, i := range []int{0, 2} {
		outcome(d, all[i][0], "")
	}
	if got := outcome(d, "room/state", `{"a":1,"b":2,"c":3}`); got != "d1 temperature=2" {
		t.Errorf("the last one: got %s, want no channel", got)
	}
}

// TestAnnouncementsAreBounded: hostile ones do not grow the memory without bound, nor keep configured devices from being heard.
func TestAnnouncementsAreBounded(t *testing.T) {
	m := &volatile{}
	d := announcing(t, m)
	refused := 0
	for i := range maxForeign + 100 {
		payload := fmt.Sprintf(`{"device_class":"temperature","state_topic":"x/%d","device":{"ids":["stranger-%d"]}}`, i, i)
		if got := outcome(d, fmt.Sprintf("homeassistant/sensor/x%d/config", i), payload); got == "too_large" {
			refused++
		}
	}
	bytes := 0
	for _, v := range m.facts {
		bytes += len(v)
	}
	if refused < 100 || bytes > maxForeignAll {
		t.Errorf("%d refused, %d bytes kept; want at least 100 and at most %d", refused, bytes, maxForeignAll)
	}
	for i := range maxPerOwner + 10 {
		c := config("sensor", fmt.Sprintf("own%d", i), fmt.Sprintf(`"device_class":"temperature","state_topic":"own/%d"`, i))
		want := "nothing"
		if i >= maxPerOwner {
			want = "too_large"
		}
		if got := outcome(d, c[0], c[1]); got != want {
			t.Fatalf("%d of a configured device: got %s, want %s", i, got, want)
		}
	}
}

func TestAnnouncementsNeedTheRightToSpeak(t *testing.T) {
	d := announcing(t, nil)
	sender := &ingest.Sender{Name: "s", Bridge: true, Devices: map[string]bool{"mpp/d1": true}}
	door := `{"device_class":"door","state_topic":"room/state","value_template":"{{ value_json.d }}","payload_on":1,"payload_off":0,"unique_id":"d2-door"}`
	temperature := config("sensor", "t", `"device_class":"temperature","state_topic":"room/state","value_template":"{{ value_json.t }}"`)
	for _, step := range [][3]string{
		{"homeassistant/binary_sensor/x/config", door, "foreign_topic"},
		{"homeassistant/sensor/y/config", `{"device_class":"humidity","state_topic":"y","device":{"ids":["hidden"]}}`, "foreign_topic"},
		{temperature[0], temperature[1], "nothing"},
		{"room/state", `{"t":26,"d":1}`, "d1 temperature=26"},
	} {
		msg := message(step[0], step[1])
		msg.Sender = sender
		recs := d.Decode(msg, nil)
		got := "nothing"
		if len(recs) == 1 && recs[0].Rejection != nil {
			got = string(recs[0].Rejection.Reason)
		} else if len(recs) == 1 {
			got = recs[0].Observation.Device + values(recs)
		}
		if got != step[2] {
			t.Errorf("%s: got %s, want %s", step[0], got, step[2])
		}
	}
	// Of a topic for two, each may speak for itself alone.
	outcome(d, "homeassistant/binary_sensor/x/config", door)
	msg := message("room/state", `{"t":26,"d":1}`)
	msg.Sender = sender
	if recs := d.Decode(msg, nil); len(recs) != 1 || recs[0].Observation.Device != "d1" {
		t.Errorf("got %s, want d1 alone", show(recs))
	}
}

// TestAnnouncementsTakeNoTopicAway: a configured device of another model keeps its topic, and a silent topic stays silent.
func TestAnnouncementsTakeNoTopicAway(t *testing.T) {
	site := testSite(t)
	site.Devices = []facility.Device{{ID: "d1", Model: "ha", Address: "Room-1"}, {ID: "h1", Model: "homie"}}
	quiet := homieModel()
	quiet.Silent = []string{"homie/bridge/#"}
	d := newDecoder(t, Options{Sites: []facility.Site{site}, Models: []model.Model{haModel(), quiet}})
	for topic, want := range map[string]string{"homie/h1/air/temperature": "h1 temperature=26 @ air", "homie/bridge/temperature": "nothing"} {
		c := config("sensor", "t", `"device_class":"temperature","state_topic":"`+topic+`"`)
		outcome(d, c[0], c[1])
		if got := outcome(d, topic, "26"); got != want {
			t.Errorf("%s: got %s, want %s", topic, got, want)
		}
	}
}

// TestHomeAssistantConcurrently is for the race detector.
func TestHomeAssistantConcurrently(t *testing.T) {
	d := announcing(t, nil)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 100 {
				c := config("sensor", fmt.Sprintf("t%d", i%5), `"device_class":"temperature","state_topic":"room/state","value_template":"{{ value_json.t`+fmt.Sprint(i%5)+` }}"`)
				if (i+g)%7 == 0 {
					c[1] = ""
				}
				outcome(d, c[0], c[1])
				if got := outcome(d, "room/state", `{"t0":1,"t1":2}`); !strings.HasPrefix(got, "d1 temperature=") && got != "unknown_topic" && got != "nothing" {
					t.Errorf("got %s", got)
				}
				_ = d.Topics()
			}
		})
	}
	wg.Wait()
}

// FuzzHomeAssistant asserts that whatever is announced, what is then read is possible, announcements are no readings, the
// memory is bounded, and another decoder over it reads the same.
func FuzzHomeAssistant(f *testing.F) {
	for _, seed := range [][3]string{
		{"sensor", `{"device_class":"temperature","state_topic":"s","unit_of_measurement":"°F","value_template":"{{ value_json.t|round(1) }}","device":{"ids":["Room-1"]}}`, `{"t":77.25}`},
		{"binary_sensor", `{"dev_cla":"door","stat_t":"~","~":"s","pl_on":"x","dev":{"ids":"Room-1"}}`, `x`},
		{"device", `{"dev":{"ids":["Room-1"]},"stat_t":"s","cmps":{"a":{"p":"sensor","name":"People in total"},"b":{"p":"event","evt_typ":["press"]}}}`, `{"event_type":"press"}`},
		{"device_automation", `{"atype":"trigger","t":"s","type":"a","pl":"1","dev":{"cns":[["m","Room-1"]]}}`, `1`},
		{"climate", `{"curr_temp_t":"s","dev":{"ids":["Room-1"]}}`, `nan`},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, component, announcement, value string) {
		if strings.ContainsAny(component, "/+#") || component == "" {
			return
		}
		m := &volatile{}
		d := announcing(t, m)
		recs := d.Decode(message("homeassistant/"+component+"/o/config", announcement), nil)
		if len(recs) > 1 || len(recs) == 1 && (recs[0].Rejection == nil || recs[0].Rejection.Reason == telemetry.ReasonFault) {
			t.Fatalf("an announcement: got %s", show(recs))
		}
		for key, text := range m.facts {
			if len(text) > maxAnnounced {
				t.Fatalf("remembered %d bytes as %q", len(text), key)
			}
		}
		again := announcing(t, m)
		for _, topic := range d.Topics() {
			if strings.ContainsAny(topic, "+#") {
				continue
			}
			recs := d.Decode(message(topic, value), nil)
			for i := range recs {
				if r := recs[i].Rejection; r != nil {
					if i != len(recs)-1 || r.Reason == telemetry.ReasonFault {
						t.Fatalf("got %s", show(recs))
					}
					checkRejection(t, r)
					continue
				}
				checkObservation(t, &recs[i])
			}
			if got, want := show(again.Decode(message(topic, value), nil)), show(recs); got != want {
				t.Fatalf("after a restart: got %s, want %s", got, want)
			}
		}
	})
}
