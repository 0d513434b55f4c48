package audit

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint says which entries a log had: so many, with this root.
type Checkpoint struct {
	Origin string // names the log: gateway/site
	Size   int64
	Root   Hash
}

// GatewayLog stands for the gateway itself where others have the name of a site.
const GatewayLog = "_gateway"

// Origin names the log of a site; an empty site is the gateway itself.
func Origin(gateway, site string) string {
	if site == "" {
		site = GatewayLog
	}
	return gateway + "/" + site
}

// Tree is the checkpoint as tlog has it.
func (c *Checkpoint) Tree() tlog.Tree { return tlog.Tree{N: c.Size, Hash: c.Root} }

// Text is what is signed.
func (c *Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// ErrCheckpoint says that a text is no checkpoint; what is wrong with its signatures is told in other words.
var ErrCheckpoint = errors.New("it is no checkpoint")

// ParseCheckpoint reads the text of a checkpoint, signed or not, and believes it.
func ParseCheckpoint(text []byte) (c Checkpoint, err error) {
	body, _, _ := strings.Cut(string(text), "\n\n")
	lines := strings.SplitN(body+"\n", "\n", 4)
	if len(lines) < 4 || lines[0] == "" {
		return c, fmt.Errorf("%w: expected three lines", ErrCheckpoint)
	}
	c.Origin = lines[0]
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 0 || strconv.FormatInt(c.Size, 10) != lines[1] {
		return c, fmt.Errorf("%w: its size is %.30q", ErrCheckpoint, lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return c, fmt.Errorf("%w: its root is %.60q", ErrCheckpoint, lines[2])
	}
	c.Root = Hash(root)
	return c, nil
}

// OpenCheckpoint reads a checkpoint that one of the keys has signed.
func OpenCheckpoint(text []byte, keys note.Verifiers) (Checkpoint, error) {
	n, err := note.Open(text, keys)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("reading the signatures of a checkpoint: %w", err)
	}
	return ParseCheckpoint([]byte(n.Text))
}

// Key signs the checkpoints of a gateway's logs: one Ed25519 key, and a name for each log.
type Key struct{ private ed25519.PrivateKey }

// GenerateKey makes a key.
func GenerateKey(random io.Reader) (Key, error) {
	_, private, err := ed25519.GenerateKey(random)
	return Key{private}, err
}

// keyLine begins the text of a private key.
const keyLine = "gerbang log key, private: "

// String says that there is a key, and never which.
func (Key) String() string { return "private key" }

// GoString is String: a key is never printed.
func (k Key) GoString() string { return k.String() }

// Private is the key as ParseKey reads it. It is a secret.
func (k Key) Private() []byte {
	return []byte(keyLine + base64.StdEncoding.EncodeToString(k.private.Seed()) + "\n")
}

// ParseKey reads a private key. Its errors do not say what stood there.
func ParseKey(text []byte) (Key, error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(string(text)), keyLine)
	seed, err := base64.StdEncoding.Strict().DecodeString(rest)
	if !ok || err != nil || len(seed) != ed25519.SeedSize {
		return Key{}, errors.New("it is no private key of a log")
	}
	return Key{ed25519.NewKeyFromSeed(seed)}, nil
}

// Is reports whether there is a key.
func (k Key) Is() bool { return k.private != nil }

// Public is the public half.
func (k Key) Public() ed25519.PublicKey { return k.private.Public().(ed25519.PublicKey) }

// Verifier is the text with which the checkpoints of a log are verified: its name, the number of the key, and the public key.
func (k Key) Verifier(origin string) string {
	text, err := note.NewEd25519VerifierKey(origin, k.Public())
	if err != nil {
		return ""
	}
	return text
}

// Verifiers are keys by their texts.
func Verifiers(keys ...string) (note.Verifiers, error) {
	all := make([]note.Verifier, 0, len(keys))
	for _, text := range keys {
		v, err := note.NewVerifier(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("%.80q is no key to verify checkpoints with: expected NAME+NUMBER+KEY", text)
		}
		all = append(all, v)
	}
	return note.VerifierList(all...), nil
}

// Sign signs a checkpoint; the key has the name of its log.
func (k Key) Sign(c Checkpoint) ([]byte, error) { return k.note(c.Origin, c.Text()) }

func (k Key) note(origin, text string) ([]byte, error) {
	s, err := k.signer(origin)
	if err != nil {
		return nil, err
	}
	signed, err := note.Sign(&note.Note{Text: text}, s)
	if err != nil {
		return nil, fmt.Errorf("signing for %q: %w", origin, err)
	}
	return signed, nil
}

// Announce is the text by which a key says that another one signs a log from now on. It stands in the log.
func (k Key) Announce(origin, next string) ([]byte, error) {
	return k.note(origin, announcement+origin+"\n"+next+"\n")
}

const announcement = "gerbang: another key signs the log\n"

// Announced is the key that an announcement names, where a known key has signed it.
func Announced(text []byte, origin string, known note.Verifiers) (next string, err error) {
	n, err := note.Open(text, known)
	if err != nil {
		return "", fmt.Errorf("reading the signature of an announcement: %w", err)
	}
	next, ok := strings.CutPrefix(n.Text, announcement+origin+"\n")
	next = strings.TrimSuffix(next, "\n")
	if _, err := note.NewVerifier(next); !ok || err != nil {
		return "", errors.New("it is no announcement of a key for this log")
	}
	return next, nil
}

// signer signs with a name. The numbers of keys are as the signed note says: the hash of name, kind and key.
func (k Key) signer(name string) (note.Signer, error) {
	public := append([]byte{1}, k.Public()...) // 1: Ed25519
	h := sha256.New()
	_, _ = io.WriteString(h, name+"\n")
	_, _ = h.Write(public)
	number := binary.BigEndian.Uint32(h.Sum(nil))
	s, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, number, base64.StdEncoding.EncodeToString(append([]byte{1}, k.private.Seed()...))))
	if err != nil {
		return nil, fmt.Errorf("signing for %.80q: it is no name of a log", name)
	}
	return s, nil
}
