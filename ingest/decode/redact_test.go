package decode

import (
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
)

func TestRedact(t *testing.T) {
	tests := []struct{ name, payload, want string }{
		{"strings", `{"name":"Budi Santoso","temperature":"36.9"}`, `{"name":"…12","temperature":"36.9"}`},
		{"words of the format", `{"event":"RecPush","state":"open","time":"2026-04-10 10:00:07","t":36.9}`, `{"event":"…7","state":"open","time":"2026-04-10 10:00:07","t":36.9}`},
		{"a name as a word", `{"event":"Budi.Santoso","type":"Open.Door"}`, `{"event":"…12","type":"Open.Door"}`},
		{"times", `{"at":"2022-07-05T00:59:00+07:00","ts":1656982770125}`, `{"at":"2022-07-05T00:59:00+07:00","ts":1656982770125}`},
		{"long numbers", `{"x":3573010101010001,"co2":412}`, `{"x":################,"co2":412}`},
		{"a number under a name that nobody knows", `{"sandi":417793,"suhu":36.5}`, `{"…5":######,"suhu":##.#}`},
		{"telling names", `{"personId":3,"pin":1234,"people_in":12}`, `{"personId":#,"pin":####,"people_in":12}`},
		{"a telephone as a measured number", `{"people_in":81299887766,"value":417793,"co2":412.123456}`, `{"people_in":###########,"value":######,"co2":412.123…}`},
		{"a name as a name", `{"Budi Santoso":36.9,"temperature_Budi":21}`, `{"…12":##.#,"temperature_…4":##}`},
		{"a number as a name", `{"081299887766":36.5,"08-12-99":1}`, `{"#…12":##.#,"…8":#}`},
		{"in arrays", `{"who":["Budi",{"a":"Siti"}],"values":[0,8,1,2]}`, `{"…3":["…4",{"a":"…4"}],"values":[#,#,#,#]}`},
		{"escaped quote", `{"who":"Bu\"di","co2":401}`, `{"…3":"…6","co2":401}`},
		{"broken quote", `{"who":"Bu"di","co2":x}`, `{"who":"…"xx"…"co2"…`},
		{"cut inside a string", `{"who":"Budi Sant`, `{"…3":"…`},
		{"without quotes", `{name:Budi,nik:3573010101010001}`, `{…4:…4,…3:################}`},
		{"bare NaN", `{"co2":nan}`, `{"co2":nan}`},
		{"text", `36.9;Budi Santoso;budi@example.com;0812345678`, `##.#;…4 …7;…4@…7.…3;##########`},
		{"text with a telephone in parts", `Budi;0812-9988-7766;36.5`, `…4;####-####-####;##.#`},
		{"keys in text", `air,room=Budi co2=412,temp=36.5 kartu=417793 1656982770125`, `…3,room=…4 co2=412,temp=36.5 …5=###### #############`},
		{"XML", `<co2>412</co2>`, `<co2>412</co2>`},
		{"XML of a person", `<?xml version="1.0"?><e:Alert note="Budi"><!-- Budi --><eventType>open</eventType><name>Budi Santoso</name><employeeNo>0001</employeeNo><count>7</count><id/>Budi<dateTime>2022-07-05T07:00:00+07:00</dateTime></e:Alert>`,
			`<…><Alert><…><eventType>open</eventType><name>…12</name><…10>####</…10><count>7</count><id/>…4<dateTime>2022-07-05T07:00:00+07:00</dateTime></Alert>`},
		{"names of XML", `<root><Budi>36.5</Budi><n081299887766>1</n081299887766></root>`, `<…4><…4>##.#</…4><…13>#</…13></…4>`},
		{"XML cut in a text", `<a><name>Budi`, `<a><name>…`},
		{"XML cut in a word", `<state><state>act`, `<state><state>…`},
		{"XML cut in a tag", `<state><Budi San`, `<state><…`},
		{"binary", "\xff\xd8\xff\xe0JFIF\x00", `....…4.`},
		{"nothing", ``, ``},
	}
	known := newDecoder(t, Options{Sites: []facility.Site{testSite(t)}}).shared.lexicon()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := string(known.Payload([]byte(tt.payload)))
			if tt.name == "broken quote" { // any form will do as long as nothing of the name is left
				if strings.Contains(got, "di") || strings.Contains(got, "Bu") {
					t.Errorf("got %s", got)
				}
				return
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestPersonalDataEndsHere plants markers where devices are known to put names, numbers and pictures, breaks the message
// in several ways, and looks for them in everything that comes out.
func TestPersonalDataEndsHere(t *testing.T) {
	markers := []string{"Zxqv", "zxqv", "3573019", "ZXQV"}
	payloads := []string{
		`{"operator":"RecPush","info":{"customId":"Zxqv-1","persionName":"Zxqv Santoso","idCard":"3573019101010001","telnum":"3573019","pic":"data:image/jpeg;base64,ZXQVZXQV","temperature":"36.2","personId":3573019}}`,
		`{"user":"zxqv","password":"Zxqv!","email":"zxqv@example.com","x":{"Zxqv Budi":1,"n":[3573019,"Zxqv"]}}`,
		`<event><name>Zxqv</name><id>3573019101010001</id></event>`,
		`Zxqv,3573019101010001,36.5`,
		`{"at":"Zxqv 3573019","boot":true,"co2":401,"by":"Zxqv","task":"Zxqv"}`,
		`{"co2":401,"task":"spray","item":"Zxqv@x","agent":"Zxqv;"}`,
	}
	d := newDecoder(t, Options{Sites: []facility.Site{testSite(t)}})
	for _, p := range payloads {
		for cutAt := len(p); cutAt > 0; cutAt-- {
			for _, broken := range []string{p[:cutAt], p[:cutAt] + "\xff", strings.Replace(p[:cutAt], ":", "", 1), strings.Replace(p[:cutAt], `"`, "", 1)} {
				for _, rec := range d.Decode(message(door, broken), nil) {
					r := rec.Rejection
					if r == nil {
						continue
					}
					for _, m := range markers {
						if strings.Contains(string(r.Raw), m) || strings.Contains(r.Detail, m) {
							t.Fatalf("%s\nleft %q in %s: %s\nraw %s", broken, m, r.Reason, r.Detail, r.Raw)
						}
					}
				}
			}
		}
	}
}
