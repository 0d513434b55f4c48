package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestACountByAPersonIsDoneOnce: what a person counts is the estimate from then on; a phone that sends it again, also after a
// restart, gets the answer of the first time, and nobody is counted twice.
func TestACountByAPersonIsDoneOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t).building().serve()
	c := connect(t, "tcp://"+r.mqtt, "hitung", nil)
	publish(t, c, "gerbang/v1/gedung/hitung", `{"people_in":7,"seq":1}`)

	send := func(name, body string) (int, string) {
		t.Helper()
		resp, err := http.Post("http://"+r.web+"/api/v1/sites/gedung/zones/aula/"+name, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(text)
	}
	inside := func(want float64) {
		t.Helper()
		r.p.eventually(10*time.Second, fmt.Sprintf("to show %v people", want), func() error {
			var zones struct {
				Items []struct{ Persons struct{ Persons *float64 } }
			}
			if err := r.get("/api/v1/sites/gedung/zones", &zones); err != nil {
				return err
			}
			if p := zones.Items[0].Persons.Persons; p == nil || *p != want {
				return fmt.Errorf("it shows %+v", zones.Items[0])
			}
			return nil
		})
	}
	r.p.eventually(10*time.Second, "to count", func() error {
		var devices struct {
			Items []struct {
				ID       string
				Messages int
			}
		}
		if err := r.get("/api/v1/sites/gedung/devices", &devices); err != nil {
			return err
		}
		for _, d := range devices.Items {
			if d.ID == "hitung" && d.Messages == 1 {
				return nil
			}
		}
		return fmt.Errorf("it has not: %+v", devices)
	})

	const count = `{"id":"0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f11","value":12,"author":"satpam"}`
	const correction = `{"id":"5f0c2c8e-1b7a-4c55-8a86-0c9e5f7d2a10","value":3,"author":"satpam","reason":"pintu belakang"}`
	status, first := send("count", count)
	if status != http.StatusOK || !strings.Contains(first, `"author_claimed":true`) {
		t.Fatalf("a count: got %d %s, want 200 and its record", status, first)
	}
	inside(12)
	if status, text := send("correction", correction); status != http.StatusOK {
		t.Fatalf("a correction: got %d %s, want 200", status, text)
	}
	inside(15)
	for start := range 2 {
		if status, again := send("count", count); status != http.StatusOK || again != first {
			t.Errorf("the count again, start %d: got %d %s, want %s", start, status, again, first)
		}
		if status, text := send("correction", correction); status != http.StatusOK {
			t.Errorf("the correction again, start %d: got %d %s, want 200", start, status, text)
		}
		if status, _ := send("count", strings.Replace(count, "12", "13", 1)); status != http.StatusConflict {
			t.Errorf("its id for another count, start %d: got %d, want 409", start, status)
		}
		if status, _ := send("count", strings.Replace(count, `"value"`, `"at":"2026-01-05T07:01:00Z","value"`, 1)); status != http.StatusConflict {
			t.Errorf("its id for another time, start %d: got %d, want 409", start, status)
		}
		inside(15)
		if start == 0 {
			r.stop()
			r.serve()
		}
	}
	var list struct{ Items []struct{ ID, Kind string } }
	if err := r.get("/api/v1/sites/gedung/zones/aula/entries", &list); err != nil || len(list.Items) != 2 || list.Items[0].Kind != "correction" {
		t.Errorf("entries: got %+v (%v), want the correction, then the count", list, err)
	}
}
