package testengine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// InfluxServer is an InfluxDB 1.8 with an empty store, which speaks InfluxQL, Flux and both write endpoints. Data stays over Stop,
// Kill and Start.
type InfluxServer struct {
	*Engine

	URL            string // http://127.0.0.1:port
	User, Password string // empty unless InfluxAuth was asked for

	client *http.Client
}

// InfluxSeries is one series of an InfluxQL answer. Numbers are json.Number, so integers keep every digit; times are nanoseconds.
type InfluxSeries struct {
	Name    string            `json:"name"`
	Tags    map[string]string `json:"tags"`
	Columns []string          `json:"columns"`
	Values  [][]any           `json:"values"`
}

// InfluxOption changes how Influxd starts the server.
type InfluxOption func(*influxConfig)

type influxConfig struct{ user, password string }

// InfluxAuth makes the server refuse whoever does not present this administrator's name and password.
func InfluxAuth(user, password string) InfluxOption {
	return func(c *influxConfig) { c.user, c.password = user, password }
}

// Influxd starts an InfluxDB for one test. The first use on a machine builds it, which takes minutes: outside CI only with
// GERBANG_TEST_INFLUXD=1 in the environment, else the test is skipped.
func Influxd(t testing.TB, opts ...InfluxOption) *InfluxServer {
	t.Helper()
	var c influxConfig
	for _, opt := range opts {
		opt(&c)
	}
	binary := influxBinary(t)
	dir := t.TempDir()
	address := loopback(reservePort(t))
	conf := filepath.Join(dir, "influxdb.conf")
	if err := os.WriteFile(conf, []byte(c.text(dir, address, loopback(reservePort(t)))), 0o600); err != nil {
		t.Fatalf("writing the configuration of influxd: %v", err)
	}
	s := &InfluxServer{URL: "http://" + address, client: &http.Client{Timeout: 30 * time.Second}}
	t.Cleanup(s.client.CloseIdleConnections)
	s.Engine = newEngine(t, "influxd", binary, []string{"-config", conf}, s.ping)
	s.Start()
	if c.user != "" {
		// The first administrator may be made by anyone; from then on the server asks for a password.
		s.Query("", fmt.Sprintf("CREATE USER %q WITH PASSWORD '%s' WITH ALL PRIVILEGES", c.user, c.password))
		s.User, s.Password = c.user, c.password
	}
	return s
}

// Token is what a client of the v2 API presents: name and password joined, "" without authentication.
func (s *InfluxServer) Token() string {
	if s.User == "" {
		return ""
	}
	return s.User + ":" + s.Password
}

// CreateDB creates a database; the v2 API knows it as a bucket of that name. It is no error if it exists.
func (s *InfluxServer) CreateDB(name string) {
	s.t.Helper()
	s.Query("", fmt.Sprintf("CREATE DATABASE %q", name))
}

// DropDB drops a database with all its points. It is no error if there is none.
func (s *InfluxServer) DropDB(name string) {
	s.t.Helper()
	s.Query("", fmt.Sprintf("DROP DATABASE %q", name))
}

// Query runs one InfluxQL statement and returns its series, none if nothing matches. Any error fails the test.
func (s *InfluxServer) Query(db, influxql string) []InfluxSeries {
	s.t.Helper()
	series, err := s.query(db, influxql)
	if err != nil {
		s.t.Fatalf("querying influxd with %q: %v", influxql, err)
	}
	return series
}

// Count is the number of points of a measurement that have the field.
func (s *InfluxServer) Count(db, measurement, field string) int64 {
	s.t.Helper()
	series := s.Query(db, fmt.Sprintf("SELECT count(%q) FROM %q", field, measurement))
	if len(series) == 0 {
		return 0
	}
	n, err := series[0].Values[0][1].(json.Number).Int64()
	if err != nil {
		s.t.Fatalf("reading the count of %s.%s: %v", measurement, field, err)
	}
	return n
}

func (s *InfluxServer) query(db, influxql string) (_ []InfluxSeries, err error) {
	form := url.Values{"q": {influxql}, "db": {db}, "epoch": {"ns"}}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.URL+"/query?"+form.Encode(), http.NoBody)
	if err != nil {
		return nil, err
	}
	if s.User != "" {
		req.SetBasicAuth(s.User, s.Password)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	var answer struct {
		Error   string
		Results []struct {
			Error  string
			Series []InfluxSeries
		}
	}
	decoder := json.NewDecoder(resp.Body)
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		return nil, fmt.Errorf("decoding the answer %s: %w", resp.Status, err)
	}
	if answer.Error != "" {
		return nil, errors.New(answer.Error)
	}
	if len(answer.Results) != 1 {
		return nil, fmt.Errorf("%d results, expected those of one statement", len(answer.Results))
	}
	if text := answer.Results[0].Error; text != "" {
		return nil, errors.New(text)
	}
	return answer.Results[0].Series, nil
}

func (s *InfluxServer) ping(ctx context.Context) error {
	return answers(ctx, s.client, s.URL+"/ping")
}

// text is the server's configuration: all it writes lies below dir, it listens on loopback only and reports to nobody.
func (c influxConfig) text(dir, http, backup string) string {
	return fmt.Sprintf(`reporting-disabled = true
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
auth-enabled = %t
[logging]
level = "warn"
[monitor]
store-enabled = false
`, backup, filepath.Join(dir, "meta"), filepath.Join(dir, "data"), filepath.Join(dir, "wal"), http, c.user != "")
}

// answers is the readiness of an engine with a health page: it answers with a 2xx status.
func answers(ctx context.Context, client *http.Client, page string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, page, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s answered %s", page, resp.Status)
	}
	return nil
}
