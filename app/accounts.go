package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// LinkFile is where commands leave one-time links for a gateway with this configuration.
func LinkFile(cfg *configs.Config) string { return filepath.Join(cfg.Data, "account-links") }

// KeyFile holds the key that keeps second factors unreadable in the journal and its backups.
func KeyFile(cfg *configs.Config) string { return filepath.Join(cfg.Data, "factors.key") }

// accountBook keeps people's doings: what accounts do becomes entries of the gateway itself, of no site.
type accountBook struct {
	journal journal.Journal
	loop    *gateway.Loop
	since   time.Time // when the process began
}

// openAccounts reads who may do what, and has written down what becomes of it.
func openAccounts(ctx context.Context, cfg *configs.Config, j journal.Journal, loop *gateway.Loop, log *slog.Logger) (*accounts.Keeper, error) {
	b := &accountBook{journal: j, loop: loop, since: time.Now()}
	return accounts.New(ctx, accounts.Options{
		Store: j, Record: b.record, LinkFile: LinkFile(cfg), KeyFile: KeyFile(cfg), Required: cfg.Accounts.SecondFactors(), Log: log,
	})
}

// recordFor is how long an entry may take; then it is tried again.
const recordFor = 3 * time.Second

// record makes an entry of an event, once: one that waited when a process ended may have been recorded by it.
func (b *accountBook) record(ctx context.Context, e accounts.Event) error {
	ctx, cancel := context.WithTimeout(ctx, recordFor)
	defer cancel()
	entry := entryOf(e)
	if e.At.Before(b.since) {
		if _, there, err := b.journal.Entry(ctx, "", entry.ID); err != nil || there {
			return err
		}
	}
	return b.loop.Enter(ctx, "", entry, telemetry.InstantOf(e.At))
}

// entryOf is an event as it is recorded.
func entryOf(e accounts.Event) telemetry.Entry {
	return telemetry.Entry{
		ID: "account-" + e.ID, Kind: telemetry.EntryAccount, Author: e.By, Reason: e.Why, Subject: e.About, Text: string(e.What),
		Value: float64(e.Count), Item: e.Address, Before: e.Before, After: e.After,
	}
}

// SetUpURL is a link that makes the first administrator, once; empty: there is an account. Whoever has it may do everything: it is shown to
// who starts the gateway, and never logged.
func (a *App) SetUpURL() string {
	code := a.keeper.FirstCode()
	if code == "" {
		return ""
	}
	return LinkURL(a.url, code)
}

// LinkURL is where a one-time code is used, at the address of the pages.
func LinkURL(pages, code string) string {
	return fmt.Sprintf("%s/setup?code=%s", strings.TrimSuffix(pages, "/"), url.QueryEscape(code))
}
