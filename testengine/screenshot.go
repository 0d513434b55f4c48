package testengine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// View is how a person looks at a page.
type View struct {
	Width, Height int    // CSS pixels; 1280 × 800 if zero
	Phone         bool   // touch, and the page's viewport element counts
	Dark          bool   // the system prefers dark colours
	Language      string // the Accept-Language header, such as "id"; the browser's own if empty
	WholePage     bool   // the picture shows all of the page, not only the window
}

// Desktop and Phone are the two windows that every page is looked at in.
var (
	Desktop = View{Width: 1280, Height: 800}
	Phone   = View{Width: 390, Height: 844, Phone: true}
)

// String names the view, fit for a file name: "390x844-phone-dark-id".
func (v View) String() string {
	v = v.sized()
	words := []string{fmt.Sprintf("%dx%d", v.Width, v.Height)}
	if v.Phone {
		words = append(words, "phone")
	}
	if v.Dark {
		words = append(words, "dark")
	}
	if v.Language != "" {
		words = append(words, v.Language)
	}
	return strings.Join(words, "-")
}

// Open opens the address in the context's tab as view sees it and runs the steps. The tab keeps its cookies and stays on the page.
func Open(ctx context.Context, t testing.TB, address string, view View, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, pageLimit)
	defer cancel()
	if err := chromedp.Do(ctx, view.emulate(), chromedp.Navigate(address), chromedp.Steps(steps...)); err != nil {
		t.Fatalf("opening %s as %s: %v", address, view, err)
	}
}

// Screenshot opens the address as Open does and returns the picture as PNG. With GERBANG_SCREENSHOTS=folder in the environment the
// picture is also kept there, named for the test, the page and the view.
func Screenshot(ctx context.Context, t testing.TB, address string, view View, steps ...chromedp.Action[chromedp.Void]) []byte {
	t.Helper()
	Open(ctx, t, address, view, steps...)
	ctx, cancel := context.WithTimeout(ctx, pageLimit)
	defer cancel()
	capture := chromedp.CaptureScreenshot()
	if view.WholePage {
		capture = chromedp.FullScreenshot(100)
	}
	png, err := chromedp.Run(ctx, capture)
	if err != nil {
		t.Fatalf("taking a picture of %s as %s: %v", address, view, err)
	}
	keep(t, address, view, png)
	return png
}

// Pictures tells whether pictures are kept, see Screenshot. Taking one that nobody looks at costs as much as opening the page.
func Pictures() bool { return os.Getenv("GERBANG_SCREENSHOTS") != "" }

// emulate sets the tab up for the view, also what an earlier view had set.
func (v View) emulate() chromedp.Action[chromedp.Void] {
	v = v.sized()
	var window []chromedp.EmulateViewportOption
	if v.Phone {
		window = append(window, chromedp.EmulatePortrait, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	scheme := "light"
	if v.Dark {
		scheme = "dark"
	}
	headers := network.Headers{}
	if v.Language != "" {
		headers["Accept-Language"] = v.Language
	}
	return chromedp.Steps(
		chromedp.EmulateViewport(int64(v.Width), int64(v.Height), window...),
		chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
			_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			return err
		}),
		chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
			_, err := cdp.Call(ctx, tab, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: headers})
			return err
		}),
	)
}

func (v View) sized() View {
	if v.Width == 0 {
		v.Width = Desktop.Width
	}
	if v.Height == 0 {
		v.Height = Desktop.Height
	}
	return v
}

// keep writes the picture to the folder that GERBANG_SCREENSHOTS names, for a person to look at.
func keep(t testing.TB, address string, view View, png []byte) {
	t.Helper()
	dir := os.Getenv("GERBANG_SCREENSHOTS")
	if dir == "" {
		return
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatalf("making the folder of screenshots: %v", err)
	}
	_, page, _ := strings.Cut(strings.TrimPrefix(address, "http://"), "/")
	name := strings.Map(plainName, t.Name()+"-"+page+"-"+view.String()) + ".png"
	if err := os.WriteFile(filepath.Join(dir, name), png, 0o644); err != nil {
		t.Fatalf("keeping a screenshot: %v", err)
	}
}

func plainName(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.':
		return r
	}
	return '_'
}
