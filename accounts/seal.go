package accounts

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/gerbang-iot/gerbang/keyfile"
)

const keySize = 32

// errNoKey says that what is sealed cannot be opened: the key that it was sealed with is not there.
var errNoKey = errors.New("the key of the second factors is not the one that they were kept with")

// sealer keeps secrets that must be read again, such as those that codes are made from, so that the journal alone, or a backup of it, gives
// nobody a code: the key lies in a file beside the journal, which no backup of the journal has. It is safe for concurrent use.
type sealer struct {
	file string // empty: the key ends with the process

	mu  sync.Mutex
	key []byte // nil: there is none yet
}

// openSealer reads a key where there is one. One is made when it is needed first.
func openSealer(file string) (*sealer, error) {
	s := &sealer{file: file}
	if file == "" {
		return s, nil
	}
	text, err := keyfile.Read(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the key of the second factors: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != keySize {
		return nil, fmt.Errorf("reading the key of the second factors: file %s holds none, want %d bytes in base64", file, keySize)
	}
	s.key = key
	return s, nil
}

// made is the key, made and durable if there was none.
func (s *sealer) made() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key != nil {
		return s.key, nil
	}
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	if s.file != "" {
		if err := writeKey(s.file, key); err != nil {
			return nil, fmt.Errorf("keeping the key of the second factors: %w", err)
		}
	}
	s.key = key
	return key, nil
}

// writeKey makes a file for its owner only, which must not be there, and has it on disk.
func writeKey(file string, key []byte) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		_ = os.Remove(file)
		return err
	}
	giveAway(file)
	if dir, err := os.Open(filepath.Dir(file)); err == nil { // its name is durable too, where a folder can be synced
		_ = dir.Sync()
		_ = dir.Close()
	}
	return nil
}

// sealed is a text that only the holder of a key can read.
type sealed struct {
	Key  string `json:"key"` // which key it is, not the key
	Text []byte `json:"text"`
}

// seal makes a secret unreadable; what it is for goes into the seal: it opens for nothing else.
func (s *sealer) seal(purpose, secret string) (sealed, error) {
	key, err := s.made()
	if err != nil {
		return sealed{}, err
	}
	return sealed{Key: nameOfKey(key), Text: aead(key).Seal(nil, nil, []byte(secret), []byte(purpose))}, nil //nolint:gosec // it makes its own nonce
}

// open reads a secret. The error is errNoKey where the key is another one, or none.
func (s *sealer) open(purpose string, x sealed) (string, error) {
	s.mu.Lock()
	key := s.key
	s.mu.Unlock()
	if key == nil || nameOfKey(key) != x.Key {
		return "", errNoKey
	}
	secret, err := aead(key).Open(nil, nil, x.Text, []byte(purpose))
	if err != nil {
		return "", fmt.Errorf("a secret of %s does not open: %w", purpose, err)
	}
	return string(secret), nil
}

// aead is AES-256-GCM with a random nonce before each text.
func aead(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the size is ours
	}
	a, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return a
}

func nameOfKey(key []byte) string {
	sum := sha256.Sum256(append([]byte("gerbang second factors\x00"), key...))
	return hex.EncodeToString(sum[:4])
}
