package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/simulate"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// garbage is how many bad messages each front door gets among the good ones; GERBANG_GARBAGE sets another number.
func garbage(t *testing.T) int {
	t.Helper()
	if s := os.Getenv("GERBANG_GARBAGE"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("GERBANG_GARBAGE: %v", err)
		}
		return n
	}
	if testing.Short() {
		return 1_000
	}
	return 10_000
}

// bad is one kind of message that must become a rejection.
type bad struct {
	name    string
	reason  telemetry.Reason
	topic   string // empty: that of a device
	payload func(rng *rand.Rand) []byte
}

func text(s string) func(*rand.Rand) []byte { return func(*rand.Rand) []byte { return []byte(s) } }

// kindsOfGarbage are what devices, attackers and broken firmware send.
var kindsOfGarbage = []bad{
	{"random bytes", telemetry.ReasonEncoding, "", func(rng *rand.Rand) []byte {
		b := make([]byte, 1+rng.IntN(300))
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return append(b, 0xff)
	}},
	{"half a message", telemetry.ReasonSyntax, "", text(`{"people_in":1,"peop`)},
	{"no JSON", telemetry.ReasonSyntax, "", text(`people_in=1`)},
	{"nothing", telemetry.ReasonSyntax, "", text(``)},
	{"NaN", telemetry.ReasonSyntax, "", text(`{"body_temperature":NaN}`)},
	{"a number beyond all", telemetry.ReasonRange, "", text(`{"body_temperature":1e999}`)},
	{"a fever of the sun", telemetry.ReasonRange, "", text(`{"body_temperature":5500}`)},
	{"minus people", telemetry.ReasonRange, "", text(`{"people_in":-4}`)},
	{"a word for a number", telemetry.ReasonField, "", text(`{"people_in":"many"}`)},
	{"an object for a number", telemetry.ReasonField, "", text(`{"people_in":{}}`)},
	{"half a surrogate in a key and no value", telemetry.ReasonSyntax, "", text(`{"\ud800"}`)},
	{"invalid UTF-8 in a string", telemetry.ReasonEncoding, "", text("{\"boot\":\"\xc3\x28\",\"people_in\":1}")},
	{"deep arrays", telemetry.ReasonTooDeep, "", func(rng *rand.Rand) []byte { return bytes.Repeat([]byte("["), 50_000+rng.IntN(50_000)) }},
	{"deep objects", telemetry.ReasonTooDeep, "", func(*rand.Rand) []byte { return bytes.Repeat([]byte(`{"a":`), 20_000) }},
	{"huge", telemetry.ReasonTooLarge, "", func(rng *rand.Rand) []byte { return bytes.Repeat([]byte("A"), 300_000+rng.IntN(500_000)) }},
	{"unknown device", telemetry.ReasonUnknownDevice, "gerbang/v1/s00/nobody", text(`{"people_in":1}`)},
	{"unknown site", telemetry.ReasonUnknownDevice, "gerbang/v1/nowhere/d00000", text(`{"people_in":1}`)},
	{"foreign topic", telemetry.ReasonUnknownTopic, "zigbee2mqtt/lamp", text(`{"state":"ON"}`)},
	{"more levels", telemetry.ReasonUnknownTopic, "gerbang/v1/s00/d00000/set/all", text(`{"people_in":1}`)},
}

// Whatever comes, the good messages between it are stored, each bad one is a rejection that says why, the counters add up,
// and memory stays flat.
func TestGarbageAmongGoodMessages(t *testing.T) {
	t.Run("embedded broker", func(t *testing.T) {
		r := newRig(t)
		amongGarbage(t, r, "tcp://"+r.mqtt)
	})
	t.Run("external broker", func(t *testing.T) {
		m := testengine.Mosquitto(t, testengine.MosquittoOpenLimits())
		r := newRig(t, fmt.Sprintf(`mqtt: {broker: {url: %q, client_id: garbage, topics: [gerbang/v1/+/+, gerbang/v1/+/+/set/all, "zigbee2mqtt/#"]}}`, m.URL))
		amongGarbage(t, r, m.URL)
	})
}

func amongGarbage(t *testing.T, r *rig, broker string) {
	t.Helper()
	fleet := simulate.Fleet{Sites: 2, Devices: 20}
	r.fleet(fleet).serve()
	rng := rand.New(rand.NewPCG(testengine.Seed(t), 1))
	n := garbage(t)
	good := startLoad(t, simulate.Load{Fleet: fleet, Broker: broker, Count: n, Rate: 2500})

	c := connect(t, broker, "attacker", func(o *paho.ClientOptions) { o.SetOrderMatters(false) })
	sent := map[telemetry.Reason]int{}
	window := make(chan paho.Token, 50)
	acked := make(chan error, 1)
	go func() {
		for token := range window {
			if !token.WaitTimeout(30*time.Second) || token.Error() != nil {
				acked <- fmt.Errorf("a bad message was not acknowledged: %w", token.Error())
				for range window { // so that the sender ends
				}
				return
			}
		}
		acked <- nil
	}()
	warm := 0
	for i := range n {
		kind := &kindsOfGarbage[rng.IntN(len(kindsOfGarbage))]
		topic := kind.topic
		if topic == "" {
			topic = fleet.Topic(rng.IntN(fleet.Devices))
		}
		window <- c.Publish(topic, 1, false, unique(kind, rng, i))
		sent[kind.reason]++
		if i == n/5 {
			warm = peak(t, r.p)
		}
	}
	close(window)
	if err := <-acked; err != nil {
		t.Fatal(err)
	}
	sum := good.end(false)
	var counters counted
	r.p.eventually(time.Minute, "to count everything", func() (err error) {
		counters, err = r.counters()
		if err == nil && (counters.stored < float64(sum.Acked) || counters.rejected < float64(n)) {
			err = fmt.Errorf("counters: %+v", counters)
		}
		return err
	})
	if want := (counted{received: float64(2*n) + counters.ignored, stored: float64(n), rejected: float64(n), ignored: counters.ignored}); sum.Repeated == 0 && counters != want {
		t.Errorf("counters: got %+v, want %+v", counters, want)
	}
	if !counters.balanced() {
		t.Errorf("counters do not add up: %+v", counters)
	}
	if now := peak(t, r.p); warm > 0 {
		t.Logf("peak memory: %d KiB after a fifth, %d KiB at the end", warm, now)
		// What a gateway takes by itself is measured elsewhere; four times as much garbage must not add to it.
		if limit := warm + warm/4; now > limit {
			t.Errorf("peak memory: got %d KiB, want at most %d, a quarter more than after a fifth", now, limit)
		}
	}
	if page := r.page("/rejections"); !strings.Contains(page, "gerbang/v1/") {
		t.Error("the page of rejections shows none")
	}
	r.stop()
	verifyGarbage(t, r.data(), sent)
	verify(t, r.data(), good.report)
}

// unique makes a payload that is not the same as another one of its kind, or it would count as a duplicate.
func unique(kind *bad, rng *rand.Rand, i int) []byte {
	payload := kind.payload(rng)
	if len(payload) > 0 && payload[0] == '{' && len(payload) < 200 {
		return append([]byte(strings.Repeat(" ", i%7)+fmt.Sprintf(`{"seq":%d,`, i)), payload[1:]...)
	}
	return payload
}

// verifyGarbage wants every bad message rejected with its reason: by a record of its own, or counted with those like it.
func verifyGarbage(t *testing.T, data string, want map[telemetry.Reason]int) {
	t.Helper()
	j, err := sqlite.OpenReader(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	got := map[telemetry.Reason]int{}
	err = j.Replay(t.Context(), "", 0, func(rec *telemetry.Record) error {
		if x := rec.Rejection; x != nil {
			if x.More > 0 {
				got[x.Reason] += int(x.More) // which are counted only
			} else {
				got[x.Reason]++
			}
			if x.Detail == "" || x.Topic == "" || len(x.Raw) > telemetry.MaxRaw {
				t.Errorf("rejection %d: got %+v, want a detail, a topic and at most %d bytes", rec.Seq, *x, telemetry.MaxRaw)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, reason := range telemetry.Reasons() {
		if got[reason] != want[reason] {
			t.Errorf("rejected as %s: got %d, want %d", reason, got[reason], want[reason])
		}
	}
}

// peak is the most memory that a process has had, KiB; 0 where the system does not tell.
func peak(t *testing.T, p *process) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "status"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			var kib int
			if _, err := fmt.Sscan(rest, &kib); err != nil {
				t.Fatal(err)
			}
			return kib
		}
	}
	return 0
}

// The HTTP door keeps what it can of garbage as rejections, and refuses the rest before it is taken.
func TestGarbageThroughThePushDoor(t *testing.T) {
	t.Setenv("GERBANG_TEST_PUSH", "rahasia-hitung")
	r := newRig(t, `push: {credentials: [{name: hitung, password_env: GERBANG_TEST_PUSH, bridge: true}]}`).building().serve()
	for _, tt := range []struct {
		name, payload string
		want          int
	}{
		{"good", `{"boot":"a","seq":1,"people_in":1}`, http.StatusNoContent},
		{"no JSON", `people`, http.StatusNoContent},
		{"impossible", `{"people_in":-1}`, http.StatusNoContent},
		{"deep", strings.Repeat("[", 100_000), http.StatusNoContent},
		{"not UTF-8", "{\"boot\":\"\xff\"}", http.StatusNoContent},
		{"nothing", "", http.StatusBadRequest},
		{"huge", strings.Repeat("A", 1<<20), http.StatusRequestEntityTooLarge},
		{"good again", `{"boot":"a","seq":2,"people_in":1}`, http.StatusNoContent},
	} {
		if got := r.push("hitung", tt.payload); got != tt.want {
			t.Errorf("%s: got status %d, want %d", tt.name, got, tt.want)
		}
	}
	r.p.eventually(10*time.Second, "to count", func() error {
		got, err := r.counters()
		if want := (counted{received: 6, stored: 2, rejected: 4}); err == nil && got != want {
			err = fmt.Errorf("counters: got %+v, want %+v", got, want)
		}
		return err
	})
	r.stop()
}
