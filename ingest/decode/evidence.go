package decode

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// A codec that accepts a frame proves little: most accept half of all frames, and make temperatures of them. So a guess is asked how
// likely it is by chance: how many made-up frames the model reads as well as this one, on how few ports and of how few lengths it does,
// whether the network server's own decoder comes to the same numbers, and whether device or message name the maker. What may well be
// chance is no guess: no model is a good answer.

// chanceLimit is how likely by chance a guess may be. Some fifty codecs are tried on each frame.
const chanceLimit = 1. / 4000

// evidence weighs a model with a codec against what it made of a message. ok is false where its readings may be chance.
func (t *trial) evidence(m *ready, b *binding, msg *ingest.Message, records []telemetry.Record) (score int, ok bool) {
	up, f := uplinkOf(t.w, msg)
	if f != nil {
		return 0, false
	}
	frame, numbers := slices.Clone(up.frame), t.numbersIn(up.object)
	known := mentioned(m, msg.Payload) > 0
	chance := 1.
	switch maker := makerOf(up.addresses); {
	case known:
		score, chance = 12, 1e-5
	case maker == "":
	case strings.HasPrefix(m.Codec, maker):
		score, chance = 6, 1e-2
	default:
		return 0, false // another maker's device
	}
	readings := 0
	for i := range records {
		readings += len(records[i].Observation.Readings)
	}
	if readings == 0 || len(frame) == 0 {
		return score, known // what carries no reading tells nothing for the model
	}
	want := t.reads(b, frame, up.port)
	if want == 0 {
		return score, known // only as the network server decoded it, or with values that no room has
	}
	agree := t.agreeing(numbers)
	switch same, other := t.compare(b, msg, records); {
	case other > same:
		return 0, false // the network server's own decoder comes to other values
	case same > 0:
		agree = max(agree, 2*same)
	}
	switch {
	case agree >= 2:
		score, chance = score+8, chance*1e-4
	case agree == 1:
		score, chance = score+4, chance*1e-2
	case len(numbers) > 1 && !known:
		return 0, false // the network server reads something else
	}
	chance *= t.portChance(b, frame, up.port) * t.lengthChance(b, frame, up.port)
	if chance > chanceLimit {
		chance *= t.frameChance(b, frame, up.port, want, chanceLimit/chance)
	}
	return score, chance <= chanceLimit
}

// reads is how many values the model's codec finds in a frame that it reads as a whole, where all of them may be those of a room and
// some say more than how full a battery is; else 0.
func (t *trial) reads(b *binding, frame []byte, port uint8) int {
	w := t.w
	bare, trace := w.bare, w.trace
	w.bare, w.trace = &port, nil
	records := w.decodeAs(b, &ingest.Message{Payload: frame, QoS: 1, Received: 1})
	w.bare, w.trace = bare, trace
	read, more := 0, false
	for i := range records {
		if records[i].Kind == telemetry.KindRejection {
			return 0
		}
		for _, r := range records[i].Observation.Readings {
			if bounds, told := evident[r.Quantity]; told && (r.Value < bounds[0] || r.Value > bounds[1]) || !told && plausibility(r) < 0 {
				return 0
			}
			read++
			more = more || r.Quantity != telemetry.Battery && r.Quantity != telemetry.BatteryVoltage // which any byte may be
		}
	}
	if _, unread := w.tree.Member(0, "unread"); unread || !more {
		return 0
	}
	return read
}

// evident are the ranges of a guess where they are wider than usual: cold stores have thermometers.
var evident = map[telemetry.Quantity][2]float64{telemetry.Temperature: {-30, 50}}

// trials are how many made-up frames a model is tried on at most.
const trials = 2100

// guessTrials bounds the made-up frames of one guess, for all models: it takes tens of milliseconds at most. The shipped samples
// need up to 15,000; half of them none or some hundred. Whoever has none left is no guess.
const guessTrials = 16_000

// frameChance is how many of frames that are made up, as long as this one, say as much as it to the model. It stops where that is certainly more than
// enough. The frames are the same each time.
func (t *trial) frameChance(b *binding, frame []byte, port uint8, want int, enough float64) float64 {
	source := rand.New(rand.NewPCG(uint64(len(frame)), 7))
	made := make([]byte, len(frame))
	hits := 0
	for n := 1; n <= trials; n++ {
		if t.left == 0 {
			return 1
		}
		t.left--
		makeUp(source, made, n%2 == 0)
		if t.reads(b, made, port) >= want {
			if hits++; hits >= 4 && float64(hits)/float64(n) > enough {
				return float64(hits) / float64(n)
			}
		} else if hits == 0 && 0.5/float64(n) < enough {
			return 0.5 / float64(n)
		}
	}
	return (float64(hits) + 0.5) / trials
}

// makeUp fills a frame: with any bytes, or as devices mostly have them, small numbers, zeros and what is not there.
func makeUp(source *rand.Rand, frame []byte, small bool) {
	for i := range frame {
		any := source.Uint64()
		frame[i] = byte(any)
		if !small {
			continue
		}
		switch any >> 8 % 20 {
		case 0, 1, 2, 3, 4:
			frame[i] = 0
		case 5, 6, 7, 8, 9, 10, 11:
			frame[i] &= 0x0F
		case 12:
			frame[i] = 0xFF
		}
	}
}

// usualPorts are how often devices use a port; others have rarePort each.
var usualPorts = map[uint8]float64{1: .25, 2: .25, 3: .08, 4: .05, 5: .06, 6: .04, 7: .03, 8: .03, 10: .04, 15: .01, 85: .06, 100: .01}

const rarePort = .001

// portChance is how likely the port is one on which the model reads such a frame.
func (t *trial) portChance(b *binding, frame []byte, port uint8) float64 {
	if port == 0 {
		return 1
	}
	chance, usual := 0., false
	for p, often := range usualPorts {
		if p == port || t.reads(b, frame, p) > 0 {
			chance += often
		}
		usual = usual || p == port
	}
	if !usual {
		chance += rarePort
	}
	if t.reads(b, frame, port+1) > 0 && t.reads(b, frame, port^0x40) > 0 { // any
		return 1
	}
	return chance
}

// lengthChance is how likely a frame has just the length that the model asks for.
func (t *trial) lengthChance(b *binding, frame []byte, port uint8) float64 {
	for _, other := range [][]byte{frame[:len(frame)-1], append(slices.Clone(frame), 0), append(slices.Clone(frame), 1)} {
		if t.reads(b, other, port) > 0 {
			return 1
		}
	}
	return 1. / 6
}

// compare counts the readings that are the same where the model reads what the network server decoded, and those that are not.
func (t *trial) compare(b *binding, msg *ingest.Message, own []telemetry.Record) (same, other int) {
	w := t.w
	if w.bare != nil {
		return 0, 0
	}
	trace := w.trace
	w.trace, w.asDecoded = nil, true
	decoded := w.decodeAs(b, msg)
	w.trace, w.asDecoded = trace, false
	for i := range decoded {
		for _, r := range decoded[i].Observation.Readings {
			for j := range own {
				for _, o := range own[j].Observation.Readings {
					switch {
					case o.Quantity != r.Quantity || o.Channel != r.Channel:
					case math.Abs(o.Value-r.Value) <= 0.01*math.Max(1, math.Abs(o.Value)):
						same++
					default:
						other++
					}
				}
			}
		}
	}
	return same, other
}

// numbersIn are the numbers in the object that the network server decoded which say more than yes or no.
func (t *trial) numbersIn(object []byte) []float64 {
	w := t.w
	if object == nil || w.openText(object) != nil {
		return nil
	}
	return figures(w.tree)
}

// figures are the numbers of a tree that say more than yes or no.
func figures(doc *document.Document) []float64 {
	var all []float64
	for i := range doc.Nodes {
		n := &doc.Nodes[i]
		if n.Kind != '0' && n.Kind != '"' || len(n.Raw) == 0 || len(n.Raw) > 12 {
			continue
		}
		if v, ok := written.Float(n.Raw); ok && v != math.Trunc(v) || ok && math.Abs(v) > 2 {
			all = append(all, v)
		}
	}
	return all
}

// agreeing counts the numbers of the codec's object, which was read last, that the network server has come to as well.
func (t *trial) agreeing(numbers []float64) int {
	w := t.w
	n := 0
	for _, v := range figures(w.tree) {
		if slices.ContainsFunc(numbers, func(o float64) bool { return math.Abs(o-v) <= 1e-6*math.Max(1, math.Abs(v)) }) {
			n++
		}
	}
	return n
}

// makers are the makers of codecs by the first digits of their devices' DevEUI, where these are theirs alone.
var makers = map[string]string{
	"24e124": "milesight", "00137a": "netvox", "a81758": "elsys", "a84041": "dragino", "58a0cb": "browan", "e8e1e1": "browan", "0018b2": "adeunis",
	"647fda": "tektelic", "2cf7f1": "sensecap", "70b3d57ba": "decentlab", "70b3d52dd": "mclimate", "ac1f09": "cayenne", "70b3d52c0": "sensative",
	"001217": "ascoel", "7894e8": "radio-bridge", "a02833": "miromico", "20635f": "oxobutton",
}

// makerOf is whose device it is by its address; empty: nobody knows.
func makerOf(addresses []string) string {
	if len(addresses) == 0 {
		return ""
	}
	eui := strings.ToLower(strings.NewReplacer("-", "", ":", "").Replace(addresses[0]))
	for digits, maker := range makers {
		if len(eui) == 16 && strings.HasPrefix(eui, digits) {
			return maker
		}
	}
	return ""
}
