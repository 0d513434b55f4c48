package testengine

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// TestInfluxIsBuilt does no more than build the engine, for whoever wants that done beforehand.
func TestInfluxIsBuilt(t *testing.T) { influxBinary(t) }

func TestInfluxKeepsPointsOverRestarts(t *testing.T) {
	s := Influxd(t)
	s.CreateDB("mpp")
	write(t, s, "mpp", "people_flow,site=s1 in=9007199254740993i 1700000000000000001\npeople_flow,site=s1 in=2i 1700000000000000002\n", http.StatusNoContent)
	check := func(when string) {
		t.Helper()
		want := []InfluxSeries{{
			Name:    "people_flow",
			Columns: []string{"time", "in"},
			Values: [][]any{
				{json.Number("1700000000000000001"), json.Number("9007199254740993")},
				{json.Number("1700000000000000002"), json.Number("2")},
			},
		}}
		if got := s.Query("mpp", `SELECT "in" FROM people_flow`); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", when, got, want)
		}
	}
	check("written")
	s.Stop()
	s.Start()
	check("after a stop")
	s.Kill()
	s.Start()
	check("after a kill")
	if got := s.Count("mpp", "people_flow", "in"); got != 2 {
		t.Errorf("count: got %d, want 2", got)
	}
	s.DropDB("mpp")
	if got := s.Query("", "SHOW DATABASES"); len(got) != 1 || len(got[0].Values) != 0 {
		t.Errorf("databases after the drop: got %v, want none", got)
	}
}

func TestInfluxAuthRefusesStrangers(t *testing.T) {
	s := Influxd(t, InfluxAuth("gerbang", "rahasia"))
	s.CreateDB("mpp")
	write(t, s, "mpp", "air co2_ppm=800 1\n", http.StatusNoContent)
	stranger := &InfluxServer{Engine: s.Engine, URL: s.URL, client: s.client}
	if _, err := stranger.query("mpp", "SHOW MEASUREMENTS"); err == nil {
		t.Error("a query without credentials was answered, want an error")
	}
	write(t, stranger, "mpp", "air co2_ppm=900 2\n", http.StatusUnauthorized)
}

// write posts line protocol to the v2 endpoint, as the gateway does.
func write(t *testing.T, s *InfluxServer, bucket, lines string, want int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/api/v2/write?precision=ns&bucket="+bucket, strings.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	if s.Token() != "" {
		req.Header.Set("Authorization", "Token "+s.Token())
	}
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatalf("writing to influxd: %v", err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != want {
		t.Fatalf("writing to influxd: got %s, want %d", resp.Status, want)
	}
}
