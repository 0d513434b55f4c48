package influx

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Texts get into queries through these functions alone. Each makes one literal of its language of any text, or refuses it.

// identifier quotes a name of InfluxQL.
func identifier(name string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(name) + `"`
}

// influxQLString quotes a string of InfluxQL.
func influxQLString(s string) (string, error) {
	if err := quotable(s); err != nil {
		return "", err
	}
	return `'` + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + `'`, nil
}

// fluxString quotes a string of Flux, where ${…} would be an expression.
func fluxString(s string) (string, error) {
	if err := quotable(s); err != nil {
		return "", err
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `${`, `\${`).Replace(s) + `"`, nil
}

// maxQuoted bounds a text in a query, in bytes.
const maxQuoted = 256

// quotable refuses what no id contains and what parsers disagree about.
func quotable(s string) error {
	switch {
	case len(s) > maxQuoted:
		return fmt.Errorf("quoting a text of %d bytes: want at most %d", len(s), maxQuoted)
	case !utf8.ValidString(s):
		return fmt.Errorf("quoting %q: want valid UTF-8", s)
	case strings.ContainsFunc(s, unicode.IsControl):
		return fmt.Errorf("quoting %q: want no control characters", s)
	}
	return nil
}
