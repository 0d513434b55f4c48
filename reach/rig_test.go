package reach

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// browser is a phone: it can read what is sent to it, and nobody else can.
type browser struct {
	endpoint string
	private  *ecdh.PrivateKey
	auth     []byte
}

func newBrowser(t testing.TB, endpoint string) *browser {
	t.Helper()
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{endpoint: endpoint, private: private, auth: make([]byte, 16)}
	_, _ = rand.Read(b.auth)
	return b
}

func (b *browser) phone(account string) Phone {
	return Phone{
		Account: account, Session: "s-" + account, Lang: "id", Endpoint: b.endpoint,
		P256dh: base64.RawURLEncoding.EncodeToString(b.private.PublicKey().Bytes()), Auth: base64.RawURLEncoding.EncodeToString(b.auth),
	}
}

// read decrypts a message (RFC 8291, RFC 8188).
func (b *browser) read(body []byte) (*payload, error) {
	if len(body) < 86 {
		return nil, fmt.Errorf("%d bytes are no message", len(body))
	}
	salt, sender, sealed := body[:16], body[21:86], body[86:]
	key, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		return nil, err
	}
	shared, err := b.private.ECDH(key)
	if err != nil {
		return nil, err
	}
	derive := func(secret, salt []byte, info string, n int) []byte {
		k, _ := hkdf.Key(sha256.New, secret, salt, info, n)
		return k
	}
	ikm := derive(shared, b.auth, "WebPush: info\x00"+string(b.private.PublicKey().Bytes())+string(sender), 32)
	block, err := aes.NewCipher(derive(ikm, salt, "Content-Encoding: aes128gcm\x00", 16))
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, derive(ikm, salt, "Content-Encoding: nonce\x00", 12), sealed, nil)
	if err != nil {
		return nil, err
	}
	plain = bytes.TrimRight(plain, "\x00")
	p := &payload{}
	return p, json.Unmarshal(bytes.TrimSuffix(plain, []byte{2}), p)
}

// service is a push service: it answers each phone as it is told, in order, then with 201.
type service struct {
	mu      sync.Mutex
	answers map[string][]int // by endpoint; 0: never
	after   string           // Retry-After
	phones  map[string]*browser
	got     []sent
	bad     []string
}

type sent struct {
	at       time.Time
	endpoint string
	header   http.Header
	payload  *payload
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	endpoint := r.URL.String()
	code := 201
	if a := s.answers[endpoint]; len(a) > 0 {
		code, s.answers[endpoint] = a[0], a[1:]
	}
	if b := s.phones[endpoint]; b != nil {
		if p, err := b.read(body); err != nil {
			s.bad = append(s.bad, err.Error())
		} else {
			s.got = append(s.got, sent{time.Now(), endpoint, r.Header, p})
		}
	}
	after := s.after
	s.mu.Unlock()
	if code == 0 {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	h := http.Header{}
	if after != "" && code != 201 {
		h.Set("Retry-After", after)
	}
	return &http.Response{StatusCode: code, Header: h, Body: io.NopCloser(bytes.NewReader([]byte("<html>")))}, nil
}

func (s *service) messages() []sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

// people are accounts that nobody changes.
type people []*accounts.Account

func (p people) Accounts() []*accounts.Account { return p }

func (p people) Living(string) bool { return true }

func account(id, display string, role accounts.Role, sites ...string) *accounts.Account {
	return &accounts.Account{ID: id, Name: id, Display: display, Posts: []accounts.Post{{Role: role, Sites: sites}}}
}

// rig is a reach with a book behind it, as the gateway has it, and a push service before it.
type rig struct {
	*Reach
	t       testing.TB
	service *service
	store   accounts.Store
	options Options

	mu      sync.Mutex
	book    *alerts.Book
	changes []alerts.Change
	shown   []alerts.Signal
	stop    func()
}

var guards = people{
	account("siti", "Siti", accounts.Security, "mall"), account("budi", "Budi", accounts.Security, "hall"), account("rina", "Ibu Rina", accounts.Manager),
}

func newRig(t testing.TB, edit func(*Options), steps ...facility.Call) *rig {
	t.Helper()
	texts, err := alerts.NewTexts()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, service: &service{answers: map[string][]int{}, phones: map[string]*browser{}}, store: accounts.NewMemory(), book: alerts.NewBook(nil, nil)}
	r.options = Options{
		Store: r.store, People: guards, Texts: texts, URL: "https://gerbang.example.go.id/", Language: "id", Transport: r.service,
		Report: func(all []alerts.Report) {
			r.do(func(b *alerts.Book, now telemetry.Instant) []alerts.Change { return b.Reached(all, now, nil) })
		},
		Show: func(s []alerts.Signal) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.shown = append(r.shown, s...)
		},
	}
	if edit != nil {
		edit(&r.options)
	}
	r.plan(steps)
	r.begin(nil)
	return r
}

func (r *rig) plan(steps []facility.Call) {
	plan := &facility.Escalation{Steps: steps}
	r.book.Plan(func(site string) *facility.Escalation {
		if len(steps) == 0 {
			return r.Reach.Fallback(site)
		}
		return plan
	})
}

// begin makes the reach of a new run and runs it, beside a clock for the book.
func (r *rig) begin(open []alerts.Alert) {
	o := r.options
	o.Open = open
	reach, err := New(r.t.Context(), o)
	if err != nil {
		r.t.Fatal(err)
	}
	r.Reach = reach
	ctx, cancel := context.WithCancel(r.t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = reach.Run(ctx) })
	wg.Go(func() {
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				r.do(func(b *alerts.Book, now telemetry.Instant) []alerts.Change { return b.Tick(now, nil) })
			}
		}
	})
	r.stop = func() { cancel(); wg.Wait() }
}

// do changes the book and tells the reach, as a commit does.
func (r *rig) do(change func(*alerts.Book, telemetry.Instant) []alerts.Change) {
	r.mu.Lock()
	all := change(r.book, telemetry.InstantOf(time.Now()))
	r.changes = append(r.changes, all...)
	r.mu.Unlock()
	r.Notify(all)
}

// add makes a phone known.
func (r *rig) add(account, endpoint string) *browser {
	r.t.Helper()
	b := newBrowser(r.t, endpoint)
	if _, err := r.Keep(r.t.Context(), b.phone(account)); err != nil {
		r.t.Fatalf("keeping the phone of %s: %v", account, err)
	}
	r.service.mu.Lock()
	r.service.phones[endpoint] = b
	r.service.mu.Unlock()
	return b
}

// raise opens an alert at a site.
func (r *rig) raise(site string) string {
	id := ""
	r.do(func(b *alerts.Book, now telemetry.Instant) []alerts.Change {
		all := b.Alarm(&rules.Alarm{
			Site: site, Rule: "kapasitas", Kind: "capacity", Class: rules.ClassBreach, Severity: rules.Critical, Phase: rules.Firing,
			Subject: rules.Subject{Kind: rules.SubjectZone, ID: "loket"}, At: now,
		}, nil)
		id = all[0].Alert.ID
		return all
	})
	return id
}

// alert is the open alert as the book has it.
func (r *rig) alert(id string) *alerts.Alert {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.book.Open() {
		if a.ID == id {
			return &a
		}
	}
	r.t.Fatalf("alert %s is not open", id)
	return nil
}

// outcome is what became of each call, as "number to via: what".
func (r *rig) outcome(id string) (all []string) {
	a := r.alert(id)
	for _, c := range a.Calls {
		for _, d := range c.Deliveries {
			what := "waits"
			switch {
			case d.Looked != 0:
				what = "opened"
			case d.Shown != 0:
				what = "shown"
			case d.Sent != 0:
				what = "sent"
			case d.Failed != "":
				what = d.Failed
			}
			all = append(all, fmt.Sprintf("%d %s %s: %s", c.Number, d.To, d.Via, what))
		}
	}
	slices.Sort(all)
	return all
}
