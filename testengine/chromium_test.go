package testengine

import (
	"bytes"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestScreenshotShowsThePageAsTheViewSeesIt(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `<!doctype html><meta name="viewport" content="width=device-width"><style>
body{margin:0;background:#fff;height:3000px} p{margin:0} @media(prefers-color-scheme:dark){body{background:#000}}</style><p id=lang>%s`,
			r.Header.Get("Accept-Language"))
	}))
	defer page.Close()
	ctx := Chromium(t)
	for _, tc := range []struct {
		view  View
		size  string
		black bool
	}{
		{Desktop, "1280x800", false},
		{View{Width: 390, Height: 844, Phone: true, Dark: true, Language: "id"}, "390x844", true},
		{View{Width: 600, Height: 400, WholePage: true, Language: "en"}, "600x3000", false},
	} {
		t.Run(tc.view.String(), func(t *testing.T) {
			picture, err := png.Decode(bytes.NewReader(Screenshot(ctx, t, page.URL, tc.view, chromedp.WaitVisible(chromedp.CSS("#lang")))))
			if err != nil {
				t.Fatalf("decoding the picture: %v", err)
			}
			if got := fmt.Sprintf("%dx%d", picture.Bounds().Dx(), picture.Bounds().Dy()); got != tc.size {
				t.Errorf("size: got %s, want %s", got, tc.size)
			}
			r, _, _, _ := picture.At(picture.Bounds().Dx()-1, picture.Bounds().Dy()-1).RGBA()
			if black := r == 0; black != tc.black {
				t.Errorf("black background: got %t, want %t", black, tc.black)
			}
			if tc.view.Language == "" {
				return
			}
			if got, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("#lang"))); err != nil || got != tc.view.Language {
				t.Errorf("language that the page was asked in: got %q (%v), want %q", got, err, tc.view.Language)
			}
		})
	}
}

func TestChromiumReachesLoopbackOnly(t *testing.T) {
	ctx := Chromium(t)
	if err := chromedp.Do(ctx, chromedp.Navigate("http://gerbang.invalid/")); err == nil {
		t.Error("a page from elsewhere opened, want an error")
	}
	if err := chromedp.Do(ctx, chromedp.Navigate("http://192.0.2.1/")); err == nil {
		t.Error("a page from another address opened, want an error")
	}
}
