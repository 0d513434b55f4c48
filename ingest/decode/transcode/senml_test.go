package transcode

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

var now = time.UnixMilli(1_719_990_000_500)

var senML transcoder = func(payload []byte, l Limits, out *object.Writer) error { return SenML(payload, now, l, out) }

func TestSenML(t *testing.T) {
	long := strings.Repeat("n", 257)
	for name, c := range map[string]struct{ json, want string }{
		"one value": {`[{"n":"urn:dev:mac:02005e100001","u":"Cel","v":24.75}]`,
			`{"name":"urn:dev:mac:02005e100001","n":"urn:dev:mac:02005e100001","unit":"Cel","time":null,"value":24.75}`},
		"bases hold until the next": {`[{"bn":"urn:dev:mac:1:","bt":1719980000,"bu":"%RH","bver":10,"n":"rh","v":61.5},{"n":"t","u":"Cel","t":-5,"v":24},` +
			`{"bn":"x/","bu":"lx","n":"lux","v":300},{"t":2.5,"v":301}]`,
			`{"name":"urn:dev:mac:1:rh","bn":"urn:dev:mac:1:","n":"rh","unit":"%RH","time":1719980000,"value":61.5},` +
				`{"name":"urn:dev:mac:1:t","bn":"urn:dev:mac:1:","n":"t","unit":"Cel","time":1719979995,"value":24},` +
				`{"name":"x/lux","bn":"x/","n":"lux","unit":"lx","time":1719980000,"value":300},` +
				`{"name":"x/","bn":"x/","unit":"lx","time":1719980002.5,"value":301}`},
		"relative to now": {`[{"bn":"a","t":-60,"v":1},{"t":0,"v":2},{"t":30,"v":3},{"t":268435455,"v":4},{"t":268435456,"v":5},{"v":6}]`,
			`{"name":"a","bn":"a","time-0":1719989940.5,"value":1},{"name":"a","bn":"a","time-0":1719990000.5,"value":2},` +
				`{"name":"a","bn":"a","time-0":1719990030.5,"value":3},{"name":"a","bn":"a","time-0":1988425455.5,"value":4},` +
				`{"name":"a","bn":"a","time-0":268435456,"value":5},{"name":"a","bn":"a","time-0":null,"value":6}`},
		"base time relative, too": {`[{"bn":"a","bt":-10,"t":-5,"v":1},{"v":2}]`,
			`{"name":"a","bn":"a","time-0":1719989985.5,"value":1},{"name":"a","bn":"a","time-0":1719989990.5,"value":2}`},
		"base value and sums": {`[{"bn":"a","bv":20,"v":0.5},{"n":"b"},{"bs":100,"s":5,"v":1},{"s":-5},{"vb":true}]`,
			`{"name":"a","bn":"a","time-0":null,"value":20.5},{"name":"ab","bn":"a","n":"b","time-0":null,"value":20},` +
				`{"name":"a","bn":"a","time-0":null,"value":21,"sum":105},{"name":"a","bn":"a","time-0":null,"value":null,"sum":95},` +
				`{"name":"a","bn":"a","time-0":null,"value":true,"sum":100}`},
		"strings, booleans, data, null": {`[{"n":"a","vs":"open"},{"n":"b","vb":false},{"n":"c","vd":"aGk"},{"n":"d","v":null},{"n":"e","vs":""}]`,
			`{"name":"a","n":"a","time-0":null,"value":"open"},{"name":"b","n":"b","time-0":null,"value":false},` +
				`{"name":"d","n":"d","time-0":null,"value":null},{"name":"e","n":"e","time-0":null,"value":""}`},
		"a record of bases alone": {`[{"bn":"/3303/0/","bt":1719980000},{"n":"5700","v":24}]`,
			`{"name":"/3303/0/5700","bn":"/3303/0/","n":"5700","time-0":1719980000,"value":24}`},
		"what is not known is ignored": {`[{"n":"a","v":1,"ut":60,"x":[{"v":{}}],"l":"y"}]`, `{"name":"a","n":"a","time-0":null,"value":1}`},
		"numbers as they are":          {`[{"n":"a","v":1.25e-9},{"n":"a","v":73.06018265392441},{"n":"a","v":1e300}]`, `{"name":"a","n":"a","time-0":null,"value":1.25e-09},{"name":"a","n":"a","time-0":null,"value":73.06018265392441},{"name":"a","n":"a","time-0":null,"value":1e+300}`},
		"secondary units' version":     {`[{"bver":26,"n":"a","u":"ms","v":1}]`, `{"name":"a","n":"a","unit":"ms","time":null,"value":1}`},
		"white space":                  {" [ ] \n", ``},
		"long text":                    {`[{"n":"a","vs":"` + strings.Repeat("x", 1025) + `"}]`, `{"name":"a","n":"a","time-0":null,"value":null}`},

		"draft: entries behind bases": {`{"bn":"urn:dev:mac:1/","bt":1719980000.25,"bu":"lx","ver":1,"e":[{"n":"light","v":310},{"n":"t","u":"Cel","t":1,"v":24}]}`,
			`{"name":"urn:dev:mac:1/light","bn":"urn:dev:mac:1/","n":"light","unit":"lx","time":1719980000.25,"value":310},` +
				`{"name":"urn:dev:mac:1/t","bn":"urn:dev:mac:1/","n":"t","unit":"Cel","time":1719980001.25,"value":24}`},
		"draft: entries before bases":    {`{"e":[{"n":"a","v":1}],"bn":"b/"}`, `{"name":"b/a","bn":"b/","n":"a","time-0":null,"value":1}`},
		"draft: no bases":                {`{"e":[{"n":"a","v":1}]}`, `{"name":"a","n":"a","time-0":null,"value":1}`},
		"draft: strings and booleans":    {`{"bn":"b/","e":[{"n":"a","sv":"x"},{"n":"c","bv":true}]}`, `{"name":"b/a","bn":"b/","n":"a","time-0":null,"value":"x"},{"name":"b/c","bn":"b/","n":"c","time-0":null,"value":true}`},
		"a single object":                {`{"n":"a","v":1}`, `{"name":"a","n":"a","time-0":null,"value":1}`},
		"an e that is none":              {`{"n":"a","v":1,"e":5}`, `{"name":"a","n":"a","time-0":null,"value":1}`},
		"entries are not inside entries": {`{"e":[{"n":"a","v":1,"e":[{"n":"b","v":2}]}]}`, `{"name":"a","n":"a","time-0":null,"value":1}`},

		"no name":                   {`[{"v":1}]`, `! record 1: no name and no base name`},
		"no value":                  {`[{"n":"a","v":1},{"n":"` + secret + `"}]`, `! record 2: no value and no sum`},
		"empty record":              {`[{}]`, `! record 1: no name and no base name`},
		"no SenML at all":           {`{"temperature":24}`, `! record 1: no name and no base name`},
		"two values":                {`[{"n":"a","v":1,"vs":"x"}]`, `! record 1: more than one value`},
		"number in quotes":          {`[{"n":"a","v":"` + secret + `"}]`, `! record 1: v is a string, want a number`},
		"time in quotes":            {`[{"n":"a","v":1,"t":"5"}]`, `! record 1: t is a string, want a number`},
		"name that is a number":     {`[{"n":5,"v":1}]`, `! record 1: n is a number, want a string`},
		"boolean that is a string":  {`[{"n":"a","vb":"true"}]`, `! record 1: vb is a string, want true or false`},
		"base value that is a list": {`[{"bn":"a","bv":[]}]`, `! record 1: bv is an array, want a number`},
		"must be understood":        {`[{"n":"a","v":1,"` + secret + `_":1}]`, `! record 1 has a label that must be understood, and is not known`},
		"later version":             {`[{"bver":11,"n":"a","v":1}]`, `! record 1: a version of SenML other than 10 and 26, which are all that are known`},
		"fraction of a version":     {`[{"bver":9.5,"n":"a","v":1}]`, `! record 1: a version of SenML other than 10 and 26, which are all that are known`},
		"two versions":              {`[{"bver":10,"n":"a","v":1},{"bver":5,"v":1}]`, `! record 2: another version than that of the records before`},
		"control in a name":         {`[{"n":"a\u0000","v":1}]`, `! record 1: a control character in the name`},
		"long name":                 {`[{"n":"` + long + `","v":1}]`, `! record 1: the name is too long`},
		"long together":             {`[{"bn":"` + long[:200] + `","n":"` + long[:57] + `","v":1}]`, `! record 1: the name is too long`},
		"too large":                 {`[{"n":"a","v":1e400}]`, `! record 1: v is a number that 64 bits cannot hold`},
		"too large together":        {`[{"bn":"a","bv":1.7e308,"v":1.7e308}]`, `! record 1: a base and what is added to it are too large together`},
		"a label twice":             {`[{"n":"a","v":1,"v":2}]`, `! a label occurs twice in one object, at byte 16`},
		"a list of numbers":         {`[1]`, `! record 1: it is a number, want an object`},
		"nan":                       {`[{"n":"a","v":nan}]`, `! not JSON at byte 15`},
		"cut":                       {`[{"n":"a"`, `! the SenML ends too early, at byte 9`},
		"cut behind a record":       {`[{"n":"a","v":1}`, `! the SenML ends too early, at byte 16`},
		"something behind":          {`[]` + secret, `! something follows the SenML at byte 2`},
		"text":                      {`"` + secret + `"`, `! the SenML is neither an array nor an object`},
		"nothing":                   {``, `! the SenML is neither an array nor an object`},
		"not UTF-8":                 {"[{\"n\":\"\xff\"}]", `! the SenML is not UTF-8`},
		"many records":              {"[" + strings.Repeat(`{},`, 1024) + "{}]", `! more than 1024 records in one message`},
		"many values":               {`[{"bn":"a"}` + strings.Repeat(`,{"v":1}`, 513) + "]", `! record 514: more than 4096 values in one message`},
	} {
		t.Run(name, func(t *testing.T) {
			want := c.want
			if !strings.HasPrefix(want, "!") {
				want = `{"records":[` + strings.ReplaceAll(want, `"time-0"`, `"unit":null,"time"`) + `]}`
			}
			senML.check(t, []byte(c.json), want)
		})
	}
}

// A pack of a resolved pack is the same pack: resolving once is resolving.
func TestSenMLResolvedStaysResolved(t *testing.T) {
	const first = `[{"bn":"a/","bt":1719980000,"bu":"Cel","n":"t","v":24.5},{"t":60,"v":25}]`
	const resolved = `[{"n":"a/t","u":"Cel","t":1719980000,"v":24.5},{"n":"a/","u":"Cel","t":1719980060,"v":25}]`
	var packs [2]struct {
		Records []struct{ Name, Unit, Time, Value any }
	}
	for i, s := range []string{first, resolved} {
		var out object.Writer
		if err := SenML([]byte(s), now, Limits{}, &out); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out.JSON(), &packs[i]); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(packs[0], packs[1]) || len(packs[0].Records) != 2 {
		t.Errorf("got  %v\nwant %v", packs[0], packs[1])
	}
}

func FuzzSenML(f *testing.F) {
	for _, s := range []string{
		`[{"bn":"urn:dev:mac:1:","bt":1719980000,"bu":"%RH","bver":10,"n":"rh","v":61.5},{"n":"t","u":"Cel","t":-5,"v":24}]`,
		`{"e":[{"n":"a","sv":"x"},{"n":"c","bv":true}],"bn":"b/","ver":1}`, `[{"bn":"a","bv":20,"bs":1},{"n":"b","s":2},{"vd":"x"},{"v":null}]`,
		`{"n":"` + secret + `","v":"` + secret + `"}`, `[{"` + secret + `_":1}]`, `[{"n":"a","v":1e400}]`, "[" + secret,
	} {
		f.Add([]byte(s), byte(0))
		f.Add([]byte(s), byte(9))
	}
	f.Fuzz(func(t *testing.T, payload []byte, small byte) {
		senML.within(t, payload, Limits{Values: 8 * int(small), Text: int(small)})
	})
}

// BenchmarkSenML reads a pack of eight records.
func BenchmarkSenML(b *testing.B) {
	var s strings.Builder
	s.WriteString(`[{"bn":"urn:dev:mac:02005e100001:","bt":1719980000,"bu":"Cel","n":"t","v":24.5}`)
	for i := range 7 {
		fmt.Fprintf(&s, `,{"n":"q%d","u":"%%RH","t":%d,"v":61.25}`, i, i)
	}
	payload := []byte(s.String() + "]")
	var out object.Writer
	b.ReportAllocs()
	b.SetBytes(int64(len(payload)))
	for b.Loop() {
		out.Reset()
		if err := SenML(payload, now, Limits{}, &out); err != nil {
			b.Fatal(err)
		}
	}
}
