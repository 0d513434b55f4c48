package accounts

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
)

// Cost is what it takes to try one password: argon2id's memory in KiB, passes and lanes.
type Cost struct {
	Memory, Passes uint32
	Lanes          uint8
}

// DefaultCost is what OWASP asks for at least: 19 MiB, two passes, one lane.
var DefaultCost = Cost{Memory: 19 << 10, Passes: 2, Lanes: 1}

const (
	saltSize = 16
	hashSize = 32
	// patience is how long somebody waits for a hash to be begun, and maxQueue how many do: whoever comes then is told to come again, before
	// anything is spent on him.
	patience = 2 * time.Second
	maxQueue = 16
)

// errBusy says that passwords are being tried by too many at once.
var errBusy = &WaitError{time.Second}

// hasher tries passwords, two at once and of strangers one: whatever they try, a device that is known waits for one hash at most.
// It is safe for concurrent use.
type hasher struct {
	cost  Cost
	all   chan struct{} // hashes at work
	alien chan struct{} // those of them for devices that are not known
	queue chan struct{} // devices that are not known and wait
}

func newHasher(cost Cost) *hasher {
	return &hasher{cost: cost, all: make(chan struct{}, 2), alien: make(chan struct{}, 1), queue: make(chan struct{}, maxQueue)}
}

// enter waits for room; leave must be called if the error is nil.
func (h *hasher) enter(ctx context.Context, trusted bool) (leave func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if !trusted {
		select {
		case h.queue <- struct{}{}:
		default:
			return nil, errBusy
		}
		defer func() { <-h.queue }()
		select {
		case h.alien <- struct{}{}:
		case <-ctx.Done():
			return nil, errBusy
		}
	}
	free := func() {
		if !trusted {
			<-h.alien
		}
	}
	select {
	case h.all <- struct{}{}:
		return func() { <-h.all; free() }, nil
	case <-ctx.Done():
		free()
		return nil, errBusy
	}
}

// hash makes what is kept of a password, in the PHC notation.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	leave, err := h.enter(ctx, true)
	if err != nil {
		return "", err
	}
	defer leave()
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails
	c := h.cost
	sum := argon2.IDKey([]byte(password), salt, c.Passes, c.Memory, c.Lanes, hashSize)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Passes, c.Lanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum)), nil
}

// matches tries a password. Without a hash it takes as long and is false: who has an account cannot be told from how long it takes.
func (h *hasher) matches(ctx context.Context, password, hash string, trusted bool) (bool, error) {
	leave, err := h.enter(ctx, trusted)
	if err != nil {
		return false, err
	}
	defer leave()
	cost, salt, want, err := parseHash(hash)
	if err != nil {
		cost, salt, want = h.cost, make([]byte, saltSize), nil
	}
	got := argon2.IDKey([]byte(password), salt, cost.Passes, cost.Memory, cost.Lanes, hashSize)
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// parseHash reads the PHC notation, within what this program has ever written: a hash that asks for gigabytes is none.
func parseHash(hash string) (c Cost, salt, sum []byte, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return c, nil, nil, errors.New("want a hash of argon2id")
	}
	var version int
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return c, nil, nil, fmt.Errorf("hash version %q: want v=%d", parts[2], argon2.Version)
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Passes, &c.Lanes); err != nil {
		return c, nil, nil, fmt.Errorf("hash parameters %q: want m=…,t=…,p=…", parts[3])
	}
	if c.Memory > 64<<10 || c.Passes == 0 || c.Passes > 10 || c.Lanes == 0 || c.Lanes > 4 {
		return c, nil, nil, fmt.Errorf("hash parameters %q: out of bounds", parts[3])
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return c, nil, nil, errors.New("want a salt in base64")
	}
	if sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(sum) != hashSize {
		return c, nil, nil, fmt.Errorf("want a sum of %d bytes in base64", hashSize)
	}
	return c, salt, sum, nil
}
