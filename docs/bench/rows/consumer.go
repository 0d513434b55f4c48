package rows

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gerbang-iot/gerbang/docs/bench/engines"
	"github.com/gerbang-iot/gerbang/docs/bench/influx"
	"github.com/gerbang-iot/gerbang/docs/bench/load"
)

// Consumer is who is measured.
type Consumer interface {
	// Side is the consumer's name in the table.
	Side() string
	// Reads is the format of its messages, and the series in InfluxDB that it makes of those that count people.
	Reads() (format load.Format, measurement, field string)
	// start starts it for a row, with its files in dir, and waits until it is ready.
	start(ctx context.Context, r Row, dir string, broker string, db *influx.DB) (*engines.Process, error)
}

var _, _ Consumer = Floor{}, (*Gateway)(nil)

// Floor is the floor: this very program, called as "floor".
type Floor struct{ Program string }

// Side is floor.
func (Floor) Side() string { return "floor" }

// Reads is a format that is not the gateway's.
func (Floor) Reads() (format load.Format, measurement, field string) {
	return load.Foreign, "occupancy", "in"
}

func (f Floor) start(ctx context.Context, _ Row, dir string, broker string, db *influx.DB) (*engines.Process, error) {
	const warm = time.Second // to subscribe
	p, err := engines.Start(dir, "floor", f.Program, "floor", "--broker", broker, "--influx", db.URL, "--database", db.Name)
	if err != nil {
		return nil, err
	}
	if err := p.Rest(ctx, warm); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// Gateway is a build of gerbang with site files for the load. One goroutine uses it.
type Gateway struct {
	side, program, dir, field string
	fleets                    map[string]bool // site files that are written: by folder
}

// NewGateway returns the gateway that a program is. dir is for its site files; field is what it calls persons_in in InfluxDB.
func NewGateway(side, program, dir, field string) *Gateway {
	return &Gateway{side: side, program: program, dir: dir, field: field, fleets: make(map[string]bool)}
}

// Side is the name that was given.
func (g *Gateway) Side() string { return g.side }

// Reads is the gateway's own format.
func (g *Gateway) Reads() (format load.Format, measurement, field string) {
	return load.People, "people_flow", g.field
}

// start starts it with an empty data directory. Four seconds are more than it needs to subscribe, but for very many devices: those are
// waited for.
func (g *Gateway) start(ctx context.Context, r Row, dir string, broker string, db *influx.DB) (*engines.Process, error) {
	const warm = 4 * time.Second
	sites, err := g.sites(ctx, r)
	if err != nil {
		return nil, err
	}
	http, err := engines.FreeAddress()
	if err != nil {
		return nil, err
	}
	conf := filepath.Join(dir, "gerbang.yaml")
	if err := os.WriteFile(conf, []byte(configuration(r.Broker, filepath.Join(dir, "data"), http, broker, sites, db)), 0o600); err != nil {
		return nil, fmt.Errorf("configuring %s: %w", g.side, err)
	}
	p, err := engines.Start(dir, "gerbang", g.program, "serve", "--config", conf)
	if err != nil {
		return nil, err
	}
	err = p.Rest(ctx, warm)
	if err == nil {
		err = p.Await(ctx, http)
	}
	if err == nil && r.Broker == Embedded {
		err = p.Await(ctx, hostPort(broker))
	}
	if err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// sites writes the site files of a row's fleet, once.
func (g *Gateway) sites(ctx context.Context, r Row) (string, error) {
	dir := filepath.Join(g.dir, fmt.Sprintf("%d-devices", r.Devices))
	if !g.fleets[dir] {
		write := exec.CommandContext(ctx, g.program, "simulate", "--sites", strconv.Itoa(r.Sites), "--devices", strconv.Itoa(r.Devices), "--write-config", dir)
		if out, err := write.CombinedOutput(); err != nil {
			return "", fmt.Errorf("writing site files with %s simulate: %w\n%s", g.program, err, bytes.TrimSpace(out))
		}
		g.fleets[dir] = true
	}
	return filepath.Join(dir, "sites") + "/", nil
}

// configuration is the gateway's configuration file; it keeps to what old builds understand.
func configuration(kind Broker, data, http, broker, sites string, db *influx.DB) string {
	mqtt := fmt.Sprintf("  broker: {url: %q, client_id: gerbang-bench}\n", broker)
	if kind == Embedded {
		mqtt = fmt.Sprintf("  embedded: {listen: %q, anonymous: allow}\n", hostPort(broker))
	}
	return fmt.Sprintf("data: %q\nhttp: {listen: %q}\nmqtt:\n%sinfluxdb: {url: %q, database: %q}\nsites: %q\n", data, http, mqtt, db.URL, db.Name, sites)
}
