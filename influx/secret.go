package influx

import (
	"fmt"
	"log/slog"
	"strings"
)

// Secret is a token or password. However it is printed, logged or encoded, only the word "secret" appears; the value is
// read with Reveal alone.
type Secret struct{ value string }

// masked is what is shown instead of a secret.
const masked = "[secret]"

// NewSecret wraps a value.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal is the value itself.
func (s Secret) Reveal() string { return s.value }

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.value == "" }

// String hides the value.
func (s Secret) String() string { return masked }

// Format hides the value whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(masked)) }

// MarshalText hides the value from JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }

// LogValue hides the value from logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(masked) }

// scrub removes the secret from a text that somebody else wrote.
func (s Secret) scrub(text string) string {
	if s.value == "" {
		return text
	}
	text = strings.ReplaceAll(text, s.value, masked)
	// InfluxDB 1.x tokens are user:password; the password alone is secret too.
	if _, password, ok := strings.Cut(s.value, ":"); ok && len(password) >= 4 {
		text = strings.ReplaceAll(text, password, masked)
	}
	return text
}
