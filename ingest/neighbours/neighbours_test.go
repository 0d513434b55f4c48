package neighbours

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/ingest"
)

type taken struct{ topics []string }

func (t *taken) Put(m ingest.Message) error {
	t.topics = append(t.topics, m.Topic)
	return nil
}

// Finding A4: what is about a site that only another gateway serves is acknowledged and goes no further.
func TestA4_ANeighboursMessagesAreItsOwn(t *testing.T) {
	var log bytes.Buffer
	next := &taken{}
	in := New("satu", next, slog.New(slog.NewTextHandler(&log, nil)), nil)
	in.Serve([]string{"magetan", "both"})
	acknowledged := 0
	put := func(topic, payload string) {
		t.Helper()
		if err := in.Put(ingest.Message{Topic: topic, Payload: []byte(payload), Ack: func() { acknowledged++ }}); err != nil {
			t.Fatal(err)
		}
	}
	all := []string{"gerbang/v1/magetan/d", "gerbang/v1/kediri/d", "gerbang/v1/both/d", "gerbang/v1/nobodys/d", "gerbang/v1/kediri", "zigbee2mqtt/kediri", "v1/kediri/d"}
	send := func(want ...string) {
		t.Helper()
		next.topics = nil
		for _, topic := range all {
			put(topic, `{}`)
		}
		if !slices.Equal(next.topics, want) {
			t.Errorf("handed on: got %q, want %q", next.topics, want)
		}
	}
	send(all...)
	acknowledged = 0
	put("gerbang/v1/canary/gerbang-dua", "1")
	if len(next.topics) != len(all) || acknowledged != 1 {
		t.Errorf("another gateway's canary: handed on %q", next.topics)
	}
	put(Topic("satu"), string(Claim([]string{"kediri"}))) // its own, from before a restart
	send(all...)
	put(Topic("dua"), string(Claim([]string{"kediri", "both"})))
	without := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return strings.Contains(s, "v1/kediri") && strings.HasPrefix(s, "gerbang") })
	acknowledged = 0
	send(without...)
	if acknowledged != 2 {
		t.Errorf("acknowledged here: got %d, want the neighbour's 2", acknowledged)
	}
	if !strings.Contains(log.String(), "both (dua)") {
		t.Errorf("a site that is served twice is not told:\n%s", log.String())
	}
	for _, garbage := range []string{`{`, `[]`, "\x00", `{"sites":[1]}`, string(Claim([]string{"kediri"})[:9])} {
		put(Topic("dua"), garbage) // what was known stays
	}
	send(without...)
	in.Serve([]string{"magetan", "kediri", "both"}) // it moves here
	send(all...)
	in.Serve([]string{"magetan"})
	put(Topic("dua"), "") // it is gone for good
	send(all...)
	for i := range most + 10 {
		put(Topic(fmt.Sprint("made-up-", i)), string(Claim([]string{"x"})))
	}
	if n := len(in.Known()); n != most {
		t.Errorf("known gateways: got %d, want at most %d", n, most)
	}
}

func FuzzClaim(f *testing.F) {
	f.Add("dua", Claim([]string{"kediri"}))
	f.Add("", []byte(`{"sites":null}`))
	f.Fuzz(func(t *testing.T, id string, payload []byte) {
		in := New("satu", &taken{}, slog.New(slog.DiscardHandler), nil)
		in.Serve([]string{"magetan"})
		if err := in.Put(ingest.Message{Topic: Topic(id), Payload: payload}); err != nil {
			t.Fatal(err)
		}
		if others := in.others.Load(); others != nil && (*others)["magetan"] {
			t.Error("a site that is served here is another's")
		}
	})
}
