package main

import (
	"context"
	"errors"
	"log/slog"
	"syscall"

	"github.com/gerbang-iot/gerbang/app"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
)

// advised says what to do where the gateway of a configuration cannot be made.
func advised(err error, config string) error {
	if _, ok := errors.AsType[configs.Problems](err); ok {
		err = unfit(err)
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return hinted{err, "another program uses that address; stop it, or change http.listen or mqtt.embedded in " + configName(config)}
	case errors.Is(err, journal.ErrInUse):
		return hinted{err, "stop the other one, or give this one a data directory of its own (data: in the configuration)"}
	}
	return err
}

// openJournal opens the journal that a command makes or continues, and says what to do where another program has it.
func openJournal(ctx context.Context, cfg *configs.Config, log *slog.Logger) (*sqlite.Journal, error) {
	j, err := app.OpenJournal(ctx, cfg, true, log)
	return j, advised(err, cfg.File)
}
