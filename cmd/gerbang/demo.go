package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/app"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/simulate"
)

// demoFlags are the flags of demo.
type demoFlags struct {
	data, listen, mqtt string
	days               int
	seed               uint64
	fresh              bool
}

func demoCommand(std streams) *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show ten buildings live, with everything inside and a week of history",
		Long: `Demo runs the gateway with everything embedded: broker, journal, alert router, pages, and ten public service malls whose
devices are simulated. The first start makes a week of history through the rule engine; a later start with the same data
directory goes on where the last one ended, and makes up for the time between. Stop it with Ctrl-C.

Real are the broker, decoding, counting, rules, alerts, pages and the journal. Simulated are visitors, devices and duties, and
the opening hours: at the first start each building is at another point of its day, and where it is night in Indonesia the
buildings' clocks are set so that it is late in the morning. A few things are wrong on purpose; the command lists them.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), std) },
	}
	fl := c.Flags()
	fl.StringVar(&f.data, "data", "", "data directory (default: a folder of the user's cache)")
	fl.StringVar(&f.listen, "listen", "127.0.0.1:8080", "address of the pages")
	fl.StringVar(&f.mqtt, "mqtt", "127.0.0.1:1883", "address of the embedded MQTT broker")
	fl.IntVar(&f.days, "days", 7, "days of history to make at the first start")
	fl.BoolVar(&f.fresh, "new", false, "forget the history of an earlier start and make a new one")
	fl.Uint64Var(&f.seed, "seed", 1, "chance; the same seed gives the same history")
	return c
}

func (f *demoFlags) run(ctx context.Context, std streams) error {
	if f.days < 1 || f.days > 60 {
		return &exitError{code: 2, err: fmt.Errorf("--days %d: want 1 to 60", f.days)}
	}
	if f.data == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return hinted{fmt.Errorf("finding a place for the demo's data: %w", err), "name one: gerbang demo --data DIR"}
		}
		f.data = filepath.Join(cache, "gerbang", "demo")
	}
	if err := f.addressesFree(); err != nil {
		return err
	}
	cfg, err := configs.Demo(f.data)
	if err != nil {
		return err
	}
	now := time.Now()
	cfg.HTTP.Listen, cfg.MQTT.Embedded.Listen = f.listen, f.mqtt
	cfg.Log.Level = "warn"
	plan, err := f.plan(ctx, cfg, now)
	if err != nil {
		return err
	}
	passwords := demoCredentials(cfg)
	limitMemory()

	log := newLogger(std.err, cfg.Log)
	buildings, err := f.makeHistory(ctx, std, cfg, plan, now)
	if err != nil {
		return err
	}
	a, err := app.New(ctx, cfg, app.Options{Version: readBuild().Version, Logger: log})
	if err != nil {
		return advised(err, cfg.File)
	}
	_, _ = fmt.Fprintf(std.out, "\nGerbang shows ten public service malls at  %s\n\n", a.URL())
	if err := sayDemo(std.out, plan, cfg.Sites, now); err != nil {
		return errors.Join(err, a.Close())
	}
	_, _ = fmt.Fprintf(std.out, "\nTheir devices publish to %s. The data is in %s.\nStop with Ctrl-C.\n", f.mqtt, f.data)

	devices := make(chan error, 1)
	live, stop := context.WithCancel(ctx)
	defer stop()
	go func() { devices <- f.live(live, cfg, passwords, buildings) }()
	err = a.Run(ctx)
	stop()
	return errors.Join(err, <-devices)
}

// addressesFree says at once what would fail after the history was made: that another program uses an address.
func (f *demoFlags) addressesFree() error {
	for _, a := range []struct{ flag, address, what string }{{"--listen", f.listen, "the pages"}, {"--mqtt", f.mqtt, "the MQTT broker"}} {
		if err := checkAddress(a.flag, a.address); err != nil {
			return err
		}
		l, err := net.Listen("tcp", a.address)
		if err != nil {
			return hinted{
				fmt.Errorf("the demo cannot use the address %s for %s: %w", a.address, a.what, err),
				fmt.Sprintf("choose another with %s, such as: gerbang demo --listen 127.0.0.1:18080 --mqtt 127.0.0.1:11883", a.flag),
			}
		}
		if err := l.Close(); err != nil {
			return fmt.Errorf("trying the address %s: %w", a.address, err)
		}
	}
	return nil
}

// plan is that of an earlier start, or a new one that begins now, applied to the sites.
func (f *demoFlags) plan(ctx context.Context, cfg *configs.Config, now time.Time) (*demoPlan, error) {
	plan, earlier, err := loadDemoPlan(f.data)
	if err != nil {
		return nil, err
	}
	_, statErr := os.Stat(filepath.Join(f.data, sqlite.FileName))
	made := statErr == nil
	switch {
	case made && !earlier:
		return nil, hinted{fmt.Errorf("%s holds a journal that this demo has not made", f.data), "name another folder: gerbang demo --data DIR"}
	case made && f.fresh:
		if err := f.forget(ctx, cfg); err != nil {
			return nil, err
		}
		made = false
	}
	if !made {
		if plan, err = newDemoPlan(cfg.Sites, f.seed, now); err != nil {
			return nil, err
		}
		if err := plan.save(f.data); err != nil {
			return nil, err
		}
	}
	return &plan, plan.apply(cfg.Sites)
}

// forget removes the journal of an earlier demo, unless that still runs.
func (f *demoFlags) forget(ctx context.Context, cfg *configs.Config) error {
	j, err := openJournal(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	if err := j.Close(); err != nil {
		return fmt.Errorf("closing the earlier demo's journal: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(f.data, sqlite.FileName+"*"))
	for _, name := range append(files, filepath.Join(f.data, sqlite.AnchorFile), filepath.Join(f.data, sqlite.HeadFile)) {
		if gone := os.Remove(name); !errors.Is(gone, os.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	if err != nil {
		return fmt.Errorf("removing the earlier demo: %w", err)
	}
	return nil
}

// demoPeriod is how often devices report live. Livelier than in a building: whoever watches wants to see it move.
const demoPeriod = 15 * time.Second

// live publishes what the devices send from now on, over MQTT and with a credential for each building.
func (f *demoFlags) live(ctx context.Context, cfg *configs.Config, passwords map[string]string, buildings []*simulate.Building) error {
	errs := make(chan error, len(buildings))
	for i, b := range buildings {
		id := cfg.Sites[i].ID
		b.SetFevers(demoFeverEvery)
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
