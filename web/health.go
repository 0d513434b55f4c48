package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// healthz says only that the process answers.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	fmt.Fprintln(w, "ok")
	return nil
}

// readiness is the body of /readyz.
type readiness struct {
	Ready   bool           `json:"ready"`
	Journal readyJournal   `json:"journal"`
	Broker  readyBroker    `json:"broker"`
	Lags    []readyLag     `json:"lags"`
	Service []readyService `json:"services"`
}

type readyJournal struct {
	Writable bool   `json:"writable"`
	Reason   string `json:"reason,omitempty"`
}

type readyBroker struct {
	Heard  bool      `json:"heard"`
	Last   time.Time `json:"last,omitzero"`
	Reason string    `json:"reason,omitempty"`
}

type readyLag struct {
	Name    string  `json:"name"`
	Waiting uint64  `json:"waiting"`
	Oldest  float64 `json:"oldest_seconds,omitempty"`
}

type readyService struct {
	Name   string       `json:"name"`
	State  ServiceState `json:"state"`
	Detail string       `json:"detail,omitempty"`
}

// readyz answers 200 while messages are taken and kept, else 503, with the reasons. Services behind the gateway are shown
// and decide nothing: promise 8.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) error {
	st := s.opts.Health.Status()
	body := readiness{
		Ready:   st.Ready(),
		Journal: readyJournal{st.Journal.Writable, st.Journal.Reason},
		Broker:  readyBroker{st.Broker.Heard, st.Broker.Last, st.Broker.Reason},
		Lags:    []readyLag{},
		Service: []readyService{},
	}
	for _, l := range st.Lags {
		body.Lags = append(body.Lags, readyLag{l.Name, l.Waiting, l.Oldest.Seconds()})
	}
	for _, v := range st.Services {
		body.Service = append(body.Service, readyService{v.Name, v.State, v.Detail})
	}
	b, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding readiness: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !body.Ready {
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write(append(b, '\n'))
	return nil
}
