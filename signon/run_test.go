package signon

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// house is a provider without a network: it says of itself what one must.
type house struct {
	down, hangs atomic.Bool
	asked       atomic.Int64
}

const houseIssuer = "https://login.example.go.id"

func (h *house) RoundTrip(r *http.Request) (*http.Response, error) {
	h.asked.Add(1)
	switch {
	case h.down.Load():
		return nil, errors.New("connection refused")
	case h.hangs.Load():
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	body := `{"issuer":"` + houseIssuer + `","authorization_endpoint":"` + houseIssuer + `/a","token_endpoint":"` + houseIssuer + `/t","jwks_uri":"` + houseIssuer + `/k"}`
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func (h *house) provider() *Provider {
	return New(Options{Issuer: houseIssuer, ClientID: "gerbang", Redirect: redirect, Client: &http.Client{Transport: h}})
}

// A provider that was there and is down for a moment is there again within a moment: what it said before serves meanwhile, and it is asked on.
func TestRunAfterABlip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h house
		p := h.provider()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- p.Run(ctx) }()
		synctest.Wait()
		if p.Down() {
			t.Fatal("down though it answers")
		}
		h.down.Store(true)
		time.Sleep(askAnew + time.Second)
		synctest.Wait()
		if _, err := p.ask(ctx); !p.Down() || err != nil {
			t.Fatalf("it does not answer: down: %t, %v, want to be down, and to serve by what it said", p.Down(), err)
		}
		h.down.Store(false)
		time.Sleep(2 * askAgain)
		synctest.Wait()
		if p.Down() {
			t.Error("half a minute after it is there again it is called down")
		}
		asked := h.asked.Load()
		time.Sleep(askAnew / 2)
		if more := h.asked.Load() - asked; more > 1 {
			t.Errorf("one that answers is asked %d times in half an hour", more)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: got %v", err)
		}
	})
}

// A browser that goes away while the provider is asked says nothing of the provider, whether it was heard of before or not.
func TestABrowserThatGoesAway(t *testing.T) {
	for _, before := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var h house
			p := h.provider()
			if before {
				if _, err := p.ask(t.Context()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(askAnew)
			}
			h.hangs.Store(true)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := p.ask(ctx); (err == nil) != before || p.Down() {
				t.Errorf("heard of before: %t: got %v, down: %t", before, err, p.Down())
			}
			h.hangs.Store(false)
			if f, err := p.ask(t.Context()); err != nil || time.Since(f.at) > 0 {
				t.Errorf("heard of before: %t: the next one: got %v, want that it is asked", before, err)
			}
		})
	}
}
