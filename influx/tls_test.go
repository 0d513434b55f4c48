package influx

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/testengine"
)

// A server that cannot prove who it is gets neither data nor token; one whose certificate soon ends is warned of.
func TestTheServerMustProveItself(t *testing.T) {
	t.Parallel()
	ours, other := testengine.NewCA(t), testengine.NewCA(t)
	trusted := ours.Issue("127.0.0.1", time.Hour).CA
	for _, tt := range []struct {
		name  string
		files testengine.TLSFiles
		fault string // first alarm; empty: none
	}{
		{"own authority", ours.Issue("127.0.0.1", 90*24*time.Hour), ""},
		{"soon to end", ours.Issue("127.0.0.1", 20*24*time.Hour), FaultExpiring},
		{"another authority", other.Issue("127.0.0.1", 90*24*time.Hour), FaultDown},
		{"expired", ours.Issue("127.0.0.1", -time.Hour), FaultDown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			pair, err := tls.LoadX509KeyPair(tt.files.Cert, tt.files.Key)
			if err != nil {
				t.Fatal(err)
			}
			asked := make(chan string, 16)
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked <- r.Header.Get("Authorization")
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("X-Influxdb-Version", "1.8.10")
				w.WriteHeader(http.StatusNoContent)
			}))
			server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.StartTLS()
			defer server.Close()

			j := &memoryJournal{}
			j.add(flows(0, 10)...)
			faults := make(chan string, 16)
			o := options(j, nil)
			o.Transport = nil
			o.Server.URL, o.Server.CAFile = server.URL, trusted
			o.Faults = func(name string, firing bool, detail string) { faults <- fmt.Sprintf("%s %t %s", name, firing, detail) }
			_, stop := start(t, o)
			if tt.fault != "" {
				if got := <-faults; !strings.HasPrefix(got, tt.fault+" true") {
					t.Errorf("alarm: got %q, want %s", got, tt.fault)
				}
			}
			if tt.fault == FaultDown {
				stop()
				if len(asked) != 0 || j.saved() != (journal.Position{}) {
					t.Errorf("got %d requests, position %v, want none", len(asked), j.saved())
				}
				return
			}
			eventually(t, "the readings", caughtUp(j))
			if got := <-asked; got != "Token gate:canary-secret" {
				t.Errorf("authorization: got %q", got)
			}
			stop()
			if tt.fault == "" && len(faults) != 0 {
				t.Errorf("alarm: got %q, want none", <-faults)
			}
		})
	}
}

// A redirect must not carry the token to another server.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	trap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("the trap was asked, with %q", r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusNoContent)
	}))
	defer trap.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, trap.URL, http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	journal := &memoryJournal{}
	journal.add(flows(0, 1)...)
	faults := make(chan string, 16)
	o := options(journal, nil)
	o.Transport = nil
	o.Server.URL = server.URL
	o.Faults = func(name string, firing bool, _ string) { faults <- fmt.Sprint(name, firing) }
	_, stop := start(t, o)
	if got := <-faults; got != FaultDown+"true" {
		t.Errorf("alarm: got %s, want %s", got, FaultDown)
	}
	stop()
}
