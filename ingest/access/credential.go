// Package access holds who may speak through the gateway's own doors, the embedded broker and HTTP push: credentials,
// what each may publish and read, and how fast.
package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/time/rate"

	"github.com/gerbang-iot/gerbang/ingest"
)

// Role says what a credential is for.
type Role string

// The roles.
const (
	Device Role = "device" // one device: publishes and reads below its own topic
	Bridge Role = "bridge" // speaks for many devices, and reads what it may publish: a LoRaWAN server, another broker, a vendor's cloud
	Reader Role = "reader" // a display or an operator: only reads
)

// DefaultRate is how many messages a second a device may send if its credential does not say.
const DefaultRate = 5000

// Credential is a name and a password with a role.
type Credential struct {
	Name string
	// Password in clear, as read from a secret file; or PasswordHash as made by HashPassword. Exactly one of them.
	Password     string
	PasswordHash string
	Role         Role
	// Device is "site/device"; only with role device, and required there.
	Device string
	// Devices are "site/device" for a bridge; nil means all.
	Devices []string
	// Read are topic filters that a reader or a bridge may subscribe to. Default: what the gateway itself publishes,
	// "gerbang/v1/+/out/#". A bridge may also subscribe to all that it may publish: topics outside of the native format, and
	// those of its devices.
	Read []string
	// Rate in messages per second; 0 is DefaultRate for a device and unlimited for the others, negative is unlimited.
	Rate float64
}

// HashPassword returns a salted hash for Credential.PasswordHash. It is one round of SHA-256, so that a thousand devices
// can reconnect at once: meant for generated passwords, which nobody can guess, not for those that people choose.
func HashPassword(password string) string {
	var salt [16]byte
	_, _ = rand.Read(salt[:]) // never fails
	sum := digest(salt[:], password)
	return "sha256:" + hex.EncodeToString(salt[:]) + ":" + hex.EncodeToString(sum[:])
}

func digest(salt []byte, password string) [sha256.Size]byte {
	return sha256.Sum256(append(append([]byte(nil), salt...), password...))
}

// Validate says what is wrong with a credential by itself, never showing its password; nil: nothing.
func (c Credential) Validate() error {
	switch {
	case c.Name == "" || strings.ContainsAny(c.Name, ":\x00"):
		return fmt.Errorf("name %q is empty or contains a colon, which ends the name where a client logs in", c.Name)
	case (c.Password == "") == (c.PasswordHash == ""):
		return errors.New("want one of password_file, password_env and password_hash")
	case c.Role == Device && !native(c.Device):
		return fmt.Errorf("device %q: expected site/device", c.Device)
	case c.Role != Device && c.Device != "":
		return fmt.Errorf("device is set, but the role is %q", c.Role)
	case c.Role != Device && c.Role != Bridge && c.Role != Reader:
		return fmt.Errorf("role %q: expected %s, %s or %s", c.Role, Device, Bridge, Reader)
	case c.Role != Bridge && c.Devices != nil:
		return errors.New("devices belong to a bridge, want bridge: true")
	}
	for _, d := range c.Devices {
		if !native(d) {
			return fmt.Errorf("device %q: expected site/device", d)
		}
	}
	for _, f := range c.Read {
		if !validFilter(f) {
			return fmt.Errorf("read %q: not a topic filter", f)
		}
	}
	return nil
}

func native(device string) bool {
	site, name, ok := strings.Cut(device, "/")
	return ok && site != "" && name != "" && name != "out" && !strings.ContainsAny(device, "+#\x00") && !strings.Contains(name, "/")
}

// Account is a credential made ready for use. It is immutable apart from its rate limiter, and stays the same pointer
// for as long as its credential does not change.
type Account struct {
	Credential
	// Sender goes with the messages that the account publishes.
	Sender *ingest.Sender
	// Refused goes with messages on topics that belong to the gateway alone: it may speak for nobody, so the decoder
	// rejects them as foreign.
	Refused *ingest.Sender
	// Limiter is nil for an account without a limit.
	Limiter *rate.Limiter

	salt []byte
	sum  [sha256.Size]byte
	own  string // of a device: its topic
	read []string
}

// Anonymous is the account of clients without a credential where the configuration allows them: it may speak for every
// device and read everything.
func Anonymous() *Account {
	return newAccount(Credential{Name: "anonymous", Role: Bridge, Read: []string{"#"}})
}

func newAccount(c Credential) *Account {
	a := &Account{
		Credential: c,
		Sender:     &ingest.Sender{Name: c.Name, Bridge: c.Role == Bridge, Devices: map[string]bool{}},
		Refused:    &ingest.Sender{Name: c.Name, Devices: map[string]bool{}},
		read:       c.Read,
	}
	if a.read == nil {
		a.read = []string{Prefix + "+/out/#"}
	}
	switch c.Role {
	case Device:
		a.Sender.Devices[c.Device] = true
		a.own = Prefix + c.Device
		a.read = []string{a.own + "/#"}
		if c.Rate == 0 {
			c.Rate = DefaultRate
		}
	case Bridge:
		a.read = slices.Clone(a.read) // the credential is compared with later ones
		if c.Devices == nil {
			a.Sender.Devices = nil
			a.read = append(a.read, "#")
		}
		for _, d := range c.Devices {
			a.Sender.Devices[d] = true
			a.read = append(a.read, Prefix+d+"/#")
		}
	}
	if c.Rate > 0 {
		a.Limiter = rate.NewLimiter(rate.Limit(c.Rate), max(1, int(c.Rate)))
	}
	return a
}

// unlock prepares the comparison of passwords.
func (a *Account) unlock() error {
	if a.PasswordHash == "" {
		a.salt = make([]byte, 16)
		_, _ = rand.Read(a.salt) // never fails
		a.sum = digest(a.salt, a.Password)
		return nil
	}
	part := strings.Split(a.PasswordHash, ":")
	if len(part) == 3 && part[0] == "sha256" {
		salt, err1 := hex.DecodeString(part[1])
		sum, err2 := hex.DecodeString(part[2])
		if err1 == nil && err2 == nil && len(salt) > 0 && len(sum) == len(a.sum) {
			a.salt, a.sum = salt, [sha256.Size]byte(sum)
			return nil
		}
	}
	return errors.New("password hash: expected sha256:<salt>:<digest> in hexadecimal")
}

// Check compares a password, in constant time.
func (a *Account) Check(password string) bool {
	sum := digest(a.salt, password)
	return subtle.ConstantTimeCompare(sum[:], a.sum[:]) == 1
}

// Set is an immutable set of accounts by name.
type Set struct {
	accounts map[string]*Account
	nobody   *Account
}

// NewSet validates the credentials; all that is wrong is in the error. Accounts of unchanged credentials are taken over
// from previous, which may be nil. No password is ever part of an error.
func NewSet(credentials []Credential, previous *Set) (*Set, error) {
	s := &Set{accounts: make(map[string]*Account, len(credentials)), nobody: newAccount(Credential{Role: Reader})}
	_ = s.nobody.unlock() // has no hash to be wrong
	var all []error
	for i, c := range credentials {
		err := c.Validate()
		if err == nil && s.accounts[c.Name] != nil {
			err = errors.New("name is used twice")
		}
		if err == nil {
			if old := previous.Find(c.Name); old != nil && reflect.DeepEqual(old.Credential, c) {
				s.accounts[c.Name] = old
				continue
			}
			a := newAccount(c)
			err = a.unlock()
			s.accounts[c.Name] = a
		}
		if err != nil {
			all = append(all, fmt.Errorf("credential %d (%q): %w", i+1, c.Name, err))
		}
	}
	if err := errors.Join(all...); err != nil {
		return nil, err
	}
	return s, nil
}

// Find returns the account of that name, or nil.
func (s *Set) Find(name string) *Account {
	if s == nil {
		return nil
	}
	return s.accounts[name]
}

// Authenticate returns the account if name and password belong together, or nil. An unknown name takes as long as a
// wrong password.
func (s *Set) Authenticate(name, password string) *Account {
	a := s.Find(name)
	if a == nil {
		s.nobody.Check(password)
		return nil
	}
	if !a.Check(password) {
		return nil
	}
	return a
}
