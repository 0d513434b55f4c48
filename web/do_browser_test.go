package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// basement is the way from a phone to the gateway, on which answers get lost, and on whose other side another gateway may stand all at once.
type basement struct {
	*httptest.Server
	to   atomic.Pointer[url.URL]
	lose atomic.Int32 // so many answers to what is sent get lost
	cut  atomic.Bool  // nothing gets through
	odd  atomic.Bool  // somebody else answers to what is sent, in JSON of his own
}

func newBasement(t *testing.T, r *running) *basement {
	t.Helper()
	b := &basement{}
	b.lead(r)
	forward := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(b.to.Load()) }}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b.cut.Load() {
			panic(http.ErrAbortHandler)
		}
		if strings.HasSuffix(r.URL.Path, "/log") && b.odd.Load() {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = io.WriteString(w, `{"title":"Filtered","detail":"no such way <b>"}`)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/log") && b.lose.Add(-1) >= 0 {
			forward.ServeHTTP(httptest.NewRecorder(), r) // it arrives, and the answer does not
			panic(http.ErrAbortHandler)
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(b.Close)
	return b
}

func (b *basement) lead(r *running) {
	u, _ := url.Parse(r.url)
	b.to.Store(u)
}

// TestAShiftWithoutANetwork is a cleaner's: the page of a code is opened once, then there is no network; two things are entered, the page is
// opened anew without one, the answer to the first sending gets lost and the gateway is started again; and each is there once, at its time.
func TestAShiftWithoutANetwork(t *testing.T) {
	f := newFleet()
	var ahead atomic.Int64 // of the gateway's clock, which goes
	begun := time.Now()
	f.clock = func() time.Time { return fleetNow.Add(time.Since(begun)).Add(time.Duration(ahead.Load())) }
	edit := func(o *Options) { o.Now = f.clock }
	r := start(t, f, edit)
	hall := newBasement(t, r)
	ctx, whole := browser(t), t
	for _, lang := range []string{"id", "en"} {
		t.Run(lang, func(t *testing.T) {
			f.mu.Lock()
			f.entries = nil
			f.mu.Unlock()
			page := hall.URL + "/site/mpp-magetan/do/lap-gagang"
			err := chromedp.Do(ctx, onPhone(), chromedp.Navigate(page+"?lang="+lang))
			if err == nil {
				err = waitFor(ctx, `document.querySelector('#shift[data-ready][data-warm]')`)
			}
			if err != nil {
				t.Fatal(err)
			}
			hall.cut.Store(true)
			if err := chromedp.Do(ctx, offline(true), chromedp.Navigate(page)); err != nil {
				t.Fatalf("opening the page without a network: %v", err)
			}
			say(ctx, t, "pintu utama", "alkohol 70%", "")
			if err := waitFor(ctx, `document.querySelector('#shift').dataset.waiting === '1'`); err != nil {
				t.Fatal(err)
			}
			say(ctx, t, "lift", "alkohol 70%", `<img src=x onerror=pwned()>`)
			want := map[string]string{"id": "2 menunggu dikirim", "en": "2 waiting to be sent"}[lang]
			if err := waitFor(ctx, fmt.Sprintf(`document.querySelector('#shift-count').textContent === %q && document.querySelector('#shift').dataset.net === 'off'`, want)); err != nil {
				t.Fatal(err)
			}
			if err := chromedp.Do(ctx, chromedp.Navigate(hall.URL+"/site/mpp-magetan/do")); err != nil {
				t.Fatalf("opening the list of tasks without a network: %v", err)
			}
			if err := waitFor(ctx, fmt.Sprintf(`document.querySelector('#shift-count').textContent === %q && document.querySelectorAll('.do-list li').length > 0`, want)); err != nil {
				t.Fatal(err)
			}
			if n := len(f.stored()); n != 0 {
				t.Fatalf("stored without a network: got %d entries, want none", n)
			}
			hall.lead(start(whole, f, edit)) // the gateway is started again
			hall.lose.Store(1)
			hall.cut.Store(false)
			if err := chromedp.Do(ctx, offline(false), chromedp.Navigate(page)); err != nil {
				t.Fatal(err)
			}
			// The first sending fails for want of an answer; the next one is made when the network is there again.
			if err := waitFor(ctx, `(window.dispatchEvent(new Event('online')), document.querySelector('#shift').dataset.waiting === '0')`); err != nil {
				t.Fatal(err)
			}
			got := f.stored()
			if len(got) != 2 || got[0].Entry.Item != "pintu utama" || got[1].Entry.Item != "lift" {
				t.Fatalf("stored: got %d entries (%+v), want the two, once", len(got), got)
			}
			for _, rec := range got {
				e := rec.Entry
				if took := rec.Received.Sub(rec.At); took < 0 || took > 2*time.Minute || e.Earliest != 0 || e.Phone.Done == 0 || e.Text != "alkohol 70%" || e.Kind != telemetry.EntryTask {
					t.Errorf("got %+v at %v, want it at the time it was done, for sure", e, rec.At)
				}
			}
			if got[1].Entry.Reason != `<img src=x onerror=pwned()>` {
				t.Errorf("the remark: got %q", got[1].Entry.Reason)
			}
			for _, x := range faults(ctx, t) {
				t.Error(x)
			}
		})
	}
	t.Run("clock", func(t *testing.T) {
		// The phone's clock is moved between, and the page is gone: nobody knows when. It is kept, marked, and shown as such.
		f.mu.Lock()
		f.entries = nil
		f.mu.Unlock()
		hall.cut.Store(true)
		if err := chromedp.Do(ctx, offline(true), chromedp.Navigate(hall.URL+"/site/mpp-magetan/do/lap-gagang")); err != nil {
			t.Fatal(err)
		}
		say(ctx, t, "lift", "", "")
		if err := waitFor(ctx, `document.querySelector('#shift').dataset.waiting === '1'`); err != nil {
			t.Fatal(err)
		}
		// The page is closed first: while it is open its other clock tells, whenever it sends.
		if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
			t.Fatal(err)
		}
		ahead.Store(int64(3 * time.Hour)) // three hours pass, of which the phone's clock knows nothing
		hall.cut.Store(false)
		err := chromedp.Do(ctx, offline(false), chromedp.Navigate(hall.URL+"/site/mpp-magetan/do/lap-gagang"))
		if err == nil {
			err = waitFor(ctx, `document.querySelector('#shift').dataset.waiting === '0' && document.querySelector('#shift-list').textContent.includes('Time not sure')`)
		}
		if err != nil {
			t.Fatal(err)
		}
		got := f.stored()
		if len(got) != 1 || got[0].Entry.Earliest == 0 || got[0].At.Sub(got[0].Entry.Earliest) < 2*time.Hour {
			t.Fatalf("got %+v, want one entry that was done at some time in three hours", got)
		}
		wants(t, "the task's page", r.get("/site/mpp-magetan/task/lap-gagang?lang=en").body, "time not sure", "between ")
	})
	t.Run("odd", func(t *testing.T) {
		// An answer in JSON that is none of the gateway's does not leave an entry waiting for ever without a word.
		hall.odd.Store(true)
		defer hall.odd.Store(false)
		say(ctx, t, "lift", "", "")
		err := waitFor(ctx, `document.querySelector('.shift-refused')?.textContent.includes('no such way <b>')`)
		if err == nil {
			err = chromedp.Do(ctx, chromedp.Click(chromedp.CSS(".shift-refused button")))
		}
		if err == nil {
			err = waitFor(ctx, `!document.querySelector('.shift-refused')`)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	t.Run("crew", func(t *testing.T) {
		// What one has ticked on a phone of the crew is not what the next finds, nor what another site's task of the same name has.
		f.change("mpp-gresik", func(v *rules.View) { v.Tasks = f.views["mpp-magetan"].Tasks })
		var who atomic.Value
		who.Store("siti")
		both := start(whole, f, edit)
		both.access.identify = func(*http.Request) (*accounts.Caller, error) {
			return &accounts.Caller{Account: who.Load().(string), Name: who.Load().(string), Grants: accounts.All()}, nil
		}
		hall.lead(both)
		open := func(person, site string) {
			t.Helper()
			who.Store(person)
			err := chromedp.Do(ctx, chromedp.Navigate(hall.URL+"/site/"+site+"/do/lap-gagang"))
			if err == nil {
				err = waitFor(ctx, fmt.Sprintf(`document.querySelector('#shift[data-ready]')?.dataset.by === %q`, person))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		const ticked = `[...document.querySelectorAll('input[name=item]:checked')].map(x => x.value).join()`
		see := func(what, want string) {
			t.Helper()
			got, err := chromedp.Run(ctx, chromedp.Evaluate[string](ticked))
			if err != nil || got != want {
				t.Errorf("%s: ticked is %q (%v), want %q", what, got, err, want)
			}
		}
		open("siti", "mpp-magetan")
		_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.querySelector('input[name=item][value=lift]').click(), true`))
		if err == nil {
			err = waitFor(ctx, `(gerbangShift.get(JSON.stringify(['draft', 'siti', 'mpp-magetan', 'lap-gagang'])).then(x => window.kept = !!x), window.kept)`)
		}
		if err != nil {
			t.Fatal(err)
		}
		open("budi", "mpp-magetan")
		see("of the next person", "")
		open("siti", "mpp-gresik")
		see("of the same task at another site", "")
		open("siti", "mpp-magetan")
		see("of who ticked it", "lift")
	})
	t.Run("refused", func(t *testing.T) {
		// What the gateway refuses stays on the phone with the reason, until a person has read it.
		err := chromedp.Do(ctx, chromedp.Navigate(hall.URL+"/site/mpp-magetan/do/lap-gagang"))
		if err == nil {
			err = waitFor(ctx, `document.querySelector('#shift[data-ready]')`)
		}
		if err != nil {
			t.Fatal(err)
		}
		f.change("mpp-magetan", func(v *rules.View) {
			v.Tasks = append([]rules.TaskView(nil), v.Tasks...)
			for i := range v.Tasks {
				v.Tasks[i].Items = nil
			}
		})
		say(ctx, t, "lift", "", "")
		if err := waitFor(ctx, `document.querySelector('.shift-refused')?.textContent.includes('no such thing')`); err != nil {
			t.Fatal(err)
		}
		if err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(".shift-refused button"))); err != nil {
			t.Fatal(err)
		}
		if err := waitFor(ctx, `!document.querySelector('.shift-refused')`); err != nil {
			t.Fatal(err)
		}
		for _, x := range faults(ctx, t) {
			t.Error(x)
		}
	})
}

// TestNothingOfATaskRuns: items, agents and remarks that look like anything are text on a cleaner's page, whatever becomes of them.
func TestNothingOfATaskRuns(t *testing.T) {
	f := newFleet()
	f.change("mpp-magetan", func(v *rules.View) {
		v.Tasks = []rules.TaskView{{ID: "lap-gagang", Name: payloads[0], Place: v.Tasks[0].Place}}
		for _, evil := range payloads {
			v.Tasks[0].Items = append(v.Tasks[0].Items, rules.ItemView{Name: evil})
		}
	})
	r := start(t, f, nil)
	ctx := browser(t)
	err := chromedp.Do(ctx, onPhone(), chromedp.Navigate(r.url+"/site/mpp-magetan/do/lap-gagang?lang=en"))
	if err == nil {
		err = waitFor(ctx, `document.querySelector('#shift[data-ready]')`)
	}
	if err == nil {
		_, err = chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf(`(() => {
			const f = document.getElementById('do-form');
			f.querySelectorAll('input[name=item]').forEach(x => x.click());
			f.elements.agent.value = %q; f.elements.remark.value = %q; f.elements.author.value = %q;
			f.querySelector('button.large').click();
			return true;
		})()`, payloads[1], payloads[2], payloads[7])))
	}
	if err == nil {
		err = waitFor(ctx, fmt.Sprintf(`document.querySelectorAll('#shift-list li').length === %d && document.querySelector('#shift').dataset.waiting === '0'`, len(payloads)))
	}
	if err != nil {
		t.Fatal(err)
	}
	shown, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](`[document.querySelectorAll('#shift-list li > b').length, document.querySelectorAll('main script, main img, main svg[onload], main style, main base').length]`))
	if err != nil || int(shown[0]) != len(payloads) || shown[1] != 3 { // the page's own three scripts
		t.Errorf("got %v entries and elements (%v), want %d and the page's own", shown, err, len(payloads))
	}
	if len(f.stored()) < len(payloads)-2 { // a page gives back no NUL and no carriage return as it got it
		t.Errorf("stored: got %d, want nearly all", len(f.stored()))
	}
	for _, path := range []string{"/site/mpp-magetan/do", "/site/mpp-magetan/tasks/codes", "/site/mpp-magetan/tasks/typed", "/site/mpp-magetan/task/lap-gagang"} {
		if err := chromedp.Do(ctx, chromedp.Navigate(r.url+path)); err != nil {
			t.Fatal(err)
		}
		for _, x := range faults(ctx, t) {
			t.Errorf("%s: %s", path, x)
		}
	}
}

func (f *fleet) stored() []telemetry.Record {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]telemetry.Record(nil), f.entries...)
}

// say ticks one thing, and presses the button.
func say(ctx context.Context, t *testing.T, item, agent, remark string) {
	t.Helper()
	if err := waitFor(ctx, `document.querySelector('#shift[data-ready]')`); err != nil {
		t.Fatal(err)
	}
	_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf(`(() => {
		const f = document.getElementById('do-form');
		const box = [...f.querySelectorAll('input[name=item]')].find(x => x.value === %q);
		if (!box.checked) box.click();
		f.elements.agent.value = %q;
		f.elements.remark.value = %q;
		if (f.elements.author.type !== 'hidden') f.elements.author.value = 'Siti';
		f.querySelector('button.large').click();
		return true;
	})()`, item, agent, remark)))
	if err != nil {
		t.Fatal(err)
	}
}

// onPhone makes the tab a phone's.
func onPhone() chromedp.Action[chromedp.Void] {
	return chromedp.EmulateViewport(int64(testengine.Phone.Width), int64(testengine.Phone.Height), chromedp.EmulatePortrait, chromedp.EmulateMobile, chromedp.EmulateTouch)
}

// offline tells the tab whether there is a network.
func offline(yes bool) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: yes, DownloadThroughput: -1, UploadThroughput: -1})
		return err
	})
}
