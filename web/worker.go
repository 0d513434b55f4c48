package web

import (
	"fmt"
	"net/http"
)

// serviceWorker answers with the script that runs in a browser while no page is open. It stands at the top, because it may do with pages below
// its own path only; its parts are static files.
func (s *Server) serviceWorker(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", contentTypes[".js"])
	h.Set("Cache-Control", "no-cache") // browsers ask for it themselves, and find out that it has changed
	_, _ = fmt.Fprintf(w, "var VERSION = %q;\n%s", s.assets.version, s.assets.files["sw.js"].body)
	return nil
}
