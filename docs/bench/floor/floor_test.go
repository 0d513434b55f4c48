package floor

import "testing"

func TestLines(t *testing.T) {
	w := writer{heads: map[string]string{}}
	for _, test := range []struct{ name, topic, payload, want string }{
		{"a reading", "site/s03/zone/z1/occupancy/d00013", `{"ts":1764500000002,"in":4,"out":3,"seq":53}`, "occupancy,site=s03,zone=z1,device=d00013 in=4i,out=3i,seq=53i 1764500000002\n"},
		{"the same device again", "site/s03/zone/z1/occupancy/d00013", `{"ts":1764500000003,"in":0,"out":0,"seq":54}`, "occupancy,site=s03,zone=z1,device=d00013 in=0i,out=0i,seq=54i 1764500000003\n"},
		{"no JSON", "site/s03/zone/z1/occupancy/d00013", `hello`, ""},
		{"another topic", "site/s03", `{"ts":1}`, ""},
	} {
		if got := string(w.appendLine(nil, test.topic, []byte(test.payload))); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}
