package web

import (
	"embed"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

//go:embed locales/*.json
var localeFiles embed.FS

// languageCookie remembers ?lang=.
const languageCookie = "gerbang_lang"

// tongue is one language: its words, numbers and times. It is safe for concurrent use.
type tongue struct {
	Tag     string
	Name    string // in the language itself
	words   *i18n.Localizer
	numbers *message.Printer
	months  []string
	clock   string // layout of a time of day
}

// tongues are the languages in their fixed order; the first is the fallback.
type tongues []*tongue

func loadTongues() (tongues, error) {
	bundle := i18n.NewBundle(language.English)
	var all tongues
	for _, tag := range []string{"en", "id"} {
		if _, err := bundle.LoadMessageFileFS(localeFiles, "locales/active."+tag+".json"); err != nil {
			return nil, fmt.Errorf("reading locale %q: %w", tag, err)
		}
	}
	for _, l := range []tongue{{Tag: "en", Name: "English", clock: "15:04"}, {Tag: "id", Name: "Bahasa Indonesia", clock: "15.04"}} {
		// The fallback of a missing sentence is English, then its key: a page is never empty for want of a word.
		l.words = i18n.NewLocalizer(bundle, l.Tag, "en")
		l.numbers = message.NewPrinter(language.Make(l.Tag))
		l.months = strings.Fields(l.T("months"))
		if len(l.months) != 12 {
			return nil, fmt.Errorf("locale %q: %d months, want 12", l.Tag, len(l.months))
		}
		all = append(all, &l)
	}
	return all, nil
}

// choose finds the language of a request: ?lang=, else the cookie, else Accept-Language, else the first.
func (ts tongues) choose(r *http.Request) *tongue {
	if t := ts.byTag(r.URL.Query().Get("lang")); t != nil {
		return t
	}
	if c, err := r.Cookie(languageCookie); err == nil {
		if t := ts.byTag(c.Value); t != nil {
			return t
		}
	}
	tags := make([]language.Tag, len(ts))
	for i, t := range ts {
		tags[i] = language.Make(t.Tag)
	}
	wanted, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil {
		return ts[0]
	}
	_, i, confidence := language.NewMatcher(tags).Match(wanted...)
	if confidence == language.No {
		return ts[0]
	}
	return ts[i]
}

func (ts tongues) byTag(tag string) *tongue {
	for _, t := range ts {
		if t.Tag == tag {
			return t
		}
	}
	return nil
}

// T is the sentence of a key. args are pairs of a name and a value; the name Count also chooses the plural form. A missing
// sentence is its key in brackets, so that it is seen.
func (t *tongue) T(key string, args ...any) string {
	cfg := i18n.LocalizeConfig{MessageID: key}
	if len(args) > 0 {
		data := make(map[string]any, len(args)/2)
		for i := 0; i+1 < len(args); i += 2 {
			name, _ := args[i].(string)
			data[name] = args[i+1]
			if name == "Count" {
				cfg.PluralCount = args[i+1]
			}
		}
		cfg.TemplateData = data
	}
	s, err := t.words.Localize(&cfg)
	if err != nil && s == "" {
		return "[" + key + "]"
	}
	return s
}

// Has reports whether the language knows a key.
func (t *tongue) Has(key string) bool {
	s, err := t.words.Localize(&i18n.LocalizeConfig{MessageID: key})
	return err == nil && s != ""
}

// Number writes v with at most digits decimals.
func (t *tongue) Number(v float64, digits int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	return t.numbers.Sprint(number.Decimal(v, number.MaxFractionDigits(digits)))
}

// decimal writes a number that a file has, with a point, as the language does: its digits stay as they are.
func (t *tongue) decimal(number string) string {
	return strings.Replace(number, ".", strings.Trim(t.Number(0.5, 1), "05"), 1)
}

// Count writes a whole number.
func (t *tongue) Count(v uint64) string { return t.numbers.Sprint(number.Decimal(v)) }

// Measure writes a value with the digits that suit its size: 36.6, 1240, 0.25. Like the sentences beside it, it does not group thousands.
func (t *tongue) Measure(v float64) string {
	digits := 2
	switch a := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "–"
	case a >= 100:
		digits = 0
	case a >= 1:
		digits = 1
	}
	return t.numbers.Sprint(number.Decimal(v, number.MaxFractionDigits(digits), number.NoSeparator()))
}

// Degrees writes a temperature: always with a tenth, so that 36.0 stands beside 36.8.
func (t *tongue) Degrees(v float64) string {
	return t.numbers.Sprint(number.Decimal(v, number.MinFractionDigits(1), number.MaxFractionDigits(1)))
}

// When writes a time in loc as short as today allows: 14:05, yesterday 14:05, 3 Jul 14:05, 3 Jul 2022 14:05.
func (t *tongue) When(i telemetry.Instant, now time.Time, loc *time.Location) string {
	if i == 0 || i == telemetry.Never {
		return t.T("time.never")
	}
	at, today := i.In(loc), now.In(loc)
	clock := at.Format(t.clock)
	switch day, this := facility.DateOf(at), facility.DateOf(today); {
	case day == this:
		return clock
	case day == this.AddDays(-1):
		return t.T("time.yesterday", "Clock", clock)
	case day == this.AddDays(1):
		return t.T("time.tomorrow", "Clock", clock)
	case at.Year() == today.Year():
		return fmt.Sprintf("%d %s %s", at.Day(), t.months[at.Month()-1], clock)
	}
	return fmt.Sprintf("%d %s %d %s", at.Day(), t.months[at.Month()-1], at.Year(), clock)
}

// Date writes a day.
func (t *tongue) Date(at time.Time) string {
	return fmt.Sprintf("%d %s %d", at.Day(), t.months[at.Month()-1], at.Year())
}

// Ago writes an age in its largest unit. The steps are coarse on purpose: a figure that moves every second is noise.
func (t *tongue) Ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return t.T("time.now")
	case d < time.Hour:
		return t.T("time.minutes_ago", "Count", int(d/time.Minute))
	case d < 48*time.Hour:
		return t.T("time.hours_ago", "Count", int(d/time.Hour))
	}
	return t.T("time.days_ago", "Count", int(d/(24*time.Hour)))
}

// Span writes a duration in its largest unit.
func (t *tongue) Span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return t.T("time.seconds", "Count", int(d/time.Second))
	case d < time.Hour:
		return t.T("time.minutes", "Count", int(d/time.Minute))
	case d < 48*time.Hour:
		return t.T("time.hours", "Count", int(d/time.Hour))
	}
	return t.T("time.days", "Count", int(d/(24*time.Hour)))
}
