package accounts

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"testing"
	"time"
)

var here = Place{Origin: "https://gerbang.example", Name: "gerbang.example"}

func TestPasskeysFollowTheAddress(t *testing.T) {
	for origin, want := range map[string]struct {
		place Place
		why   Hindrance
	}{
		"https://gerbang.example":          {here, ""},
		"https://GERBANG.example:443":      {here, ""},
		"https://gerbang.example:8443":     {Place{"https://gerbang.example:8443", "gerbang.example"}, ""},
		"http://localhost:8080":            {Place{"http://localhost:8080", "localhost"}, ""},
		"https://gerbang.lan":              {Place{"https://gerbang.lan", "gerbang.lan"}, ""},
		"http://gerbang.example":           {Place{}, Unencrypted},
		"http://192.168.1.5:8080":          {Place{}, Unencrypted},
		"https://192.168.1.5":              {Place{}, ByNumber},
		"https://[fe80::1]":                {Place{}, ByNumber},
		"http://127.0.0.1:8080":            {Place{}, ByNumber},
		"":                                 {Place{}, ByNumber},
		"http://localhost.evil.example/":   {Place{}, Unencrypted},
		"https://gerbang.example.evil.org": {Place{"https://gerbang.example.evil.org", "gerbang.example.evil.org"}, ""},
	} {
		if place, why := PlaceOf(origin); place != want.place || why != want.why {
			t.Errorf("%q: got %+v %q, want %+v %q", origin, place, why, want.place, want.why)
		}
	}
}

// device is an authenticator in software.
type device struct {
	t       *testing.T
	key     *ecdsa.PrivateKey
	id      []byte
	handle  []byte
	counter uint32
	flags   byte // of what it says: present 1, verified 4
	origin  string
	name    string
}

func newDevice(t *testing.T) *device {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d := &device{t: t, key: key, id: make([]byte, 16), flags: 5, origin: here.Origin, name: here.Name}
	_, _ = rand.Read(d.id)
	return d
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (d *device) said(kind string, ask *Ask) []byte {
	d.t.Helper()
	var o struct {
		PublicKey struct {
			Challenge string
			User      struct{ ID string }
		} `json:"publicKey"`
	}
	if err := json.Unmarshal([]byte(ask.Options), &o); err != nil {
		d.t.Fatal(err)
	}
	if id := o.PublicKey.User.ID; id != "" {
		d.handle, _ = base64.RawURLEncoding.DecodeString(id)
	}
	text, _ := json.Marshal(map[string]any{"type": kind, "challenge": o.PublicKey.Challenge, "origin": d.origin, "crossOrigin": false})
	return text
}

func (d *device) data(flags byte) []byte {
	d.counter++
	name := sha256.Sum256([]byte(d.name))
	return binary.BigEndian.AppendUint32(append(name[:], flags), d.counter)
}

// make registers.
func (d *device) make(ask *Ask) []byte {
	d.t.Helper()
	client := d.said("webauthn.create", ask)
	auth := append(d.data(d.flags|0x40), make([]byte, 16)...)
	auth = append(binary.BigEndian.AppendUint16(auth, uint16(len(d.id))), d.id...)
	point, err := d.key.PublicKey.Bytes()
	if err != nil {
		d.t.Fatal(err)
	}
	auth = append(auth, 0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32) // COSE: EC2, ES256, P-256
	auth = append(append(append(auth, point[1:33]...), 0x22, 0x58, 32), point[33:]...)
	object := append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"), byte(len(auth)))
	return d.answer(map[string]any{"clientDataJSON": b64(client), "attestationObject": b64(append(object, auth...))})
}

// sign answers.
func (d *device) sign(ask *Ask) []byte {
	d.t.Helper()
	client, auth := d.said("webauthn.get", ask), d.data(d.flags)
	sum := sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte{}, auth...), sum[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, digest[:])
	if err != nil {
		d.t.Fatal(err)
	}
	return d.answer(map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(auth), "signature": b64(signature), "userHandle": b64(d.handle)})
}

func (d *device) answer(response map[string]any) []byte {
	text, _ := json.Marshal(map[string]any{"id": b64(d.id), "rawId": b64(d.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}})
	return text
}

// withKey is a rig on which Sari has a passkey.
func withKey(t *testing.T) (*rig, *device) {
	t.Helper()
	r, d := newRig(t), newDevice(t)
	by, s := r.InSession(t.Context(), r.first().Session, "")
	ask, err := r.AskNewPasskey(by, s.ID, here)
	if err != nil {
		t.Fatal(err)
	}
	codes, err := r.AddPasskey(t.Context(), by, s.ID, here, ask.Proof, "telepon", d.make(ask))
	if err != nil || len(codes) != RecoveryCodes {
		t.Fatalf("registering: got %d recovery codes, %v", len(codes), err)
	}
	return r, d
}

func (r *rig) alone(d *device, spoil func(ask *Ask)) error {
	r.t.Helper()
	ask, err := r.AskPasskey(here)
	if err != nil {
		r.t.Fatal(err)
	}
	if spoil != nil {
		spoil(ask)
	}
	e, err := r.LogInByPasskey(r.t.Context(), here, ask.Proof, d.sign(ask), Attempt{From: home})
	if err == nil && (e.Session == "" || e.Step != "") {
		r.t.Errorf("by a passkey alone: got %+v, want a session", e)
	}
	r.keyNoise.Succeeded(home) // patience is another test's
	return err
}

func TestAPasskeyAloneIsBothFactors(t *testing.T) {
	r, d := withKey(t)
	if err := r.alone(d, nil); err != nil {
		t.Fatalf("signing in: %v", err)
	}
	r.open(cheap)
	if err := r.alone(d, nil); err != nil {
		t.Fatalf("after a restart: %v", err)
	}
	other := newDevice(t)
	other.handle = d.handle
	for what, spoil := range map[string]func(*Ask){
		"another device":           func(*Ask) { *other, *d = *d, *other },
		"without finger or PIN":    func(*Ask) { d.flags = 1 },
		"at another address":       func(*Ask) { d.origin = "https://evil.example" },
		"for another name":         func(*Ask) { d.name = "evil.example" },
		"for another account":      func(*Ask) { d.handle = []byte("somebody") },
		"without an account":       func(*Ask) { d.handle = nil },
		"with a counter gone back": func(*Ask) { d.counter = 0 },
		"to another question":      func(a *Ask) { b, _ := r.AskPasskey(here); a.Options = b.Options },
	} {
		was := *d
		if err := r.alone(d, spoil); !errors.Is(err, ErrPasskey) {
			t.Errorf("%s: got %v, want ErrPasskey", what, err)
		}
		if what == "another device" {
			*other, *d = *d, *other
		} else {
			counter := max(was.counter, d.counter)
			*d = was
			d.counter = counter
		}
	}
	if err := r.alone(d, nil); err != nil {
		t.Errorf("as it was: %v", err)
	}
	ask, _ := r.AskPasskey(here)
	answer := d.sign(ask)
	if _, err := r.LogInByPasskey(t.Context(), here, ask.Proof, answer, Attempt{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.LogInByPasskey(t.Context(), here, ask.Proof, answer, Attempt{}); !errors.Is(err, ErrPasskey) {
		t.Errorf("the same answer again: got %v, want ErrPasskey", err)
	}
	ask, _ = r.AskPasskey(here)
	answer = d.sign(ask)
	if _, err := r.LogInByPasskey(t.Context(), Place{"https://other.example", "other.example"}, ask.Proof, answer, Attempt{}); !errors.Is(err, ErrStep) {
		t.Errorf("what was asked elsewhere: got %v, want ErrStep", err)
	}
	r.later(keyFor)
	if _, err := r.LogInByPasskey(t.Context(), here, ask.Proof, answer, Attempt{}); !errors.Is(err, ErrStep) {
		t.Errorf("after %v: got %v, want ErrStep", keyFor, err)
	}
}

// A counter of zero is that of a passkey that several devices share: it says nothing.
func TestASharedPasskeyCountsNothing(t *testing.T) {
	r, d := newRig(t), newDevice(t)
	by, s := r.InSession(t.Context(), r.first().Session, "")
	ask, _ := r.AskNewPasskey(by, s.ID, here)
	d.counter = ^uint32(0)
	if _, err := r.AddPasskey(t.Context(), by, s.ID, here, ask.Proof, "telepon", d.make(ask)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		d.counter = ^uint32(0)
		if err := r.alone(d, nil); err != nil {
			t.Errorf("signing in: %v", err)
		}
	}
	d.counter = ^uint32(0)
	again, _ := r.AskPasskey(here)
	answer := d.sign(again)
	for i, want := range []error{nil, ErrPasskey} { // nothing but the question tells the second time from the first
		if _, err := r.LogInByPasskey(t.Context(), here, again.Proof, answer, Attempt{}); !errors.Is(err, want) {
			t.Errorf("the same answer, time %d: got %v, want %v", i+1, err, want)
		}
	}
}

func TestAPasskeyIsASecondStepAndAProof(t *testing.T) {
	r, d := withKey(t)
	step := r.begun(Attempt{})
	ask, err := r.AskStepPasskey(step, here)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.AskStepPasskey(step, Place{"https://other.example", "other.example"}); !errors.Is(err, ErrFactor) {
		t.Errorf("at another address: got %v, want ErrFactor", err)
	}
	d.flags = 1
	if _, err := r.StepByPasskey(t.Context(), step, here, ask.Proof, d.sign(ask), Attempt{}); !errors.Is(err, ErrPasskey) {
		t.Errorf("without finger or PIN: got %v, want ErrPasskey", err)
	}
	d.flags = 5
	alone, _ := r.AskPasskey(here)
	if _, err := r.StepByPasskey(t.Context(), step, here, alone.Proof, d.sign(alone), Attempt{}); !errors.Is(err, ErrStep) {
		t.Errorf("what was asked for another thing: got %v, want ErrStep", err)
	}
	e, err := r.StepByPasskey(t.Context(), step, here, ask.Proof, d.sign(ask), Attempt{})
	if err != nil || e.Session == "" {
		t.Fatalf("the second step: got %+v, %v", e, err)
	}
	by, s := r.InSession(t.Context(), e.Session, "")
	r.later(FreshFor)
	if err := r.RemoveFactor(t.Context(), by, s.ID, b64(d.id)); !errors.Is(err, ErrStale) {
		t.Errorf("removing after %v: got %v, want ErrStale", FreshFor, err)
	}
	proof, err := r.AskProofPasskey(by, here)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.ConfirmByPasskey(t.Context(), by, s.ID, here, proof.Proof, d.sign(proof)); err != nil {
		t.Fatalf("showing who one is: %v", err)
	}
	if err := r.NamePasskey(t.Context(), &Caller{Account: "other"}, b64(d.id), "x"); !errors.Is(err, ErrFactor) {
		t.Errorf("naming somebody else's: got %v, want ErrFactor", err)
	}
	if err := r.NamePasskey(t.Context(), by, b64(d.id), "kunci"); err != nil || r.Factors(by.Account).Passkeys[0].Name != "kunci" {
		t.Errorf("naming it: %v", err)
	}
	if err := r.RemoveFactor(t.Context(), by, s.ID, b64(d.id)); err != nil {
		t.Fatal(err)
	}
	if err := r.alone(d, nil); !errors.Is(err, ErrPasskey) {
		t.Errorf("after it was removed: got %v, want ErrPasskey", err)
	}
	if _, err := r.stillKept(&Passkey{ID: b64(d.id), Account: by.Account}); !errors.Is(err, ErrPasskey) {
		t.Errorf("removed after it had signed: got %v, want ErrPasskey", err)
	}
	if f := r.Factors(by.Account); f.Any() || f.Recovery > 0 {
		t.Errorf("what is left: got %+v", f)
	}
}

// Noise at the door that asks for no name: it waits by its address, is told once a minute, and holds up no known device.
func TestPasskeysThatAreNoneWait(t *testing.T) {
	r, d := withKey(t)
	ask, _ := r.AskPasskey(here)
	var wait *WaitError
	for i := range 1000 {
		_, err := r.LogInByPasskey(t.Context(), here, ask.Proof, []byte(`{"id":"x"}`), Attempt{From: away})
		if i >= FreeTries && !errors.As(err, &wait) {
			t.Fatalf("try %d: got %v, want a wait", i, err)
		}
	}
	if n := r.told(Refused); n != 1 {
		t.Errorf("told %d times of 1000 tries in a moment, want once", n)
	}
	fresh, _ := r.AskPasskey(here)
	if _, err := r.LogInByPasskey(t.Context(), here, fresh.Proof, d.sign(fresh), Attempt{From: home}); err != nil {
		t.Errorf("from another address: %v", err)
	}
	r.later(time.Minute)
	if len(r.answers) > 2 { // registering, and the one above
		t.Errorf("questions that are remembered: got %d, want those that were answered well", len(r.answers))
	}
}
