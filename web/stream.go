package web

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const (
	// beatInterval is how often a stream says that it lives. The page calls itself stale when it misses two.
	beatInterval = 5 * time.Second
	// streamPatience bounds one write: a reader that takes nothing for so long is dropped.
	streamPatience = 10 * time.Second
)

// stream sends a live page as server-sent events until the reader goes, is too slow, or the server stops. Events without a
// name carry markup for htmx; "beat" carries the version of the static files.
func (s *Server) stream(page string) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		select {
		case <-s.stopping:
			return errStopping
		default:
		}
		t := s.topicOf(page, r, callerOf(r.Context()))
		b, leave, err := s.hub.join(t, watcher(r.Context()), s.opts.MaxStreams)
		if err != nil {
			return err
		}
		defer leave()

		rc := http.NewResponseController(w)
		// The bounds of a normal request would cut a stream off.
		if err := errors.Join(rc.SetReadDeadline(time.Time{}), rc.SetWriteDeadline(time.Now().Add(streamPatience))); err != nil {
			return fmt.Errorf("preparing a stream: %w", err)
		}
		h := w.Header()
		h.Set("Content-Type", "text/event-stream")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Accel-Buffering", "no")
		w.WriteHeader(http.StatusOK)

		beat := time.NewTicker(beatInterval)
		defer beat.Stop()
		var seen uint64
		var buf bytes.Buffer
		greeting := true
		for {
			all, chunks, generation, next := b.since(seen)
			buf.Reset()
			if len(chunks) > 0 {
				writeEvent(&buf, all, chunks)
			}
			if greeting {
				s.writeBeat(&buf)
				greeting = false
			}
			if err := send(rc, w, &buf); err != nil {
				s.metrics.dropped(err)
				return nil
			}
			seen = generation
			select {
			case <-next:
			case <-beat.C:
				if c, in := s.stillIn(r); !in || s.topicOf(page, r, c) != t {
					return nil // signed out, or another role: the page asks again, and is sent to sign in or gets what it may
				}
				buf.Reset()
				s.writeBeat(&buf)
				if err := send(rc, w, &buf); err != nil {
					s.metrics.dropped(err)
					return nil
				}
			case <-r.Context().Done():
				return nil
			case <-s.stopping:
				return nil
			}
		}
	}
}

func (s *Server) writeBeat(buf *bytes.Buffer) {
	fmt.Fprintf(buf, "event: beat\ndata: %s\n\n", s.assets.version)
}

// send writes and flushes under its own deadline.
func send(rc *http.ResponseController, w http.ResponseWriter, buf *bytes.Buffer) error {
	if buf.Len() == 0 {
		return nil
	}
	if err := rc.SetWriteDeadline(time.Now().Add(streamPatience)); err != nil {
		return fmt.Errorf("setting a write deadline: %w", err)
	}
	if _, err := w.Write(buf.Bytes()); err != nil {
		return fmt.Errorf("writing to a stream: %w", err)
	}
	if err := rc.Flush(); err != nil {
		return fmt.Errorf("flushing a stream: %w", err)
	}
	return nil
}

// writeEvent writes one event: the whole page for the element that watches, or one partial per changed chunk.
func writeEvent(buf *bytes.Buffer, all bool, chunks []chunk) {
	for _, c := range chunks {
		if !all {
			// Ids are made by compose of [a-z0-9_-] only, so they need no escaping.
			fmt.Fprintf(buf, "data: <hx-partial hx-target=\"#%s\" hx-swap=\"outerMorph\">\n", c.id)
		}
		for line := range bytes.Lines(c.html) {
			line = bytes.Trim(line, " \t\r\n")
			if len(line) == 0 {
				continue
			}
			buf.WriteString("data: ")
			buf.Write(line)
			buf.WriteByte('\n')
		}
		if !all {
			buf.WriteString("data: </hx-partial>\n")
		}
	}
	buf.WriteByte('\n')
}
