package wire

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Publish is a PUBLISH of MQTT 3 that was read whole. Topic and Payload are valid during the call only.
type Publish struct {
	Header  byte // the packet's first byte
	Topic   []byte
	ID      uint16 // 0 with QoS 0
	Payload []byte
}

// QoS of the message.
func (p *Publish) QoS() byte { return p.Header >> 1 & 3 }

// Duplicate reports whether the sender has sent it before.
func (p *Publish) Duplicate() bool { return p.Header&8 != 0 }

// Retained reports whether the message is, or is to be, retained.
func (p *Publish) Retained() bool { return p.Header&1 != 0 }

// parsePublish takes a PUBLISH apart; body is what follows the fixed header.
func parsePublish(header byte, body []byte) (Publish, error) {
	p := Publish{Header: header}
	if len(body) < 2 {
		return p, fmt.Errorf("read publish of %d bytes: %w", len(body), ErrMalformed)
	}
	end := 2 + (int(body[0])<<8 | int(body[1]))
	start := end
	if p.QoS() > 0 {
		start += 2
	}
	if start > len(body) {
		return p, fmt.Errorf("read publish: topic of %d bytes in a packet of %d: %w", end-2, len(body), ErrMalformed)
	}
	p.Topic, p.Payload = body[2:end], body[start:]
	if start > end {
		p.ID = uint16(body[end])<<8 | uint16(body[end+1])
	}
	return p, nil
}

// Plain reports whether a PUBLISH is one that MQTT 3.1.1 allows, on a topic that is not a server's own. Whoever asks knows
// the topic to be text without NUL and without wildcards.
func (p *Publish) Plain() bool {
	if p.QoS() == 0 {
		return !p.Duplicate() && len(p.Topic) > 0 && p.Topic[0] != '$'
	}
	return p.QoS() < 3 && p.ID != 0 && len(p.Topic) > 0 && p.Topic[0] != '$'
}

// Strings keeps the topics of one connection and pieces of its payloads, so that a message costs no allocation of its own. It
// has one caller.
type Strings struct {
	topics map[string]string
	chunk  []byte
}

const (
	maxTopics = 4096    // of a connection that are remembered; more begin anew
	chunkSize = 4 << 10 // what keeps a payload alive keeps at most so many bytes
	chunkPart = chunkSize / 4
)

// Topic returns the topic as a string of its own, and whether it is valid as the topic of a message.
func (s *Strings) Topic(b []byte) (topic string, valid bool) {
	if t, ok := s.topics[string(b)]; ok {
		return t, true
	}
	t := string(b)
	if !utf8.Valid(b) || strings.ContainsAny(t, "+#\x00") {
		return t, false
	}
	if s.topics == nil {
		s.topics = map[string]string{}
	} else if len(s.topics) >= maxTopics {
		clear(s.topics)
	}
	s.topics[t] = t
	return t, true
}

// Payload returns a copy of b that the receiver owns.
func (s *Strings) Payload(b []byte) []byte {
	if len(b) > chunkPart {
		return append([]byte(nil), b...)
	}
	if len(s.chunk)+len(b) > cap(s.chunk) {
		s.chunk = make([]byte, 0, chunkSize)
	}
	from := len(s.chunk)
	s.chunk = append(s.chunk, b...)
	return s.chunk[from:len(s.chunk):len(s.chunk)]
}
