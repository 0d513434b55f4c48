package web

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/gerbang-iot/gerbang/testengine"
)

// spy is what a page must never do: it runs before everything else in each document.
const spy = `window.faults = [];
document.addEventListener('securitypolicyviolation', e => faults.push('CSP ' + e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample));
addEventListener('error', e => faults.push('error ' + (e.message || (e.target && (e.target.src || e.target.href)))), true);
addEventListener('unhandledrejection', e => faults.push('rejection ' + e.reason));
window.alert = x => faults.push('alert ' + x);
window.pwned = () => faults.push('pwned');`

// browser opens a tab in which every page is spied upon: the test fails if a page asks another host for anything, or if the browser
// reports that the security policy blocked something, also where the page itself does not hear of it.
func browser(t *testing.T) context.Context {
	t.Helper()
	ctx := testengine.Chromium(t)
	var mu sync.Mutex
	var strays []string
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, x := range strays {
			t.Error(x)
		}
	})
	err := chromedp.Listen(ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if x := strayOf(e.DocumentURL, e.Request.URL); x != "" {
				strays = append(strays, x)
			}
		case *audits.EventIssueAdded:
			if d := e.Issue.Details; d != nil && d.ContentSecurityPolicyIssueDetails != nil {
				c := d.ContentSecurityPolicyIssueDetails
				strays = append(strays, fmt.Sprintf("the security policy blocked %s: %s %s", c.ViolatedDirective, c.BlockedURL, c.ContentSecurityPolicyViolationType))
			}
		}
	})
	if err != nil {
		t.Fatalf("listening to the browser: %v", err)
	}
	err = chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		if _, err := cdp.Call(ctx, tab, network.Enable, network.EnableParams{}); err != nil {
			return err
		}
		if _, err := cdp.Call(ctx, tab, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
			return err
		}
		if _, err := cdp.Call(ctx, tab, audits.Enable, cdp.Empty{}); err != nil {
			return err
		}
		_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: spy})
		return err
	}))
	if err != nil {
		t.Fatalf("installing the spy: %v", err)
	}
	return ctx
}

// strayOf says that a request of a page leaves its host; empty: it does not. Other servers of a test are on this computer, but a page
// has no business with them: a person goes there, by a link or a form.
func strayOf(document, asked string) string {
	to, err := url.Parse(asked)
	if err != nil {
		return fmt.Sprintf("%s asks for %q, which is no address", document, asked)
	}
	if to.Scheme == "data" || to.Scheme == "blob" || to.Scheme == "about" {
		return ""
	}
	from, err := url.Parse(document)
	ip := net.ParseIP(to.Hostname())
	if here := to.Hostname() == "localhost" || ip != nil && ip.IsLoopback(); err != nil || !here || document != "" && from.Host != to.Host { // a worker's requests are of no document
		return fmt.Sprintf("%s asks another host: %s", document, asked)
	}
	return ""
}

// faults are what the spy saw on the present page.
func faults(ctx context.Context, t *testing.T) []string {
	t.Helper()
	seen, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`window.faults`))
	if err != nil {
		t.Fatalf("asking the spy: %v", err)
	}
	return seen
}

// sight is a page that is looked at.
type sight struct {
	url   string
	ready chromedp.Action[chromedp.Void] // what shows that it is there as a whole; nil: its load does
}

// lookAt opens pages on desktop and phone, light and dark, in both languages. Nothing may fail in a script, be blocked by the security policy,
// ask another host or scroll sideways; axe-core has nothing to report; whatever can be done is reached by the keyboard, which shows where it is.
//
// GERBANG_LOOK=text looks at the pages with that text in their address. Under the race detector each page has two of the eight looks, which differ in everything.
func lookAt(t *testing.T, pages []sight) {
	t.Helper()
	ctx := browser(t)
	axe := axeSource(t)
	for look := range 8 {
		view := testengine.Desktop
		if look&4 != 0 {
			view = testengine.Phone
		}
		view.Dark, view.Language = look&2 != 0, []string{"id", "en"}[look&1]
		for i, p := range pages {
			if testengine.Racing && look != i%4 && look != 7-i%4 || !strings.Contains(p.url, os.Getenv("GERBANG_LOOK")) {
				continue
			}
			view.WholePage = !strings.Contains(p.url, "/sign/")
			var steps []chromedp.Action[chromedp.Void]
			if p.ready != nil {
				steps = append(steps, p.ready)
			}
			if testengine.Pictures() {
				testengine.Screenshot(ctx, t, p.url, view, steps...)
			} else {
				testengine.Open(ctx, t, p.url, view, steps...)
			}
			for _, x := range faults(ctx, t) {
				t.Errorf("%s as %s: %s", p.url, view, x)
			}
			over, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
			if err != nil {
				t.Fatal(err)
			}
			if over > 0 {
				t.Errorf("%s as %s scrolls sideways by %v px", p.url, view, over)
			}
			// Half the looks are asked everything, the others what depends on size and colours.
			for _, x := range barriers(ctx, t, axe, look >= 4) {
				t.Errorf("%s as %s: %s", p.url, view, x)
			}
		}
	}
}

// axeSource is axe-core, which testdata/axe/README.md tells of.
func axeSource(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile("testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// barriers are what keeps somebody from using the present page: what axe-core reports by WCAG 2.2 AA and by its best practices (headings in
// order, landmarks), and what it does not look at: whether the keyboard gets to what can be done, and shows that it is there.
func barriers(ctx context.Context, t *testing.T, axe string, looksOnly bool) []string {
	t.Helper()
	options, after := `{runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}, rules: {'target-size': {enabled: true}}, resultTypes: ['violations']}`, keyboard
	if looksOnly {
		options, after = `{runOnly: ['color-contrast', 'target-size', 'link-in-text-block', 'scrollable-region-focusable'], resultTypes: ['violations']}`, ""
	}
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](axe+`;
axe.run(document, `+options+`).then(result => result.violations.flatMap(v => v.nodes.slice(0, 4).map(n =>
	v.id + ': ' + n.target.join(' ') + ': ' + n.failureSummary.replace(/\s+/g, ' ').slice(0, 260)))).then(found => {`+after+` return found; })`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("asking axe-core: %v", err)
	}
	return found
}

// keyboard adds to found what the keyboard does not reach, and what does not show that the keyboard is there.
const keyboard = `
const shown = e => e.checkVisibility({checkVisibilityCSS: true}) && e.getClientRects().length > 0;
const named = e => e.tagName.toLowerCase() + (e.id ? '#' + e.id : '') + '.' + e.className + ' "' + (e.textContent || e.name || '').trim().slice(0, 30) + '"';
for (const e of document.querySelectorAll('[hx-get], [hx-post], [onclick], [role="button"], [role="link"]'))
	if (shown(e) && e.tabIndex < 0 && e.tagName !== 'FORM') found.push('keyboard: it does not get to ' + named(e));
for (const e of document.querySelectorAll('a[href], button, input, select, textarea, summary')) {
	if (!shown(e) || e.disabled || e.type === 'hidden') continue;
	if (e.tabIndex !== 0) { found.push('keyboard: it does not get to ' + named(e)); continue; }
	e.focus({preventScroll: true, focusVisible: true});
	const s = getComputedStyle(e);
	if (document.activeElement !== e) found.push('keyboard: no focus for ' + named(e));
	else if ((s.outlineStyle === 'none' || parseFloat(s.outlineWidth) === 0) && s.boxShadow === 'none') found.push('keyboard: nothing shows the focus of ' + named(e));
	if (found.length > 20) break;
}
document.activeElement.blur();`

// TestStrayRequestsAreSeen: a request to another host, and one to another port of this one, are no requests to the gateway.
func TestStrayRequestsAreSeen(t *testing.T) {
	const page = "http://127.0.0.1:5000/site/a"
	for asked, want := range map[string]bool{
		"http://127.0.0.1:5000/static/app.css": false, "data:image/png;base64,AA==": false, "blob:http://127.0.0.1:5000/1": false,
		"http://127.0.0.1:5001/x": true, "https://fonts.example/x.woff2": true, "http://192.0.2.1/": true, "ws://192.0.2.1/": true,
	} {
		if got := strayOf(page, asked) != ""; got != want {
			t.Errorf("%s: seen as a request elsewhere: %t, want %t", asked, got, want)
		}
	}
}
