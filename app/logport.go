package app

import (
	"context"

	"github.com/gerbang-iot/gerbang/audit"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/web"
)

// logPort is the transparency logs as pages ask for them.
type logPort struct {
	logs    journal.Logs
	gateway string
	dir     string
}

var _ web.Logs = logPort{}

// Log implements web.Logs.
func (p logPort) Log(ctx context.Context, site string) (audit.Log, bool, error) {
	return p.logs.Log(ctx, site)
}

// LogKey implements web.Logs.
func (p logPort) LogKey(site string) (string, error) {
	k, err := ReadLogKey(p.dir, LogKeyFile)
	if err != nil {
		return "", err
	}
	return k.Verifier(audit.Origin(p.gateway, site)), nil
}
