package load

import (
	"fmt"
	"strconv"

	"github.com/gerbang-iot/gerbang/docs/bench/mqtt"
)

// Format is what topics and payloads look like.
type Format int

const (
	// People is the gateway's own format, devices that count people:
	// gerbang/v1/s03/d00013 {"at":1764500000000,"people_in":1,"people_out":0,"seq":17}.
	People Format = iota
	// Temperatures is the gateway's own format, thermometers:
	// gerbang/v1/s03/d00013 {"at":1764500000000,"body_temperature":36.6,"seq":17}.
	Temperatures
	// Foreign is what the floor reads: site/s03/zone/z1/occupancy/d00013 {"ts":1764500000000,"in":3,"out":2,"seq":17}.
	Foreign
)

// fleet knows which device sends what, and when. It does not change, so any number of goroutines may use it.
type fleet struct {
	Options
	base   int64    // time of each device's first reading, Unix ms
	topics [][]byte // by device, each with its length before it
}

// reading is one message of the load.
type reading struct {
	device int
	index  int // of the device's readings, from 0
	seq    int // in the whole load, from 0; unique
}

func newFleet(o Options, base int64) *fleet {
	f := &fleet{Options: o, base: base, topics: make([][]byte, o.Devices)}
	for d := range f.topics {
		topic := fmt.Sprintf("gerbang/v1/s%02d/d%05d", d%o.Sites, d)
		if o.Format == Foreign {
			const zones = 5 // per site
			topic = fmt.Sprintf("site/s%02d/zone/z%d/occupancy/d%05d", d%o.Sites, d/o.Sites%zones, d)
		}
		f.topics[d] = mqtt.AppendString(nil, topic)
	}
	return f
}

// message is the j-th message of a connection. Connection c owns the devices d with d mod connections = c and lets them speak in turn.
func (f *fleet) message(connection, j int) reading {
	own := f.Devices / f.Connections
	return reading{device: connection + f.Connections*(j%own), index: j / own, seq: j*f.Connections + connection}
}

// span is where all readings lie in time, Unix ms, the end not included. Every reading of a device has a millisecond of its own, so
// each is one point in InfluxDB, and those that were lost can be counted.
func (f *fleet) span() (from, to int64) {
	return f.base, f.base + int64((f.total()+f.Devices-1)/f.Devices) + 1
}

// over tells whether it is the device's one reading over the limit. Devices have theirs at different times.
func (f *fleet) over(r reading) bool {
	return f.Alerts != "" && r.index == r.device%max(1, f.total()/f.Devices)
}

// appendPayload appends the JSON of a reading.
func (f *fleet) appendPayload(b []byte, r reading) []byte {
	at := f.base + int64(r.index)
	if f.Format == Foreign {
		b = appendField(b, `{"ts":`, at)
		b = appendField(b, `,"in":`, int64(r.seq%7))
		b = appendField(b, `,"out":`, int64(r.seq%5))
		return append(appendField(b, `,"seq":`, int64(r.seq)), '}')
	}
	b = appendField(b, `{"at":`, at)
	switch {
	case f.Format == Temperatures && f.over(r):
		b = append(b, `,"body_temperature":39.5`...)
	case f.Format == Temperatures:
		b = appendField(b, `,"body_temperature":36.`, int64(r.seq%8))
	case f.over(r):
		b = append(b, `,"people_in":99,"people_out":0`...)
	default:
		// Entries and exits alternate, so that no zone fills up by itself.
		b = appendField(b, `,"people_in":`, 1-at&1)
		b = appendField(b, `,"people_out":`, at&1)
	}
	return append(appendField(b, `,"seq":`, int64(r.seq)), '}')
}

func appendField(b []byte, key string, value int64) []byte {
	return strconv.AppendInt(append(b, key...), value, 10)
}
