package configs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/facility"
)

// languages are those that texts may be given in.
var languages = []string{"id", "en"}

// words are a text by language; under the empty language one that is the same in all.
type words map[string]string

// Wanted says what a configuration takes.
func (words) Wanted() string { return "text, or the text by language: {id: …, en: …}" }

// UnmarshalStrict reads one text, or one a language.
func (w *words) UnmarshalStrict(n strict.Node) {
	key := lastKey(n.Path())
	if text, ok := n.Text(); ok {
		if strings.TrimSpace(text) == "" {
			n.Problem("%s is empty, want text", key)
		}
		*w = words{"": text}
		return
	}
	if !n.IsMap() || len(n.Entries()) == 0 {
		n.Problem("%s is %s, want %s", key, n.What(), w.Wanted())
		return
	}
	*w = words{}
	for _, e := range n.Entries() {
		text, ok := e.Text()
		switch {
		case !slices.Contains(languages, e.Name):
			n.ProblemAt(e.Key(), "%s in language %q, want id or en", key, e.Name)
		case !ok || strings.TrimSpace(text) == "":
			e.Problem("%s in language %q is %s, want text", key, e.Name, e.What())
		}
		(*w)[e.Name] = text
	}
}

// plain is the text for whoever has no language.
func (w words) plain() string { return cmp.Or(w[""], w["id"], w["en"]) }

// byLanguage are the texts, where there is more than one.
func (w words) byLanguage() map[string]string {
	if _, same := w[""]; same {
		return nil
	}
	return w
}

// moment is a day, or a time on it, by the site's clocks.
type moment struct {
	Date facility.Date
	Time facility.TimeOfDay // 0: midnight
}

// Wanted says what a configuration takes.
func (moment) Wanted() string {
	return "a date such as 2022-07-05, or with a time: 2022-07-05 18:00"
}

// momentPattern matches what a moment looks like.
const momentPattern = `^\d{4}-\d{2}-\d{2}([ T]([01]\d|2[0-4]):[0-5]\d)?$`

// UnmarshalText reads "2022-07-05" or "2022-07-05 18:00".
func (m *moment) UnmarshalText(b []byte) (err error) {
	date, clock, timed := strings.Cut(strings.Replace(string(b), "T", " ", 1), " ")
	if m.Date, err = facility.ParseDate(date); err == nil && timed {
		m.Time, err = facility.ParseTimeOfDay(strings.TrimSpace(clock))
	}
	if err != nil {
		return fmt.Errorf("%q: want YYYY-MM-DD, or YYYY-MM-DD HH:MM, and a day that exists", b)
	}
	if endOfDay, _ := facility.ParseTimeOfDay("24:00"); m.Time == endOfDay {
		m.Date, m.Time = m.Date.AddDays(1), 0
	}
	return nil
}

// IsZero reports whether there is none.
func (m moment) IsZero() bool { return m.Date.IsZero() }

// Before reports whether m is earlier than o, by the same clocks.
func (m moment) Before(o moment) bool {
	return m.Date.Before(o.Date) || m.Date == o.Date && m.Time < o.Time
}

// String is the date, and the time where one is given.
func (m moment) String() string {
	if m.Time == 0 {
		return m.Date.String()
	}
	return fmt.Sprintf("%v %v", m.Date, m.Time)
}
