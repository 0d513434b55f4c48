package access

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	noteEvery = time.Minute // of one kind about one subject
	maxNotes  = 60          // of all kinds in that time: what outsiders do fills no disk
)

// Notes is a log for what outsiders can cause as often as they like: one line a minute of each kind about each subject, and a
// bounded number in all. A line says how many were left out before it, of whatever kind. Safe for concurrent use.
type Notes struct {
	log *slog.Logger
	now func() time.Time

	mu      sync.Mutex
	began   time.Time
	written map[[2]string]bool // kinds and subjects that had their line since began
	left    int                // lines that were not written since the last one that was
}

// NewNotes writes to log and reads the time from now; nil: time.Now.
func NewNotes(log *slog.Logger, now func() time.Time) *Notes {
	if now == nil {
		now = time.Now
	}
	return &Notes{log: log, now: now, written: map[[2]string]bool{}}
}

// Warn writes a line, unless there was one like it within the minute.
func (n *Notes) Warn(kind, subject string, args ...any) { n.write(slog.LevelWarn, kind, subject, args) }

// Info is Warn at the level info.
func (n *Notes) Info(kind, subject string, args ...any) { n.write(slog.LevelInfo, kind, subject, args) }

func (n *Notes) write(level slog.Level, kind, subject string, args []any) {
	left, ok := n.may([2]string{kind, subject})
	if !ok {
		return
	}
	if left > 0 {
		args = append(args, "left_out", left)
	}
	ctx := context.Background()
	if !n.log.Enabled(ctx, level) {
		return
	}
	r := slog.NewRecord(n.now(), level, kind, 0)
	r.Add(args...)
	_ = n.log.Handler().Handle(ctx, r) // as log does
}

// may reports whether a line may be written now, and how many were left out before it.
func (n *Notes) may(key [2]string) (left int, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now := n.now(); now.Sub(n.began) >= noteEvery {
		n.began = now
		clear(n.written)
	}
	if n.written[key] || len(n.written) >= maxNotes {
		n.left++
		return 0, false
	}
	n.written[key] = true
	left, n.left = n.left, 0
	return left, true
}
