package neighbours

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
)

// taken is the gateway behind an Intake.
type taken struct{ topics []string }

func (t *taken) Put(m ingest.Message) error {
	t.topics = append(t.topics, m.Topic)
	return nil
}

// bench is an Intake of the gateway satu, which serves magetan and both, and what became of messages.
type bench struct {
	*Intake
	t            testing.TB
	next         taken
	log          bytes.Buffer
	acknowledged int
	restored     int
	now          time.Time
}

func newBench(t testing.TB) *bench {
	b := &bench{t: t, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	b.Intake = New(Options{ID: "satu", Next: &b.next, Logger: slog.New(slog.NewTextHandler(&b.log, nil)), Restore: func() { b.restored++ },
		Now: func() time.Time { return b.now }})
	b.Serve([]string{"magetan", "both"})
	return b
}

func (b *bench) put(topic, payload string) {
	b.t.Helper()
	if err := b.Put(ingest.Message{Topic: topic, Payload: []byte(payload), Ack: func() { b.acknowledged++ }}); err != nil {
		b.t.Fatal(err)
	}
}

// Finding A4: what is about a site that only another gateway serves is acknowledged and goes no further.
func TestA4_ANeighboursMessagesAreItsOwn(t *testing.T) {
	b := newBench(t)
	all := []string{"gerbang/v1/magetan/d", "gerbang/v1/kediri/d", "gerbang/v1/both/d", "gerbang/v1/nobodys/d", "gerbang/v1/kediri", "zigbee2mqtt/kediri", "v1/kediri/d"}
	send := func(want ...string) {
		t.Helper()
		b.next.topics = nil
		for _, topic := range all {
			b.put(topic, `{}`)
		}
		if !slices.Equal(b.next.topics, want) {
			t.Errorf("handed on: got %q, want %q", b.next.topics, want)
		}
	}
	send(all...)
	b.acknowledged = 0
	b.put("gerbang/v1/canary/gerbang-dua", "1")
	if len(b.next.topics) != len(all) || b.acknowledged != 1 {
		t.Errorf("another gateway's canary: handed on %q", b.next.topics)
	}
	b.put(Topic("dua"), string(Claim([]string{"kediri", "both"})))
	without := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return strings.Contains(s, "v1/kediri") && strings.HasPrefix(s, "gerbang") })
	b.acknowledged = 0
	send(without...)
	if b.acknowledged != 2 {
		t.Errorf("acknowledged here: got %d, want the neighbour's 2", b.acknowledged)
	}
	if !strings.Contains(b.log.String(), "site=both gateway=dua") {
		t.Errorf("a site that is served twice is not told:\n%s", &b.log)
	}
	for _, garbage := range []string{`{`, `[]`, "\x00", `{"sites":[1]}`, `{"sites":["a/b"]}`, `{"sites":[""]}`, string(Claim([]string{"kediri"})[:9])} {
		b.put(Topic("dua"), garbage) // what was known stays
	}
	send(without...)
	b.put(Topic("tiga"), string(Claim([]string{"kediri"})))
	b.put(Topic("dua"), string(Claim([]string{"both"}))) // tiga still serves it
	send(without...)
	b.Serve([]string{"magetan", "kediri", "both"}) // it moves here
	send(all...)
	b.Serve([]string{"magetan"})
	b.put(Topic("dua"), "") // gone for good
	b.put(Topic("tiga"), "")
	send(all...)
}

// What stands at the broker for a gateway is what it serves: it is told again where somebody cleared or replaced it, and not without end.
func TestA4_AClaimThatWasReplacedIsToldAgain(t *testing.T) {
	b := newBench(t)
	b.put(Topic("satu"), string(Claim([]string{"both", "magetan"})))
	if b.restored != 0 {
		t.Error("its own claim is told again")
	}
	for range 100 {
		b.put(Topic("satu"), "")
		b.put(Topic("satu"), string(Claim([]string{"kediri"})))
		b.now = b.now.Add(100 * time.Millisecond)
	}
	if b.restored != 1 {
		t.Errorf("told again %d times in ten seconds, want once", b.restored)
	}
	b.put(Topic("satu"), "")
	if b.restored != 2 {
		t.Errorf("told again %d times, want once in ten seconds", b.restored)
	}
	if len(b.Known()) != 0 {
		t.Errorf("it takes itself for another gateway: %q", b.Known())
	}
}

// Whoever may publish can make up gateways and sites: what that costs in memory, time and lines of log is bounded.
func TestA4_MadeUpClaimsCostLittle(t *testing.T) {
	b := newBench(t)
	var sites []string
	for i := range 9_000 {
		sites = append(sites, fmt.Sprintf("made-up-%d", i))
	}
	begin := time.Now()
	for i := range 3_000 {
		for k := range sites[:min(len(sites), 10)] {
			sites[k] = fmt.Sprintf("made-up-%d-%d", i, k)
		}
		many := sites
		if i > 10 {
			many = sites[:3]
		}
		claim := string(Claim(many))
		for range 3 {
			b.put(Topic(fmt.Sprint("gateway-", i)), claim)
		}
		b.put(Topic(fmt.Sprint("Budi Santoso 08123456789 ", i)), claim)
		b.put(Topic(fmt.Sprint("x", i)), `{"sites":["Budi 08123456789"]}`)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("12,000 messages took %v", took)
	}
	if n := len(b.Known()); n > mostGateways {
		t.Errorf("%d gateways are known, want at most %d", n, mostGateways)
	}
	if n := len(b.served); n > mostSites+1 {
		t.Errorf("%d sites are known, want at most %d", n, mostSites)
	}
	if n := strings.Count(b.log.String(), "\n"); n > 60 || strings.Contains(b.log.String(), "Budi") {
		t.Errorf("%d lines of log, with names: %t; want at most 60 a minute, without", n, strings.Contains(b.log.String(), "Budi"))
	}
	b.put("gerbang/v1/magetan/d", "{}")
	if len(b.next.topics) != 1 {
		t.Error("a message about a site that is served here was not handed on")
	}
}

// FuzzClaim: whatever is claimed, sites that are served here are, and the counts of the others follow from the claims.
func FuzzClaim(f *testing.F) {
	f.Add("dua", Claim([]string{"kediri"}), []byte(nil))
	f.Add("", []byte(`{"sites":null}`), []byte(`{"sites":["a","a"]}`))
	f.Fuzz(func(t *testing.T, id string, first, second []byte) {
		b := newBench(t)
		for _, payload := range [][]byte{first, second, first} {
			b.put(Topic(id), string(payload))
			b.put(Topic("tiga"), string(second))
		}
		if b.elsewhere("magetan") || b.elsewhere("both") {
			t.Error("a site that is served here is another's")
		}
		b.put(Topic(id), "")
		b.put(Topic("tiga"), "")
		if len(b.served) != 1 {
			t.Errorf("nobody claims anything, and served elsewhere are %v", b.served)
		}
	})
}
