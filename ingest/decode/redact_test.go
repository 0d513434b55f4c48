package decode

import (
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
)

func TestRedact(t *testing.T) {
	tests := []struct{ name, payload, want string }{
		{"strings", `{"name":"Budi Santoso","temperature":"36.9"}`, `{"name":"…","temperature":"…"}`},
		{"words of the format", `{"event":"RecPush","time":"2026-04-10 10:00:07","t":36.9}`, `{"event":"RecPush","time":"2026-04-10 10:00:07","t":36.9}`},
		{"times", `{"at":"2022-07-05T00:59:00+07:00","ts":1656982770125}`, `{"at":"2022-07-05T00:59:00+07:00","ts":1656982770125}`},
		{"long numbers", `{"x":3573010101010001,"co2":412}`, `{"x":#,"co2":412}`},
		{"telling names", `{"personId":3,"pin":1234,"people_in":12}`, `{"personId":#,"pin":#,"people_in":12}`},
		{"a name as a name", `{"Budi Santoso":36.9}`, `{"…":#}`},
		{"in arrays", `{"who":["Budi",{"a":"Siti"}]}`, `{"who":["…",{"a":"…"}]}`},
		{"escaped quote", `{"who":"Bu\"di","co2":401}`, `{"who":"…","co2":401}`},
		{"broken quote", `{"who":"Bu"di","co2":x}`, `{"who":"…"xx"…"co2"…`},
		{"cut inside a string", `{"who":"Budi Sant`, `{"who":"…`},
		{"without quotes", `{name:Budi,nik:3573010101010001}`, `{xxxx:xxxx,xxx:#}`},
		{"bare NaN", `{"co2":nan}`, `{"co2":nan}`},
		{"text", `36.9;Budi Santoso;budi@example.com;0812345678`, `36.9;xxxx xxxxxxx;xxxx@xxxxxxx.xxx;999…`},
		{"XML", `<co2>412</co2>`, `<co2>412</co2>`},
		{"XML of a person", `<?xml version="1.0"?><e:Alert note="Budi"><!-- Budi --><eventType>AcsEvent</eventType><name>Budi Santoso</name><employeeNo>0001</employeeNo><enter>7</enter><id/>Budi<dateTime>2022-07-05T07:00:00+07:00</dateTime></e:Alert>`,
			`<…><Alert><…><eventType>…</eventType><name>…</name><employeeNo>#</employeeNo><enter>7</enter><id/>…<dateTime>2022-07-05T07:00:00+07:00</dateTime></Alert>`},
		{"XML cut in a text", `<a><name>Budi`, `<a><name>…`},
		{"XML cut in a word", `<a><state>act`, `<a><state>…`},
		{"XML cut in a tag", `<a><Budi San`, `<a><…`},
		{"binary", "\xff\xd8\xff\xe0JFIF\x00", `....xxxx.`},
		{"nothing", ``, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := string(redact([]byte(tt.payload), nil))
			if tt.name == "broken quote" { // any form will do as long as nothing of the name is left
				if strings.Contains(got, "di") || strings.Contains(got, "Bu") {
					t.Errorf("got %s", got)
				}
				return
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
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
