package accounts

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
)

// sieve tells passwords that are certainly wrong from those that may be right, at next to no cost: it lets one wrong password of 4,096 pass. While
// others guess a name from everywhere, its owner is let through by it, on a device that nobody knows as well: all guesses are looked at, however
// many there are, and only what may be right is worth a hash.
//
// It is in memory only, and under a key that ends with the process: what is kept of a password stays as hard to guess as argon2id makes it. It
// knows a password once that was proven or set in this process; until then the owner waits with everybody else. It is not safe for concurrent use.
type sieve struct {
	key []byte
	of  map[string]sifted // by account
}

type sifted struct {
	hash string // of the password that it is about
	mark uint16
}

const sieveBits = 12

func newSieve() sieve {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return sieve{key: key, of: map[string]sifted{}}
}

func (s *sieve) mark(account, password string) uint16 {
	mac := hmac.New(sha256.New, s.key)
	_, _ = mac.Write([]byte(account + "\x00" + password)) // never fails
	return binary.BigEndian.Uint16(mac.Sum(nil)) >> (16 - sieveBits)
}

// knows remembers a password that was proven, or set, by its hash.
func (s *sieve) knows(account, password, hash string) {
	s.of[account] = sifted{hash, s.mark(account, password)}
}

// passes reports whether a password may be that of an account whose hash is hash. One that it has not been told of does not pass.
func (s *sieve) passes(account, password, hash string) bool {
	is, ok := s.of[account]
	return ok && hash != "" && is.hash == hash && is.mark == s.mark(account, password)
}
