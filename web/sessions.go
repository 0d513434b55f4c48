package web

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	keySize = 32
	// maxRevoked bounds the sessions that are remembered as ended. Beyond it a new key ends all.
	maxRevoked = 20_000
)

// sessions holds what makes a session genuine and keeps it ended: a random key, without which a cookie tells nothing about the
// token, and the sessions that people have ended before their time. Both are in a file, if there is one, so that a restart
// neither ends a session nor begins one anew. Safe for concurrent use.
type sessions struct {
	file string

	mu      sync.Mutex
	secret  []byte
	revoked map[string]int64 // when they would have ended, Unix seconds, by their id
}

// openSessions reads the file, or makes it. An empty name: the sessions end with the process.
func openSessions(file string, now time.Time) (*sessions, error) {
	s := &sessions{file: file, revoked: map[string]int64{}}
	if file != "" {
		data, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("reading who is signed in: %w", err)
		}
		s.parse(data, now)
	}
	if s.secret == nil { // new, or not to be trusted: whoever was signed in signs in again
		s.renew()
		if err := s.save(); err != nil {
			return nil, fmt.Errorf("writing who is signed in: %w", err)
		}
	}
	return s, nil
}

func (s *sessions) renew() {
	s.secret = make([]byte, keySize)
	_, _ = rand.Read(s.secret) // never fails
	clear(s.revoked)
}

// parse takes a file's lines: the key, then what was ended. Nothing of a file that does not begin with a key is taken.
func (s *sessions) parse(data []byte, now time.Time) {
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		what, value, _ := strings.Cut(lines.Text(), " ")
		switch {
		case s.secret == nil:
			if key, err := hex.DecodeString(value); what == "key" && err == nil && len(key) == keySize {
				s.secret = key
				continue
			}
			return
		case what == "ended":
			if end, ok := endOf(value); ok && end > now.Unix() {
				s.revoked[value] = end
			}
		}
	}
}

// save writes the file anew. The caller holds the lock, or is the only one.
func (s *sessions) save() error {
	if s.file == "" {
		return nil
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "key %x\n", s.secret)
	for id := range s.revoked {
		fmt.Fprintf(&b, "ended %s\n", id)
	}
	temp, err := os.CreateTemp(filepath.Dir(s.file), filepath.Base(s.file)+".*") // for the owner only
	if err != nil {
		return err
	}
	_, err = temp.Write(b.Bytes())
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), s.file)
	}
	if err != nil {
		_ = os.Remove(temp.Name())
	}
	return err
}

// key is that of the sessions under a token: another token ends all of them.
func (s *sessions) key(token string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := hmac.New(sha256.New, s.secret)
	_, _ = m.Write([]byte("gerbang session v2\x00" + token))
	return m.Sum(nil)
}

// begin is the id of a new session: when it ends, and what tells it from others that end then.
func (s *sessions) begin(end time.Time) string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails
	return strconv.FormatInt(end.Unix(), 10) + "-" + hex.EncodeToString(b[:])
}

// endOf reads an id.
func endOf(id string) (end int64, ok bool) {
	at, chance, ok := strings.Cut(id, "-")
	end, err := strconv.ParseInt(at, 10, 64)
	return end, ok && err == nil && len(chance) == 24
}

// isOver reports whether a genuine session was ended.
func (s *sessions) isOver(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, over := s.revoked[id]
	return over
}

// end ends a genuine session for good. On an error it is over until the next restart.
func (s *sessions) end(id string, now time.Time) error {
	end, ok := endOf(id)
	if !ok {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for old, end := range s.revoked {
		if end <= now.Unix() {
			delete(s.revoked, old)
		}
	}
	if len(s.revoked) >= maxRevoked {
		s.renew()
	}
	s.revoked[id] = end
	if err := s.save(); err != nil {
		return fmt.Errorf("writing who is signed in: %w", err)
	}
	return nil
}
