package accounts

import (
	_ "embed" // the lists
	"strings"
	"sync"
	"unicode/utf8"
)

// Bounds of a password, in characters and in bytes.
const (
	MinPassword = 10
	MaxPassword = 200
	// enough is how much of a password a guesser must find out, where a word that he has on his list is worth no more than three characters.
	enough = 9
)

// Weakness is why a password is not taken: a word of a closed set, which the pages say in a sentence.
type Weakness string

// The weaknesses.
const (
	TooShort Weakness = "short"
	TooLong  Weakness = "long"
	Guessed  Weakness = "guessed" // made of words and series that are tried first
)

//go:embed breached.txt
var breachedList string

//go:embed umum.txt
var commonList string

// guessable are the words that are tried first, by their folded form, and how long the longest of them is.
var guessable = sync.OnceValue(func() map[string]bool {
	words := make(map[string]bool, 13_000)
	for _, list := range []string{breachedList, commonList} {
		for line := range strings.Lines(list) {
			if strings.HasPrefix(line, "#") {
				continue
			}
			for w := range strings.FieldsSeq(line) {
				if w = fold(w); len(w) >= leastWord {
					words[w] = true
				}
			}
		}
	}
	return words
})

const (
	leastWord = 4
	mostWord  = 24
)

// fold writes a text as a guesser sees it: in small letters, and 4, 3, 1, 0, @ and $ as the letters they stand for.
func fold(s string) string {
	return strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i").Replace(strings.ToLower(s))
}

// CheckPassword says why a password is not taken; empty: it is. The person's own names count as words that are guessed.
func CheckPassword(password string, own ...string) Weakness {
	switch {
	case len(password) > MaxPassword || !utf8.ValidString(password):
		return TooLong
	case utf8.RuneCountInString(password) < MinPassword:
		return TooShort
	}
	mine := map[string]bool{}
	for _, name := range own {
		for _, w := range append(strings.Fields(name), name) {
			if w = fold(w); len(w) >= leastWord-1 {
				mine[w] = true
			}
		}
	}
	if guessable()[fold(password)] || worth(password, mine) < enough {
		return Guessed
	}
	return ""
}

// worth counts what a guesser must find out: 3 for a word, 1 where it comes again, 2 for a series (aaaa, 1234), 1 for a year, 1 for every
// other byte.
func worth(password string, own map[string]bool) int {
	lower, folded := strings.ToLower(password), fold(password)
	n := 0
	had := map[string]bool{}
	for i := 0; i < len(lower); {
		if run := series(lower[i:]); run >= 3 {
			n, i = n+2, i+run
			continue
		}
		if year(lower[i:]) {
			n, i = n+1, i+4
			continue
		}
		word := 0
		for size := min(mostWord, len(folded)-i); size >= leastWord-1 && word == 0; size-- {
			if w := folded[i : i+size]; own[w] || guessable()[w] {
				word = size
			}
		}
		if word > 0 {
			if w := folded[i : i+word]; had[w] {
				n++
			} else {
				n, had[w] = n+3, true
			}
			i += word
			continue
		}
		n, i = n+1, i+1
	}
	return n
}

// series is how many bytes at the beginning are alike, or ascend or descend by one.
func series(s string) int {
	if len(s) < 2 {
		return len(s)
	}
	step := int(s[1]) - int(s[0])
	if step < -1 || step > 1 {
		return 1
	}
	n := 2
	for n < len(s) && int(s[n])-int(s[n-1]) == step {
		n++
	}
	return n
}

func year(s string) bool {
	return len(s) >= 4 && (s[:2] == "19" || s[:2] == "20") && s[2] >= '0' && s[2] <= '9' && s[3] >= '0' && s[3] <= '9'
}
