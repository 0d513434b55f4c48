package mqtt

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"time"
)

const (
	dialLimit = 5 * time.Second
	keepAlive = 120 // seconds; loads are shorter, so no PINGREQ is sent

	// acksAtOnce is how many bytes of PUBACKs are collected before they are sent although more messages wait.
	acksAtOnce = 1024
)

// Conn is one connection to a broker. One goroutine may write while another reads.
type Conn struct {
	net    net.Conn
	reader *bufio.Reader
}

// Dial connects to a broker at tcp://host:port with a clean session and waits until the broker has accepted it.
func Dial(broker, client string) (*Conn, error) {
	address, ok := strings.CutPrefix(broker, "tcp://")
	if !ok {
		return nil, fmt.Errorf("connecting to broker %q: expected tcp://host:port", broker)
	}
	conn, err := net.DialTimeout("tcp", address, dialLimit)
	if err != nil {
		return nil, fmt.Errorf("connecting to broker %s: %w", broker, err)
	}
	c := &Conn{net: conn, reader: bufio.NewReaderSize(conn, 256<<10)}
	if err := c.connect(client); err != nil {
		conn.Close()
		return nil, fmt.Errorf("connecting to broker %s as %s: %w", broker, client, err)
	}
	return c, nil
}

func (c *Conn) connect(client string) error {
	const cleanSession = 2
	body := AppendString(nil, "MQTT")
	body = append(body, 4, cleanSession, 0, keepAlive)
	body = AppendString(body, client)
	if err := c.send(0x10, body); err != nil {
		return err
	}
	packet, err := c.Read(nil)
	if err != nil {
		return err
	}
	if packet.Type != Connack || len(packet.Body) != 2 || packet.Body[1] != 0 {
		return fmt.Errorf("the broker refused: packet of type %d with % x, expected CONNACK with 00 00", packet.Type, packet.Body)
	}
	return nil
}

// Subscribe asks for the messages of a filter at QoS 1 and waits for the answer. Messages that come before it are dropped, so it
// goes before the load.
func (c *Conn) Subscribe(filter string) error {
	body := AppendString([]byte{0, 1}, filter)
	if err := c.send(0x82, append(body, 1)); err != nil {
		return fmt.Errorf("subscribing to %q: %w", filter, err)
	}
	for {
		packet, err := c.Read(nil)
		if err != nil {
			return fmt.Errorf("subscribing to %q: %w", filter, err)
		}
		if packet.Type != Suback {
			continue
		}
		if len(packet.Body) != 3 || packet.Body[2] > 2 {
			return fmt.Errorf("subscribing to %q: the broker refused: SUBACK with % x", filter, packet.Body)
		}
		return nil
	}
}

// Consume calls each for every message until the connection ends, and acknowledges in batches: when nothing more is waiting. topic
// and payload are valid until each returns.
func (c *Conn) Consume(each func(topic, payload []byte)) error {
	buf := make([]byte, 4096)
	acks := make([]byte, 0, 2*acksAtOnce)
	for {
		if len(acks) > 0 && (c.Waiting() < 2 || len(acks) >= acksAtOnce) {
			if err := c.Write(acks); err != nil {
				return err
			}
			acks = acks[:0]
		}
		packet, err := c.Read(buf)
		if err != nil {
			return err
		}
		if packet.Type != Publish {
			continue
		}
		topic, payload, id, err := packet.Message()
		if err != nil {
			return err
		}
		if id != 0 {
			acks = append(acks, Puback<<4, 2, byte(id>>8), byte(id))
		}
		each(topic, payload)
	}
}

// Read reads one packet, into buf if it is long enough.
func (c *Conn) Read(buf []byte) (Packet, error) { return read(c.reader, buf) }

// Waiting is how many bytes have come and were not read.
func (c *Conn) Waiting() int { return c.reader.Buffered() }

// Write sends packets that are encoded already.
func (c *Conn) Write(packets []byte) error {
	_, err := c.net.Write(packets)
	return err
}

// Close says goodbye and ends the connection; a reader gets an error.
func (c *Conn) Close() {
	_ = c.Write([]byte{0xe0, 0}) // the broker needs it only to know that nothing went wrong
	c.net.Close()
}

func (c *Conn) send(first byte, body []byte) error {
	return c.Write(append(AppendLength([]byte{first}, len(body)), body...))
}
