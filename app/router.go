package app

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/web"
)

// router brings alerts to people: through the Alertmanager inside the gateway or through one by URL.
type router struct {
	resender *alerts.Resender
	embedded *alerts.Embedded // nil: external
	external *alerts.External // nil: embedded
}

// openRouter makes the router; nil if none is configured. known are the alerts that are open at the start or ended shortly before; accepted is
// told what it took.
func openRouter(cfg *configs.Config, id string, known []alerts.Alert, url string, accepted func([]alerts.Acceptance), log *slog.Logger, reg prometheus.Registerer) (*router, error) {
	c := cfg.Alertmanager
	if c == nil {
		return nil, nil
	}
	url = linkBase(c.ExternalURL, url)
	texts, err := alerts.NewTexts()
	if err != nil {
		return nil, err
	}
	r := &router{}
	var to alerts.Router
	if c.URL != "" {
		r.external, err = externalRouter(c, log, reg)
		to = r.external
	} else {
		o := embeddedOptions(cfg)
		o.ExternalURL, o.Logger, o.Registerer = url, log, reg
		r.embedded, err = alerts.NewEmbedded(o)
		to = r.embedded
	}
	if err != nil {
		return nil, err
	}
	r.resender, err = alerts.NewResender(alerts.ResenderOptions{
		Router: to, Gateway: id, Initial: known, Texts: texts, URL: url, Interval: c.Resend, Accepted: accepted,
		Logger: log, Registerer: reg,
	})
	return r, err
}

// embeddedOptions are those of the Alertmanager inside, as far as the configuration says them.
func embeddedOptions(cfg *configs.Config) alerts.EmbeddedOptions {
	c := cfg.Alertmanager
	return alerts.EmbeddedOptions{
		Config: c.Text, Templates: c.Templates, BaseDir: filepath.Dir(c.Config), Language: cfg.Language, Languages: c.Languages,
		DataDir: filepath.Join(cfg.Data, "alertmanager"),
	}
}

// linkBase is what links in notifications begin with: an address of the router's own or that of the pages, ready for paths.
func linkBase(own, pages string) string { return strings.TrimRight(cmp.Or(own, pages), "/") }

func externalRouter(c *configs.Alertmanager, log *slog.Logger, reg prometheus.Registerer) (*alerts.External, error) {
	password, err := c.Password.RevealAs("alertmanager password")
	if err != nil {
		return nil, err
	}
	token, err := c.Token.RevealAs("alertmanager token")
	if err != nil {
		return nil, err
	}
	clientTLS, err := c.TLS.Load()
	if err != nil {
		return nil, fmt.Errorf("preparing TLS of the alertmanager: %w", err)
	}
	return alerts.NewExternal(alerts.ExternalOptions{
		URLs: []string{c.URL}, Username: c.Username, Password: password, Token: token, TLS: clientTLS, Logger: log, Registerer: reg,
	})
}

// close lets go of the connections to an external router.
func (r *router) close() error {
	if r != nil && r.external != nil {
		r.external.Close()
	}
	return nil
}

// stages are the parts that notify; the resender stops first. There are none where no router is configured.
func (r *router) stages(report func(alerts.Fault)) []stage {
	if r == nil {
		return nil
	}
	s := []stage{{"router watch", r.watch(report), time.Second}, {"alerts", r.resender.Run, 12 * time.Second}}
	if r.embedded != nil {
		s = append(s, stage{"alertmanager", r.embedded.Run, 10 * time.Second})
	}
	return s
}

// notify hands on what changed. It does not block.
func (r *router) notify(changes []alerts.Change) {
	if r != nil {
		r.resender.Notify(changes)
	}
}

// prepare makes ready the routes and secrets of a reloaded configuration; swap brings them into force.
func (r *router) prepare(next *configs.Config) (swap func(), err error) {
	c := next.Alertmanager
	switch {
	case r == nil || c == nil:
		return func() {}, nil
	case r.embedded != nil:
		return r.embedded.Prepare(c.Text)
	}
	password, err := c.Password.RevealAs("alertmanager password")
	if err != nil {
		return nil, err
	}
	token, err := c.Token.RevealAs("alertmanager token")
	if err != nil {
		return nil, err
	}
	return func() { r.external.SetSecret(password, token) }, nil
}

// service says how the router is, and what waits for it.
func (r *router) service() (web.Service, *web.Lag) {
	if r == nil {
		return web.Service{Name: "router", State: web.ServiceOff}, nil
	}
	h := r.resender.Health()
	s := serviceOf("router", h.Err)
	s.Since = h.Since
	return s, &web.Lag{Name: "alerts", Waiting: uint64(h.Waiting)}
}

// watch tells people when notifications cannot leave.
func (r *router) watch(fault func(alerts.Fault)) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		tick := time.NewTicker(5 * time.Second)
		defer tick.Stop()
		down := false
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
			h := r.resender.Health()
			now := !h.OK && time.Since(h.Since) > 30*time.Second
			if now != down {
				down = now
				f := alerts.Fault{Name: alerts.FaultAlertmanagerDown, Firing: down}
				if h.Err != nil {
					f.Detail = firstLine(h.Err)
				}
				fault(f)
			}
		}
	}
}
