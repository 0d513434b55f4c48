package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Version is that of the entries that are written.
const Version = 1

// MostBytes bounds an entry: its length is written in two bytes.
const MostBytes = 65_535

// Kind says what an entry is about.
type Kind string

// The kinds. Other versions may know more of them: an entry of another kind is verified, and not understood.
const (
	Begin         Kind = "begin"         // the log begins; what is older is not in it
	Verdict       Kind = "verdict"       // a rule's verdict changed
	Revision      Kind = "revision"      // late data changed what a verdict had been
	Alert         Kind = "alert"         // a step in the life of an alert: what people were told and did, and what came back
	Entered       Kind = "entry"         // somebody entered or corrected something
	Configuration Kind = "configuration" // the site's definition changed
	Engine        Kind = "engine"        // another version of the engine judges
	Listening     Kind = "listening"     // nobody listened for a while, or the clock was set
	Stopped       Kind = "stopped"       // a site is not judged any more, or is again
	Retention     Kind = "retention"     // what was older than it is kept was deleted
	Restored      Kind = "restore"       // a backup was put in the journal's place
	Damage        Kind = "damage"        // records are lost, or not what was committed
	Mended        Kind = "mended"        // the journal was repaired: what was said before is judged anew
	Digest        Kind = "digest"        // a hash over the records of a day
	NewKey        Kind = "key"           // another key signs from now on
)

// Source says which bytes of the journal say the whole of what an entry says.
type Source struct {
	// Table is the journal's, Row the number of the row in it. Empty: there is none.
	Table string
	Row   int64
	// SHA256 is the hash of the row's body; or Sealed is what Seal makes of it, where it may tell of people. Hexadecimal.
	SHA256, Sealed string
}

// Entry is one that is being written. Its members come in the order in which they are added, numbers that are whole as texts: a reader whose numbers
// are floating point would change them. The zero value is none; Make begins one.
type Entry struct{ b []byte }

// Make begins an entry about something that happened at a time, behind what is in dst.
func Make(dst []byte, kind Kind, site string, at telemetry.Instant) Entry {
	e := Entry{append(dst, `{"v":1`...)}
	e.Text("kind", string(kind))
	e.Text("site", site)
	e.Time("at", at)
	return e
}

// mostText bounds a text in an entry, in bytes: the whole is what its source says.
const mostText = 1000

// Text adds a text; an empty one is left out, of a long one the beginning is kept.
func (e *Entry) Text(key, value string) {
	if value == "" {
		return
	}
	if len(value) > mostText {
		end := mostText
		for !utf8.RuneStart(value[end]) {
			end--
		}
		value = value[:end] + "…"
	}
	e.key(key)
	e.b = appendText(e.b, value)
}

// Time adds a time; none is left out.
func (e *Entry) Time(key string, at telemetry.Instant) {
	if at == 0 {
		return
	}
	e.key(key)
	e.b = append(e.b, '"')
	e.b = append(e.b, at.String()...)
	e.b = append(e.b, '"')
}

// Number adds a whole number.
func (e *Entry) Number(key string, n int64) {
	e.key(key)
	e.b = append(e.b, '"')
	e.b = strconv.AppendInt(e.b, n, 10)
	e.b = append(e.b, '"')
}

// Value adds a measured value, where it is one.
func (e *Entry) Value(key string, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return
	}
	e.key(key)
	e.b = strconv.AppendFloat(e.b, v, 'g', -1, 64)
}

// Flag adds that something is so; that it is not is left out.
func (e *Entry) Flag(key string, is bool) {
	if is {
		e.key(key)
		e.b = append(e.b, "true"...)
	}
}

// Of adds the row of the journal that says the whole, by the hash of its body.
func (e *Entry) Of(table string, row int64, body []byte) {
	sum := sha256.Sum256(body)
	e.source(table, row, "sha256", sum[:])
}

// Sealed adds the row of the journal that says the whole, where it may tell of people.
func (e *Entry) Sealed(table string, row int64, body, salt []byte) {
	sum := Seal(salt, body)
	e.source(table, row, "sealed", sum[:])
}

func (e *Entry) source(table string, row int64, how string, sum []byte) {
	e.key("source")
	e.b = append(e.b, `{"table":`...)
	e.b = appendText(e.b, table)
	e.b = append(e.b, `,"row":"`...)
	e.b = strconv.AppendInt(e.b, row, 10)
	e.b = append(e.b, `","`...)
	e.b = append(e.b, how...)
	e.b = append(e.b, `":"`...)
	e.b = hex.AppendEncode(e.b, sum)
	e.b = append(e.b, `"}`...)
}

// End is dst with the whole entry behind.
func (e *Entry) End() []byte { return append(e.b, '}') }

func (e *Entry) key(key string) {
	e.b = append(e.b, ',', '"')
	e.b = append(e.b, key...)
	e.b = append(e.b, '"', ':')
}

// appendText adds a JSON string.
func appendText(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			text, _ := json.Marshal(s) // of a string it never fails
			return append(dst, text...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// SaltBytes is how long a salt is.
const SaltBytes = 32

// Seal commits to bytes with a salt of SaltBytes random bytes: it is HMAC-SHA256 with the salt as its key. Who has salt and bytes can tell that
// they are the ones; who lacks the salt cannot try out what they might have been.
func Seal(salt, body []byte) [sha256.Size]byte {
	mac := hmac.New(sha256.New, salt)
	_, _ = mac.Write(body) // of a hash it never fails
	return [sha256.Size]byte(mac.Sum(nil))
}
