package reach

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
)

// The addresses that a browser may name: those of the Internet, over https, however they are written, and those that the configuration names.
func TestPushAddresses(t *testing.T) {
	private := []string{"push.mpp.lan", "10.0.0.9:8443"}
	for raw, good := range map[string]bool{
		"https://fcm.googleapis.com/fcm/send/x": true, "https://web.push.apple.com/x": true, "https://8.8.8.8/x": true, "https://[2606:4700::1]/x": true,
		"https://push.mpp.lan/x": true, "https://push.mpp.lan:9000/x": true, "https://10.0.0.9:8443/x": true,
		"http://fcm.googleapis.com/x": false, "https://10.0.0.9/x": false, "https://10.0.0.9:8444/x": false, "https://u:p@fcm.googleapis.com/x": false, "": false, "https:": false, "https:///x": false,
		"ftp://a.example/x": false, "https://127.0.0.1/x": false, "https://127.1/x": false, "https://2130706433/x": false, "https://0x7f.0.0.1/x": false, "https://0x7f000001/x": false, "https://[::1]/x": false,
		"https://[::ffff:127.0.0.1]/x": false, "https://[::ffff:10.1.2.3]/x": false, "https://169.254.169.254/latest": false, "https://[fe80::1]/x": false, "https://[fd00::1]/x": false,
		"https://100.64.1.1/x": false, "https://0.0.0.0/x": false, "https://[::]/x": false, "https://[64:ff9b::7f00:1]/x": false, "https://[2002:7f00:1::]/x": false, "https://[::127.0.0.1]/x": false,
		"https://localhost/x": false, "https://LOCALHOST./x": false, "https://gateway/x": false, "https://a.localhost/x": false, "https://router.local/x": false, "https://x.internal/x": false,
		"https://a.example:0/x": false, "https://a.example:99999/x": false, "https://a.example/x#f": false, "https://224.0.0.1/x": false, "https://255.255.255.255/x": false,
	} {
		if err := checkEndpoint(raw, private); (err == nil) != good {
			t.Errorf("%q: got %v, want it taken: %t", raw, err, good)
		}
	}
}

// A name that leads into the own network is found out when it is resolved, whatever it says; so is a redirect there.
func TestResolvedAddressesAreGuarded(t *testing.T) {
	for _, ip := range []string{"127.0.0.1", "10.1.1.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "::1", "fe80::1", "fd12::1", "::ffff:192.168.0.1", "100.100.100.200", "0.0.0.0"} {
		if public(netip.MustParseAddr(ip)) == nil {
			t.Errorf("%s is taken for an address of the Internet", ip)
		}
	}
	transport := guarded(nil, nil)
	r := newRig(t, func(o *Options) { o.Transport = transport })
	defer r.stop()
	// localhost.localdomain and the like resolve on this machine: the transport refuses at the connection, and it is for good.
	b := newBrowser(t, "https://localtest.example:1/x")
	p := b.phone("siti")
	p.Endpoint = "https://127.0.0.1.:1/x"
	if err := checkEndpoint(p.Endpoint, nil); err == nil {
		t.Fatal("an address with a dot at its end passes")
	}
	_, err := transportDial(t, transport, "127.0.0.1:1")
	if _, refused := errors.AsType[*addressError](err); !refused {
		t.Errorf("dialling loopback: got %v, want it refused before anything is sent", err)
	}
}

// Phones are kept at most eight to an account, the same browser once, and go with their session and with the account.
func TestPhonesAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		defer func() { r.stop() }()
		for i := range phonesEach + 2 {
			r.add("siti", fmt.Sprintf("https://p.example/%d", i))
			time.Sleep(time.Second)
		}
		if n := len(r.phonesOf("siti")); n != phonesEach || r.PhoneAt("siti", "https://p.example/1") != nil || r.PhoneAt("siti", "https://p.example/9") == nil {
			t.Errorf("%d phones, want the newest %d", n, phonesEach)
		}
		b := r.add("siti", phoneA)
		n := len(r.phonesOf("siti"))
		if _, err := r.Keep(t.Context(), b.phone("siti")); err != nil || len(r.phonesOf("siti")) != n {
			t.Errorf("told of once more: %d phones, %v, want %d", len(r.phonesOf("siti")), err, n)
		}
		// Somebody else signs in on the same phone: it is his from then on.
		if _, err := r.Keep(t.Context(), b.phone("budi")); err != nil || r.PhoneAt("siti", phoneA) != nil || r.PhoneAt("budi", phoneA) == nil {
			t.Errorf("handed on: %v", err)
		}
		if err := r.Drop(t.Context(), "siti", phoneA); err != nil || r.PhoneAt("budi", phoneA) == nil {
			t.Error("somebody else has dropped it")
		}
		r.SignedOut(t.Context(), "s-budi")
		if r.PhoneAt("budi", phoneA) != nil {
			t.Error("it is reached although its session is over")
		}
		for name, p := range map[string]Phone{
			"no point": {Account: "siti", Endpoint: phoneB, P256dh: "AAAA", Auth: "AAAAAAAAAAAAAAAAAAAAAA"}, "a short secret": func() Phone { p := newBrowser(t, phoneB).phone("siti"); p.Auth = "AAAA"; return p }(),
		} {
			if _, err := r.Keep(t.Context(), p); !errors.Is(err, ErrKeys) {
				t.Errorf("%s: got %v, want ErrKeys", name, err)
			}
		}
		if _, err := r.Keep(t.Context(), newBrowser(t, "https://192.168.1.1/x").phone("siti")); !errors.Is(err, ErrEndpoint) {
			t.Errorf("an address of the own network: got %v, want ErrEndpoint", err)
		}
		// What is kept is there after a restart; secrets of the gateway are not among what the keeper of accounts reads.
		r.stop()
		r.begin(nil)
		if len(r.phonesOf("siti")) != phonesEach-1 { // one went with budi
			t.Errorf("after a restart: %d phones", len(r.phonesOf("siti")))
		}
		if _, err := accounts.New(t.Context(), accounts.Options{Store: r.store}); err != nil {
			t.Errorf("accounts beside phones: %v", err)
		}
		r.stop() // the clock of the book need not tick for a month
		time.Sleep(accounts.AbsoluteLimit + 2*time.Hour)
		r.tidy(t.Context())
		if n := len(r.phonesOf("siti")); n != 0 {
			t.Errorf("nobody told of them for a month: %d phones, want none", n)
		}
	})
}

// A guard tries out his phone: sent, and shown seconds later; one who is told of nothing is not known.
func TestThisPhoneCanBeReached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		defer func() { r.stop() }()
		r.add("siti", phoneA)
		if _, err := r.Test(t.Context(), "budi", phoneA, "t", "b"); !errors.Is(err, ErrNone) {
			t.Errorf("somebody else's phone: got %v, want ErrNone", err)
		}
		p, err := r.Test(t.Context(), "siti", phoneA, "Ponsel ini terjangkau", "uji")
		if err != nil || p.Sent.IsZero() || p.Failed != "" || !p.Shown.IsZero() {
			t.Fatalf("the test: %+v, %v", p, err)
		}
		roster := r.Roster("mall")
		if len(roster) != 2 || roster[0].Name != "Siti" || roster[0].Reachable(time.Now()) || roster[1].Name != "Ibu Rina" {
			t.Fatalf("roster before: %+v", roster)
		}
		time.Sleep(3 * time.Second)
		if !r.Answer(t.Context(), r.service.messages()[0].payload.Notification.Data.Token, AnswerShown) {
			t.Fatal("the phone's answer is not taken")
		}
		if is, ok := r.Probe(p.ID); !ok || is.Shown.Sub(is.Began) != 3*time.Second {
			t.Errorf("afterwards: %+v", is)
		}
		if roster := r.Roster("mall"); !roster[0].Reachable(time.Now()) || roster[1].Reachable(time.Now()) {
			t.Errorf("roster: %+v, want the guard reachable and the manager not", roster)
		}
		time.Sleep(13 * time.Hour)
		if roster := r.Roster("mall"); roster[0].Reachable(time.Now()) || roster[0].Shown.IsZero() {
			t.Error("after the shift: want it no longer called reachable, and the time still known")
		}
		r.Watching("siti", "1")
		if !r.Roster("mall")[0].Reachable(time.Now()) {
			t.Error("with the page that sounds open: want reachable")
		}
		time.Sleep(2 * time.Minute)
		if r.Roster("mall")[0].Reachable(time.Now()) {
			t.Error("the page is closed: want not reachable")
		}
		r.service.answers[phoneA] = []int{410}
		if p, err := r.Test(t.Context(), "siti", phoneA, "t", "b"); err != nil || p.Failed == "" {
			t.Errorf("a phone that is gone: %+v, %v", p, err)
		}
	})
}
