// Package model describes kinds of devices as data (Model), checks what is described and makes it ready for reading (Mapping).
// What its formats are is told to it (Notation): it reads no message.
package model

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/frame"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Model describes a kind of device as data: the topics it uses, the format of its payload, and what the fields mean. It
// is one YAML file; see configs/models for examples. Field names are the same in YAML and JSON.
type Model struct {
	// ID names the model in a device's configuration and in push/{model}: a-z, 0-9, _ and -.
	ID string `yaml:"id" json:"id"`
	// Title is for people.
	Title string `yaml:"title" json:"title"`
	// Vendor of the device, where it has one.
	Vendor string `yaml:"vendor" json:"vendor,omitempty"`
	// Description says what the device reports and what its fields look like.
	Description string `yaml:"description" json:"description,omitempty"`
	// Aliases are other names by which a person may ask for the model; a device's configuration uses the id.
	Aliases []string `yaml:"aliases" json:"aliases,omitempty"`
	// Format is how a payload is written; see Formats. Default "json". Whatever it is, the paths below lead through the one
	// JSON object that is made of it; gerbang decode --explain shows that object.
	Format string `yaml:"format" json:"format,omitempty"`
	// Codec reads the raw bytes of a radio frame (formats lorawan and frame): a name that gerbang models lists, or the path,
	// relative to the model's file, of a description of the frames (frames/….yaml: in a folder below, where it is not taken for
	// a model) or of the maker's JavaScript decoder (….js). Without it the network server has to decode.
	Codec string `yaml:"codec" json:"codec,omitempty"`
	// Script is the text of the file that Codec names, which whoever reads models fills in.
	Script string `yaml:"-" json:"-"`
	// Layout is the description of frames that Codec names, which whoever reads models fills in.
	Layout *frame.Description `yaml:"-" json:"-"`
	// Ports are the LoRaWAN ports that carry readings; uplinks on others are not readings. None: all.
	Ports []uint8 `yaml:"ports" json:"ports,omitempty"`
	// Frame is where a JSON message of a network that format lorawan does not know has the frame (format frame). Paths lead
	// through what the codec makes of it; the message itself is its member envelope (device: envelope.imei).
	Frame *Frame `yaml:"frame" json:"frame,omitempty"`
	// Lists are the XML elements (format xml) that are lists also where they stand alone.
	Lists []string `yaml:"lists" json:"lists,omitempty"`
	// Match are topic patterns. {device} stands for the device's address, {device...} for an address that may have several
	// levels, {site} for the site's id, {other} for a level that the path {other} leads to, + for any level, a final # for any
	// rest. {field} in format value names the value of the topic: 21.5 on …/temperature is read like {"temperature": 21.5}.
	// None: those that the format itself has, which for lorawan are the topics of the network servers it knows; for other formats
	// the devices only push by HTTP. An empty list is none in any case.
	Match []string `yaml:"match" json:"match,omitempty"`
	// Silent are topic patterns on which no device measures: a bridge's own words, availability, commands. Whatever comes
	// there is not a reading, even where a pattern of Match fits too; the more literal of the two holds.
	Silent []string `yaml:"silent" json:"silent,omitempty"`
	// Device is the path to the device's address in the payload, where no topic names it or a topic names one that is not
	// configured. Several joined by + make one address with / between them (model+id), and several with | between them are
	// ways to name it, of which a configuration uses any (serial|mac). A last / or : behind a path takes what stands behind the
	// last one in the value. A LoRaWAN or Sparkplug envelope names the device itself.
	Device string `yaml:"device" json:"device,omitempty"`
	// Inside are names, in any letter case, of a member of the root in which the message proper may be wrapped.
	Inside []string `yaml:"inside" json:"inside,omitempty"`
	// When says which messages are readings.
	When When `yaml:"when" json:"when,omitzero"`
	// Time is when the readings were taken; none: on receipt.
	Time *Time `yaml:"time" json:"time,omitempty"`
	// Sequence is the path to the device's own message number, Boot to what changes when that number restarts.
	Sequence string `yaml:"sequence" json:"sequence,omitempty"`
	Boot     string `yaml:"boot" json:"boot,omitempty"`
	// Count chooses which of several people counts is read: "period", "total" or "present". It is needed where Readings
	// have more than one of them: added together they would count each person twice.
	Count Count `yaml:"count" json:"count,omitempty"`
	// Prefer is instead of Count for makers whose devices tell the same people in several ways, together or not, as they are
	// set up: the ways (Field.Way), the best first. Each device is read in the best of the ways that it has shown, and goes
	// back to another only after a week without it. People present are no such way: they are never added to.
	Prefer []string `yaml:"prefer" json:"prefer,omitempty"`
	// Swap exchanges in and out for all devices of the model.
	Swap bool `yaml:"swap" json:"swap,omitempty"`
	// Varied says that the model is that of a whole family, whose members each have some of the readings: what a device
	// measures is told by its configuration (measures) or by its messages.
	Varied bool `yaml:"varied" json:"varied,omitempty"`
	// Partial passes over a field whose value cannot be read as long as another can: one broken sensor of a device does not
	// silence the others. A message in which nothing can be read is rejected.
	Partial bool `yaml:"partial" json:"partial,omitempty"`
	// Readings are the fields that are read.
	Readings []Field `yaml:"readings" json:"readings,omitempty"`
	// Untrusted are fields that look like readings and are not read, with the reason.
	Untrusted []Untrusted `yaml:"untrusted" json:"untrusted,omitempty"`
	// Each says that the message is a list whose elements have times, or devices, of their own.
	Each *Each `yaml:"each" json:"each,omitempty"`
	// History is where the device repeats earlier readings with their own times.
	History *History `yaml:"history" json:"history,omitempty"`
	// Otherwise says what a message without any of Readings is: "reject" (default) or "ignore".
	Otherwise string `yaml:"otherwise" json:"otherwise,omitempty"`
	// Samples are messages and what they mean; the test suite runs them.
	Samples []Sample `yaml:"samples" json:"samples,omitempty"`
}

// Count is a form of counting people.
type Count string

// The forms.
const (
	CountPeriod  Count = "period"
	CountTotal   Count = "total"
	CountPresent Count = "present"
)

// When filters messages. What it filters out is not a reading: it is counted and leaves nothing behind.
type When struct {
	// Process lists conditions that must all hold.
	Process []Condition `yaml:"process" json:"process,omitempty"`
	// Ignore lists conditions of which none may hold.
	Ignore []Condition `yaml:"ignore" json:"ignore,omitempty"`
}

// Delivers are the quantities that readings of the model may have, each once, in their fixed order: without the counts that it
// does not count, and without what is only shown. None where names in the message tell them.
func (m *Model) Delivers() []telemetry.Quantity {
	var all []telemetry.Quantity
	for _, f := range m.AllFields() {
		if f.Auto {
			return nil
		}
		if !f.Aside && m.counts(f.Quantity) {
			all = append(all, f.Quantity)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// AllFields are those of all readings.
func (m *Model) AllFields() []Field {
	lists := [][]Field{m.Readings}
	if m.History != nil {
		lists = append(lists, m.History.Readings)
	}
	if m.Each != nil {
		lists = append(lists, m.Each.Readings)
	}
	return slices.Concat(lists...)
}

// Probe is a value of a model that is not about the place where the device hangs.
type Probe struct {
	Quantity telemetry.Quantity
	Channel  string
}

// Probes lists them, each once.
func (m *Model) Probes() []Probe {
	var all []Probe
	for _, f := range m.AllFields() {
		if f.Aside || f.main() {
			continue
		}
		for _, channel := range f.channels() {
			if p := (Probe{f.Quantity, channel}); !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	return all
}

// Surrounds are those of the quantities that Delivers lists which the model reads at the place where the device hangs.
func (m *Model) Surrounds() []telemetry.Quantity {
	fields := m.AllFields()
	return slices.DeleteFunc(m.Delivers(), func(q telemetry.Quantity) bool {
		return !slices.ContainsFunc(fields, func(f Field) bool { return f.Quantity == q && !f.Aside && f.main() })
	})
}

// main reports whether the field is about the place where the device hangs.
func (f *Field) main() bool {
	if f.Main != nil {
		return *f.Main
	}
	return f.Channel == "" || f.Quantity.Definition().Form != telemetry.Gauge
}

// channels are the names that the model itself gives.
func (f *Field) channels() []string {
	if len(f.Names) == 0 {
		return []string{f.Channel}
	}
	var all []string
	for _, name := range f.Names {
		all = append(all, cmp.Or(strings.ReplaceAll(f.Channel, "{}", name), name))
	}
	return all
}

// counts reports whether readings of q are taken: all but the forms of counting people that Count leaves out.
func (m *Model) counts(q telemetry.Quantity) bool {
	form := CountOf(q)
	return form == "" || m.Count == "" || form == m.Count
}

// Condition is a statement about one field. Exactly one of Equals, In, Like and Exists is set.
type Condition struct {
	// Path to the field. With * the condition holds if it holds for any of the values. @ is the name of the member that the *
	// of the field's own path chose.
	Path string `yaml:"path" json:"path"`
	// Equals is a text, number or boolean. A number compares with numbers, everything as the text that is written.
	Equals any   `yaml:"equals" json:"equals,omitempty"`
	In     []any `yaml:"in" json:"in,omitempty"`
	// NotIn holds where the field is there and is none of these.
	NotIn []any `yaml:"not_in" json:"not_in,omitempty"`
	// Like is a text in which * stands for anything, without regard to letter case: "*temperature*".
	Like string `yaml:"like" json:"like,omitempty"`
	// Exists is true or false: the field is there and not null, or not.
	Exists *bool `yaml:"exists" json:"exists,omitempty"`
	// Not turns the condition round: it holds where it would not, and where there is no such field.
	Not bool `yaml:"not" json:"not,omitempty"`
}

// Time is where and how a time is written.
type Time struct {
	// Path to the time; a | separates what is tried in turn.
	Path string `yaml:"path" json:"path"`
	// Formats are tried in order: auto (default: RFC 3339 and its relatives, or an epoch by its size), rfc3339, epoch_s,
	// epoch_ms, epoch_us, epoch_ns, seconds_ago (of history: seconds before the message's own time), or a layout of Go's
	// reference time such as "02/01/2006 15:04:05".
	Formats []string `yaml:"formats" json:"formats,omitempty"`
	// Zone is the IANA name of the zone of times without one; default: the site's.
	Zone string `yaml:"zone" json:"zone,omitempty"`
	// ZonePath leads to a text that begins with the offset of times without a zone, such as "UTC+8:00 China Standard Time".
	// Where nothing of the kind stands there, Zone holds.
	ZonePath string `yaml:"zone_path" json:"zone_path,omitempty"`
	// WallClock says that installers set the clock on the wall and forget the zone: where a time is not now by the zone that
	// is written beside it, and is now by the site's, the site's holds.
	WallClock bool `yaml:"wall_clock" json:"wall_clock,omitempty"`
}

// Field is one quantity in a payload.
type Field struct {
	// Path to the value; * or [name=value] for several, each on its own channel; ** for every value below.
	Path string `yaml:"path" json:"path,omitempty"`
	// Quantity is what it measures.
	Quantity telemetry.Quantity `yaml:"quantity" json:"quantity,omitempty"`
	// Way names how people who pass are told, for Prefer; default: period or total, by the quantity.
	Way string `yaml:"way" json:"way,omitempty"`
	// Auto finds the quantity by the field's name and unit, where a format leaves the names to its users; a name without a
	// known meaning is passed over. It stands instead of Quantity.
	Auto bool `yaml:"auto" json:"auto,omitempty"`
	// ByUnit finds it by the unit where the name has no known meaning: {"%RH": humidity}.
	ByUnit map[string]telemetry.Quantity `yaml:"by_unit" json:"by_unit,omitempty"`
	// NamePath leads to the name for Auto, relative to the element that * chose; default: the member's own name.
	NamePath string `yaml:"name_path" json:"name_path,omitempty"`
	// Unit (UCUM) in which the device reports; default: the quantity's own.
	Unit string `yaml:"unit" json:"unit,omitempty"`
	// UnitPath leads to a word that names the unit, from the element inside Each and History, else from the root; Units
	// translates the word. Without a word Unit holds.
	UnitPath string            `yaml:"unit_path" json:"unit_path,omitempty"`
	Units    map[string]string `yaml:"units" json:"units,omitempty"`
	// Scale and Offset turn the device's number into Unit: number × scale + offset. Scale 0 means 1.
	Scale  float64 `yaml:"scale" json:"scale,omitempty"`
	Offset float64 `yaml:"offset" json:"offset,omitempty"`
	// Suffix are texts that the device may write behind the number: "V", "(low battery)".
	Suffix []string `yaml:"suffix" json:"suffix,omitempty"`
	// Words translates words and booleans to numbers; letter case does not matter. Without it true is 1 and false is 0.
	Words map[string]float64 `yaml:"words" json:"words,omitempty"`
	// Kinds translates the device's words for a press of a button; without it the word itself is the kind.
	Kinds map[string]string `yaml:"kinds" json:"kinds,omitempty"`
	// Value is used instead of what stands at Path, whose presence (or When) then makes the reading: an event counts 1. A
	// button is then pressed, whatever stands there.
	Value *float64 `yaml:"value" json:"value,omitempty"`
	// When lists conditions that must all hold, relative to the element that * or [name=value] chose, else the root.
	When []Condition `yaml:"when" json:"when,omitempty"`
	// Invalid are values that mean "not fitted" or "no measurement": a number compares with numbers (0xFFFF is 65535), a
	// text with text ("0.00").
	Invalid []any `yaml:"invalid" json:"invalid,omitempty"`
	// Min and Max bound, in the quantity's unit, what this field measures: outside there was nothing to measure, such as an
	// empty scene before a thermometer.
	Min *float64 `yaml:"min" json:"min,omitempty"`
	Max *float64 `yaml:"max" json:"max,omitempty"`
	// Channel names the line, region or probe; ChannelPath leads to its name, relative to the element that * chose; several
	// joined by + make one name with dots between them. Without them the choices of * are named by position from 1, or by member name.
	// Twice says what a second value on the same channel means: it is added (add), it takes the place of the first (last), or
	// the model is wrong and the message is rejected (default). What Value counts is added.
	Twice string `yaml:"twice" json:"twice,omitempty"`
	// Channel names the line, region or probe; ChannelPath leads to its name, relative to the element that * chose; several
	// paths joined by + make one name with dots between what is there.
	// Without them the choices of * are named by position from 1, or by member name.
	Channel     string `yaml:"channel" json:"channel,omitempty"`
	ChannelPath string `yaml:"channel_path" json:"channel_path,omitempty"`
	// Names make a field of each of them: the name stands where Path, Channel and When say {}, and is the channel where there
	// is no other. "{}_count" with the names [region_1, region_2] reads region_1_count and region_2_count.
	Names []string `yaml:"names" json:"names,omitempty"`
	// Main says whether a value with a Channel is about the place where the device hangs. Default: counts, flags and events are,
	// and so is what ChannelPath names; a measured value on a Channel that the model names is a probe's, which is judged only
	// where the site gives that channel a place.
	Main *bool `yaml:"main" json:"main,omitempty"`
	// Aside says that gerbang decode shows the value and nothing else takes it: it has the quantity's unit and not its
	// meaning. What lies between a ceiling and the floor is a distance, and no rule may take it for one between people.
	Aside bool `yaml:"aside" json:"aside,omitempty"`
}

// Frame is where the bytes of a radio device stand in a message.
type Frame struct {
	// Path to the text that they are written as; of several the first is taken.
	Path string `yaml:"path" json:"path"`
	// Encoding of that text: hex (default) or base64.
	Encoding string `yaml:"encoding" json:"encoding,omitempty"`
	// Port is the path to the LoRaWAN port; none: not known, or no LoRaWAN.
	Port string `yaml:"port" json:"port,omitempty"`
}

// Untrusted is a field that is left alone.
type Untrusted struct {
	Path string `yaml:"path" json:"path"`
	Why  string `yaml:"why" json:"why"`
}

// Each is an array whose elements are readings of their own. Paths of its readings are relative to the element; ^ leads to
// the element of the next outer *.
type Each struct {
	// Path to the elements, usually ending in [*].
	Path string `yaml:"path" json:"path"`
	// Device is the path to the element's device, where one message speaks for several; as Device of the model.
	Device string `yaml:"device" json:"device,omitempty"`
	// When says which elements are readings.
	When When `yaml:"when" json:"when,omitzero"`
	// Time of an element; default: the message's.
	Time *Time `yaml:"time" json:"time,omitempty"`
	// Apart makes every element a record of its own. Without it elements of one time are one record, as the counters of several
	// lines are; two faces of one second are not.
	Apart bool `yaml:"apart" json:"apart,omitempty"`
	// Readings of an element; empty: those of the model, which are then not looked for at the root.
	Readings []Field `yaml:"readings" json:"readings,omitempty"`
}

// History is an array of earlier readings.
type History struct {
	// Path to the items, usually ending in [*].
	Path string `yaml:"path" json:"path"`
	// Time of an item, relative to it.
	Time Time `yaml:"time" json:"time"`
	// Readings of an item, relative to it; empty: those of the model.
	Readings []Field `yaml:"readings" json:"readings,omitempty"`
}

// Sample is a message and what it must mean.
type Sample struct {
	Name string `yaml:"name" json:"name"`
	// Topic it came on; empty: any.
	Topic   string `yaml:"topic" json:"topic,omitempty"`
	Payload string `yaml:"payload" json:"payload,omitempty"`
	// Frame is instead of Payload binary, in hex: the bare FRMPayload of a LoRaWAN uplink on Port, or a payload that is no text.
	Frame string `yaml:"frame" json:"frame,omitempty"`
	Port  uint8  `yaml:"port" json:"port,omitempty"`
	// Received is when, RFC 3339; default: one second after the newest expected time, or 2022-07-05T01:00:00Z.
	Received string `yaml:"received" json:"received,omitempty"`
	// Expect lists all readings of the message in their order, less counts that the model does not count; or Ignored or Rejected says what becomes of it.
	Expect   []Expected       `yaml:"expect" json:"expect,omitempty"`
	Ignored  bool             `yaml:"ignored" json:"ignored,omitempty"`
	Rejected telemetry.Reason `yaml:"rejected" json:"rejected,omitempty"`
	// Refused is why some of the message's fields are refused, beside the readings of Expect.
	Refused telemetry.Reason `yaml:"refused" json:"refused,omitempty"`
}

// Expected is one reading of a sample.
type Expected struct {
	Device   string             `yaml:"device" json:"device,omitempty"` // empty: not checked
	Quantity telemetry.Quantity `yaml:"quantity" json:"quantity"`
	Value    float64            `yaml:"value" json:"value"`
	Channel  string             `yaml:"channel" json:"channel,omitempty"`
	Text     string             `yaml:"text" json:"text,omitempty"`
	At       string             `yaml:"at" json:"at,omitempty"` // RFC 3339; empty: not checked
}
