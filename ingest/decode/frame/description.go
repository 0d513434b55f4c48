// Package frame reads radio frames by descriptions: data that say how a maker packs values into bytes. A description is YAML
// (configs/models/frames, or a file beside a model of one's own) and is compiled once into a Program, which reads frames as
// fast as Go written for them, and with the same bounds: a frame is at most 255 bytes, is read once from front to back, and
// no description can make its reading longer than the frame and the description are.
package frame

import "fmt"

// Description is how the frames of a device, or of all devices of a maker, are built. What it gives is one JSON object with the
// names of the maker's own decoder; what these mean is the model's business.
//
// Values are written as a row of fields with commas between them, in the order of the bytes:
//
//	temperature i16le /10 none 32767|-32768, _ b1, humidity b7 none >100, door flag, mode u8 (0 off, 1 on, * unknown)
//
// A field is a name, a type and what is done with the number. The name _ passes over it. Types: u8 u16 u24 u32 u40 u48 u56
// u64 and i8 to i64 are whole bytes, high byte first, or with le behind the type low byte first; f32 and f32le are floating-point
// numbers; b1 to b32 are bits, the high bit of a byte first; flag is one bit as true or false. Done with it, in the order
// written: +N -N *N /N calculate, floor rounds down, round N to N digits behind the point. "none" lists raw values that stand for no measurement (A|B, >A, <A), which are written as null; so is a value with
// "unless NAME" where the field of that name, before it in the row, is not 0. "= N" refuses a
// frame with another value here. "bool" writes true for all but 0; "set" writes nothing for 0. Words in parentheses, or numbers behind =, stand for values: (0 off, 1 =12, * unknown);
// * stands for all others. "join ':-:'" reads four numbers and writes them as one text with these signs between them. "unit 'V'" writes an object
// {value, unit}. The fields of a row are whole bytes together. "optional" is for fields at the end that older devices do not send. name {…} is an object of the fields in
// the braces. As the last of a row, items NAME goes on with the typed items of that name, rest takes whatever follows and says in
// unread how many bytes that was, ignore takes it and says nothing; without any of them, the frame must end there.
type Description struct {
	// ID names the description in the codec of a model: a-z, 0-9, -. It is the name of the file.
	ID string `yaml:"id"`
	// Title says which maker and devices, for people.
	Title string `yaml:"title"`
	// Ignore are frames that are understood and carry no reading: zeros for one without any bit set, or bytes in hexadecimal
	// where .. is any byte and a final * any rest: 01 .. 00 *.
	Ignore []string `yaml:"ignore"`
	// Frames are rows of fields by LoRaWAN port: 10; 0, 10 where the network server may not say the port; * for any. Behind a / is
	// the length in bytes where it tells one frame from another: 103/8. The row ignore is for frames without a reading, the row
	// reject for ports that no device uses.
	Frames map[string]string `yaml:"frames"`
	// Otherwise says what a frame on a port that Frames do not have is: reject (default) or ignore.
	Otherwise string `yaml:"otherwise"`
	// Items are, by a name of one's own, values that each begin with a number that says which value follows.
	Items map[string]Items `yaml:"items"`
}

// Items are values of which each begins with a number, its key. An item that comes a second time, or whose names another has
// written, is an error. An unknown key behind known ones ends the reading, and unread says how many bytes were left; a frame
// that begins with one is of another device.
type Items struct {
	// Key is the type of the key: u8, u16, …
	Key string `yaml:"key"`
	// Wide is the first byte from which on a key of u8 has a second byte; 0: none has.
	Wide int `yaml:"wide"`
	// Channel says that each key stands behind a byte, the channel, by which names end: temperature_7. The same item may come once
	// on each channel.
	Channel bool `yaml:"channel"`
	// Otherwise says what an unknown key behind known ones is: unread (default), or reject, which refuses the frame.
	Otherwise string `yaml:"otherwise"`
	// Of are rows of fields by key.
	Of map[string]string `yaml:"of"`
}

// FieldError is what is wrong with a field of a description.
type FieldError struct {
	Field string // its path in the YAML
	Err   error
}

func (e *FieldError) Error() string { return fmt.Sprintf("%s: %v", e.Field, e.Err) }

func (e *FieldError) Unwrap() error { return e.Err }

// The bounds of a description, far above what any maker needs.
const (
	maxRow    = 4096 // characters of a row
	maxFields = 256  // of a row, with those inside objects
	maxKeys   = 1024 // of Items, and of Frames
	maxDepth  = 4    // objects inside each other
	maxName   = 64   // characters
	maxFrame  = 255  // bytes, more than any LoRaWAN region allows
)
