package transcode

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
	"github.com/gerbang-iot/gerbang/testengine"
)

var (
	node       = SparkplugTopic{Group: "g", Kind: NodeBirth, Node: "n"}
	nodeDeath  = SparkplugTopic{Group: "g", Kind: NodeDeath, Node: "n"}
	door       = SparkplugTopic{Group: "g", Kind: DeviceBirth, Node: "n", Device: "door"}
	doorDeath  = SparkplugTopic{Group: "g", Kind: DeviceDeath, Node: "n", Device: "door"}
	hall       = SparkplugTopic{Group: "g", Kind: DeviceBirth, Node: "n", Device: "hall"}
	nodeBirth4 = sent(1, 0, bdSeq(4), born("Uptime", 0, UInt32))
	doorBirth  = sent(1, 1, born("In", 1, UInt16), born("Out", 2, UInt16), message(name("Serial"), kindOfData(12), text(metricString, "x")))
)

func bdSeq(n uint64) part { return message(name("bdSeq"), kindOfData(4), varint(metricLong, n)) }

func born(s string, n uint64, t DataType) part {
	return message(name(s), alias(n), kindOfData(uint64(t)), varint(metricInt, 0))
}

// learn fails the test where a birth is not taken.
func learn(t testing.TB, a *Aliases, topic SparkplugTopic, payload []byte, changed bool) {
	t.Helper()
	if got, err := a.LearnBirth(topic, payload); err != nil || got != changed {
		t.Fatalf("%s %s: got changed %t, %v, want %t", topic.Kind, topic.Device, got, err, changed)
	}
}

func forget(t *testing.T, a *Aliases, topic SparkplugTopic, payload []byte, changed bool) {
	t.Helper()
	if got, err := a.Forget(topic, payload); err != nil || got != changed {
		t.Fatalf("%s: got changed %t, %v, want %t", topic.Kind, got, err, changed)
	}
}

func resolved(a *Aliases, device string, n uint64) string {
	m, ok := a.Resolve(device, n)
	if !ok {
		return "-"
	}
	return m.Name + " " + m.Type.String()
}

func TestAliasesLiveFromBirthToDeath(t *testing.T) {
	var a Aliases
	expect := func(what string, want ...string) {
		t.Helper()
		got := []string{resolved(&a, "", 0), resolved(&a, "door", 1), resolved(&a, "door", 2), resolved(&a, "hall", 3), resolved(&a, "door", 3)}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	expect("nothing", "-", "-", "-", "-", "-")
	learn(t, &a, node, nodeBirth4, true)
	learn(t, &a, door, doorBirth, true)
	learn(t, &a, hall, sent(1, 2, born("CO2", 3, UInt16)), true)
	expect("all born", "Uptime UInt32", "In UInt16", "Out UInt16", "CO2 UInt16", "-")
	learn(t, &a, door, doorBirth, false)
	if m, ok := a.Names("door").Named("Serial"); !ok || m.Type != String {
		t.Errorf("a metric without alias: got %+v, %t", m, ok)
	}
	learn(t, &a, door, sent(1, 3, born("Out", 1, UInt32)), true)
	expect("door born anew", "Uptime UInt32", "Out UInt32", "-", "CO2 UInt16", "-")
	forget(t, &a, doorDeath, nil, true)
	forget(t, &a, doorDeath, nil, false)
	expect("door dead", "Uptime UInt32", "-", "-", "CO2 UInt16", "-")
	forget(t, &a, nodeDeath, sent(1, 0, bdSeq(3)), false)
	expect("an earlier connection dead", "Uptime UInt32", "-", "-", "CO2 UInt16", "-")
	learn(t, &a, node, nodeBirth4, true)
	expect("node born anew", "Uptime UInt32", "-", "-", "-", "-")
	learn(t, &a, node, nodeBirth4, false)
	learn(t, &a, node, sent(1, 0, bdSeq(5), born("Uptime", 0, UInt32)), true)
	forget(t, &a, nodeDeath, sent(1, 0, bdSeq(4)), false)
	forget(t, &a, nodeDeath, sent(1, 0, bdSeq(5)), true)
	forget(t, &a, nodeDeath, sent(1, 0), false)
	expect("node dead", "-", "-", "-", "-", "-")
}

// Data by alias is read with the birth, asks for a rebirth without it, and is read again behind the rebirth.
func TestDataByAlias(t *testing.T) {
	var a Aliases
	learn(t, &a, node, nodeBirth4, true)
	data := sent(9, 2, message(alias(1), varint(metricInt, 3)), message(name("Out"), varint(metricInt, 255)))
	read := transcoder(func(payload []byte, l Limits, out *object.Writer) error {
		return Sparkplug(payload, a.Names("door"), l, out)
	})
	if err := read(data, Limits{}, &object.Writer{}); !errors.Is(err, ErrNoBirth) {
		t.Fatalf("before the birth: got %v, want ErrNoBirth", err)
	}
	learn(t, &a, door, doorBirth, true)
	const want = `{"timestamp":9,"seq":2,"metrics":[{"name":"In","alias":1,"timestamp":9,"type":"UInt16","historical":false,"value":3},` +
		`{"name":"Out","timestamp":9,"type":"UInt16","historical":false,"value":255}]}`
	read.check(t, data, want)
	read.check(t, sent(9, 2, message(alias(4), varint(metricInt, 3))),
		"! metric 1: an alias that no birth certificate has explained: the birth was not seen, and a rebirth has to be requested")

	stored, err := a.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	a = Aliases{} // a restart
	if err := a.UnmarshalBinary(stored); err != nil {
		t.Fatal(err)
	}
	read.check(t, data, want)
	// A birth that gives a name without a type: then the field's own width decides.
	learn(t, &a, door, sent(1, 1, message(name("In"), alias(1))), true)
	read.check(t, sent(9, 2, message(alias(1), varint(metricInt, 0xffff_ffff))),
		`{"timestamp":9,"seq":2,"metrics":[{"name":"In","alias":1,"timestamp":9,"historical":false,"value":-1}]}`)
}

func TestBirthsThatCannotBeRead(t *testing.T) {
	var many, manyNames []part
	for i := range uint64(maxBornMetrics + 1) {
		many = append(many, message(name(fmt.Sprint(i)), alias(i)))
	}
	for i := range 5000 {
		manyNames = append(manyNames, message(name(strings.Repeat("n", 250)+fmt.Sprint(i))))
	}
	for name, c := range map[string]struct {
		payload []byte
		want    string
	}{
		"no name":     {sent(1, 1, message(alias(1))), "metric 1 of a birth certificate has no name"},
		"alias twice": {sent(1, 1, born("a", 1, Int8), born(secret, 1, Int8)), "two metrics of a birth certificate have the alias 1"},
		"no protobuf": {[]byte("{}"), "not protobuf at byte 0"},
		"too many":    {sent(1, 1, many...), "more than 16384 metrics in a birth certificate"},
		"too long":    {sent(1, 1, manyNames...), "more than 16384 metrics or 1048576 bytes of names behind one edge node"},
	} {
		t.Run(name, func(t *testing.T) {
			var a Aliases
			learn(t, &a, node, nodeBirth4, true)
			learn(t, &a, door, doorBirth, true)
			changed, err := a.LearnBirth(door, c.payload)
			if err == nil || err.Error() != c.want || !changed {
				t.Errorf("got changed %t, %v, want %s", changed, err, c.want)
			}
			if got := resolved(&a, "door", 1) + resolved(&a, "", 0); got != "-Uptime UInt32" {
				t.Errorf("afterwards: got %s, want the door forgotten and the node kept", got)
			}
			if _, err := a.LearnBirth(node, c.payload); err == nil || resolved(&a, "", 0) != "-" {
				t.Errorf("a node's birth: got %v and %s, want nothing known", err, resolved(&a, "", 0))
			}
		})
	}
	var a Aliases
	for i := range maxBornDevices + 1 {
		d := door
		d.Device = fmt.Sprint(i)
		if _, err := a.LearnBirth(d, doorBirth); (err != nil) != (i == maxBornDevices) {
			t.Fatalf("device %d: got %v", i, err)
		}
	}
	for _, topic := range []SparkplugTopic{nodeDeath, {Kind: DeviceBirth}, {Kind: NodeBirth, Device: "x"}, {}} {
		if _, err := a.LearnBirth(topic, doorBirth); err == nil {
			t.Errorf("%+v was taken for a birth", topic)
		}
	}
	if _, err := a.Forget(node, nil); err == nil {
		t.Error("a birth was taken for a death")
	}
	if _, err := a.Forget(nodeDeath, []byte("{}")); err == nil || resolved(&a, "1", 1) == "-" {
		t.Errorf("a death that cannot be read: got %v", err)
	}
}

// TestAliasesSurviveStorage: for every state, what is restored is what was stored, and is stored as the same bytes.
func TestAliasesSurviveStorage(t *testing.T) {
	seed := testengine.Seed(t)
	r := rand.New(rand.NewPCG(seed, 0))
	letters := []rune("abz /ö中\x00\"")
	word := func() string {
		s := make([]rune, 1+r.IntN(12))
		for i := range s {
			s[i] = letters[r.IntN(len(letters))]
		}
		return string(s)
	}
	for range 200 {
		var a, b Aliases
		topics := []SparkplugTopic{node}
		for range r.IntN(5) {
			d := door
			d.Device = word()
			topics = append(topics, d)
		}
		for _, topic := range topics {
			metrics := []part{}
			if r.IntN(2) == 0 {
				metrics = append(metrics, bdSeq(r.Uint64()>>r.IntN(64)))
			}
			for range r.IntN(20) {
				m := message(name(word()))
				if r.IntN(4) > 0 {
					m = append(m, alias(r.Uint64()>>r.IntN(64))...)
				}
				metrics = append(metrics, append(m, kindOfData(uint64(r.IntN(40)))...))
			}
			_, _ = a.LearnBirth(topic, sent(1, 1, metrics...))
		}
		stored, err := a.MarshalBinary()
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if err := b.UnmarshalBinary(stored); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if again, _ := b.MarshalBinary(); !bytes.Equal(stored, again) {
			t.Fatalf("seed %d: got other bytes for the same names", seed)
		}
		if len(a.devices) != len(b.devices) || a.session != b.session {
			t.Fatalf("seed %d: got %d devices, session %v, want %d, %v", seed, len(b.devices), b.session, len(a.devices), a.session)
		}
		for device, n := range a.devices {
			if !n.equal(b.Names(device)) {
				t.Fatalf("seed %d: device %q: got %+v, want %+v", seed, device, b.Names(device), n)
			}
		}
	}
}

func TestStoredAliasesAreNotTrusted(t *testing.T) {
	var a Aliases
	learn(t, &a, door, doorBirth, true)
	device := func(id string, entries ...part) part {
		d := text(deviceID, id)
		for _, e := range entries {
			d = append(d, text(deviceMetric, string(e))...)
		}
		return text(aliasesDevice, string(d))
	}
	for want, data := range map[string][]byte{
		"format 0, want 1":                                    {},
		"format 2, want 1":                                    varint(aliasesFormat, 2),
		"not protobuf at byte 0":                              []byte("{}"),
		"a device twice":                                      message(device("d"), device("d")),
		"a metric without a name that can be one":             device("d", text(bornName, "")),
		"two metrics of a birth certificate have the alias 1": device("d", message(text(bornName, "a"), varint(bornAlias, 1)), message(text(bornName, "b"), varint(bornAlias, 1))),
	} {
		err := a.UnmarshalBinary(data)
		if err == nil || err.Error() != "restoring Sparkplug aliases: "+want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if resolved(&a, "door", 1) != "In UInt16" {
		t.Error("a failed restore has changed the aliases")
	}
}

// Readers and births at one time; the race detector sees the rest.
func TestAliasesAreShared(t *testing.T) {
	var a Aliases
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				_, _ = a.LearnBirth(door, doorBirth)
				_, _ = a.LearnBirth(node, nodeBirth4)
				_ = resolved(&a, "door", 1)
				_, _ = a.MarshalBinary()
				_, _ = a.Forget(doorDeath, nil)
			}
		})
	}
	all.Wait()
}

// FuzzAliases asserts that stored bytes either are refused or come back as a state that is stored and restored without loss.
func FuzzAliases(f *testing.F) {
	var a Aliases
	learn(f, &a, node, nodeBirth4, true)
	learn(f, &a, door, doorBirth, true)
	stored, _ := a.MarshalBinary()
	f.Add(stored)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		var a, b Aliases
		if a.UnmarshalBinary(data) != nil {
			if len(a.devices) > 0 {
				t.Fatal("an error has left something behind")
			}
			return
		}
		stored, err := a.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if err := b.UnmarshalBinary(stored); err != nil {
			t.Fatalf("what was stored is refused: %v", err)
		}
		if again, _ := b.MarshalBinary(); !bytes.Equal(stored, again) {
			t.Fatal("stored twice, and differently")
		}
	})
}

// BenchmarkLearnBirth learns a device of 200 metrics that is known already, as after every reconnection.
func BenchmarkLearnBirth(b *testing.B) {
	var a Aliases
	var metrics []part
	for i := range uint64(200) {
		metrics = append(metrics, born(fmt.Sprint("Folder/Metric ", i), i, Float))
	}
	payload := sent(1, 1, metrics...)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.LearnBirth(door, payload); err != nil {
			b.Fatal(err)
		}
	}
}
