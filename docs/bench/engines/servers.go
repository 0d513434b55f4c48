package engines

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// StartInflux starts an InfluxDB with an empty store in dir and returns its URL.
func (p Programs) StartInflux(ctx context.Context, dir string) (*Process, string, error) {
	address, err := FreeAddress()
	if err != nil {
		return nil, "", err
	}
	backup, err := FreeAddress()
	if err != nil {
		return nil, "", err
	}
	store := filepath.Join(dir, "influx")
	conf := fmt.Sprintf(`reporting-disabled = true
bind-address = %q
[meta]
dir = %q
[data]
dir = %q
wal-dir = %q
query-log-enabled = false
[http]
bind-address = %q
flux-enabled = true
log-enabled = false
[logging]
level = "warn"
[monitor]
store-enabled = false
`, backup, store+"/meta", store+"/data", store+"/wal", address)
	process, err := start(ctx, dir, "influxd", p.Influxd, address, conf, "-config")
	return process, "http://" + address, err
}

// StartMosquitto starts a broker and returns its URL. With open limits it drops nothing; else it has the limits of its defaults: 20 messages in
// flight and 1,000 queued per client, and what comes beyond is dropped.
func (p Programs) StartMosquitto(ctx context.Context, dir string, openLimits bool) (*Process, string, error) {
	address, err := FreeAddress()
	if err != nil {
		return nil, "", err
	}
	host, port, _ := strings.Cut(address, ":")
	lines := []string{"listener " + port + " " + host, "allow_anonymous true", "persistence false", "log_type error"}
	if openLimits {
		lines = append(lines, "max_queued_messages 0", "max_inflight_messages 0", "set_tcp_nodelay true")
	}
	if os.Geteuid() == 0 {
		lines = append(lines, "user root") // else it changes to a user who may not read the configuration
	}
	process, err := start(ctx, dir, "mosquitto", p.Mosquitto, address, strings.Join(lines, "\n")+"\n", "-c")
	return process, "tcp://" + address, err
}

// start starts a server with a configuration file and waits until it listens.
func start(ctx context.Context, dir, name, program, address, conf, option string) (*Process, error) {
	file := filepath.Join(dir, name+".conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		return nil, fmt.Errorf("configuring %s: %w", name, err)
	}
	process, err := Start(dir, name, program, option, file)
	if err != nil {
		return nil, err
	}
	if err := process.Await(ctx, address); err != nil {
		process.Stop()
		return nil, err
	}
	return process, nil
}
