package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/reach"
)

// plan is whom a site calls about an alert; nil: nobody.
type plan func(site string) *facility.Escalation

// caller knows who is to be called where a site does not say so. It is asked before there is anybody who knows, too.
type caller struct {
	reach atomic.Pointer[reach.Reach]
}

func (c *caller) fallback(site string) *facility.Escalation {
	if r := c.reach.Load(); r != nil {
		return r.Fallback(site)
	}
	return nil
}

// reachParts are what calling people needs of the others.
type reachParts struct {
	keeper *accounts.Keeper
	store  accounts.Store
	open   []alerts.Alert
	report func([]alerts.Report)
	show   func([]alerts.Signal)
	log    *slog.Logger
}

// openReach makes what calls people. Its address is set when the pages listen.
func openReach(ctx context.Context, cfg *configs.Config, p reachParts) (*reach.Reach, error) {
	texts, err := alerts.NewTexts()
	if err != nil {
		return nil, err
	}
	var own *tls.Config
	if own, err = cfg.Reach.Push.TLS.Load(); err != nil {
		return nil, fmt.Errorf("preparing TLS of push services: %w", err)
	}
	return reach.New(ctx, reach.Options{
		Store: p.store, People: p.keeper, Texts: texts, Language: cfg.Language, Contact: cfg.Reach.Push.Contact, Private: cfg.Reach.Push.Private, TLS: own,
		Channels: cfg.ReachChannels(), Sirens: cfg.Sirens(), Open: p.open, Report: p.report, Show: p.show, Log: p.log,
	})
}
