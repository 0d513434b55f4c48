package facility

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxItem bounds the name of a task's item, in characters.
const maxItem = 64

// CheckItem reports why name cannot name an item of a task: it is the one rule for configurations and for the logs that name their
// items. Signs and letters of every script are fine ("meja & kursi", "Lift #2"); what a page or terminal could take for a command,
// or nobody could see, is not.
func CheckItem(name string) error {
	switch {
	case name == "":
		return errors.New("empty, want the item's name")
	case !utf8.ValidString(name):
		return errors.New("not UTF-8")
	case utf8.RuneCountInString(name) > maxItem:
		return fmt.Errorf("longer than %d characters", maxItem)
	case strings.TrimSpace(name) != name:
		return errors.New("begins or ends with a space")
	}
	for _, r := range name {
		if r != ' ' && !unicode.IsGraphic(r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) || r == utf8.RuneError {
			return fmt.Errorf("has the invisible character %U", r)
		}
	}
	return nil
}
