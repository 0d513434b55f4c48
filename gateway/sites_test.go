package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/simulate"
)

// nowhere is a journal that keeps nothing.
type nowhere struct{ *memory }

func (nowhere) Commit(context.Context, *journal.Batch) error { return nil }

// What a site costs of memory bounds how many a process can serve: its engine, what the loop keeps beside it, its view and its part of
// the decoder, after every device has reported and the site has had its snapshot.
func TestASiteOfTwentyDevicesIsSmall(t *testing.T) {
	const sites = 200
	for _, test := range []struct{ zones, most int }{{1, 190_000}, {20, 265_000}} {
		fleet, dir := simulate.Fleet{Sites: sites, Devices: 20 * sites, Zones: test.zones}, t.TempDir()
		if err := fleet.WriteSites(dir); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "gerbang.yaml")
		if err := os.WriteFile(file, []byte("data: data\nmqtt:\n  embedded: {listen: \"127.0.0.1:1883\", anonymous: allow}\nsites: sites/\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := configs.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		before := heap()
		decoder, err := decode.New(decode.Options{
			Sites: cfg.AllSites(), Models: cfg.Models, MaxPayload: int(cfg.Ingest.MaxPayload),
			Past: cfg.Ingest.ClockPast, Future: cfg.Ingest.ClockFuture, Lateness: cfg.Ingest.Lateness,
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx := context.Background()
		g, err := Open(ctx, Options{Journal: nowhere{newMemory()}, Decoder: decoder, Directory: alerts.NewDirectory(), Logger: slog.New(slog.DiscardHandler), Window: 1000})
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Configure(ctx, cfg.Definitions(), "test", begin); err != nil {
			t.Fatal(err)
		}
		live, now := NewLive(), begin
		live.shelf.most = 0 // as of those beyond the first hundreds
		live.recovered(g, now)
		commit := func() {
			now = now.Add(time.Second)
			if _, err := g.Commit(ctx, now); err != nil {
				t.Fatal(err)
			}
			live.committed(&g.batch, g)
			g.Begin()
		}
		for i := range fleet.Devices {
			payload := fmt.Sprintf(`{"at":%d,"seq":%d,"body_temperature":36.5}`, int64(now)/int64(time.Millisecond), i)
			if fleet.Counts(i) {
				payload = fmt.Sprintf(`{"at":%d,"seq":%d,"people_in":1,"people_out":0}`, int64(now)/int64(time.Millisecond), i)
			}
			if err := g.Accept(ctx, &ingest.Message{Topic: fleet.Topic(i), Payload: []byte(payload), QoS: 1, Received: now}); err != nil {
				t.Fatal(err)
			}
			if i%100 == 0 {
				commit()
			}
		}
		for range 2 * sites { // one snapshot in two commits
			commit()
		}
		live.recovered(g, now)
		if c := g.Counters(); c.Stored != uint64(fleet.Devices) || len(live.Views()) != sites {
			t.Fatalf("%d messages of %d were stored, %d sites of %d are shown", c.Stored, fleet.Devices, len(live.Views()), sites)
		}
		for _, s := range g.order {
			if s.last.body.Len() == 0 {
				t.Fatalf("site %s has no snapshot", s.id)
			}
		}
		got := int(heap()-before) / sites
		t.Logf("a site with %d zones takes %d bytes", test.zones, got)
		if got > test.most {
			t.Errorf("a site with %d zones takes %d bytes, want at most %d", test.zones, got, test.most)
		}
		runtime.KeepAlive(g)
		runtime.KeepAlive(live)
		runtime.KeepAlive(decoder)
		runtime.KeepAlive(cfg)
	}
}

// heap is what is in use, in bytes.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
