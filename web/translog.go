package web

import (
	"context"
	"errors"
	"io/fs"
	"net/http"

	"github.com/gerbang-iot/gerbang/audit"
)

// Logs are the transparency logs of sites, an empty site being the gateway itself.
type Logs interface {
	// Log is the log of a site; false: it has none.
	Log(ctx context.Context, site string) (audit.Log, bool, error)
	// LogKey is the text with which the checkpoints of a site's log are verified.
	LogKey(site string) (string, error)
}

// logOf is the log that a request is about. Its site stands in the path, and that of the gateway has a name that no site has.
func (s *Server) logOf(r *http.Request) (audit.Log, error) {
	if s.opts.Logs == nil {
		return nil, errNoPage
	}
	l, ok, err := s.opts.Logs.Log(r.Context(), siteOfLog(r))
	if err == nil && !ok {
		err = errNoPage
	}
	return l, err
}

func siteOfLog(r *http.Request) string {
	if site := r.PathValue("site"); site != audit.GatewayLog {
		return site
	}
	return ""
}

// logCheckpoint gives the newest checkpoint, as it was signed.
func (s *Server) logCheckpoint(w http.ResponseWriter, r *http.Request) error {
	l, err := s.logOf(r)
	if err != nil {
		return err
	}
	text, err := l.Checkpoint(r.Context())
	if err != nil {
		return unlogged(err)
	}
	w.Header().Set("Cache-Control", "no-cache")
	return plain(w, "text/plain; charset=utf-8", text)
}

// logKey gives what the checkpoints are verified with.
func (s *Server) logKey(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.logOf(r); err != nil {
		return err
	}
	text, err := s.opts.Logs.LogKey(siteOfLog(r))
	if err != nil {
		return unlogged(err)
	}
	w.Header().Set("Cache-Control", "no-cache")
	return plain(w, "text/plain; charset=utf-8", []byte(text+"\n"))
}

// logTile gives a tile of hashes or a bundle of entries. It never changes; who may have it may change, so no cache shares it.
func (s *Server) logTile(w http.ResponseWriter, r *http.Request) error {
	t, err := audit.ParseTilePath("tile/" + r.PathValue("tile"))
	if err != nil {
		return errNoPage
	}
	l, err := s.logOf(r)
	if err != nil {
		return err
	}
	text, err := l.Tile(r.Context(), t)
	if err != nil {
		return unlogged(err)
	}
	w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	return plain(w, "application/octet-stream", text)
}

// unlogged answers what a log does not have.
func unlogged(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errNoPage
	}
	return err
}

func plain(w http.ResponseWriter, kind string, text []byte) error {
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(text) //nolint:gosec // no browser takes it for a page: plain text or bytes, and nosniff; the reader may go away
	return nil
}
