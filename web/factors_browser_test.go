package web

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// until waits for a condition across pages: a form leads from one to the next.
func until(ctx context.Context, t *testing.T, condition string) {
	t.Helper()
	var err error
	for range 200 {
		var is bool
		one, cancel := context.WithTimeout(ctx, 5*time.Second)
		is, err = chromedp.Run(one, chromedp.Evaluate[bool](`!!(document.readyState === 'complete' && (`+condition+`))`))
		cancel()
		if err == nil && is {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	page, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + ' ' + (document.querySelector('main')?.innerText || '').slice(0, 600)`))
	t.Fatalf("waiting for %s: %v; the page is %s", condition, err, page)
}

// press taps what a selector finds.
func press(ctx context.Context, t *testing.T, selector string) {
	t.Helper()
	until(ctx, t, fmt.Sprintf(`document.querySelector(%q) && !document.querySelector(%[1]q).closest('[hidden]')`, selector))
	one, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := chromedp.Do(one, chromedp.Click(chromedp.CSS(selector))); err != nil {
		t.Fatalf("pressing %s: %v", selector, err)
	}
}

// write types into fields: pairs of a selector and a text.
func write(ctx context.Context, t *testing.T, fields ...string) {
	t.Helper()
	for i := 0; i+1 < len(fields); i += 2 {
		until(ctx, t, fmt.Sprintf(`document.querySelector(%q)`, fields[i]))
		if err := chromedp.Do(ctx, chromedp.SetValue(chromedp.CSS(fields[i]), fields[i+1])); err != nil {
			t.Fatalf("typing into %s: %v", fields[i], err)
		}
	}
}

// TestSecondStepInTheBrowser is the whole way on a phone, with an authenticator that Chromium plays: a passkey is registered, then an app; sign in by passkey alone, by
// password and code, by password and passkey; be refused without finger or PIN; remove it. In both languages, with nothing that the security policy blocks.
func TestSecondStepInTheBrowser(t *testing.T) {
	r := staffed(t, newFleet(), nil)
	site := strings.Replace(r.url, "127.0.0.1", "localhost", 1)
	ctx := browser(t)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch)); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	phone, err := chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true, HasUserVerification: true,
		IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	if err != nil {
		t.Fatal(err)
	}
	open := func(path string) {
		t.Helper()
		if err := chromedp.Do(ctx, chromedp.Navigate(site+path)); err != nil {
			t.Fatalf("opening %s: %v", path, err)
		}
	}
	clean := func() {
		t.Helper()
		for _, x := range faults(ctx, t) {
			t.Error(x)
		}
		wide, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
		if err != nil || wide > 0 {
			t.Errorf("the page scrolls sideways by %v px (%v)", wide, err)
		}
	}
	password := func(lang string) {
		t.Helper()
		open("/login?lang=" + lang)
		write(ctx, t, `input[name=name]`, "sari", `input[name=password]`, goodPassword)
		press(ctx, t, `form[action="/login"] button`)
	}
	out := func() {
		t.Helper()
		press(ctx, t, `form[action="/logout"] button`)
		until(ctx, t, `location.pathname === '/login'`)
	}

	refused := func() {
		t.Helper()
		open("/login?lang=id")
		press(ctx, t, `form[data-passkey=get] button`)
		until(ctx, t, `document.querySelector('[role=alert]:not([hidden])')?.textContent.includes('Kunci sandi itu tidak diterima')`)
	}

	password("en")
	until(ctx, t, `location.pathname === '/'`)
	open("/account/second")
	press(ctx, t, `form[data-passkey=create] button`)
	until(ctx, t, `document.querySelectorAll('.recovery li code').length === 10`)
	clean()
	press(ctx, t, `a.button`)
	until(ctx, t, `document.querySelector('#passkeys .standing li')`)
	press(ctx, t, `form[data-passkey=create] button`) // the same phone once more
	until(ctx, t, `document.querySelector('#passkeys .passkey .trouble')?.textContent.includes('has a passkey')`)
	press(ctx, t, `form[action="/account/second/codes"] button`)
	until(ctx, t, `document.querySelector('svg.qr path') && document.querySelector('code.secret')`)
	clean()
	secret, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector('code.secret').textContent`))
	if err != nil {
		t.Fatal(err)
	}
	secret = strings.ReplaceAll(secret, " ", "")
	write(ctx, t, `#enrol input[name=code]`, r.codeAfter(secret, 0))
	press(ctx, t, `#enrol form button`)
	until(ctx, t, `document.querySelector('#codes .standing li')`)
	clean()

	out() // a passkey alone
	press(ctx, t, `form[data-passkey=get] button`)
	until(ctx, t, `location.pathname === '/' && document.querySelector('.person')`)
	out() // password and code, in the other language
	password("id")
	until(ctx, t, `location.pathname === '/login/second' && document.body.textContent.includes('Langkah kedua')`)
	clean()
	write(ctx, t, `input.code`, r.codeAfter(secret, 30*time.Second))
	press(ctx, t, `form[action="/login/second"]:not([data-passkey]) button`)
	until(ctx, t, `location.pathname === '/' && document.querySelector('.person')`)
	out() // password and passkey
	password("id")
	until(ctx, t, `location.pathname === '/login/second'`)
	press(ctx, t, `form[data-passkey=get] button`)
	until(ctx, t, `location.pathname === '/' && document.querySelector('.person')`)

	out() // the phone is in other hands
	no, yes := false, true
	if _, err := chromedp.Call(ctx, webauthn.SetResponseOverrideBits, webauthn.SetResponseOverrideBitsParams{AuthenticatorID: phone.AuthenticatorID, IsBadUV: &yes}); err != nil {
		t.Fatal(err)
	}
	refused()
	if _, err := chromedp.Call(ctx, webauthn.SetResponseOverrideBits, webauthn.SetResponseOverrideBitsParams{AuthenticatorID: phone.AuthenticatorID, IsBadUV: &no, IsBogusSignature: &yes}); err != nil {
		t.Fatal(err)
	}
	refused()
	if _, err := chromedp.Call(ctx, webauthn.SetResponseOverrideBits, webauthn.SetResponseOverrideBitsParams{AuthenticatorID: phone.AuthenticatorID, IsBogusSignature: &no}); err != nil {
		t.Fatal(err)
	}
	press(ctx, t, `form[data-passkey=get] button`)
	until(ctx, t, `location.pathname === '/' && document.querySelector('.person')`)

	open("/account/second?lang=en")
	press(ctx, t, `#passkeys .standing summary`)
	write(ctx, t, `#passkeys .standing input[name=name]`, `<b>Sari's</b> phone`)
	press(ctx, t, `form[action="/account/second/passkey/name"] button`)
	until(ctx, t, `document.querySelector('#passkeys .standing b')?.textContent === "<b>Sari's</b> phone"`)
	press(ctx, t, `#passkeys .standing summary`)
	press(ctx, t, `#passkeys .standing form[action="/account/second/remove"] button`)
	until(ctx, t, `location.search.includes('removed') && !document.querySelector('#passkeys .standing')`)
	clean()
	out()
	until(ctx, t, `!document.querySelector('form[data-passkey]')`)
}
