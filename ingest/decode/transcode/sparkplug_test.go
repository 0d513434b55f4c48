package transcode

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

var sparkplugAlone transcoder = func(payload []byte, l Limits, out *object.Writer) error { return Sparkplug(payload, nil, l, out) }

// part is one field of a protobuf message.
type part []byte

func message(parts ...part) (b part) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func varint(n protowire.Number, v uint64) part { return appendVarint(nil, n, v) }
func text(n protowire.Number, s string) part   { return appendText(nil, n, s) }
func f32(n protowire.Number, v float32) part {
	return protowire.AppendFixed32(protowire.AppendTag(nil, n, protowire.Fixed32Type), math.Float32bits(v))
}
func f64(n protowire.Number, v float64) part {
	return protowire.AppendFixed64(protowire.AppendTag(nil, n, protowire.Fixed64Type), math.Float64bits(v))
}

func name(s string) part       { return text(metricName, s) }
func alias(n uint64) part      { return varint(metricAlias, n) }
func kindOfData(t uint64) part { return varint(metricDatatype, t) }

// sent makes a payload of metrics.
func sent(at, seq uint64, metrics ...part) []byte {
	p := varint(payloadTimestamp, at)
	for _, m := range metrics {
		p = append(p, text(payloadMetrics, string(m))...)
	}
	return append(p, varint(payloadSeq, seq)...)
}

func TestSparkplugMessage(t *testing.T) {
	const at = 1_719_990_000_123
	birth := sent(at, 0,
		message(name("bdSeq"), varint(metricTimestamp, at), kindOfData(uint64(Int64)), varint(metricLong, 4)),
		message(name("Node Control/Rebirth"), varint(metricTimestamp, at), kindOfData(uint64(Boolean)), varint(metricBoolean, 0)),
		message(name("Air/CO2"), alias(2), varint(metricTimestamp, at-1000), kindOfData(uint64(UInt16)), varint(metricInt, 640)),
		message(name("Inputs/A"), alias(0), kindOfData(uint64(Boolean)), varint(metricHistorical, 1), varint(6, 1), varint(metricBoolean, 1)),
		message(name("Recipe"), alias(3), kindOfData(19), text(metricTemplate, "\x0a\x01x")),
		message(name("Firmware"), kindOfData(17), text(metricBytes, "\x00\x01")),
		message(name("Humidity"), kindOfData(uint64(Float)), varint(metricNull, 1)),
		message(name("Pressure"), kindOfData(uint64(Double))))
	// A uuid and a body are of no use, nor are extensions.
	birth = append(birth, message(text(4, "no"), text(5, "no"), varint(600, 1))...)
	const want = `{"timestamp":1719990000123,"seq":0,"metrics":[` +
		`{"name":"bdSeq","timestamp":1719990000123,"type":"Int64","historical":false,"value":4},` +
		`{"name":"Node Control/Rebirth","timestamp":1719990000123,"type":"Boolean","historical":false,"value":false},` +
		`{"name":"Air/CO2","alias":2,"timestamp":1719989999123,"type":"UInt16","historical":false,"value":640},` +
		`{"name":"Inputs/A","alias":0,"timestamp":1719990000123,"type":"Boolean","historical":true,"value":true},` +
		`{"name":"Humidity","timestamp":1719990000123,"type":"Float","historical":false,"value":null},` +
		`{"name":"Pressure","timestamp":1719990000123,"type":"Double","historical":false,"value":null}],"skipped":2}`
	sparkplugAlone.check(t, birth, want)
	if seq, ok := SparkplugSequence(birth); seq != 0 || !ok {
		t.Errorf("got sequence %d, %t", seq, ok)
	}
	// Fields may come in any order.
	sparkplugAlone.check(t, message(text(payloadMetrics, string(message(varint(metricInt, 1), name("a"), kindOfData(3)))), varint(payloadTimestamp, 5)),
		`{"timestamp":5,"metrics":[{"name":"a","timestamp":5,"type":"Int32","historical":false,"value":1}]}`)
	sparkplugAlone.check(t, nil, `{"metrics":[]}`)
}

func TestSparkplugValues(t *testing.T) {
	const skip = "skipped"
	for _, c := range []struct {
		kind  DataType
		value part
		want  string
	}{
		{Int8, varint(metricInt, 127), "127"},
		{Int8, varint(metricInt, 0xff), "-1"},                     // in its own width
		{Int8, varint(metricInt, 0xffff_ff80), "-128"},            // widened to the field
		{Int8, varint(metricInt, 0xffff_ffff_ffff_fffe), "-2"},    // widened to 64 bits
		{Int8, varint(metricInt, 300), skip},                      // does not fit
		{Int8, varint(metricInt, 0xffff_ff00), skip},              // -256
		{Int16, varint(metricInt, 0x8000), "-32768"},              //
		{Int16, varint(metricInt, 0xffff_fed4), "-300"},           //
		{Int32, varint(metricInt, 0xffff_ffff), "-1"},             //
		{Int32, varint(metricLong, 0xffff_ffff_ffff_fff6), "-10"}, // another field than its type's
		{Int32, varint(metricLong, 1<<40), skip},
		{Int64, varint(metricLong, math.MaxUint64), "-1"},
		{Int64, varint(metricLong, math.MaxInt64), "9223372036854775807"},
		{Int64, f64(metricDouble, -12), "-12"},
		{Int64, f64(metricDouble, 12.5), skip},
		{Int64, f64(metricDouble, 1e19), skip},
		{UInt8, varint(metricInt, 255), "255"},
		{UInt8, varint(metricInt, 256), skip},
		{UInt16, varint(metricInt, 65535), "65535"},
		{UInt32, varint(metricInt, math.MaxUint32), "4294967295"},
		{UInt32, varint(metricLong, math.MaxUint32), "4294967295"},
		{UInt32, f32(metricFloat, 3), "3"},
		{UInt32, f32(metricFloat, -3), skip},
		{UInt64, varint(metricLong, math.MaxUint64), "18446744073709551615"},
		{Float, f32(metricFloat, 21.7), "21.7"},
		{Float, f32(metricFloat, float32(math.NaN())), "null"},
		{Float, f32(metricFloat, float32(math.Inf(-1))), "null"},
		{Float, f64(metricDouble, 0.1), "0.1"},
		{Float, varint(metricInt, 0xffff_fffe), "-2"},
		{Float, text(metricString, "21.7"), skip},
		{Double, f64(metricDouble, 1013.2500000000001), "1013.2500000000001"},
		{Double, varint(metricLong, 7), "7"},
		{Boolean, varint(metricBoolean, 1), "true"},
		{Boolean, varint(metricInt, 0), "false"},
		{Boolean, varint(metricInt, 2), skip},
		{Boolean, f32(metricFloat, 1), skip},
		{String, text(metricString, "öffen \"1\""), `"öffen \"1\""`},
		{String, text(metricString, ""), `""`},
		{String, text(metricString, "\xff"), "\"\uFFFD\""},
		{String, text(metricString, strings.Repeat("x", 1025)), "null"},
		{String, varint(metricInt, 1), skip},
		{Text, text(metricString, "a"), `"a"`},
		{UUID, text(metricString, "6b0f"), `"6b0f"`},
		{DateTime, varint(metricLong, 1_719_990_000_123), "1719990000123"},
		{16, text(metricDataSet, "\x08\x01"), skip},
		{17, text(metricBytes, "x"), skip},
		{18, text(metricBytes, "x"), skip},
		{19, text(metricTemplate, ""), skip},
		{22, text(metricBytes, "\x01"), skip},
		{34, text(metricBytes, "\x01"), skip},
		{99, varint(metricInt, 1), skip},
		{Unknown, varint(metricBoolean, 1), "true"},
		{Unknown, f64(metricDouble, 1.5), "1.5"},
		{Unknown, f32(metricFloat, 1.5), "1.5"},
		{Unknown, text(metricString, "a"), `"a"`},
		{Unknown, text(metricBytes, "a"), skip},
		{Unknown, text(metricExtension, "a"), skip},
	} {
		t.Run(fmt.Sprintf("%v %x", c.kind, []byte(c.value[:min(8, len(c.value))])), func(t *testing.T) {
			want := `{"seq":1,"metrics":[],"skipped":1}`
			if c.want != skip {
				kind := `"type":"` + c.kind.String() + `",`
				if c.kind == Unknown {
					kind = ""
				}
				want = `{"seq":1,"metrics":[{"name":"m",` + kind + `"historical":false,"value":` + c.want + `}]}`
			}
			payload := message(text(payloadMetrics, string(message(name("m"), kindOfData(uint64(c.kind)), c.value))), varint(payloadSeq, 1))
			sparkplugAlone.check(t, payload, want)
		})
	}
}

// A value that its own sender does not believe is none.
func TestSparkplugQuality(t *testing.T) {
	properties := func(parts ...part) part { return text(metricProperties, string(message(parts...))) }
	value := func(parts ...part) part { return text(propertyValues, string(message(parts...))) }
	for _, c := range []struct {
		properties part
		want       string
	}{
		{properties(text(propertyKeys, "Quality"), value(varint(1, 3), varint(propertyInt, 192))), `"quality":192,"value":7`},
		{properties(text(propertyKeys, "Quality"), value(varint(1, 3), varint(propertyInt, 0))), `"quality":0,"value":null`},
		{properties(text(propertyKeys, "engUnit"), text(propertyKeys, "Quality"), value(text(8, "Cel")), value(varint(propertyLong, 500))), `"quality":500,"value":null`},
		{properties(text(propertyKeys, "Quality"), value(varint(2, 1))), `"value":7`},
		{properties(text(propertyKeys, "Quality")), `"value":7`},
		{properties(text(propertyKeys, "quality"), value(varint(propertyInt, 0))), `"value":7`},
		{properties(), `"value":7`},
	} {
		sparkplugAlone.check(t, message(text(payloadMetrics, string(message(name("m"), kindOfData(3), varint(metricInt, 7), c.properties)))),
			`{"metrics":[{"name":"m","type":"Int32","historical":false,`+c.want+`}]}`)
	}
}

func TestSparkplugFaults(t *testing.T) {
	metric := func(parts ...part) []byte { return text(payloadMetrics, string(message(parts...))) }
	var many []part
	for range 513 {
		many = append(many, message(name("m"), varint(metricBoolean, 1)))
	}
	for name, c := range map[string]struct {
		payload []byte
		want    string
	}{
		"JSON":                   {[]byte(`{"timestamp":1}`), "! not protobuf at byte 0"},
		"cut":                    {[]byte{0x08}, "! not protobuf at byte 0"},
		"cut in a metric":        {metric(part{0x0a, 0x05, 'a'}), "! not protobuf at byte 0"},
		"endless varint":         {[]byte{0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, "! not protobuf at byte 0"},
		"a time that is text":    {text(payloadTimestamp, secret), "! not Sparkplug: field 1 has wire type 2, want 0"},
		"a name that is none":    {metric(varint(metricName, 1)), "! not Sparkplug: field 1 has wire type 0, want 2"},
		"neither name nor alias": {metric(varint(metricInt, 1)), "! metric 1: neither name nor alias"},
		"empty name":             {metric(text(metricName, ""), varint(metricBoolean, 1)), "! metric 1: neither name nor alias"},
		"name is not UTF-8":      {metric(text(metricName, "\xff"+secret)), "! the name of a metric is not UTF-8"},
		"name too long":          {metric(text(metricName, strings.Repeat("n", 257))), "! the name of a metric has 257 bytes, want at most 256"},
		"too many":               {sent(1, 1, many...), "! more than 4096 values in one message"},
		"alias, no birth": {metric(alias(7), varint(metricBoolean, 1)),
			"! metric 1: an alias that no birth certificate has explained: the birth was not seen, and a rebirth has to be requested"},
		"integer, no type": {metric(text(metricName, secret), varint(metricInt, 255)),
			"! metric 1: an integer without its data type: the birth was not seen, and a rebirth has to be requested"},
	} {
		t.Run(name, func(t *testing.T) { sparkplugAlone.check(t, c.payload, c.want) })
	}
	err := Sparkplug(metric(alias(7), varint(metricBoolean, 1)), nil, Limits{}, &object.Writer{})
	if !errors.Is(err, ErrNoBirth) {
		t.Errorf("got %v, want ErrNoBirth in the chain", err)
	}
}

func TestSparkplugTopics(t *testing.T) {
	for topic, want := range map[string]SparkplugTopic{
		"spBv1.0/Kota A/NBIRTH/Raspberry 1": {Group: "Kota A", Kind: NodeBirth, Node: "Raspberry 1"},
		"spBv1.0/g/NDEATH/n":                {Group: "g", Kind: NodeDeath, Node: "n"},
		"spBv1.0/g/NDATA/n":                 {Group: "g", Kind: NodeData, Node: "n"},
		"spBv1.0/g/NCMD/n":                  {Group: "g", Kind: NodeCommand, Node: "n"},
		"spBv1.0/g/DBIRTH/n/hall door":      {Group: "g", Kind: DeviceBirth, Node: "n", Device: "hall door"},
		"spBv1.0/g/DDEATH/n/d":              {Group: "g", Kind: DeviceDeath, Node: "n", Device: "d"},
		"spBv1.0/g/DDATA/n/d":               {Group: "g", Kind: DeviceData, Node: "n", Device: "d"},
		"spBv1.0/g/DCMD/n/d":                {Group: "g", Kind: DeviceCommand, Node: "n", Device: "d"},
		"spBv1.0/STATE/host":                {},
		"spBv1.0/g/DDATA/n":                 {},
		"spBv1.0/g/NDATA/n/d":               {},
		"spBv1.0/g/NDATA/n/d/e":             {},
		"spBv1.0/g/ddata/n/d":               {},
		"spBv1.0//NDATA/n":                  {},
		"spAv1.0/g/NDATA/n":                 {},
		"spBv1.0/g/NDATA":                   {},
		"":                                  {},
	} {
		got, ok := ParseSparkplugTopic(topic)
		if got != want || ok != (want != SparkplugTopic{}) {
			t.Errorf("%s: got %+v, %t, want %+v", topic, got, ok, want)
		}
	}
	topic := SparkplugTopic{Group: "g", Kind: DeviceData, Node: "n", Device: "d"}
	if topic.EdgeNode() != "g/n" || !topic.IsData() || topic.IsBirth() || topic.IsDeath() {
		t.Errorf("got %+v", topic)
	}
}

func TestRebirthIsWhatAnEdgeNodeUnderstands(t *testing.T) {
	topic, payload := SparkplugTopic{Group: "g", Kind: DeviceData, Node: "n", Device: "d"}.Rebirth(time.UnixMilli(1_719_990_000_123))
	if topic != "spBv1.0/g/NCMD/n" {
		t.Errorf("got topic %s", topic)
	}
	sparkplugAlone.check(t, payload, `{"timestamp":1719990000123,"metrics":[{"name":"Node Control/Rebirth","timestamp":1719990000123,`+
		`"type":"Boolean","historical":false,"value":true}]}`)
	if _, ok := SparkplugSequence(payload); ok {
		t.Error("a command has a sequence number")
	}
}

func TestSequence(t *testing.T) {
	var s Sequence
	for i, c := range []struct {
		kind   SparkplugKind
		seq    uint64
		missed int
	}{
		{DeviceData, 41, 0}, // the first that is heard
		{NodeData, 42, 0},
		{DeviceData, 45, 2},
		{DeviceData, 46, 0},
		{DeviceData, 46, 255}, // once more
		{NodeBirth, 0, 0},
		{DeviceBirth, 1, 0},
		{NodeData, 255, 253},
		{NodeData, 0, 0},
		{NodeData, 256, 255},
	} {
		if got := s.Check(c.kind, c.seq); got != c.missed {
			t.Errorf("message %d, %s %d: got %d missed, want %d", i, c.kind, c.seq, got, c.missed)
		}
	}
}

func FuzzSparkplug(f *testing.F) {
	births := sent(5, 0, message(name("a"), alias(1), kindOfData(1), varint(metricInt, 255)), message(name("b"), alias(2), kindOfData(9), f32(metricFloat, 1.5)))
	f.Add(births, sent(6, 1, message(alias(1), varint(metricInt, 254)), message(alias(2), f32(metricFloat, 2))), byte(0))
	f.Add(births, sent(6, 1, message(alias(3), varint(metricInt, 254))), byte(9))
	f.Add([]byte("{}"), []byte(text(payloadMetrics, string(message(name(secret), varint(metricInt, 1))))), byte(1))
	f.Fuzz(func(t *testing.T, birth, data []byte, small byte) {
		var a Aliases
		node := SparkplugTopic{Group: "g", Kind: NodeBirth, Node: "n"}
		if _, err := a.LearnBirth(node, birth); err != nil {
			presentable(t, err, birth)
		}
		l := Limits{Values: 16 * int(small), Text: int(small)}
		transcoder(func(payload []byte, l Limits, out *object.Writer) error {
			return Sparkplug(payload, a.Names(""), l, out)
		}).within(t, data, l)
		sparkplugAlone.within(t, birth, l)
	})
}

// BenchmarkSparkplug reads a DDATA of four metrics by alias.
func BenchmarkSparkplug(b *testing.B) {
	var a Aliases
	device := SparkplugTopic{Group: "g", Kind: DeviceBirth, Node: "n", Device: "d"}
	var born, data []part
	for i := range uint64(4) {
		born = append(born, message(name(fmt.Sprint("Air/Quantity ", i)), alias(i), kindOfData(9), f32(metricFloat, 21.5)))
		data = append(data, message(alias(i), varint(metricTimestamp, 1_719_990_000_123), f32(metricFloat, 21.7)))
	}
	if _, err := a.LearnBirth(device, sent(1, 0, born...)); err != nil {
		b.Fatal(err)
	}
	payload := sent(1_719_990_000_123, 1, data...)
	var out object.Writer
	b.ReportAllocs()
	b.SetBytes(int64(len(payload)))
	for b.Loop() {
		out.Reset()
		if err := Sparkplug(payload, a.Names("d"), Limits{}, &out); err != nil {
			b.Fatal(err)
		}
	}
}
