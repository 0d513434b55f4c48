package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
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

// waitingEvents bounds what waits to be recorded; what comes then is told by the log alone.
const waitingEvents = 256

// accountBook keeps people's doings: what accounts do becomes entries of the gateway itself, of no site.
type accountBook struct {
	events chan accounts.Event
	loop   *gateway.Loop
	log    *slog.Logger
}

// openAccounts reads who may do what, and says who writes down what becomes of it.
func openAccounts(ctx context.Context, cfg *configs.Config, j journal.Journal, loop *gateway.Loop, log *slog.Logger) (*accounts.Keeper, *accountBook, error) {
	b := &accountBook{events: make(chan accounts.Event, waitingEvents), loop: loop, log: log}
	k, err := accounts.New(ctx, accounts.Options{
		Store: j, Record: b.take, LinkFile: LinkFile(cfg), KeyFile: KeyFile(cfg), Required: cfg.Accounts.SecondFactors(), Log: log,
	})
	return k, b, err
}

// take is called while somebody waits: it never does.
func (b *accountBook) take(e accounts.Event) {
	b.log.Info("accounts", "what", string(e.What), "by", e.By, "about", e.About)
	select {
	case b.events <- e:
	default:
		b.log.Error("what accounts do comes faster than it can be recorded", "what", string(e.What), "by", e.By, "about", e.About)
	}
}

// run records events until ctx ends, and then what waits.
func (b *accountBook) run(ctx context.Context) error {
	for {
		select {
		case e := <-b.events:
			b.record(ctx, e)
		case <-ctx.Done():
			for {
				select {
				case e := <-b.events:
					b.record(ctx, e)
				default:
					return nil
				}
			}
		}
	}
}

func (b *accountBook) record(ctx context.Context, e accounts.Event) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := b.loop.Enter(ctx, "", entryOf(e), 0); err != nil {
		b.log.Error("what accounts did is not recorded", "what", string(e.What), "by", e.By, "about", e.About, "err", err)
	}
}

// entryOf is an event as it is recorded.
func entryOf(e accounts.Event) telemetry.Entry {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return telemetry.Entry{
		ID: "account-" + hex.EncodeToString(id[:]), Kind: telemetry.EntryAccount, Author: e.By, Reason: e.Why, Subject: e.About, Text: string(e.What),
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
