package simulate

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// Load publishes a bounded number of messages of a Fleet at QoS 1 and writes down each one that was acknowledged. When a
// connection breaks it connects again and repeats what was not acknowledged, as a good device does.
type Load struct {
	Fleet              Fleet
	Broker             string
	Username, Password string
	TLS                *tls.Config
	Connections        int
	Window             int     // unacknowledged messages per connection
	Count              int     // messages in all
	Rate               float64 // messages per second in all; 0: as fast as they are acknowledged
	Boot               string  // identity of this run; the sequence of every device starts at 1
	// Report takes a line for every acknowledged message: site, device, boot, sequence. nil: no report.
	Report io.Writer
	// Tries is how often the first connection may fail before Run gives up; 0: without end. Later a broker that is away is waited for.
	Tries int
	// Waiting is called with every failure to connect; nil: never. It must be safe for concurrent use.
	Waiting func(err error)
	// Progress is called now and then with the messages acknowledged so far; nil: never.
	Progress func(acked int)
}

// Summary is what a Load did.
type Summary struct {
	Published  int           `json:"published"`
	Acked      int           `json:"acked"`
	Repeated   int           `json:"repeated"`
	Reconnects int           `json:"reconnects"`
	Duration   time.Duration `json:"duration_ns"`
}

// Rate is messages acknowledged per second.
func (s Summary) Rate() float64 { return float64(s.Acked) / max(s.Duration.Seconds(), 1e-9) }

func (l *Load) validate() error {
	errs := []error{l.Fleet.Validate()}
	for name, n := range map[string]int{"connections": l.Connections, "window": l.Window, "count": l.Count} {
		if n < 1 {
			errs = append(errs, fmt.Errorf("%s %d: want at least 1", name, n))
		}
	}
	if l.Rate < 0 {
		errs = append(errs, fmt.Errorf("rate %g: want 0 (full speed) or more", l.Rate))
	}
	return errors.Join(errs...)
}

// Run publishes everything, or stops early when ctx ends. The summary is valid in both cases.
func (l *Load) Run(ctx context.Context) (Summary, error) {
	if err := l.validate(); err != nil {
		return Summary{}, err
	}
	report := &report{w: bufio.NewWriterSize(io.Discard, 1)}
	if l.Report != nil {
		report.w = bufio.NewWriterSize(l.Report, 64<<10)
	}
	begin := time.Now()
	var total publisherTotals
	errs := make([]error, l.Connections)
	var wg sync.WaitGroup
	for c := range l.Connections {
		wg.Go(func() {
			p := &publisher{load: l, index: c, report: report, totals: &total, begin: begin}
			errs[c] = p.run(ctx)
		})
	}
	stop := make(chan struct{})
	var progress sync.WaitGroup
	if l.Progress != nil {
		progress.Go(func() {
			tick := time.NewTicker(500 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					l.Progress(int(total.acked.Load()))
				case <-stop:
					return
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	progress.Wait()
	errs = append(errs, report.flush())
	s := Summary{
		Published: int(total.published.Load()), Acked: int(total.acked.Load()), Repeated: int(total.repeated.Load()),
		Reconnects: int(total.reconnects.Load()), Duration: time.Since(begin),
	}
	return s, errors.Join(errs...)
}

type publisherTotals struct{ published, acked, repeated, reconnects atomic.Int64 }

// report serialises the lines of several connections.
type report struct {
	mu sync.Mutex
	w  *bufio.Writer
}

func (r *report) add(line []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err := r.w.Write(line)
	return err
}

func (r *report) flush() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.w.Flush(); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// publisher is one connection: it owns the devices d with d mod Connections == index, so the order of each is kept.
type publisher struct {
	load   *Load
	index  int
	report *report
	totals *publisherTotals
	begin  time.Time
}

// sending is a message on its way.
type sending struct {
	number int // of this connection's messages
	token  paho.Token
}

func (p *publisher) run(ctx context.Context) error {
	n := p.load.Count / p.load.Connections
	if p.index < p.load.Count%p.load.Connections {
		n++
	}
	tries, connected := 0, false
	for next, acked := 0, 0; acked < n; {
		if ctx.Err() != nil {
			return nil
		}
		client, err := p.connect()
		if err != nil {
			p.totals.reconnects.Add(1)
			if tries++; !connected && tries == p.load.Tries {
				return fmt.Errorf("connecting to the broker at %s, %d times: %w", p.load.Broker, tries, err)
			}
			if p.load.Waiting != nil {
				p.load.Waiting(err)
			}
			select {
			case <-time.After(min(time.Duration(tries)*200*time.Millisecond, 2*time.Second)):
				continue
			case <-ctx.Done():
				return nil
			}
		}
		tries, connected = 0, true
		p.totals.repeated.Add(int64(next - acked))
		next, acked, err = p.publish(ctx, client, acked, n)
		client.Disconnect(100)
		if err != nil {
			return err
		}
		if acked < n {
			p.totals.reconnects.Add(1)
		}
	}
	return nil
}

func (p *publisher) connect() (paho.Client, error) {
	o := paho.NewClientOptions().AddBroker(p.load.Broker).SetClientID(fmt.Sprintf("simulate-%s-%d", p.load.Boot, p.index)).
		SetCleanSession(true).SetAutoReconnect(false).SetOrderMatters(false).SetConnectTimeout(5 * time.Second).
		SetUsername(p.load.Username).SetPassword(p.load.Password)
	if p.load.TLS != nil {
		o.SetTLSConfig(p.load.TLS)
	}
	c := paho.NewClient(o)
	t := c.Connect()
	if !t.WaitTimeout(6 * time.Second) {
		c.Disconnect(0)
		return nil, errors.New("connecting: no answer")
	}
	return c, t.Error()
}

// publish sends from message number first on, with a window of unacknowledged ones, until all n are acknowledged or the
// connection breaks. It returns what was sent and what was acknowledged.
func (p *publisher) publish(ctx context.Context, c paho.Client, first, n int) (next, acked int, err error) {
	next, acked = first, first
	var window []sending
	perSecond := p.load.Rate / float64(p.load.Connections)
	for acked < n {
		for next < n && len(window) < p.load.Window && ctx.Err() == nil {
			if perSecond > 0 {
				due := p.begin.Add(time.Duration(float64(next) / perSecond * float64(time.Second)))
				if wait := time.Until(due); wait > 0 {
					if len(window) > 0 {
						break
					}
					time.Sleep(min(wait, 50*time.Millisecond))
					continue
				}
			}
			topic, payload := p.message(next)
			window = append(window, sending{next, c.Publish(topic, 1, false, payload)})
			p.totals.published.Add(1)
			next++
		}
		if len(window) == 0 {
			return next, acked, nil // ctx has ended
		}
		oldest := window[0]
		if !oldest.token.WaitTimeout(10*time.Second) || oldest.token.Error() != nil {
			return next, acked, nil
		}
		window = window[1:]
		acked++
		p.totals.acked.Add(1)
		if err := p.report.add(p.line(oldest.number)); err != nil {
			return next, acked, fmt.Errorf("writing the report: %w", err)
		}
	}
	return next, acked, nil
}

// device is the device of this connection's message i, and the device's own number of it.
func (p *publisher) device(i int) (device int, seq int) {
	own := max((p.load.Fleet.Devices-p.index+p.load.Connections-1)/p.load.Connections, 1)
	return (p.index + p.load.Connections*(i%own)) % p.load.Fleet.Devices, i/own + 1
}

func (p *publisher) message(i int) (topic string, payload []byte) {
	d, seq := p.device(i)
	b := make([]byte, 0, 128)
	b = append(b, `{"at":`...)
	b = strconv.AppendInt(b, time.Now().UnixMilli(), 10)
	b = append(b, `,"boot":"`...)
	b = append(b, p.load.Boot...)
	b = append(b, `","seq":`...)
	b = strconv.AppendInt(b, int64(seq), 10)
	if p.load.Fleet.Counts(d) {
		// In and out alternate, so that no zone fills up by itself.
		b = append(b, `,"people_in":`...)
		b = strconv.AppendInt(b, int64(seq&1), 10)
		b = append(b, `,"people_out":`...)
		b = strconv.AppendInt(b, int64(1-seq&1), 10)
	} else {
		b = append(b, `,"body_temperature":36.`...)
		b = strconv.AppendInt(b, int64(seq%8), 10)
	}
	return p.load.Fleet.Topic(d), append(b, '}')
}

func (p *publisher) line(i int) []byte {
	d, seq := p.device(i)
	f := p.load.Fleet
	return fmt.Appendf(nil, "%s %s %s %d\n", f.Site(d), f.Device(d), p.load.Boot, seq)
}
