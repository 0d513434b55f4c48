package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/ownca"
	"github.com/gerbang-iot/gerbang/web"
)

// webPorts are what the pages show, and what people do on them.
type webPorts struct {
	keeper    *accounts.Keeper
	live      *gateway.Live
	loop      *gateway.Loop // takes what people enter
	journal   journal.Journal
	rehearsal *Rehearsals
	limits    *limitDesk
	plans     *planShelf
	history   *archive
	refused   refusedPort
	sightings *decode.Sightings
	ear       *decode.Ear
	health    web.Health
	photos    photos
	logs      logPort
	files     *siteFiles
	trials    *trials
	evidence  *evidenceDesk // nil: no packs are made
	push      http.Handler  // nil: that door is closed
	reach     web.Reach
	log       *slog.Logger
	registry  *prometheus.Registry
}

// openWeb makes the web server, and listens.
func openWeb(ctx context.Context, cfg *configs.Config, p webPorts) (*web.Server, error) {
	p.photos.sweep(ctx, p.journal, time.Now(), p.log)
	h := cfg.HTTP
	o := web.Options{
		Accounts: p.keeper, Live: p.live, Alerts: alertPort{p.live, p.journal}, AlertLog: p.journal, Hours: p.journal, Entries: entryPort{p.live, p.loop, p.journal},
		Rejections: p.journal, Rollups: p.journal, Readings: p.history, Refused: p.refused, Histories: newHistoryPort(p.journal), Rehearsals: p.rehearsal, Limits: p.limits, Plans: p.plans,
		Strangers: strangerPort{p.sightings}, Ear: earPort{p.ear}, Reach: p.reach, Trials: p.trials, Logs: p.logs,
		Photos: p.photos, Health: p.health, MaxConnections: shareOfFiles(), Addr: h.Listen, Proxy: h.BehindProxy, PublicSigns: h.PublicSigns,
		Gatherer: p.registry, Registerer: p.registry, Log: p.log,
	}
	if p.push != nil {
		o.Push, o.PushHasCredentials = p.push, true
	}
	if u, err := url.Parse(h.ExternalURL); err == nil && u.Host != "" {
		o.Origin = u.Scheme + "://" + u.Host
	}
	if p.evidence != nil {
		o.Evidence = p.evidence
	}
	p.files.entries = o.Entries
	o.SiteFiles = p.files
	var err error
	if o.Base, err = web.BasePath(h.ExternalURL); err != nil {
		return nil, fmt.Errorf("http.external_url: %w", err)
	}
	if o.Token, err = h.AccessToken.RevealAs("access token"); err != nil {
		return nil, err
	}
	if h.TLS != nil {
		if o.TLS, err = h.TLS.Load(); err != nil {
			return nil, fmt.Errorf("preparing TLS of the pages: %w", err)
		}
	}
	if len(h.CertificateFor) > 0 {
		authority, err := ownca.Open(AuthorityFolder(cfg), h.CertificateFor, time.Now, p.log)
		if err != nil {
			return nil, fmt.Errorf("preparing TLS of the pages: %w", err)
		}
		o.TLS, o.OwnCA = authority.TLS(), authority.Certificate()
	}
	return web.New(o)
}

// AuthorityFolder is where the gateway's own authority lies, see ownca.
func AuthorityFolder(cfg *configs.Config) string { return filepath.Join(cfg.Data, "authority") }

// PageURL is where people find the pages that listen at an address.
func PageURL(cfg *configs.Config, addr string) string {
	switch {
	case cfg.HTTP.ExternalURL != "":
		return cfg.HTTP.ExternalURL
	case len(cfg.HTTP.CertificateFor) > 0: // by a name that the certificate has
		if _, port, err := net.SplitHostPort(addr); err == nil {
			return "https://" + net.JoinHostPort(cfg.HTTP.CertificateFor[0], port) + "/"
		}
		fallthrough
	case cfg.HTTP.TLS != nil:
		return "https://" + addr + "/"
	}
	return "http://" + addr + "/"
}
