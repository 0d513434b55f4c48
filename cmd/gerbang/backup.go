package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
)

func backupCommand(std streams) *cobra.Command {
	var folder dataFolder
	var overwrite, asJSON bool
	c := &cobra.Command{
		Use:   "backup DEST",
		Short: "Copy the journal, also while the gateway runs",
		Long: `Backup writes the journal as of one moment to a file, also while the gateway runs and without holding it up. The copy is opened
and compared with its checksums before it gets its name. DEST is a file, or a directory that gets a file named by the time.`,
		Args: only("DEST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := folder.find(std)
			if err != nil {
				return err
			}
			made, err := sqlite.Backup(cmd.Context(), data, args[0], overwrite)
			switch {
			case errors.Is(err, journal.ErrExists):
				return hinted{err, "--overwrite replaces it"}
			case errors.Is(err, fs.ErrNotExist):
				if _, missing := os.Stat(filepath.Join(data, sqlite.FileName)); missing == nil {
					return hinted{err, "the folder of DEST must be there"}
				}
				return missingJournal(err, data)
			case err != nil:
				return err
			}
			if asJSON {
				return errors.Join(reportOf(made).print(std.out), damaged(made))
			}
			report := printer{w: std.out}
			report.copied("backed up to "+made.Path, made)
			return errors.Join(report.err, damaged(made))
		},
	}
	folder.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	c.Flags().BoolVar(&overwrite, "overwrite", false, "replace DEST")
	return c
}

func restoreCommand(std streams) *cobra.Command {
	var folder dataFolder
	var overwrite, asJSON bool
	c := &cobra.Command{
		Use:   "restore SRC",
		Short: "Put a backup of the journal in place",
		Long: `Restore puts a backup into the data directory, after opening it and comparing it with its checksums. The gateway must not run.
What is there is kept beside it under another name. Everybody is signed out, and tokens and one-time links end: some may have been ended since
the backup. Passwords and roles are those of the backup. What was acknowledged after the backup was made is lost: the gateway says so, by
the numbers of the records, when it starts.`,
		Args: only("SRC"),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := folder.find(std)
			if err != nil {
				return err
			}
			done, err := sqlite.Restore(cmd.Context(), args[0], data, overwrite)
			switch {
			case errors.Is(err, journal.ErrInUse):
				return hinted{err, "stop the gateway first"}
			case errors.Is(err, journal.ErrExists):
				return hinted{err, "--overwrite restores all the same, and keeps what is there under another name"}
			case errors.Is(err, fs.ErrNotExist):
				return hinted{err, "SRC is a file that gerbang backup has written"}
			case err != nil:
				return err
			}
			if asJSON {
				return errors.Join(restoredReport(data, done).print(std.out), damaged(&done.Copy))
			}
			report := printer{w: std.out}
			report.copied(fmt.Sprintf("restored to %s from %s", data, done.Path), &done.Copy)
			if done.Kept != "" {
				report.line("what was there is kept as %s", filepath.Join(data, "*"+done.Kept))
			}
			if done.Ended > 0 {
				report.line("%d sessions, tokens and links of accounts are ended, for some may have been ended since the backup: people sign in again, and programs need new tokens", done.Ended)
			}
			if done.Lost > 0 {
				report.line("records %d to %d were on disk after this backup was made, and are lost", done.Last+1, done.Lost)
			}
			return errors.Join(report.err, damaged(&done.Copy))
		},
	}
	folder.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	c.Flags().BoolVar(&overwrite, "overwrite", false, "also where there is a journal")
	return c
}

func dataHint(data string) string {
	return fmt.Sprintf("--data names the data directory of the gateway (%q was looked at)", data)
}

// missingJournal says of a data directory without a journal whether it is another one, or the journal is gone from it.
func missingJournal(err error, data string) error {
	is := func(name string) bool {
		_, err := os.Stat(filepath.Join(data, name))
		return err == nil
	}
	if is(sqlite.FileName) || !is(sqlite.AnchorFile) && !is(sqlite.HeadFile) {
		if !is(sqlite.FileName) {
			return hinted{
				fmt.Errorf("there is no journal in the data folder %q yet", data),
				"gerbang serve makes it: start gerbang serve first; --data names the data directory of another gateway",
			}
		}
		return hinted{err, dataHint(data)}
	}
	gone := fmt.Errorf("the journal is gone from %q, where the gateway had one: %w", data, err)
	rescued, _ := filepath.Glob(filepath.Join(data, "journal-rescued-*.db")) // the pattern is right
	if len(rescued) == 0 {
		return hinted{gone, "restore a backup (gerbang restore), or begin anew (gerbang serve --new)"}
	}
	return hinted{gone, fmt.Sprintf("what the gateway has rescued of it: end the gateway, then gerbang restore --data %s %s", data, rescued[len(rescued)-1])}
}

// openReader opens the journal of a data directory for reading, and says what to do where there is none.
func openReader(ctx context.Context, data string) (*sqlite.Journal, error) {
	j, err := sqlite.OpenReader(ctx, data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missingJournal(err, data)
	}
	return j, err
}

// reader opens the journal of the folder for reading, and says which folder it is where --data has not.
func (d *dataFolder) reader(ctx context.Context, std streams) (*sqlite.Journal, error) {
	data, err := d.find(std)
	if err != nil {
		return nil, err
	}
	return openReader(ctx, data)
}

// copied says what a copy holds.
func (p *printer) copied(what string, c *journal.Copy) {
	p.line("%s: %.1f MiB, records %d to %d, the last of %v", what, float64(c.Bytes)/(1<<20), c.First, c.Last, c.LastReceived)
	switch {
	case c.Older:
		p.line("an older version wrote it: its checksums are not compared, and it is brought to the newer schema when the gateway starts")
	case c.Verified.Begins > 1:
		p.line("%d records compared with their checksums, from record %d on", c.Verified.Records, c.Verified.Begins)
	default:
		p.line("%d records compared with their checksums", c.Verified.Records)
	}
	if len(c.Verified.Findings) > 0 {
		p.line("damaged: %s", journal.Sentence(c.Verified.Findings))
	}
}

// damaged fails for a copy with damage that nobody has been told of: it was made, and somebody must know.
func damaged(c *journal.Copy) error {
	if len(c.Unknown) == 0 {
		return nil
	}
	return fmt.Errorf("the copy was made; the journal had damage that nobody knew of: %s", journal.Sentence(c.Unknown))
}
