package testengine

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// AlertmanagerServer is an Alertmanager without peers. Silences and the notification log stay over Stop and Start, alerts do not:
// whoever raised them has to send them again.
type AlertmanagerServer struct {
	*Engine

	URL string // http://127.0.0.1:port
}

// Alertmanager starts the installed Alertmanager for one test with this configuration, the text of an alertmanager.yml.
func Alertmanager(t testing.TB, config string) *AlertmanagerServer {
	t.Helper()
	path := lookProgram("prometheus-alertmanager", "alertmanager")
	if path == "" {
		missing(t, "Alertmanager", "install it, on Debian with: apt-get install prometheus-alertmanager")
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(conf, []byte(config), 0o600); err != nil {
		t.Fatalf("writing the configuration of Alertmanager: %v", err)
	}
	address := loopback(reservePort(t))
	client := &http.Client{Timeout: 10 * time.Second}
	t.Cleanup(client.CloseIdleConnections)
	s := &AlertmanagerServer{URL: "http://" + address}
	s.Engine = newEngine(t, "Alertmanager", path, []string{
		"--config.file=" + conf,
		"--storage.path=" + filepath.Join(dir, "data"),
		"--web.listen-address=" + address,
		"--cluster.listen-address=",
		"--log.level=warn",
	}, func(ctx context.Context) error { return answers(ctx, client, s.URL+"/-/ready") })
	s.Start()
	return s
}
