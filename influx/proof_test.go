package influx

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
)

var (
	v1Header = http.Header{"X-Influxdb-Version": {"1.8.10"}, "X-Influxdb-Build": {"OSS"}, "Content-Type": {"application/json"}}
	v2Header = http.Header{"X-Influxdb-Version": {"v2.7.12"}, "X-Influxdb-Build": {"OSS"}, "Content-Type": {"application/json; charset=utf-8"}}
	jsonOnly = http.Header{"Content-Type": {"application/json"}}
	nothing  = http.Header{}
)

// v2Said is an error of InfluxDB 2.x in full.
func v2Said(status int, code, message string) reply {
	return reply{status: status, header: v2Header, body: fmt.Sprintf(`{"code":%q,"message":%q}`, code, message)}
}

// Finding L5: whatever answers, nothing is refused for good and nothing counts as stored unless InfluxDB is proven to have said so
// about these very points. Every answer here is given to everything for ten minutes.
func TestL5_WhatIsNotProvenWaitsAndAlarms(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		reply reply
	}{
		{"a firewall's page, 403", reply{status: 403, header: html, body: "<h1>Request blocked</h1>"}},
		{"a firewall's page, 400", reply{status: 400, header: html, body: "<h1>Bad Request</h1>"}},
		{"a firewall's page, 406", reply{status: 406, header: html, body: "<h1>Not Acceptable</h1>"}},
		{"a firewall's page, 422", reply{status: 422, header: html, body: "<h1>Unprocessable</h1>"}},
		{"a page under InfluxDB's headers", reply{status: 400, header: http.Header{"Content-Type": {"text/html"}, "X-Influxdb-Version": {"1.8.10"}}, body: "<h1>Bad Request</h1>"}},
		{"a firewall's JSON, its code a number", reply{status: 400, header: jsonOnly, body: `{"code":400,"message":"blocked by rule 942100"}`}},
		{"a firewall's JSON of InfluxDB's form", reply{status: 400, header: jsonOnly, body: `{"error":"blocked by rule 942100"}`}},
		{"a gateway's JSON with code and message", reply{status: 422, header: jsonOnly, body: `{"code":"invalid","message":"request rejected by policy"}`}},
		{"too large for a proxy, a page", reply{status: 413, header: html, body: "<h1>413 Request Entity Too Large</h1>"}},
		{"too large, without a word", reply{status: 413, header: nothing}},
		{"login demanded by a proxy", reply{status: 401, header: html, body: "<h1>Log in</h1>"}},
		{"not found by a proxy", reply{status: 404, header: html, body: "<h1>404</h1>"}},
		{"2.x: engine is closed", v2Said(422, "unprocessable entity", "failure writing points to database: partial write: engine is closed dropped=0")},
		{"1.8: engine is closed", reply{status: 400, header: v1Header, body: `{"error":"partial write: engine is closed dropped=20"}`}},
		{"2.x: engine is closed, 500", v2Said(500, "internal error", "unexpected error writing points to database: engine is closed")},
		{"1.8: too many series", reply{status: 400, header: v1Header, body: `{"error":"partial write: max-series-per-database limit exceeded: (1000) dropped=20"}`}},
		{"1.8: too many values of a tag", reply{status: 400, header: v1Header, body: `{"error":"partial write: max-values-per-tag limit exceeded (100000/100000): measurement=\"people_flow\" tag=\"device\" value=\"counter-1\" dropped=20"}`}},
		{"a bare 204", reply{drop: true, header: nothing}},
		{"a bare 204 as JSON", reply{drop: true, header: jsonOnly}},
		{"a bare 204 of another server", reply{drop: true, header: http.Header{"Server": {"nginx"}}}},
		{"refusal of a field that was not sent", reply{status: 400, header: v1Header, body: `{"error":"partial write: field type conflict: input field \"litres\" on measurement \"tank\" is type float, already exists as type integer dropped=20"}`}},
		{"refusal of a line that was not sent", v2Said(400, "invalid", "unable to parse 'tank litres=': missing field value")},
		{"retention drops more than was sent", reply{status: 400, header: v1Header, body: `{"error":"partial write: points beyond retention policy dropped=4000"}`}},
		{"words that nobody knows, about everything", v2Said(422, "unprocessable entity", "the moon is in the wrong house")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				j, server, told := &memoryJournal{}, &fakeServer{}, &notices{}
				well := time.Now().Add(10 * time.Minute)
				server.answer = func(int, []string) reply {
					if time.Now().Before(well) {
						return tt.reply
					}
					return reply{}
				}
				j.add(flows(0, 20)...)
				o := options(j, server)
				o.Faults = told.report
				w, _ := start(t, o)
				for range 9 { // the present goes on to be tried
					time.Sleep(time.Minute)
					w.Committed(j.add(flows(len(j.records), 1)...))
				}
				synctest.Wait()
				if n := len(j.rejections()); n != 0 {
					t.Fatalf("refused for good: got %d points, the first for %q, want none", n, j.rejections()[0].Reason)
				}
				if h := w.Health(); h.Written != 0 || h.Rejected != 0 || h.State == Writing || j.saved() != (journal.Position{}) {
					t.Errorf("during the fault: got %+v, position %v, want nothing written, no step", h, j.saved())
				}
				if !told.has(FaultDown, true) {
					t.Errorf("alarms: got %q, want %s", told.lines, FaultDown)
				}
				time.Sleep(10 * time.Minute)
				synctest.Wait()
				if len(server.points) != 29 || len(j.rejections()) != 0 || j.saved() != j.head() {
					t.Errorf("after the fault: got %d points, %d refused, position %v, want 29, 0, %v", len(server.points), len(j.rejections()), j.saved(), j.head())
				}
				if !told.has(FaultDown, false) {
					t.Errorf("alarms: got %q, want the end of %s", told.lines, FaultDown)
				}
			})
		})
	}
}

// A bare 204 is believed where the endpoint is proven to parse line protocol: a proxy removes InfluxDB's headers.
func TestL5_AProxyThatRemovesHeadersIsChallenged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal, server := &memoryJournal{}, &fakeServer{}
		server.answer = func(int, []string) reply { return reply{header: nothing} }
		w, _ := start(t, options(journal, server))
		for range 100 {
			time.Sleep(10 * time.Second)
			w.Committed(journal.add(flows(len(journal.records), 1)...))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(server.points) != 100 || w.Health().State != Writing || journal.saved() != journal.head() {
			t.Errorf("got %d points, %+v, want 100 and writing", len(server.points), w.Health())
		}
		challenges := 0
		for _, r := range server.requests {
			if strings.HasPrefix(r.lines[0], probe) {
				challenges++
			}
		}
		if challenges < 2 || challenges > 20 {
			t.Errorf("challenges: got %d in 17 minutes, want one a minute at most", challenges)
		}
	})
}

// What InfluxDB refuses in known words is refused, and told by field where it is one.
func TestI3_OneBadFieldCostsThatFieldOnly(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(string) reply{
		"1.8": func(s string) reply {
			return reply{status: 400, header: v1Header, body: fmt.Sprintf(`{"error":%q}`, "partial write: "+s)}
		},
		"2.x": func(s string) reply {
			return v2Said(422, "unprocessable entity", "failure writing points to database: partial write: "+s)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				journal, server := &memoryJournal{}, &fakeServer{}
				server.answer = func(_ int, lines []string) reply {
					bad := func(line string) bool { return strings.Contains(line, "persons_in=") }
					good := slices.DeleteFunc(slices.Clone(lines), bad)
					server.store(good)
					if n := len(lines) - len(good); n > 0 {
						return wrap(fmt.Sprintf(`field type conflict: input field "persons_in" on measurement "people_flow" is type integer, already exists as type float dropped=%d`, n))
					}
					return reply{}
				}
				journal.add(flows(0, 1000)...)
				start(t, options(journal, server))
				time.Sleep(time.Minute)
				synctest.Wait()
				rejected := journal.rejections()
				if len(rejected) != 1000 || len(server.points) != 1000 || server.count() != 2 {
					t.Fatalf("got %d fields refused, %d points stored, %d requests, want 1000, 1000, 2", len(rejected), len(server.points), server.count())
				}
				for key, fields := range server.points {
					if fields != "persons_out=1i" {
						t.Fatalf("%s: got %q stored, want the other field", key, fields)
					}
				}
				if want := "people_flow,device=counter-1,door=main,outside=true,site=magetan persons_in=0i 1656990000000000001"; rejected[0].Line != want {
					t.Errorf("refused: got %q, want %q", rejected[0].Line, want)
				}
			})
		})
	}
}
