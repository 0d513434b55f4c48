package testengine

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Chromium starts a headless browser with an empty profile for one test and returns the chromedp context of its first tab;
// chromedp.NewContext on it opens another. The browser reaches loopback only, by name or by number: a page that needs anything
// from elsewhere fails here as it would in a building without a way out.
func Chromium(t testing.TB) context.Context {
	t.Helper()
	path := lookProgram("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless_shell")
	if path == "" {
		missing(t, "Chromium", "install it, on Debian with: apt-get install chromium")
	}
	opts := slices.Concat(chromedp.DefaultExecAllocatorOptions[:], []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // the tests of a container run as root
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-domain-reliability", true),
		chromedp.Flag("no-pings", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]"),
	})
	allocator, release := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(release)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		defer cancel()
		leave, done := context.WithTimeout(ctx, stopLimit)
		defer done()
		if err := chromedp.Cancel(leave); err != nil && t.Failed() {
			t.Logf("closing Chromium: %v", err)
		}
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting Chromium: %v", err)
	}
	return ctx
}

// pageLimit bounds how long a page may take to load and show what a screenshot waits for.
const pageLimit = 2 * time.Minute // the first page also waits for a browser that starts on a busy machine
