package web

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/testengine"
)

// TestEveryPageIsValid asks for every page in both languages, as whoever may do everything and as each role, with the pages of errors, and lets
// the Nu Html Checker read them. htmx's own attributes are not of HTML, and it says so of each: that is known.
func TestEveryPageIsValid(t *testing.T) {
	dir := t.TempDir()
	kept, names := map[[32]byte]bool{}, map[string]string{}
	keep := func(what, body string) {
		if sum := sha256.Sum256([]byte(body)); !kept[sum] {
			kept[sum] = true
			name := fmt.Sprintf("%04d.html", len(kept))
			names[name] = what
			if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	pages := slices.Concat(everyPage(t), accountPages(t))
	t.Run("none is forgotten", func(t *testing.T) { noneIsForgotten(t, pages) })
	for _, p := range pages {
		for _, lang := range []string{"id", "en"} {
			keep(p.url+" in "+lang, fetched(t, p.url, lang))
		}
	}
	r := start(t, newFleet(), full(t))
	for _, role := range accounts.Roles() {
		r.access.identify = func(*http.Request) (*accounts.Caller, error) {
			return &accounts.Caller{Account: "1", Name: string(role), Grants: []accounts.Grant{{May: role.May(), Sites: []string{"mpp-gresik"}}}}, nil
		}
		for _, rt := range routeTable() {
			if isPage(rt.pattern) {
				_, path := addressOf(rt.pattern, "mpp-gresik")
				if body := fetched(t, r.url+path, "id"); strings.HasPrefix(body, "<") {
					keep(path+" as "+string(role), body)
				}
			}
		}
	}
	for _, x := range testengine.Nu(t, dir) {
		if strings.HasPrefix(x.Message, "Attribute “hx-") {
			continue
		}
		t.Errorf("%s: %s", names[x.File], x)
	}
	t.Logf("%d pages", len(kept))
}

// forPrograms are addresses that answer the scripts of pages, lead elsewhere, or give a file; tests of their own ask them.
var forPrograms = []string{"GET /site/{site}/shift", "GET /reach/phone/test/{probe}", "GET /site/{site}/tasks/photo/{photo}", "GET /login/oidc", "GET /login/oidc/callback", "GET /ca/gerbang.crt"}

// isPage reports whether a pattern of the table is of a page.
func isPage(pattern string) bool {
	path, ok := strings.CutPrefix(pattern, "GET /")
	first, _, _ := strings.Cut(path, "/")
	return ok && !slices.Contains(forPrograms, pattern) && !slices.Contains([]string{"api", "live", "log", "static", "healthz", "readyz", "metrics", "sw.js"}, first)
}

func fetched(t *testing.T, address, lang string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Accept-Language", lang)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// noneIsForgotten wants a page of each route that makes one among those that are looked at: a new page is looked at from its first day on.
func noneIsForgotten(t *testing.T, pages []sight) {
	t.Helper()
	mux, seen := http.NewServeMux(), map[string]bool{}
	for _, rt := range routeTable() {
		mux.HandleFunc(rt.pattern, func(http.ResponseWriter, *http.Request) {})
	}
	for _, p := range pages {
		u, err := url.Parse(p.url)
		if err != nil {
			t.Fatal(err)
		}
		_, pattern := mux.Handler(&http.Request{Method: http.MethodGet, URL: u})
		seen[pattern] = true
	}
	for _, rt := range routeTable() {
		if isPage(rt.pattern) && !seen[rt.pattern] {
			t.Errorf("%s: no address of it is in everyPage or accountPages, so nobody looks at it", rt.pattern)
		}
	}
}
