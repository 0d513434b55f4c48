package decode

import (
	"encoding/base64"
	"errors"
	"sync"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
	"github.com/gerbang-iot/gerbang/ingest/decode/transcode"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func init() {
	register(Format{Name: "sparkplug", Title: "Sparkplug B", open: openSparkplug, addresses: addressesSparkplug,
		start: func(*shared, []*ready) any { return &nodes{} }})
}

// Sparkplug B names its metrics once, in a birth certificate, and by number afterwards. What births say is kept in Memory by
// edge node, so that neither a reload nor a restart has to wait for the next birth; without one the node is asked for it.

// sparkplugKey begins the keys of what edge nodes announce.
const sparkplugKey = "sparkplug/"

// rebirthEvery is the shortest time between two requests to one edge node: the answer is the largest message that it has.
const rebirthEvery = telemetry.Instant(60e9)

// nodes are the edge nodes that a decoder has heard.
type nodes struct {
	mu    sync.Mutex
	known map[string]*edgeNode
}

type edgeNode struct {
	aliases transcode.Aliases
	asked   telemetry.Instant // under nodes.mu
}

// maxEdgeNodes bounds how many edge nodes are remembered.
const maxEdgeNodes = 4096

// addressesSparkplug gives the names of a device behind an edge node, or of the edge node itself, the most exact first.
func addressesSparkplug(_ *worker, _ *ready, msg *ingest.Message) ([]string, *fault.Fault) {
	t, ok := transcode.ParseSparkplugTopic(msg.Topic)
	switch {
	case !ok:
		return nil, fault.New(telemetry.ReasonUnknownTopic, "not a topic of Sparkplug B: want spBv1.0/{group}/{kind}/{node}[/{device}]")
	case t.Device == "":
		return []string{t.EdgeNode(), t.Node}, nil
	}
	return []string{t.EdgeNode() + "/" + t.Device, t.Node + "/" + t.Device, t.Device}, nil
}

// openSparkplug makes the tree of a birth or of data; a death and a command are not readings.
func openSparkplug(w *worker, m *ready, msg *ingest.Message) *fault.Fault {
	t, ok := transcode.ParseSparkplugTopic(msg.Topic)
	if !ok {
		return fault.New(telemetry.ReasonUnknownTopic, "not a topic of Sparkplug B: want spBv1.0/{group}/{kind}/{node}[/{device}]")
	}
	w.explainf("envelope", "Sparkplug B %s of %s %s", t.Kind, t.EdgeNode(), t.Device)
	nodes, _ := m.state.(*nodes)
	node := nodes.find(t.EdgeNode(), w.shared.memory)
	switch {
	case t.IsDeath():
		if changed, err := node.aliases.Forget(t, msg.Payload); err == nil && changed {
			remember(w.shared.memory, t, node)
		}
		return fault.NotReading
	case t.IsBirth():
		changed, err := node.aliases.LearnBirth(t, msg.Payload)
		if err != nil {
			return unreadable(err)
		}
		if changed {
			remember(w.shared.memory, t, node)
		}
	case !t.IsData():
		return fault.NotReading
	}
	f := transcoded(w, msg, func(l transcode.Limits, out *object.Writer) error {
		err := transcode.Sparkplug(msg.Payload, node.aliases.Names(t.Device), l, out)
		if errors.Is(err, transcode.ErrNoBirth) {
			nodes.askRebirth(w.shared, t, node, msg.Received)
		}
		return err
	})
	return f
}

// find is the edge node called name; one that is new to this decoder is looked for in Memory.
func (n *nodes) find(name string, memory Memory) *edgeNode {
	n.mu.Lock()
	defer n.mu.Unlock()
	if node := n.known[name]; node != nil {
		return node
	}
	node := &edgeNode{}
	if text, ok := memory.Get(sparkplugKey + name); ok {
		if data, err := base64.StdEncoding.DecodeString(text); err == nil {
			_ = node.aliases.UnmarshalBinary(data) // what cannot be read is as never announced: a rebirth mends it
		}
	}
	if n.known == nil || len(n.known) >= maxEdgeNodes {
		n.known = make(map[string]*edgeNode) // Memory still knows
	}
	n.known[name] = node
	return node
}

// remember keeps what an edge node has announced. If it cannot be kept, a restart has to ask the node again.
func remember(memory Memory, t transcode.SparkplugTopic, node *edgeNode) {
	data, err := node.aliases.MarshalBinary()
	if err != nil {
		return
	}
	_ = memory.Put(sparkplugKey+t.EdgeNode(), base64.StdEncoding.EncodeToString(data))
}

// askRebirth asks an edge node for its births, now and then.
func (n *nodes) askRebirth(s *shared, t transcode.SparkplugTopic, node *edgeNode, now telemetry.Instant) {
	if s.ask == nil {
		return
	}
	n.mu.Lock()
	due := node.asked == 0 || now-node.asked >= rebirthEvery
	if due {
		node.asked = now
	}
	n.mu.Unlock()
	if due {
		s.ask(t.Rebirth(now.Time()))
	}
}
