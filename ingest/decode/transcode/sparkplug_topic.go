package transcode

import (
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// SparkplugTopic is a topic of the Sparkplug B namespace:
//
//	spBv1.0/{group}/{kind}/{node}            an edge node's own messages
//	spBv1.0/{group}/{kind}/{node}/{device}   those of a device behind it
type SparkplugTopic struct {
	Group, Node string
	Device      string // empty: the edge node itself
	Kind        SparkplugKind
}

// SparkplugKind is the kind of a Sparkplug message.
type SparkplugKind string

// The kinds that an edge node sends (births, deaths and data) and receives (commands).
const (
	NodeBirth     SparkplugKind = "NBIRTH"
	NodeDeath     SparkplugKind = "NDEATH"
	NodeData      SparkplugKind = "NDATA"
	NodeCommand   SparkplugKind = "NCMD"
	DeviceBirth   SparkplugKind = "DBIRTH"
	DeviceDeath   SparkplugKind = "DDEATH"
	DeviceData    SparkplugKind = "DDATA"
	DeviceCommand SparkplugKind = "DCMD"
)

const sparkplugRoot = "spBv1.0"

// ParseSparkplugTopic takes a topic apart. It is false for a topic of something else, which the state of a host application
// (spBv1.0/STATE/{host}) is too.
func ParseSparkplugTopic(topic string) (SparkplugTopic, bool) {
	levels := strings.Split(topic, "/")
	if len(levels) < 4 || len(levels) > 5 || levels[0] != sparkplugRoot || slices.Contains(levels, "") {
		return SparkplugTopic{}, false
	}
	t := SparkplugTopic{Group: levels[1], Kind: SparkplugKind(levels[2]), Node: levels[3]}
	device := false
	switch t.Kind {
	case NodeBirth, NodeDeath, NodeData, NodeCommand:
	case DeviceBirth, DeviceDeath, DeviceData, DeviceCommand:
		device = true
	default:
		return SparkplugTopic{}, false
	}
	if device != (len(levels) == 5) {
		return SparkplugTopic{}, false
	}
	if device {
		t.Device = levels[4]
	}
	return t, true
}

// EdgeNode names the edge node as its descriptor does: {group}/{node}, unique in a whole system.
func (t SparkplugTopic) EdgeNode() string { return t.Group + "/" + t.Node }

// IsBirth reports whether the message is a birth certificate.
func (t SparkplugTopic) IsBirth() bool { return t.Kind == NodeBirth || t.Kind == DeviceBirth }

// IsDeath reports whether the message is a death certificate.
func (t SparkplugTopic) IsDeath() bool { return t.Kind == NodeDeath || t.Kind == DeviceDeath }

// IsData reports whether the message is data.
func (t SparkplugTopic) IsData() bool { return t.Kind == NodeData || t.Kind == DeviceData }

// Rebirth is the message that asks t's edge node to send all its birth certificates again. It is published with QoS 0 and not
// retained, and as seldom as the application can bear: the answer is the largest message that the node has.
func (t SparkplugTopic) Rebirth(now time.Time) (topic string, payload []byte) {
	at := uint64(now.UnixMilli())
	var metric []byte
	metric = protowire.AppendTag(metric, metricName, protowire.BytesType)
	metric = protowire.AppendString(metric, "Node Control/Rebirth")
	metric = protowire.AppendTag(metric, metricTimestamp, protowire.VarintType)
	metric = protowire.AppendVarint(metric, at)
	metric = protowire.AppendTag(metric, metricDatatype, protowire.VarintType)
	metric = protowire.AppendVarint(metric, uint64(Boolean))
	metric = protowire.AppendTag(metric, metricBoolean, protowire.VarintType)
	metric = protowire.AppendVarint(metric, 1)
	payload = protowire.AppendTag(payload, payloadTimestamp, protowire.VarintType)
	payload = protowire.AppendVarint(payload, at)
	payload = protowire.AppendTag(payload, payloadMetrics, protowire.BytesType)
	payload = protowire.AppendBytes(payload, metric)
	return sparkplugRoot + "/" + t.Group + "/" + string(NodeCommand) + "/" + t.Node, payload
}

// Sequence checks the sequence numbers of one edge node, which its own messages and those of its devices share: 0 to 255 and
// from the start again. The zero Sequence takes any first number. It is not safe for concurrent use.
type Sequence struct {
	next  uint8
	known bool
}

// Check takes the number of the next message and reports how many were missed since the last one: 0 where it is the one
// expected, the first, or that of an NBIRTH, which begins anew. A number out of order looks like a large gap. A gap asks for
// nothing but attention, unless what was missed was a birth. Death certificates have no number and are not shown to Check.
func (s *Sequence) Check(kind SparkplugKind, seq uint64) (missed int) {
	if s.known && kind != NodeBirth {
		missed = int(uint8(seq) - s.next)
	}
	s.next, s.known = uint8(seq)+1, true
	return missed
}
