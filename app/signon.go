package app

import (
	"context"
	"log/slog"
	"sync"

	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/signon"
	"github.com/gerbang-iot/gerbang/web"
)

// signOn is the provider that people may sign in with, as it is configured now: a reload may bring another one, or none.
type signOn struct {
	pages *web.Server
	log   *slog.Logger

	mu       sync.Mutex
	provider *signon.Provider // nil: none
	changed  chan struct{}    // closed when there is another one
}

func newSignOn(pages *web.Server, log *slog.Logger) *signOn {
	return &signOn{pages: pages, log: log, changed: make(chan struct{})}
}

// prepare makes the provider of a configuration. It is not asked anything: one that is down stops nothing.
func (s *signOn) prepare(cfg *configs.Config) (swap func(), err error) {
	var next *signon.Provider
	if o := cfg.OIDC; o != nil {
		if _, err := o.ClientSecret.RevealAs("client secret of oidc"); err != nil {
			return nil, err
		}
		options, err := o.Options(cfg.RedirectURL())
		if err != nil {
			return nil, err
		}
		options.Log = s.log
		next = signon.New(options)
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.provider = next
		s.pages.SetSignOn(next)
		close(s.changed)
		s.changed = make(chan struct{})
	}, nil
}

// run keeps knowing whether the provider is there, until ctx ends.
func (s *signOn) run(ctx context.Context) error {
	for ctx.Err() == nil {
		s.mu.Lock()
		provider, changed := s.provider, s.changed
		s.mu.Unlock()
		asking, stop := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if provider != nil {
				_ = provider.Run(asking) // gives nil
			}
		}()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		stop()
		<-ended
	}
	return nil
}
