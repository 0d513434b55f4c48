package main

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/gerbang-iot/gerbang/audit"
	"github.com/gerbang-iot/gerbang/journal"
)

// audited is a journal that can be compared with all that was derived from it, and with its transparency logs.
type audited interface {
	journal.Auditor
	journal.Logs
}

// examineLogs compares the transparency logs with the rows of the journal, with their newest checkpoints, and with those that come from outside.
func examineLogs(ctx context.Context, report *printer, j journal.Logs, outside [][]byte, wrong *complaints) error {
	sizes := map[string][]int64{}
	given := map[string][]audit.Checkpoint{}
	for _, text := range outside {
		c, err := audit.ParseCheckpoint(text)
		if err != nil {
			return err
		}
		site := ownSite(path.Base(c.Origin))
		sizes[site] = append(sizes[site], c.Size)
		given[site] = append(given[site], c)
	}
	logs, entries, mended, erased := 0, int64(0), int64(0), int64(0)
	err := j.CheckLogs(ctx, sizes, func(c *journal.LogCheck) error {
		all := some{to: wrong}
		for _, w := range c.Wrong {
			all.add("the log of %s: %s", logName(c.Site), w)
		}
		all.end("things about the log of " + logName(c.Site))
		if c.Rows {
			return nil
		}
		logs, entries, mended, erased = logs+1, entries+c.Size, mended+c.Mended, erased+c.Erased
		if c.Checkpoint != nil {
			newest, err := audit.ParseCheckpoint(c.Checkpoint)
			if err != nil {
				wrong.add(fmt.Errorf("the log of %s: its newest checkpoint cannot be read: %w", logName(c.Site), err))
			} else {
				wrong.add(against(c, newest, "its newest checkpoint"))
			}
		}
		for _, outside := range given[c.Site] {
			wrong.add(against(c, outside, "the checkpoint from outside"))
		}
		delete(given, c.Site)
		return nil
	})
	if err != nil {
		return err
	}
	for site, all := range given {
		wrong.add(fmt.Errorf("the log of %s is not there, and the checkpoint from outside has %d entries of it", logName(site), all[0].Size))
	}
	switch {
	case logs > 0:
		report.line("%d transparency logs, %d entries: compared with the rows that they speak of", logs, entries)
	default:
		report.line("no transparency log has begun yet")
	}
	if mended > 0 {
		report.line("%d entries are of rows that a repair has taken back, as their logs say", mended)
	}
	if erased > 0 {
		report.line("of %d entries the salt was erased: what they are of cannot be compared", erased)
	}
	return nil
}

// against compares a log with a checkpoint; nil: it goes on from there.
func against(c *journal.LogCheck, is audit.Checkpoint, what string) error {
	root, reached := c.Roots[is.Size]
	switch {
	case is.Size > c.Size:
		return fmt.Errorf("the log of %s ends with entry %d, and %s has %d entries: it was cut, or an old copy was put in its place", logName(c.Site), c.Size-1, what, is.Size)
	case reached && root != is.Root:
		return fmt.Errorf("the log of %s is not the one of %s: of its first %d entries at least one was changed, or this is another history since an old copy was put back", logName(c.Site), what, is.Size)
	case !reached:
		return errors.New("the log of " + logName(c.Site) + " could not be compared with " + what)
	}
	return nil
}

func logName(site string) string {
	if site == "" {
		return "the gateway"
	}
	return fmt.Sprintf("site %q", site)
}
