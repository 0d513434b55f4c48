package alerts

import (
	"embed"
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"github.com/gerbang-iot/gerbang/telemetry"
)

//go:embed locales/*.yaml
var locales embed.FS

// DefaultLanguage is used where a language is unknown.
const DefaultLanguage = "id"

// Texts speaks of alerts and verdicts in people's languages. It is safe for concurrent use.
type Texts struct {
	langs []string
	words map[string]*words
}

// words are the messages of one language.
type words struct {
	lang      string
	localizer *i18n.Localizer
	has       map[string]bool
	months    []string
}

// NewTexts reads the embedded messages.
func NewTexts() (*Texts, error) {
	t := &Texts{langs: []string{"id", "en"}, words: make(map[string]*words)}
	bundle := i18n.NewBundle(language.Indonesian)
	bundle.RegisterUnmarshalFunc("yaml", yaml.Unmarshal)
	for _, lang := range t.langs {
		name := "locales/" + lang + ".yaml"
		file, err := bundle.LoadMessageFileFS(locales, name)
		if err != nil {
			return nil, fmt.Errorf("reading messages %q: %w", name, err)
		}
		w := &words{lang: lang, has: make(map[string]bool, len(file.Messages))}
		for _, m := range file.Messages {
			w.has[m.ID] = true
		}
		t.words[lang] = w
	}
	for lang, w := range t.words {
		w.localizer = i18n.NewLocalizer(bundle, lang)
		w.months = strings.Fields(w.say("time.months", nil))
		if len(w.months) != 12 {
			return nil, fmt.Errorf("reading messages in %q: %d names in time.months, want 12", lang, len(w.months))
		}
	}
	return t, nil
}

// Languages lists the languages, the default first.
func (t *Texts) Languages() []string { return t.langs }

// Time is a moment as people read it, in the time zone (IANA; empty or unknown: UTC).
func (t *Texts) Time(lang string, at telemetry.Instant, timezone string) string {
	w := t.in(lang)
	local := at.In(zoneOf(timezone))
	// The month is put in last: its name must not be taken for a part of the layout.
	return strings.Replace(local.Format(w.say("time.layout", map[string]any{"Month": "\x00"})), "\x00", w.months[local.Month()-1], 1)
}

// near is a time as Time writes it, without the date where that is the one of another time.
func (t *Texts) near(lang string, at, beside telemetry.Instant, timezone string) string {
	x, y := at.In(zoneOf(timezone)), beside.In(zoneOf(timezone))
	if x.YearDay() != y.YearDay() || x.Year() != y.Year() {
		return t.Time(lang, at, timezone)
	}
	return x.Format(t.in(lang).say("time.clock", nil))
}

func zoneOf(timezone string) *time.Location {
	if loc, err := time.LoadLocation(timezone); err == nil {
		return loc
	}
	return time.UTC
}

// Duration is a time span as people read it: at most two units, rounded to the smaller one.
func (t *Texts) Duration(lang string, d time.Duration) string {
	w := t.in(lang)
	d = d.Abs()
	units := []struct {
		name string
		span time.Duration
	}{{"days", 24 * time.Hour}, {"hours", time.Hour}, {"minutes", time.Minute}, {"seconds", time.Second}}
	for i, u := range units {
		if d < u.span && u.span > time.Second {
			continue
		}
		if i+1 < len(units) {
			d = d.Round(units[i+1].span)
		}
		out := w.count("duration."+u.name, int64(d/u.span))
		if rest := d % u.span; i+1 < len(units) && rest > 0 {
			out += " " + w.count("duration."+units[i+1].name, int64(rest/units[i+1].span))
		}
		return out
	}
	return ""
}

// in finds a language by its first part ("en-GB" is "en"); others are DefaultLanguage.
func (t *Texts) in(lang string) *words {
	lang, _, _ = strings.Cut(strings.ToLower(lang), "-")
	if w, ok := t.words[lang]; ok {
		return w
	}
	return t.words[DefaultLanguage]
}

// say fills in a message; one that is missing is empty.
func (w *words) say(id string, data map[string]any) string {
	if !w.has[id] {
		return ""
	}
	// The messages are embedded and tested: what can fail here fails in the tests.
	s, _ := w.localizer.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data})
	return strings.TrimSpace(s)
}

// first fills in the first of the messages that there is.
func (w *words) first(data map[string]any, ids ...string) string {
	for _, id := range ids {
		if w.has[id] {
			return w.say(id, data)
		}
	}
	return ""
}

// count fills in a message that counts something.
func (w *words) count(id string, n int64) string {
	s, _ := w.localizer.Localize(&i18n.LocalizeConfig{MessageID: id, PluralCount: n, TemplateData: map[string]any{"N": n}})
	return s
}
