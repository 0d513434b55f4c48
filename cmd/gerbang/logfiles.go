package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/gerbang-iot/gerbang/audit"
)

func logProveCommand(std streams) *cobra.Command {
	var source logSource
	c := &cobra.Command{
		Use:   "prove N [FOLDER | URL]",
		Short: "Prove that an entry is in a log, to somebody who has nothing of it",
		Long: `Prove writes a proof (tlog-proof of C2SP) that entry N is in the log of the newest checkpoint: with the entry, as gerbang log show --from N prints it
first, and the log's key that is all that is needed. The entry goes to standard error, the proof to standard output.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return &exitError{code: 2, err: fmt.Errorf("entry %q: expected its number, from 0", args[0])}
			}
			log, _, done, err := source.open(cmd.Context(), std, args[1:])
			defer done()
			if err != nil {
				return err
			}
			return proveEntry(cmd.Context(), std, log, n)
		},
	}
	source.flags(c)
	return c
}

func proveEntry(ctx context.Context, std streams, log audit.Log, n int64) error {
	c, signed, err := newestCheckpoint(ctx, log)
	if err != nil {
		return err
	}
	p, err := audit.Prove(ctx, log, signed, n)
	if err != nil {
		return err
	}
	t := audit.EntriesTile(n, c.Size)
	bundle, err := log.Tile(ctx, t)
	if err != nil {
		return fmt.Errorf("reading %s: %w", audit.TilePath(t), err)
	}
	entries, err := audit.ParseBundle(bundle, t.W)
	if err != nil {
		return fmt.Errorf("reading %s: %w", audit.TilePath(t), err)
	}
	entry := entries[n%audit.TileWidth]
	if err := p.Holds(entry); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(std.err, "%s\n", entry); err != nil {
		return err
	}
	_, err = std.out.Write(p.Text())
	return err
}

func logSaveCommand(std streams) *cobra.Command {
	var source logSource
	c := &cobra.Command{
		Use:   "save FOLDER",
		Short: "Write a site's log into files, as tlog-tiles says",
		Long: `Save writes the log of --site into a folder: its newest checkpoint, and what it is of. What an earlier save has written there stays, so it can
be called again and again, and the folder may lie on another machine. Any program that reads tlog-tiles verifies it, as gerbang log verify FOLDER does.
A log that does not go on from the checkpoint in the folder is not saved over it.`,
		Args: only("FOLDER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			log, _, done, err := source.open(cmd.Context(), std, nil)
			defer done()
			if err != nil {
				return err
			}
			c, err := saveLog(cmd.Context(), log, args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(std.out, "%s: %d entries\n", c.Origin, c.Size)
			return err
		},
	}
	source.flags(c)
	return c
}

// saveLog writes what is new in a log into a folder, the checkpoint last: a folder whose checkpoint is there is whole.
func saveLog(ctx context.Context, log audit.Log, folder string) (c audit.Checkpoint, err error) {
	c, signed, err := newestCheckpoint(ctx, log)
	if err != nil {
		return c, err
	}
	old := audit.Checkpoint{}
	name := filepath.Join(folder, audit.CheckpointFile)
	switch text, err := os.ReadFile(name); {
	case err == nil:
		if old, err = audit.ParseCheckpoint(text); err != nil {
			return c, fmt.Errorf("reading %s: %w", name, err)
		}
		if err := goesOn(ctx, log, old, c); err != nil {
			return c, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return c, fmt.Errorf("reading what was saved before: %w", err)
	}
	for _, t := range tlog.NewTiles(audit.TileHeight, old.Size, c.Size) {
		tiles := []tlog.Tile{t}
		if t.L == 0 {
			entries := t
			entries.L = -1
			tiles = append(tiles, entries)
		}
		for _, t := range tiles {
			text, err := log.Tile(ctx, t)
			if err != nil {
				return c, fmt.Errorf("reading %s: %w", audit.TilePath(t), err)
			}
			if err := writeWhole(filepath.Join(folder, filepath.FromSlash(audit.TilePath(t))), text); err != nil {
				return c, err
			}
		}
	}
	return c, writeWhole(name, signed)
}

// goesOn fails unless a log goes on from an older checkpoint.
func goesOn(ctx context.Context, log audit.Log, old, now audit.Checkpoint) error {
	if old.Origin != now.Origin {
		return fmt.Errorf("the folder has the log %q, this is %q", old.Origin, now.Origin)
	}
	if old.Size > now.Size {
		return fmt.Errorf("the log is cut, or an old copy was put in its place: the folder has %d entries, the log %d", old.Size, now.Size)
	}
	if old.Size == 0 {
		return nil
	}
	root, err := tlog.TreeHash(old.Size, audit.Hashes(ctx, log, now.Tree()))
	if err != nil {
		return fmt.Errorf("comparing the log with what was saved before: %w", err)
	}
	if root != old.Root {
		return fmt.Errorf("the log is another one than that in the folder: of its first %d entries at least one is not the same", old.Size)
	}
	return nil
}

// writeWhole writes a file that is there whole or not at all.
func writeWhole(name string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // whoever verifies the log is to read it
		return fmt.Errorf("saving the log: %w", err)
	}
	part := name + ".part"
	err := os.WriteFile(part, text, 0o644) //nolint:gosec // likewise
	if err == nil {
		err = os.Rename(part, name)
	}
	if err != nil {
		return fmt.Errorf("saving the log: %w", err)
	}
	return nil
}

// webLog is a log at the address of a gateway, or of anything that serves tlog-tiles.
type webLog struct {
	base, token string
	client      *http.Client
}

func newWebLog(base, tokenFile string) (*webLog, error) {
	if u, err := url.Parse(base); err != nil || u.Host == "" {
		return nil, &exitError{code: 2, err: fmt.Errorf("%q is no address of a log: expected https://HOST/log/SITE", base)}
	}
	l := &webLog{base: strings.TrimRight(base, "/"), client: &http.Client{Timeout: time.Minute}}
	if tokenFile != "" {
		text, err := os.ReadFile(tokenFile)
		if err != nil {
			return nil, fmt.Errorf("reading the token: %w", err)
		}
		l.token = strings.TrimSpace(string(text))
	}
	return l, nil
}

// mostOfTile is how long a bundle of entries is at most.
const mostOfTile = audit.TileWidth * (2 + audit.MostBytes)

func (l *webLog) get(ctx context.Context, name string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.base+"/"+name, nil)
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %w", name, err)
	}
	if l.token != "" {
		r.Header.Set("Authorization", "Bearer "+l.token)
	}
	resp, err := l.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %w", name, err)
	}
	defer func() { _ = resp.Body.Close() }()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return nil, fmt.Errorf("%s/%s: %w", l.base, name, fs.ErrNotExist)
	default:
		return nil, fmt.Errorf("%s/%s: the server answers %s", l.base, name, resp.Status)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, mostOfTile+1))
	if err == nil && len(text) > mostOfTile {
		err = errors.New("it is longer than any file of a log")
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s/%s: %w", l.base, name, err)
	}
	return text, nil
}

// Checkpoint implements audit.Log.
func (l *webLog) Checkpoint(ctx context.Context) ([]byte, error) {
	return l.get(ctx, audit.CheckpointFile)
}

// Tile implements audit.Log.
func (l *webLog) Tile(ctx context.Context, t tlog.Tile) ([]byte, error) {
	return l.get(ctx, audit.TilePath(t))
}
