package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/app"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
)

func serveCommand(std streams) *cobra.Command {
	var path, profile string
	var anew bool
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the gateway",
		Long: `Serve runs the gateway until it gets SIGINT or SIGTERM. SIGHUP reloads the configuration: if anything in it is wrong
the old one stays in force. A mistake in the file of one site concerns that site alone: it goes on with what was in force for it, and
the others are served.`,
		Args: noFile,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := findConfig(std, path)
			if err != nil {
				return err
			}
			cfg, broken, err := loadServing(path)
			if err != nil {
				return unfit(err)
			}
			log := newLogger(std.err, cfg.Log)
			log.Info("configuration", "file", configName(path))
			for _, p := range broken {
				log.Error("a site's file has a problem; the other sites are served", "problem", p.String())
			}
			limitMemory()
			surviveFileLimit()
			stop, err := startProfile(profile)
			if err != nil {
				return err
			}
			if anew {
				if err := beginAnew(cmd.Context(), cfg, log); err != nil {
					return err
				}
			}
			// From the first moment on: a signal that nobody waits for ends a process, and a start with thousands of sites takes a while.
			hangUps := make(chan os.Signal, 1)
			signal.Notify(hangUps, syscall.SIGHUP)
			defer signal.Stop(hangUps)
			a, err := app.New(cmd.Context(), cfg, app.Options{Version: readBuild().Version, Logger: log})
			if err != nil {
				return advised(err, path)
			}
			log.Info("ready", "pages", a.URL())
			if link := a.SetUpURL(); link != "" {
				_, _ = fmt.Fprintf(std.out, "Nobody has an account yet. This link makes the administrator's, once:\n  %s\n", link)
			}
			ctx, end := context.WithCancel(cmd.Context())
			var reloading sync.WaitGroup
			reloading.Go(func() { reloadAt(ctx, hangUps, a) })
			err = a.Run(ctx)
			end()
			reloading.Wait()
			return errors.Join(err, stop())
		},
	}
	c.Flags().StringVar(&path, "config", "", "configuration file "+configUsage)
	c.Flags().BoolVar(&anew, "new", false, "where the journal is gone, begin a new one; what is left of the old one is kept beside it")
	c.Flags().StringVar(&profile, "cpu-profile", "", "write a CPU profile to this file, for go tool pprof")
	return c
}

// unfit is the error of a configuration that cannot be served, here or at all.
func unfit(problems error) error {
	return hinted{fmt.Errorf("the configuration has problems:\n%w", problems), "gerbang check lists them without starting anything"}
}

// reloadAt reloads the configuration at each signal. What comes of it is told by the log and an alert.
func reloadAt(ctx context.Context, signals <-chan os.Signal, a *app.App) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
			_ = a.Reload(ctx)
		}
	}
}

// beginAnew is what an operator says who knows that the journal is gone. Where it is not, nothing happens.
func beginAnew(ctx context.Context, cfg *configs.Config, log *slog.Logger) error {
	moved, err := sqlite.BeginAnew(ctx, sqlite.Options{Dir: cfg.Data, Logger: log})
	switch {
	case err != nil:
		return err
	case moved:
		log.Warn("a new journal begins; what was left of the old one is kept beside it", "data", cfg.Data)
	default:
		log.Info("--new: the journal is there and is used as it is; the flag is not needed", "data", cfg.Data)
	}
	return nil
}

func newLogger(w io.Writer, l configs.Log) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(l.Level)) // checked by configs
	options := &slog.HandlerOptions{Level: level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
