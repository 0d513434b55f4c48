package model

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
)

// Timing is Time made ready.
type Timing struct {
	Paths     []document.Path // in turn
	Formats   []string
	Zone      *time.Location // nil: the site's
	ZonePath  document.Path
	WallClock bool
}

// SecondsAgo is the format of a time that counts back from the message's own. MaxAgo bounds it: no device keeps a century.
const (
	SecondsAgo = "seconds_ago"
	MaxAgo     = 100 * 365 * 24 * 3600
)

func (c *Compiler) timing(at string, def *Time) *Timing {
	if def == nil {
		return nil
	}
	if def.Path == "" {
		c.Fail(at+".path", errors.New("missing"))
	}
	t := &Timing{Formats: def.Formats}
	for way := range strings.SplitSeq(def.Path, "|") {
		t.Paths = append(t.Paths, c.Path(at+".path", way, true))
	}
	if len(t.Formats) == 0 {
		t.Formats = []string{"auto"}
	}
	for i, f := range t.Formats {
		switch f {
		case "auto", "rfc3339", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns":
			continue
		case SecondsAgo:
			if at != "history.time" {
				c.Fail(fmt.Sprintf("%s.formats[%d]", at, i), fmt.Errorf("%q: only the time of history counts back from the message", f))
			}
			continue
		}
		if !strings.Contains(f, "06") || !strings.Contains(f, "04") {
			c.Fail(fmt.Sprintf("%s.formats[%d]", at, i), fmt.Errorf("%q: want auto, rfc3339, epoch_s, epoch_ms, epoch_us, epoch_ns, seconds_ago or a layout such as 02/01/2006 15:04:05", f))
		}
	}
	if def.Zone != "" {
		zone, err := time.LoadLocation(def.Zone)
		if err != nil || def.Zone == "Local" {
			c.Fail(at+".zone", fmt.Errorf("%q: want an IANA name such as Asia/Jakarta", def.Zone))
		}
		t.Zone = zone
	}
	for i := range t.Paths {
		c.word(t.Paths[i])
	}
	t.ZonePath = c.Path(at+".zone_path", def.ZonePath, true)
	t.WallClock = def.WallClock
	return t
}
