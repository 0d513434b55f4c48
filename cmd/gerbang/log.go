package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/app"
	"github.com/gerbang-iot/gerbang/audit"
	"github.com/gerbang-iot/gerbang/journal"
)

func logCommand(std streams) *cobra.Command {
	return group("log", "About the transparency log of a site", logVerifyCommand(std), logShowCommand(std), logProveCommand(std), logSaveCommand(std), logKeyCommand(std), logNewKeyCommand(std))
}

// logSource is where a command finds a log: in a data folder by its site, in a folder of files, or at an address.
type logSource struct {
	folder          dataFolder
	site, tokenFile string
}

func (l *logSource) flags(c *cobra.Command) {
	l.folder.flags(c)
	c.Flags().StringVar(&l.site, "site", "", "the site, in a data directory; "+audit.GatewayLog+": the log of the gateway itself")
	c.Flags().StringVar(&l.tokenFile, "token-file", "", "file with a token that may review the site, where the log is at an address")
}

// errNoLog says that a site has none.
var errNoLog = errors.New("it has no transparency log: nothing has happened there yet")

// open gives the log that the arguments name. checked compares its entries with the journal's rows; nil: they are not there.
func (l *logSource) open(ctx context.Context, std streams, args []string) (log audit.Log, checked func(ctx context.Context) ([]string, error), done func(), err error) {
	done = func() {}
	if len(args) > 0 {
		if l.site != "" {
			return nil, nil, done, &exitError{code: 2, err: errors.New("--site is for a data directory, and a folder or an address is given")}
		}
		if strings.HasPrefix(args[0], "http://") || strings.HasPrefix(args[0], "https://") {
			log, err = newWebLog(args[0], l.tokenFile)
			return log, nil, done, err
		}
		if _, err := os.Stat(filepath.Join(args[0], audit.CheckpointFile)); err != nil {
			return nil, nil, done, hinted{fmt.Errorf("reading the log: %w", err), "a folder of a log has a file checkpoint and a folder tile; for a data directory use --data and --site"}
		}
		return audit.Folder(os.DirFS(args[0])), nil, done, nil
	}
	if l.site == "" {
		return nil, nil, done, &exitError{code: 2, err: errors.New("which log: expected a folder, an address, or --site")}
	}
	j, err := l.folder.reader(ctx, std)
	if err != nil {
		return nil, nil, done, err
	}
	done = func() { _ = j.Close() }
	site := ownSite(l.site)
	log, ok, err := j.Log(ctx, site)
	if err == nil && !ok {
		err = hinted{fmt.Errorf("site %q: %w", site, errNoLog), "--site names one of those that gerbang check lists"}
	}
	return log, func(ctx context.Context) (wrong []string, err error) {
		err = j.CheckLogs(ctx, nil, func(c *journal.LogCheck) error {
			if c.Site == site {
				wrong = append(wrong, c.Wrong...)
			}
			return nil
		})
		return wrong, err
	}, done, err
}

// ownSite is the site of a log's name.
func ownSite(name string) string {
	if name == audit.GatewayLog {
		return ""
	}
	return name
}

// knownFlags are what who verifies a log brings along.
type knownFlags struct{ keys, checkpoints []string }

func (k *knownFlags) flags(c *cobra.Command) {
	c.Flags().StringArrayVar(&k.keys, "key", nil, "key to verify checkpoints with, or a file that has it (gerbang log key); may be given more than once")
	c.Flags().StringArrayVar(&k.checkpoints, "checkpoint", nil, "file with a checkpoint of the log from another day or place; may be given more than once")
}

func (k *knownFlags) known() (known audit.Known, err error) {
	for _, key := range k.keys {
		if text, err := os.ReadFile(key); err == nil {
			key = strings.TrimSpace(string(text))
		}
		if _, err := audit.Verifiers(key); err != nil {
			return known, &exitError{code: 2, err: err}
		}
		known.Keys = append(known.Keys, key)
	}
	known.Checkpoints, err = readCheckpoints(k.checkpoints)
	return known, err
}

func readCheckpoints(names []string) (all [][]byte, err error) {
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err == nil {
			_, err = audit.ParseCheckpoint(text)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the checkpoint %s: %w", name, err)
		}
		all = append(all, text)
	}
	return all, nil
}

func logVerifyCommand(std streams) *cobra.Command {
	var source logSource
	var with knownFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "verify [FOLDER | URL]",
		Short: "Check a transparency log, line by line, without trusting the gateway",
		Long: `Verify reads the whole of a site's log: a folder that gerbang log save has written, the address of a gateway (https://…/log/SITE), or the
journal in a data directory (--site). It says what holds: that the entries are those of the signed checkpoint, who signed it, and that the log
goes on from each --checkpoint that you have from another day or place. In a data directory the rows of the journal are compared with the
entries, too. A folder needs no network, and no gateway. What does not hold names the entry.

A log that was made anew as a whole, and signed with a stolen key, is a log like any other: only a checkpoint from before, kept elsewhere,
tells the difference. It exits with 0 where all holds, 1 where something does not, and 2 where something cannot be known.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			known, err := with.known()
			if err != nil {
				return err
			}
			log, checked, done, err := source.open(cmd.Context(), std, args)
			defer done()
			if err != nil {
				return err
			}
			return verifyLog(cmd.Context(), std, log, known, checked, asJSON)
		},
	}
	source.flags(c)
	with.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

// logWords begin the lines of a check.
var logWords = map[audit.State]string{audit.Holds: "holds    ", audit.Fails: "FAILS    ", audit.Unknown: "unknown  "}

func verifyLog(ctx context.Context, std streams, log audit.Log, known audit.Known, checked func(context.Context) ([]string, error), asJSON bool) error {
	r, err := audit.Verify(ctx, log, known, nil)
	if err != nil {
		return err
	}
	if checked != nil {
		wrong, err := checked(ctx)
		if err != nil {
			return err
		}
		for _, w := range wrong {
			r.Lines = append(r.Lines, audit.Line{State: audit.Fails, Entry: -1, Text: "the journal: " + w})
		}
		if len(wrong) == 0 {
			r.Lines = append(r.Lines, audit.Line{State: audit.Holds, Entry: -1, Text: "the journal's rows are those that the entries speak of, and each of them is in the log"})
		}
	}
	outcome := audit.Holds
	for _, l := range r.Lines {
		if l.State == audit.Fails || outcome == audit.Holds {
			outcome = l.State
		}
		if l.State == audit.Fails {
			break
		}
	}
	code := map[audit.State]int{audit.Fails: 1, audit.Unknown: 2}[outcome]
	var exit error
	if code != 0 {
		exit = &exitError{code: code}
	}
	if asJSON {
		return errors.Join(json.NewEncoder(std.out).Encode(struct {
			Outcome audit.State `json:"outcome"`
			*audit.Report
		}{outcome, r}), exit)
	}
	p := printer{w: std.out}
	p.line("log %s, %d entries", r.Checkpoint.Origin, r.Checkpoint.Size)
	for _, l := range r.Lines {
		p.line("%s  %s", logWords[l.State], l.Text)
	}
	return errors.Join(p.err, exit)
}

func logShowCommand(std streams) *cobra.Command {
	var source logSource
	var from int64
	c := &cobra.Command{
		Use:   "show [FOLDER | URL]",
		Short: "Print the entries of a transparency log, one JSON object a line",
		Long: `Show prints the entries of a log as they are stored, from --from on, up to its newest checkpoint. They are not verified: gerbang log verify does that.
Entries behind the newest checkpoint are not shown; there is a new one each minute.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			log, _, done, err := source.open(cmd.Context(), std, args)
			defer done()
			if err != nil {
				return err
			}
			return showLog(cmd.Context(), std, log, from)
		},
	}
	source.flags(c)
	c.Flags().Int64Var(&from, "from", 0, "the first entry")
	return c
}

func showLog(ctx context.Context, std streams, log audit.Log, from int64) error {
	c, _, err := newestCheckpoint(ctx, log)
	if err != nil {
		return err
	}
	p := printer{w: std.out}
	for n := max(from, 0); n < c.Size && p.err == nil; {
		t := audit.EntriesTile(n, c.Size)
		bundle, err := log.Tile(ctx, t)
		if err != nil {
			return fmt.Errorf("reading %s: %w", audit.TilePath(t), err)
		}
		entries, err := audit.ParseBundle(bundle, t.W)
		if err != nil {
			return fmt.Errorf("reading %s: %w", audit.TilePath(t), err)
		}
		for _, e := range entries[n%audit.TileWidth:] {
			p.line("%s", e)
			n++
		}
	}
	return p.err
}

// newestCheckpoint reads that of a log; a log that was never signed says so.
func newestCheckpoint(ctx context.Context, log audit.Log) (audit.Checkpoint, []byte, error) {
	signed, err := log.Checkpoint(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return audit.Checkpoint{}, nil, hinted{err, "the gateway signs one some seconds after its start, and each minute where something is new"}
	}
	if err != nil {
		return audit.Checkpoint{}, nil, err
	}
	c, err := audit.ParseCheckpoint(signed)
	return c, signed, err
}

func logKeyCommand(std streams) *cobra.Command {
	var source logSource
	c := &cobra.Command{
		Use:   "key",
		Short: "Print what the checkpoints of a site's log are verified with",
		Long: `Key prints the public key of a site's log: whoever is to verify it gets it from you, once, and not from the log. The private key is
log.key in the data directory.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			data, err := source.folder.find(std)
			if err != nil {
				return err
			}
			log, _, done, err := source.open(cmd.Context(), std, nil)
			defer done()
			if err != nil {
				return err
			}
			c, _, err := newestCheckpoint(cmd.Context(), log)
			if err != nil {
				return err
			}
			k, err := app.ReadLogKey(data, app.LogKeyFile)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(std.out, k.Verifier(c.Origin))
			return err
		},
	}
	source.flags(c)
	return c
}

func logNewKeyCommand(std streams) *cobra.Command {
	var folder dataFolder
	c := &cobra.Command{
		Use:   "new-key",
		Short: "Let another key sign the logs from the next start on",
		Long: `New-key makes a key beside the one that signs (log.key.next). The next start of the gateway announces it in every log, signed by the key before,
and signs with it from then on: whoever verifies the logs with the old key goes on to do so. The old key is kept as log.key.old-TIME.
Where the key was stolen tell those who verify the logs: whoever has it can announce a key of his own.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			data, err := folder.find(std)
			if err != nil {
				return err
			}
			if _, err := app.MakeLogKey(data, app.LogKeyNextFile); err != nil {
				return err
			}
			_, err = fmt.Fprintln(std.out, "the next start of the gateway announces the new key and signs with it")
			return err
		},
	}
	folder.flags(c)
	return c
}
