package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/app"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/influx"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/simulate"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// simulateFlags are the flags of simulate.
type simulateFlags struct {
	fleet                     simulate.Fleet
	broker, user              string
	connections, window       int
	count                     int
	rate                      float64
	report, writeConfig, data string
	config                    string
	verify, asJSON, wait      bool
	dataGiven                 bool // --data was
}

func simulateCommand(std streams) *cobra.Command {
	var f simulateFlags
	c := &cobra.Command{
		Use:   "simulate",
		Short: "Publish the load of many devices, and check that none of it was lost",
		Long: `Simulate publishes messages of a numbered fleet over MQTT (QoS 1) and writes down each one that was acknowledged:

  gerbang simulate --sites 10 --devices 1000 --write-config /tmp/load      site files for the fleet
  gerbang simulate --broker tcp://127.0.0.1:1883 --count 100000 --rate 2000 --report acked.txt
  gerbang simulate --verify --report acked.txt --data /tmp/load/data       what was acknowledged against what is stored

Device i belongs to site i mod sites; even ones count people at a door of their own, odd ones are thermometers. When the
connection breaks, simulate connects again and repeats what was not acknowledged. A broker that is not there at the beginning is an error
after a few tries; with --wait it is waited for.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.dataGiven = cmd.Flags().Changed("data")
			switch {
			case f.writeConfig != "":
				return f.write(std)
			case f.verify:
				return f.verifyReport(cmd.Context(), std)
			}
			return f.publish(cmd.Context(), std)
		},
	}
	fl := c.Flags()
	fl.IntVar(&f.fleet.Sites, "sites", 10, "number of sites")
	fl.IntVar(&f.fleet.Devices, "devices", 1000, "number of devices")
	fl.IntVar(&f.fleet.Zones, "zones", 1, "number of zones in each site")
	fl.StringVar(&f.broker, "broker", "tcp://127.0.0.1:1883", "MQTT broker")
	fl.StringVar(&f.user, "user", "", "MQTT user; the password comes from the environment, GERBANG_MQTT_PASSWORD")
	fl.IntVar(&f.connections, "connections", 2, "MQTT connections")
	fl.IntVar(&f.window, "window", 200, "unacknowledged messages per connection")
	fl.IntVar(&f.count, "count", 10_000, "messages to publish")
	fl.Float64Var(&f.rate, "rate", 0, "messages per second; 0: as fast as they are acknowledged")
	fl.StringVar(&f.report, "report", "", "file that lists every acknowledged message")
	fl.StringVar(&f.writeConfig, "write-config", "", "write a configuration for the fleet into this folder and stop")
	fl.BoolVar(&f.verify, "verify", false, "compare the report with the journal, and with InfluxDB if --config names one")
	fl.StringVar(&f.data, "data", "data", "data directory of the gateway, for --verify without a configuration")
	fl.StringVar(&f.config, "config", "", "configuration of the gateway, for --verify: its data directory and InfluxDB (default: ./"+ownConfig+" where it is there and --data is not given)")
	fl.BoolVar(&f.wait, "wait", false, "wait for a broker that is not there yet, and say every few seconds what for")
	fl.BoolVar(&f.asJSON, "json", false, "result as JSON")
	return c
}

// write makes a configuration that runs: the embedded broker for anyone on this machine.
func (f *simulateFlags) write(std streams) error {
	if err := f.fleet.WriteSites(f.writeConfig); err != nil {
		return err
	}
	path := filepath.Join(f.writeConfig, "gerbang.yaml")
	text := `# Written by gerbang simulate. For an external broker replace embedded by broker: {url: tcp://127.0.0.1:1883}.
data: data
mqtt:
  embedded: {listen: 127.0.0.1:1883, anonymous: allow}
sites: sites/
`
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return fmt.Errorf("writing the configuration: %w", err)
		}
	}
	_, err := fmt.Fprintf(std.out, "wrote %s and %s with %s\nrun: gerbang serve --config %s\n", path,
		plural(f.fleet.Sites, "site file"), plural(f.fleet.Devices, "device"), path)
	return err
}

func (f *simulateFlags) publish(ctx context.Context, std streams) (err error) {
	load := simulate.Load{
		Fleet: f.fleet, Broker: f.broker, Username: f.user, Password: os.Getenv("GERBANG_MQTT_PASSWORD"), Connections: f.connections,
		Window: f.window, Count: f.count, Rate: f.rate, Boot: strconv.FormatInt(time.Now().UnixMilli(), 36),
	}
	if !f.wait {
		load.Tries = 4
	}
	load.Waiting = waitingFor(std.err, f.broker)
	if f.report != "" {
		// Reports of several runs add up.
		file, openErr := os.OpenFile(f.report, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if openErr != nil {
			return fmt.Errorf("opening the report: %w", openErr)
		}
		defer func() {
			err = errors.Join(err, file.Sync(), file.Close())
		}()
		load.Report = file
	}
	bar := newProgress(std.err, "published", f.count)
	load.Progress = bar.set
	sum, err := load.Run(ctx)
	bar.done()
	if err != nil && sum.Published == 0 {
		return hinted{err, "is the broker running, and is --broker its address? --wait waits for one that comes later"}
	}
	if err != nil {
		return err
	}
	if f.asJSON {
		return json.NewEncoder(std.out).Encode(sum)
	}
	_, err = fmt.Fprintf(std.out, "acknowledged %d of %d in %s (%.0f/s), repeated %d, reconnects %d\n", sum.Acked, f.count,
		sum.Duration.Round(time.Millisecond), sum.Rate(), sum.Repeated, sum.Reconnects)
	if err == nil && sum.Acked < f.count {
		return &exitError{code: 1, err: errors.New("stopped before everything was acknowledged")}
	}
	return err
}

// waitingFor says what is waited for, and why, at most every five seconds.
func waitingFor(w io.Writer, broker string) func(error) {
	var mu sync.Mutex
	var said time.Time
	return func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(said) >= 5*time.Second {
			said = time.Now()
			_, _ = fmt.Fprintf(w, "waiting for the broker at %s: %v\n", broker, err)
		}
	}
}

func (f *simulateFlags) verifyReport(ctx context.Context, std streams) error {
	if f.report == "" {
		return hinted{errors.New("nothing to verify"), "give the report of an earlier run: --report FILE"}
	}
	var cfg *configs.Config
	dir := f.data
	config := f.config
	if config == "" && !f.dataGiven {
		found, err := ownConfigHere(std)
		if err != nil {
			return err
		}
		if found {
			config = ownConfig
		}
	}
	if config != "" {
		var err error
		if cfg, err = loadConfig(config); err != nil {
			return err
		}
		dir = cfg.Data
	}
	file, err := os.Open(f.report)
	if err != nil {
		return fmt.Errorf("opening the report: %w", err)
	}
	acked, err := simulate.ReadReport(file)
	_ = file.Close() // only read
	if err != nil {
		return err
	}
	j, err := sqlite.OpenReader(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { _ = j.Close() }()
	v, err := simulate.Verify(acked, func(fn func(*telemetry.Record) error) error { return j.Replay(ctx, "", 0, fn) })
	if err != nil {
		return err
	}
	if cfg != nil && cfg.Influx != nil {
		if v.Influx, err = countInflux(ctx, cfg.Influx, acked); err != nil {
			return err
		}
	}
	if f.asJSON {
		err = json.NewEncoder(std.out).Encode(v)
	} else {
		_, err = fmt.Fprintf(std.out, "acked %d, stored %d, duplicate %d, rejected %d, missing %d", v.Acked, v.Stored, v.Duplicate, v.Rejected,
			v.Missing)
		if v.Influx >= 0 {
			_, _ = fmt.Fprintf(std.out, ", in InfluxDB %d", v.Influx)
		}
		_, _ = fmt.Fprintln(std.out)
	}
	if err != nil {
		return err
	}
	if !v.OK() {
		return &exitError{code: 1, err: errors.New("not everything that was acknowledged is stored exactly once")}
	}
	return nil
}

// countInflux counts the points that InfluxDB has of the devices in the report.
func countInflux(ctx context.Context, c *configs.Influx, acked []simulate.Acked) (int, error) {
	server, err := app.InfluxServer(c)
	if err != nil {
		return 0, err
	}
	reader, err := influx.NewReader(server)
	if err != nil {
		return 0, err
	}
	defer reader.Close()
	type device struct{ site, id string }
	seen := map[device]bool{}
	n := 0
	for _, a := range acked {
		d := device{a.Site, a.Device}
		if seen[d] {
			continue
		}
		seen[d] = true
		for _, q := range []telemetry.Quantity{telemetry.PeopleIn, telemetry.BodyTemperature} {
			points, err := reader.Readings(ctx, influx.Query{
				Site: d.site, Device: d.id, Quantity: q, From: 1, To: telemetry.InstantOf(time.Now().Add(24 * time.Hour)),
			})
			if err != nil {
				return 0, fmt.Errorf("counting the points of %s/%s: %w", d.site, d.id, err)
			}
			for i := range points {
				if points[i].Counted {
					n++
				}
			}
		}
	}
	return n, nil
}
