package transcode

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

var xmlPlain transcoder = func(payload []byte, l Limits, out *object.Writer) error { return XML(payload, nil, l, out) }

// alert has the shape of ISAPI's EventNotificationAlert.
const alert = `<?xml version="1.0" encoding="UTF-8"?>
<EventNotificationAlert version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">
<ipAddress>10.7.0.31</ipAddress>
<macAddress>02:00:5e:10:00:01</macAddress>
<channelID>1</channelID>
<dateTime>2022-07-05T09:15:00+07:00</dateTime>
<eventType>PeopleCounting</eventType>
<eventState>active</eventState>
<channelName>Pintu &lt;barat&gt;</channelName>
<peopleCounting>
<statisticalMethods>timeRange</statisticalMethods>
<TimeRange><startTime>2022-07-05T09:14:00+07:00</startTime><endTime>2022-07-05T09:15:00+07:00</endTime></TimeRange>
<enter>12</enter><exit>7</exit>
<regionList size="2"><region><id>1</id><enter>8</enter></region><region><id>2</id><enter>4</enter></region></regionList>
</peopleCounting>
<childCounting/>
</EventNotificationAlert>
`

func TestXML(t *testing.T) {
	for name, c := range map[string]struct{ xml, want string }{
		"a people count": {alert, `{"EventNotificationAlert":{"@version":"2.0","ipAddress":"10.7.0.31","macAddress":"02:00:5e:10:00:01",` +
			`"channelID":"1","dateTime":"2022-07-05T09:15:00+07:00","eventType":"PeopleCounting","eventState":"active",` +
			`"channelName":"Pintu <barat>","peopleCounting":{"statisticalMethods":"timeRange",` +
			`"TimeRange":{"startTime":"2022-07-05T09:14:00+07:00","endTime":"2022-07-05T09:15:00+07:00"},"enter":"12","exit":"7",` +
			`"regionList":{"@size":"2","region":[{"id":"1","enter":"8"},{"id":"2","enter":"4"}]}},"childCounting":null}}`},
		"root of text":              {"<a>1</a>", `{"a":"1"}`},
		"empty root":                {"<a/>", `{"a":null}`},
		"white space alone":         {"<a> \n\t</a>", `{"a":null}`},
		"white space around":        {"<a>\n 21.5 \n</a>", `{"a":"21.5"}`},
		"text and attribute":        {`<t unit="C">21.5</t>`, `{"t":{"@unit":"C","#text":"21.5"}}`},
		"attribute alone":           {`<t unit=" C "/>`, `{"t":{"@unit":"C"}}`},
		"empty attribute":           {`<t unit=""/>`, `{"t":{"@unit":null}}`},
		"mixed content":             {"<a>one<b>2</b>three</a>", `{"a":{"b":"2"}}`},
		"siblings apart":            {"<a><n>1</n><m>x</m><n>2</n><m>y</m><n/></a>", `{"a":{"n":["1","2",null],"m":["x","y"]}}`},
		"prefixes":                  {`<p:a xmlns:p="urn:p" p:k="1" k="2"><p:b>3</p:b><b>4</b></p:a>`, `{"a":{"@k":"1","b":["3","4"]}}`},
		"CDATA and comments":        {"<a>1<!-- x --><![CDATA[<2>&]]>3</a>", `{"a":"1<2>&3"}`},
		"character references":      {"<a>&#65;&#x42;&amp;</a>", `{"a":"AB&"}`},
		"mark and C string's end":   {"\xef\xbb\xbf<a>1</a>\n\x00", `{"a":"1"}`},
		"processing instruction":    {"<?pi x?><a/>", `{"a":null}`},
		"UTF8 spelt so":             {`<?xml version="1.0" encoding="utf8"?><a>é</a>`, `{"a":"é"}`},
		"two elements":              {"<a/><b/>", `! something follows the root element of the XML`},
		"text behind":               {"<a/>" + secret, `! text outside the root element of the XML`},
		"nothing":                   {"", `! the XML has no element`},
		"comment alone":             {"<!-- -->", `! the XML has no element`},
		"cut":                       {"<a><b>1</b>", `! not XML at line 1, column 12: unexpected EOF`},
		"crossed":                   {"<a><" + secret + "></a></" + secret + ">", `! not XML at line 1, column 18: an end tag that ends no element`},
		"end alone":                 {"</" + secret + ">", `! not XML at line 1, column 12: an end tag that ends no element`},
		"entity":                    {"<a>&" + secret + ";</a>", `! not XML at line 1, column 14: an entity that is none of the five of XML`},
		"document type":             {`<!DOCTYPE a [<!ENTITY e "` + secret + `">]><a>&e;</a>`, `! the XML has a document type or another declaration, want none`},
		"attribute without quotes":  {"<a b=1/>", `! not XML at line 1, column 7: unquoted or missing attribute value in element`},
		"JSON":                      {`{"a":1}`, `! text outside the root element of the XML`},
		"not UTF-8":                 {"<a>\xe9</a>", `! the XML is not UTF-8 at line 1, column 5, and declares no other encoding`},
		"UTF-16":                    {"\xff\xfe<\x00a\x00/\x00>\x00", `! the XML is UTF-16, want UTF-8`},
		"unknown encoding":          {`<?xml version="1.0" encoding="` + secret + `"?><a/>`, `! the XML declares an encoding other than UTF-8, ISO-8859-1, windows-1252 and GBK`},
		"encoding changes its mind": {`<a><?xml version="1.0" encoding="gbk"?></a>`, `! an XML declaration behind the root element's begin`},
		"version 1.1":               {`<?xml version="1.1"?><a/>`, `! not XML 1.0 at line 1, column 22`},
		"control character":         {"<a>\x01</a>", `! not XML 1.0 at line 1, column 5`},
		"long name":                 {"<" + strings.Repeat("n", maxName+1) + "/>", `! the name of an element has 257 bytes, want at most 256`},
		"long name of an attribute": {"<a " + strings.Repeat("n", maxName+1) + "='1'/>", `! the name of an attribute has 257 bytes, want at most 256`},
		"a picture is no reading":   {"<a><pic>" + strings.Repeat("/9j/", 300) + "</pic><n>1</n></a>", `{"a":{"pic":null,"n":"1"}}`},
		"nor one in an attribute":   {"<a pic='" + strings.Repeat("/9j/", 300) + "'/>", `{"a":{"@pic":null}}`},
		"deep":                      {strings.Repeat("<a>", 40), `! more than 32 elements inside each other`},
		"deep by lists":             {"<r>" + strings.Repeat("<b/><b>", 20) + strings.Repeat("</b>", 20) + "</r>", `! more than 32 elements and lists inside each other`},
		"many elements":             {"<a>" + strings.Repeat("<b/>", 4096) + "</a>", `! more than 4096 elements in one message`},
		"many values":               {"<a>" + strings.Repeat("<b c='1'/>", 2048) + "</a>", `! more than 4096 values in one message`},
		"many attributes":           {"<a" + manyAttributes(4097) + "/>", `! more than 4096 values in one message`},
	} {
		t.Run(name, func(t *testing.T) { xmlPlain.check(t, []byte(c.xml), c.want) })
	}
}

func manyAttributes(n int) string {
	var s strings.Builder
	for i := range n {
		fmt.Fprintf(&s, " a%d='1'", i)
	}
	return s.String()
}

// A model that reads one region must read two, and the other way round.
func TestXMLLists(t *testing.T) {
	lists := transcoder(func(payload []byte, l Limits, out *object.Writer) error {
		return XML(payload, []string{"region", "root"}, l, out)
	})
	lists.check(t, []byte("<root><region><in>1</in></region></root>"), `{"root":[{"region":[{"in":"1"}]}]}`)
	lists.check(t, []byte("<root><region>1</region><region/></root>"), `{"root":[{"region":["1",null]}]}`)
}

func TestXMLEncodings(t *testing.T) {
	const name = "Porta São José"
	latin, err := charmap.ISO8859_1.NewEncoder().String(name)
	if err != nil {
		t.Fatal(err)
	}
	chinese, err := simplifiedchinese.GBK.NewEncoder().String("东门 1")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ label, text, want string }{
		{"ISO-8859-1", latin, name},
		{"latin1", latin, name},
		{"Windows-1252", latin + "\x80", name + "€"},
		{"GBK", chinese, "东门 1"},
		{"gb2312", chinese, "东门 1"},
		{"GB18030", chinese + "\xff", "东门 1\uFFFD"},
		{"us-ascii", "Door", "Door"},
	} {
		want, _ := json.Marshal(map[string]string{"a": c.want})
		xmlPlain.check(t, []byte(`<?xml version="1.0" encoding="`+c.label+`"?><a>`+c.text+`</a>`), string(want))
	}
}

func FuzzXML(f *testing.F) {
	for _, s := range []string{
		alert, "<a>1</a>", `<p:a xmlns:p="u" p:k="1"><p:b>&lt;</p:b><b/><![CDATA[x]]></p:a>`,
		`<?xml version="1.0" encoding="gbk"?><a>` + "\xb6\xab" + `</a>`, `<!DOCTYPE a [<!ENTITY e "e">]><a>&e;</a>`,
		"<a><b><a/><b/></b><a/></a>", "<" + secret + "></x>", "<a>&" + secret + ";</a>",
	} {
		f.Add([]byte(s), byte(0))
		f.Add([]byte(s), byte(5))
	}
	f.Fuzz(func(t *testing.T, payload []byte, small byte) {
		l := Limits{Depth: int(small), Values: 8 * int(small), Text: int(small)}
		xmlPlain.within(t, payload, l)
		transcoder(func(payload []byte, l Limits, out *object.Writer) error {
			return XML(payload, []string{"a", "region"}, l, out)
		}).within(t, payload, l)
	})
}

// BenchmarkXML reads a people count of usual size.
func BenchmarkXML(b *testing.B) {
	var out object.Writer
	b.ReportAllocs()
	b.SetBytes(int64(len(alert)))
	for b.Loop() {
		out.Reset()
		if err := XML([]byte(alert), nil, Limits{}, &out); err != nil {
			b.Fatal(err)
		}
	}
}
