package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/simulate"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// demoFlags are the flags of demo.
type demoFlags struct {
	data, listen, mqtt string
	days               int
	seed               uint64
}

func demoCommand(std streams) *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show ten buildings live, with everything inside and a week of history",
		Long: `Demo runs the gateway with everything embedded: broker, journal, alert router, pages, and ten public service malls whose
devices are simulated. The first start makes a week of history through the rule engine; a later start with the same data
directory goes on where the last one ended. Stop it with Ctrl-C.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), std) },
	}
	fl := c.Flags()
	fl.StringVar(&f.data, "data", "", "data directory (default: a folder of the user's cache)")
	fl.StringVar(&f.listen, "listen", "127.0.0.1:8080", "address of the pages")
	fl.StringVar(&f.mqtt, "mqtt", "127.0.0.1:1883", "address of the embedded MQTT broker")
	fl.IntVar(&f.days, "days", 7, "days of history to make at the first start")
	fl.Uint64Var(&f.seed, "seed", 1, "chance; the same seed gives the same history")
	return c
}

func (f *demoFlags) run(ctx context.Context, std streams) error {
	if f.days < 0 || f.days > 60 {
		return &exitError{code: 2, err: fmt.Errorf("--days %d: want 0 to 60", f.days)}
	}
	if f.data == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return hinted{fmt.Errorf("finding a place for the demo's data: %w", err), "name one: gerbang demo --data DIR"}
		}
		f.data = filepath.Join(cache, "gerbang", "demo")
	}
	cfg, err := configs.Demo(f.data)
	if err != nil {
		return err
	}
	now := time.Now()
	cfg.HTTP.Listen, cfg.MQTT.Embedded.Listen = f.listen, f.mqtt
	cfg.Log.Level = "warn"
	openToday(cfg.Sites, now)
	passwords := demoCredentials(cfg)
	limitMemory()

	log := newLogger(std.err, cfg.Log)
	buildings, err := f.makeHistory(ctx, std, cfg, now)
	if err != nil {
		return err
	}
	a, err := newApp(ctx, cfg, log)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(std.out, "\nGerbang shows ten public service malls at  %s\n\n", a.url())
	_, _ = fmt.Fprintf(std.out, "Their devices are simulated and publish to %s. The data is in %s.\nStop with Ctrl-C.\n", f.mqtt, f.data)

	devices := make(chan error, 1)
	live, stop := context.WithCancel(ctx)
	defer stop()
	go func() { devices <- f.live(live, cfg, passwords, buildings) }()
	err = a.run(ctx)
	stop()
	return errors.Join(err, <-devices)
}

// makeHistory fills an empty journal with days of messages, judged by the real engine on a virtual clock. The buildings it
// returns are as they are now, with the people who are inside.
func (f *demoFlags) makeHistory(ctx context.Context, std streams, cfg *configs.Config, now time.Time) (_ []*simulate.Building, err error) {
	if _, err := os.Stat(filepath.Join(f.data, journal.FileName)); err == nil || f.days == 0 {
		return f.buildings(cfg, now, now), nil
	}
	// It is made aside and moved into place when it is whole: half a week must not be taken for one.
	aside := *cfg
	aside.Data = filepath.Join(f.data, "making")
	if err := os.RemoveAll(aside.Data); err != nil {
		return nil, fmt.Errorf("removing what an earlier start left: %w", err)
	}
	log := newLogger(std.err, cfg.Log)
	j, err := openJournal(ctx, &aside, true, log)
	if err != nil {
		return nil, err
	}
	whole := false
	defer func() {
		err = errors.Join(err, j.Close())
		if err == nil && whole {
			err = os.Rename(filepath.Join(aside.Data, journal.FileName), filepath.Join(f.data, journal.FileName))
		}
		err = errors.Join(err, os.RemoveAll(aside.Data))
	}()
	from := now.AddDate(0, 0, -f.days)
	decoder, err := newDecoder(cfg, surroundings{})
	if err != nil {
		return nil, err
	}
	g, err := openGateway(ctx, cfg, decoder, j, log, from)
	if err != nil {
		return nil, err
	}
	g.Quiet(true)
	v := &virtual{gateway: g, now: telemetry.InstantOf(from)}
	buildings := f.buildings(cfg, from, now)
	const step = 10 * time.Minute
	total := int(now.Sub(from) / step)
	bar := newProgress(std.err, fmt.Sprintf("making %d days of history", f.days), total)
	var messages []simulate.Message
	for i := 1; i <= total; i++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		until := from.Add(time.Duration(i) * step)
		messages = messages[:0]
		for _, b := range buildings {
			b.Until(until, func(m simulate.Message) bool { messages = append(messages, m); return true })
		}
		slices.SortStableFunc(messages, func(a, b simulate.Message) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Topic, b.Topic)) })
		for _, m := range messages {
			// A message is under way for half a second.
			received := telemetry.InstantOf(m.At.Add(500 * time.Millisecond))
			if err := v.accept(ctx, &ingest.Message{Topic: m.Topic, Payload: m.Payload, QoS: 1, Received: received}); err != nil {
				return nil, err
			}
		}
		if err := v.advance(ctx, telemetry.InstantOf(until)); err != nil {
			return nil, err
		}
		bar.set(i)
	}
	bar.done()
	if err := g.Rest(ctx, v.now); err != nil {
		return nil, err
	}
	err = j.Strict(ctx)
	whole = err == nil
	return buildings, err
}

// buildings simulates every site. Some things go wrong, as they do: a sensor dies, a hall is too full.
func (f *demoFlags) buildings(cfg *configs.Config, from, now time.Time) []*simulate.Building {
	all := make([]*simulate.Building, len(cfg.Sites))
	for i, d := range cfg.Definitions() {
		s := d.Site
		o := simulate.Options{Seed: f.seed, Busy: 0.6 + 0.12*float64(i%6), Measures: d.Measures}
		if i%5 == 3 && len(s.Devices) > 0 {
			o.Dead = map[string]time.Time{s.Devices[len(s.Devices)-1].ID: now.Add(-31 * time.Hour)}
		}
		all[i] = simulate.NewBuilding(s, from, o)
	}
	return all
}

// live publishes what the devices send from now on, over MQTT and with a credential for each building.
func (f *demoFlags) live(ctx context.Context, cfg *configs.Config, passwords map[string]string, buildings []*simulate.Building) error {
	// Livelier than in a building: whoever watches wants to see it move.
	const period = 15 * time.Second
	errs := make(chan error, len(buildings))
	for i, b := range buildings {
		id := cfg.Sites[i].ID
		b.SetPeriod(period)
		go func() {
			errs <- simulate.Publish(ctx, simulate.Credential{Broker: "tcp://" + f.mqtt, Name: demoUser(id), Password: passwords[id]}, b)
		}()
	}
	var all error
	for range buildings {
		all = errors.Join(all, <-errs)
	}
	return all
}

// demoCredentials replaces anonymous access by a generated credential for each building.
func demoCredentials(cfg *configs.Config) map[string]string {
	e := cfg.MQTT.Embedded
	e.Anonymous, e.Credentials = "deny", nil
	passwords := map[string]string{}
	for _, s := range cfg.Sites {
		var b [16]byte
		_, _ = rand.Read(b[:]) // never fails
		password := hex.EncodeToString(b[:])
		passwords[s.ID] = password
		devices := make([]string, len(s.Devices))
		for i, d := range s.Devices {
			devices[i] = s.ID + "/" + d.ID
		}
		e.Credentials = append(e.Credentials, configs.Credential{
			Name: demoUser(s.ID), Password: configs.NewSecret(password), Bridge: true, Devices: devices,
		})
	}
	return passwords
}

func demoUser(site string) string { return "demo-" + site }

// openToday keeps every building that is or will soon be closed open around the clock for today: whoever starts the demo in
// the evening wants to see people too. The day is an exception with its reason, as everywhere.
func openToday(sites []facility.Site, now time.Time) {
	for i := range sites {
		s := &sites[i]
		loc := s.Location.Location
		if o, open := s.Hours.At(now, loc); open && (o.Close.IsZero() || o.Close.Sub(now) > time.Hour) {
			continue
		}
		today := facility.DateOf(now.In(loc))
		all := []facility.Span{{Open: 0, Close: facility.TimeOfDay(24 * time.Hour)}}
		for _, d := range []facility.Date{today, today.AddDays(1)} {
			s.Hours.Exceptions = slices.DeleteFunc(slices.Clone(s.Hours.Exceptions), func(e facility.Exception) bool { return e.Date == d })
			s.Hours.Exceptions = append(s.Hours.Exceptions, facility.Exception{Date: d, Spans: all, Reason: "demo"})
		}
	}
}
