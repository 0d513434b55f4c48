package transcode

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

var lineProtocol transcoder = LineProtocol

func TestLineProtocol(t *testing.T) {
	line := func(rest string) string { return `{"lines":[{"measurement":"m",` + rest + `}]}` }
	for name, c := range map[string]struct{ text, want string }{
		"two rooms": {
			"air,room=hall,floor=1 temperature=24.75,co2=812i 1719990000123456789\nair,room=play\\ room temperature=25 1719990000123456789\n",
			`{"lines":[{"measurement":"air","tags":{"room":"hall","floor":"1"},"fields":{"temperature":24.75,"co2":812},"time":1719990000123456789},` +
				`{"measurement":"air","tags":{"room":"play room"},"fields":{"temperature":25},"time":1719990000123456789}]}`},
		"all kinds of value": {`m a=-1i,b=18446744073709551615u,c=1e-7,d="x \"y\" \\z",e=t,f=FALSE,g=-0.0,h="",i=73.06018265392441`,
			line(`"tags":{},"fields":{"a":-1,"b":18446744073709551615,"c":1e-07,"d":"x \"y\" \\z","e":true,"f":false,"g":0,"h":"","i":73.06018265392441},"time":null`)},
		"no time":                      {"m a=1", line(`"tags":{},"fields":{"a":1},"time":null`)},
		"time in seconds":              {"m a=1 1719990000", line(`"tags":{},"fields":{"a":1},"time":1719990000`)},
		"time before 1970":             {"m a=1 -5", line(`"tags":{},"fields":{"a":1},"time":-5`)},
		"escapes":                      {`m,t\,g\==v\ \,\= f\ \,=1`, line(`"tags":{"t,g=":"v ,="},"fields":{"f ,":1},"time":null`)},
		"a measurement with escapes":   {`in\ out\,x a=1`, `{"lines":[{"measurement":"in out,x","tags":{},"fields":{"a":1},"time":null}]}`},
		"line end in a string":         {"m a=\"x\ny\"", line(`"tags":{},"fields":{"a":"x\u000ay"},"time":null`)},
		"comments, empty lines, CRLF":  {"# x y=1\r\n\r\n  m a=1 5\r\n# z", line(`"tags":{},"fields":{"a":1},"time":5`)},
		"a tag and a field of a name":  {"m,a=x a=1", line(`"tags":{"a":"x"},"fields":{"a":1},"time":null`)},
		"nothing":                      {"", `{"lines":[]}`},
		"comments alone":               {"# a\n#b", `{"lines":[]}`},
		"long text":                    {`m a="` + strings.Repeat("x", 1025) + `"`, line(`"tags":{},"fields":{"a":null},"time":null`)},
		"long tag":                     {`m,t=` + strings.Repeat("x", 1025) + ` a=1`, line(`"tags":{"t":null},"fields":{"a":1},"time":null`)},
		"a tag twice":                  {"m,a=x,a=y b=1", `! entry 1: a tag or field twice`},
		"a field twice":                {"m a=1\nm a=1,a=2", `! entry 2: a tag or field twice`},
		"no field":                     {"m,a=b", `! not line protocol at line 1, column 6: expected field key but none found`},
		"no measurement":               {",a=b c=1", `! not line protocol at line 1, column 1: invalid character … found at start of measurement name`},
		"empty tag":                    {"m,a= b=1", `! not line protocol at line 1, column 5: expected tag value after tag key …, but none found`},
		"no value":                     {"m " + secret + "=", `! not line protocol at line 1, column 12: expected field value, found end of input`},
		"no equals sign":               {"m " + secret + " 1", `! not line protocol at line 1, column 11: want '=' after field key …, found …`},
		"a word as value":              {"m a=1\nm a=" + secret, `! not line protocol at line 2, column 5: field value has unrecognized type`},
		"broken number":                {"m a=1" + secret, `! not line protocol at line 1, column 5: cannot parse value for field key …: invalid float value syntax`},
		"broken boolean":               {"m a=t" + secret, `! not line protocol at line 1, column 5: cannot parse value for field key …: invalid bool value …`},
		"infinite":                     {"m a=-Inf", `! not line protocol at line 1, column 5: cannot parse value for field key …: non-number … cannot be represented as a line-protocol field value`},
		"integer too large":            {"m a=9223372036854775808i", `! line 1, column 5: a number that 64 bits cannot hold`},
		"time too large":               {"m a=1 9223372036854775808", `! entry 1: a time that is no whole number of 64 bits`},
		"time that is none":            {"m a=1 " + secret, `! not line protocol at line 1, column 7: invalid timestamp …`},
		"time of signs":                {"m a=1 1-2", `! entry 1: a time that is no whole number of 64 bits`},
		"text behind the time":         {"m a=1 5 " + secret, `! not line protocol at line 1, column 9: unexpected text after timestamp …`},
		"open string":                  {`m a="` + secret, `! not line protocol at line 1, column 5: expected closing quote for string field value, found end of input`},
		"not UTF-8":                    {"m a=\"" + secret + "\xff\"", `! not line protocol at line 1, column 6: invalid utf-8 sequence in token …`},
		"JSON":                         {`{"a":"` + secret + `"}`, `! not line protocol at line 1, column 17: empty tag name`},
		"long name":                    {strings.Repeat("n", 257) + " a=1", `! entry 1: a name of 257 bytes, want at most 256`},
		"as many lines as are allowed": {strings.Repeat("m a=1\n", 257), `! more than 256 lines in one message`},
		"many fields":                  {"m " + manyFields(4100), `! entry 1: more than 4096 values in one message`},
	} {
		t.Run(name, func(t *testing.T) { lineProtocol.check(t, []byte(c.text), c.want) })
	}
}

func manyFields(n int) string {
	fields := make([]string, n)
	for i := range fields {
		fields[i] = fmt.Sprintf("f%d=1", i)
	}
	return strings.Join(fields, ",")
}

func FuzzLineProtocol(f *testing.F) {
	for _, s := range []string{
		"air,room=hall temperature=24.75,co2=812i,n=3u,ok=t,s=\"x \\\"y\\\"\" 1719990000123456789\n# c\nm a=1", `m,t\,g\==v\ \,\= f\ \,=1`,
		"m a=1" + secret, "m " + secret + "=\"", "m a=\"\xff" + secret + "\"", "m\ta=1", "m a=1 5 '" + secret, "\r\r\n#\x00" + secret,
	} {
		f.Add([]byte(s), byte(0))
		f.Add([]byte(s), byte(3))
	}
	f.Fuzz(func(t *testing.T, payload []byte, small byte) {
		lineProtocol.within(t, payload, Limits{Values: 8 * int(small), Text: int(small)})
	})
}

// BenchmarkLineProtocol reads two lines of three fields.
func BenchmarkLineProtocol(b *testing.B) {
	payload := []byte("air,room=hall temperature=24.75,humidity=61.5,co2=812i 1719990000123456789\n" +
		"air,room=play temperature=25.25,humidity=58.5,co2=640i 1719990000123456789\n")
	var out object.Writer
	b.ReportAllocs()
	b.SetBytes(int64(len(payload)))
	for b.Loop() {
		out.Reset()
		if err := LineProtocol(payload, Limits{}, &out); err != nil {
			b.Fatal(err)
		}
	}
}
