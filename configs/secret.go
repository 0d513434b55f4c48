package configs

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/keyfile"
)

// Secret is a password or token that the configuration names but does not hold: a file (KEY_file) or an environment
// variable (KEY_env). It is read when it is needed, so a file that was rotated gives the new secret. However a Secret is
// printed, logged or encoded, its value never appears. The zero Secret is none.
type Secret struct {
	file, env string
	value     *string // set only in memory, see NewSecret
}

// byteOrderMark is what some editors put before a text; it does not belong to it.
const byteOrderMark = "\ufeff"

// redacted stands for a secret wherever one would be shown.
const redacted = "[secret]"

// NewSecret is a secret that lives in memory only: for a demo's generated credentials, and for tests.
func NewSecret(value string) Secret { return Secret{value: &value} }

// SecretFile is a secret in a file; a line break at its end and a byte order mark at its beginning do
// not belong to it.
func SecretFile(path string) Secret { return Secret{file: path} }

// SecretEnv is a secret in an environment variable.
func SecretEnv(name string) Secret { return Secret{env: name} }

// IsSet reports whether the configuration names a secret at all.
func (s Secret) IsSet() bool { return s.file != "" || s.env != "" || s.value != nil }

// Reveal reads the secret. Its errors name the file or variable and never the value; the zero Secret gives "" and no error.
func (s Secret) Reveal() (string, error) {
	switch {
	case s.value != nil:
		return *s.value, nil
	case s.env != "":
		value, ok := os.LookupEnv(s.env)
		if !ok || value == "" {
			return "", fmt.Errorf("reading a secret: %w", fmt.Errorf("environment variable %s is not set", s.env))
		}
		return strings.TrimPrefix(value, byteOrderMark), nil
	case s.file != "":
		b, err := keyfile.Read(s.file)
		if err != nil {
			return "", fmt.Errorf("reading a secret: %w", err)
		}
		value := strings.TrimRight(strings.TrimPrefix(string(b), byteOrderMark), "\r\n")
		if value == "" {
			return "", fmt.Errorf("reading a secret: %w", fmt.Errorf("file %s is empty", s.file))
		}
		return value, nil
	}
	return "", nil
}

// RevealAs is Reveal with errors that say which secret it is: "access token".
func (s Secret) RevealAs(what string) (string, error) {
	v, err := s.Reveal()
	if err != nil {
		return "", fmt.Errorf("reading the %s: %w", what, err)
	}
	return v, nil
}

// Source says where the secret is kept, without reading it.
func (s Secret) Source() string {
	switch {
	case s.value != nil:
		return "memory"
	case s.env != "":
		return "environment variable " + s.env
	case s.file != "":
		return "file " + s.file
	}
	return ""
}

// String is a placeholder, empty for no secret.
func (s Secret) String() string {
	if !s.IsSet() {
		return ""
	}
	return redacted
}

// GoString is the placeholder.
func (s Secret) GoString() string { return s.String() }

// Format prints the placeholder, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalText writes the placeholder.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue logs the placeholder.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Suffixes are the keys of a secret: KEY_file and KEY_env, and KEY itself, which is refused with an explanation.
func (*Secret) Suffixes() []string { return []string{"_file", "_env", ""} }

// UnmarshalSuffix reads one of the keys of a secret.
func (s *Secret) UnmarshalSuffix(suffix string, n strict.Node) {
	key := strings.TrimSuffix(lastKey(n.Path()), suffix)
	var source string
	switch suffix {
	case "":
		n.Problem("%s is written here in clear, want %[1]s_file: a file that holds it, or %[1]s_env: an environment variable", key)
		s.value = new(string) // counts as given: one problem is enough
		return
	case "_file":
		n.Decode(&source)
		s.file = source
	case "_env":
		n.Decode(&source)
		s.env = source
	}
	if s.file != "" && s.env != "" {
		n.Problem("both %s_file and %[1]s_env are given, want one of them", key)
	}
}

// check tells early what Reveal would tell late.
func (s Secret) check() error {
	_, err := s.Reveal()
	if missing, ok := errors.AsType[*os.PathError](err); ok {
		return fmt.Errorf("file %s cannot be read (%w)", missing.Path, missing.Err)
	}
	return errors.Unwrap(err)
}

func lastKey(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// Hash is a salted hash of a password. It is not the password, but it is not shown either: a hash invites guessing.
type Hash string

// String is a placeholder, empty for no hash.
func (h Hash) String() string {
	if h == "" {
		return ""
	}
	return redacted
}

// GoString is the placeholder.
func (h Hash) GoString() string { return h.String() }

// Format prints the placeholder, whatever the verb.
func (h Hash) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(h.String())) }

// MarshalText writes the placeholder.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// LogValue logs the placeholder.
func (h Hash) LogValue() slog.Value { return slog.StringValue(h.String()) }
