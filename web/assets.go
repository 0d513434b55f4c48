package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var staticFiles embed.FS

// asset is one static file, compressed once at start.
type asset struct {
	body   []byte
	packed []byte // gzip; nil where it does not pay
	etag   string
	kind   string
}

// assets are the static files by their path below static/.
type assets struct {
	files map[string]asset
	// version changes with any byte of any file: pages that were loaded from an older gateway reload themselves.
	version string
}

var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	".md": "text/markdown; charset=utf-8", ".webmanifest": "application/manifest+json", "": "text/plain; charset=utf-8",
}

func loadAssets() (assets, error) {
	a := assets{files: make(map[string]asset)}
	all := sha256.New()
	err := fs.WalkDir(staticFiles, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := staticFiles.ReadFile(name)
		if err != nil {
			return fmt.Errorf("reading static file %q: %w", name, err)
		}
		kind, ok := contentTypes[path.Ext(name)]
		if !ok {
			return fmt.Errorf("static file %q: no content type for %q", name, path.Ext(name))
		}
		sum := sha256.Sum256(body)
		all.Write(sum[:])
		f := asset{body: body, etag: `"` + hex.EncodeToString(sum[:8]) + `"`, kind: kind}
		if f.packed, err = pack(body); err != nil {
			return fmt.Errorf("compressing static file %q: %w", name, err)
		}
		a.files[strings.TrimPrefix(name, "static/")] = f
		return nil
	})
	a.version = hex.EncodeToString(all.Sum(nil)[:6])
	return a, err
}

// pack compresses b, or gives nil where that saves little.
func pack(b []byte) ([]byte, error) {
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if buf.Len() > len(b)*9/10 {
		return nil, nil
	}
	return buf.Bytes(), nil
}

// URL is where a file is found; it changes with the files, so that browsers may keep them for ever.
func (a assets) URL(name string) string { return "/static/" + name + "?v=" + a.version }

// serve answers GET /static/{file...}.
func (a assets) serve(w http.ResponseWriter, r *http.Request) error {
	f, ok := a.files[r.PathValue("file")]
	if !ok {
		return errNoPage
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Vary", "Accept-Encoding")
	h.Set("ETag", f.etag)
	if r.URL.Query().Get("v") == a.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	if r.Header.Get("If-None-Match") == f.etag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	body := f.body
	if f.packed != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.packed
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
	return nil
}
