package configs

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/facility"
)

// idPattern is what every id looks like: it must be safe in topics, tags, URLs and file names.
const idPattern = `^[a-z0-9][a-z0-9_-]{0,63}$`

const wantID = "a-z, 0-9, - and _, at most 64 characters, beginning with a letter or digit"

var idForm = regexp.MustCompile(idPattern)

// table is a mapping from id to value that keeps the order of the file.
type table[T any] []row[T]

type row[T any] struct {
	ID    string
	Value T
}

// UnmarshalStrict reads the mapping and checks the ids.
func (t *table[T]) UnmarshalStrict(n strict.Node) { t.read(n, "id", idForm, wantID) }

func (t *table[T]) read(n strict.Node, what string, form *regexp.Regexp, want string) {
	if !n.IsMap() {
		n.Problem("%s is %s, want a mapping from %s to %s", lastKey(n.Path()), n.What(), what, strict.Wanted(reflect.TypeFor[T](), ""))
		return
	}
	for _, e := range n.Entries() {
		if !form.MatchString(e.Name) {
			n.ProblemAt(e.Key(), "%s %q, want %s", what, e.Name, want)
		}
		r := row[T]{ID: e.Name}
		e.Decode(&r.Value)
		*t = append(*t, r)
	}
}

// Element is the type of the values, for the schema.
func (table[T]) Element() reflect.Type { return reflect.TypeFor[T]() }

func (t table[T]) has(id string) bool {
	for _, r := range t {
		if r.ID == id {
			return true
		}
	}
	return false
}

// find is the value of an id; nil: there is none.
func (t table[T]) find(id string) *T {
	for i := range t {
		if t[i].ID == id {
			return &t[i].Value
		}
	}
	return nil
}

func (t table[T]) ids() []string {
	ids := make([]string, len(t))
	for i, r := range t {
		ids[i] = r.ID
	}
	return ids
}

// channelTable is a mapping from the name of a channel, which is the device's own word.
type channelTable []row[channelDoc]

// UnmarshalStrict reads the mapping and checks the names.
func (t *channelTable) UnmarshalStrict(n strict.Node) {
	(*table[channelDoc])(t).read(n, "channel", channelForm, "the name on which the readings come: letters, digits, spaces or the signs _-.: alone, at most 64 bytes")
}

// Element is the type of the values, for the schema.
func (channelTable) Element() reflect.Type { return reflect.TypeFor[channelDoc]() }

// channelPattern matches the name of a channel.
const channelPattern = `^[\pL\pN _.:-]{1,64}$`

var channelForm = regexp.MustCompile(channelPattern)

// location is a time zone in a configuration.
type location struct{ facility.Location }

// UnmarshalText reads an IANA name.
func (l *location) UnmarshalText(b []byte) (err error) {
	l.Location, err = facility.LoadLocation(string(b))
	return err
}

// Wanted says what a configuration takes.
func (location) Wanted() string { return "an IANA name such as Asia/Jakarta" }

// ambient is a window of temperatures, written as 16-35.
type ambient facility.Ambient

var ambientForm = regexp.MustCompile(`^(-?\d{1,2}(?:\.\d+)?) ?- ?(-?\d{1,2}(?:\.\d+)?)(?: ?°C)?$`)

// UnmarshalText reads two temperatures, the lower one first.
func (a *ambient) UnmarshalText(b []byte) error {
	m := ambientForm.FindStringSubmatch(string(b))
	if m == nil {
		return fmt.Errorf("ambient %q: want %s", b, a.Wanted())
	}
	a.Min, _ = strconv.ParseFloat(m[1], 64) // the form has seen that they are numbers
	a.Max, _ = strconv.ParseFloat(m[2], 64)
	if a.Min >= a.Max {
		return fmt.Errorf("ambient %q: want %s", b, a.Wanted())
	}
	return nil
}

// Wanted says what a configuration takes.
func (ambient) Wanted() string { return "two temperatures in °C, the lower one first, such as 16-35" }

// window is the plain value; nil: there is none.
func (a *ambient) window() *facility.Ambient { return (*facility.Ambient)(a) }

// share is a part of the whole, written as a percentage: 50%.
type share float64

// sharePattern matches what a share looks like.
const sharePattern = `^\d{1,3}(\.\d+)? ?%$`

// UnmarshalText reads a percentage above 0 and up to 100.
func (s *share) UnmarshalText(b []byte) error {
	number, percent := strings.CutSuffix(string(b), "%")
	f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !percent || f <= 0 || f > 100 {
		return fmt.Errorf("share %q: want %s", b, s.Wanted())
	}
	*s = share(f / 100)
	return nil
}

// Wanted says what a configuration takes.
func (share) Wanted() string { return "a percentage above 0% and up to 100%, such as 50%" }
