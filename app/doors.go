package app

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/access"
	"github.com/gerbang-iot/gerbang/ingest/broker"
	"github.com/gerbang-iot/gerbang/ingest/mqtt"
	"github.com/gerbang-iot/gerbang/ingest/neighbours"
	"github.com/gerbang-iot/gerbang/ingest/push"
	"github.com/gerbang-iot/gerbang/ingest/wire"
	"github.com/gerbang-iot/gerbang/web"
)

// doors are the ways in, and the way out over MQTT.
type doors struct {
	broker     *broker.Broker     // nil: not embedded
	subscriber *mqtt.Subscriber   // nil: no external broker
	publisher  *mqtt.Publisher    // nil: no external broker
	push       *push.Handler      // nil: closed
	neighbours *neighbours.Intake // nil: no external broker
	heard      []string           // topics of the subscriber
	fixed      bool               // the configuration names topics: no others are heard
	doorOptions
}

// doorOptions are what the doors need beside the configuration.
type doorOptions struct {
	id        string        // of this gateway
	intake    ingest.Intake // takes what comes in
	topics    []string      // of the models that devices have
	resumed   bool          // this gateway has run before: the broker should know it
	report    func(alerts.Fault)
	connected func(is bool, since time.Time) // takes what becomes of the connection to an external broker
	show      func([]alerts.Signal)          // publishes states; it does not block
	log       *slog.Logger
	registry  prometheus.Registerer
}

var _ gateway.Publisher = (*doors)(nil)

func openDoors(cfg *configs.Config, o doorOptions) (*doors, error) {
	d := &doors{doorOptions: o}
	for _, open := range []func(*configs.Config) error{d.openPush, d.openSubscriber, d.openBroker} {
		if err := open(cfg); err != nil {
			return nil, err
		}
	}
	if d.broker == nil && d.subscriber == nil && d.push == nil {
		return nil, errors.New("no door is open: nothing could be received")
	}
	return d, nil
}

// close gives back the addresses of doors that were never run.
func (d *doors) close() error {
	if d.broker == nil {
		return nil
	}
	return d.broker.Close()
}

func (d *doors) openBroker(cfg *configs.Config) error {
	e := cfg.MQTT.Embedded
	if e == nil {
		return nil
	}
	credentials, err := brokerCredentials(cfg)
	if err != nil {
		return err
	}
	origins := slices.Clone(e.Origins)
	if u, err := url.Parse(cfg.HTTP.ExternalURL); err == nil && u.Host != "" {
		origins = append(origins, u.Scheme+"://"+u.Host)
	}
	var serverTLS *tls.Config
	if e.TLS != nil {
		if serverTLS, err = e.TLS.Load(); err != nil {
			return fmt.Errorf("preparing TLS of the embedded broker: %w", err)
		}
	}
	var listeners []broker.Listener
	if e.Listen != "" {
		listeners = append(listeners, broker.Listener{Kind: broker.TCP, Address: e.Listen})
	}
	if e.TLSListen != "" {
		listeners = append(listeners, broker.Listener{Kind: broker.TCP, Address: e.TLSListen, TLS: serverTLS})
	}
	if e.WebSocket != "" {
		listeners = append(listeners, broker.Listener{Kind: broker.WebSocket, Address: e.WebSocket, TLS: serverTLS})
	}
	d.broker, err = broker.New(broker.Options{
		Listeners: listeners, Credentials: credentials, AllowAnonymous: e.Anonymous == "allow",
		MaxPacket: int(cfg.Ingest.MaxPayload), MaxClients: e.MaxClients, Origins: origins,
		Limits: broker.Limits{
			Connecting: e.Limits.Connecting, Sessions: e.Limits.Sessions, Subscriptions: e.Limits.Subscriptions,
			Queue: int64(e.Limits.Queue), RetainedTopics: e.Limits.RetainedTopics, Retained: int64(e.Limits.Retained),
		},
		Logger: d.log, Registerer: d.registry,
	}, d.intake)
	return err
}

func (d *doors) openPush(cfg *configs.Config) error {
	if cfg.Push == nil {
		return nil
	}
	credentials, err := configs.Access(cfg.Push.Credentials, cfg.Push.Limits.Rate)
	if err != nil {
		return err
	}
	d.push, err = push.New(push.Options{
		Credentials: credentials, MaxBody: int(cfg.Ingest.MaxPayload), MaxRequests: cfg.Push.Limits.Requests, Proxy: cfg.HTTP.BehindProxy,
		Logger: d.log, Registerer: d.registry,
	}, d.intake)
	return err
}

// brokerCredentials are those of the embedded broker as it wants them.
func brokerCredentials(cfg *configs.Config) ([]access.Credential, error) {
	if cfg.MQTT.Embedded == nil {
		return nil, nil
	}
	return configs.Access(cfg.MQTT.Embedded.Credentials, cfg.MQTT.Embedded.Limits.Rate)
}

// hear fails if the external broker would have to be asked for more than it was at the start.
func (d *doors) hear(topics []string) error {
	for _, t := range topics {
		heard := func(filter string) bool { return access.Covers(filter, t) }
		if d.subscriber != nil && !slices.ContainsFunc(d.heard, heard) {
			return fmt.Errorf("models: topic %s was not subscribed to at the start, which needs a restart; nothing was reloaded", t)
		}
	}
	return nil
}

// follow hears what devices have announced, beside the topics of the models. Its error means that it should be tried again.
func (d *doors) follow(ctx context.Context, announced []string) error {
	if d.subscriber == nil {
		return nil
	}
	if d.fixed {
		for _, t := range announced {
			if !slices.ContainsFunc(d.heard, func(filter string) bool { return access.Covers(filter, t) }) {
				d.log.Warn("a device has announced a topic that is not among mqtt.broker.topics: it is not heard", "topic", t)
			}
		}
		return nil
	}
	return d.subscriber.Follow(ctx, announced)
}

// serves notes which sites are served here, and gives what tells the other gateways at an external broker.
func (d *doors) serves(cfg *configs.Config) []alerts.Signal {
	if d.neighbours == nil {
		return nil
	}
	d.neighbours.Serve(siteIDs(cfg))
	return d.claimed()
}

// claimed tells the other gateways which sites are served here.
func (d *doors) claimed() []alerts.Signal {
	return []alerts.Signal{{ID: "sites", Topic: neighbours.Topic(d.id), Payload: d.neighbours.Mine(), Retain: true}}
}

// siteIDs are the sites of a configuration, also those that go on with an earlier definition.
func siteIDs(cfg *configs.Config) []string {
	var ids []string
	for _, s := range cfg.AllSites() {
		ids = append(ids, s.ID)
	}
	return ids
}

// prepare makes ready who may use the doors by a reloaded configuration; swap brings it into force.
func (d *doors) prepare(next *configs.Config) (swap func(), err error) {
	var swaps swaps
	if d.push != nil && next.Push != nil {
		credentials, err := configs.Access(next.Push.Credentials, next.Push.Limits.Rate)
		if err == nil {
			err = swaps.of(d.push.Prepare(credentials))
		}
		if err != nil {
			return nil, err
		}
	}
	if d.broker != nil && next.MQTT.Embedded != nil {
		credentials, err := brokerCredentials(next)
		if err == nil {
			err = swaps.of(d.broker.Prepare(credentials))
		}
		if err != nil {
			return nil, err
		}
	}
	return swaps.run, nil
}

// openSubscriber makes the clients of an external broker.
func (d *doors) openSubscriber(cfg *configs.Config) error {
	b := cfg.MQTT.Broker
	if b == nil {
		return nil
	}
	clientTLS, err := b.TLS.Load()
	if err != nil {
		return fmt.Errorf("preparing TLS of the MQTT broker: %w", err)
	}
	if _, err := b.Password.RevealAs("MQTT password"); err != nil {
		return err
	}
	connection := mqtt.Connection{
		Broker: b.URL, ClientID: cmp.Or(b.ClientID, "gerbang-"+d.id), Username: b.Username, TLS: clientTLS, KeepAlive: b.KeepAlive,
		Password: func() string {
			password, err := b.Password.RevealAs("MQTT password")
			if err != nil {
				d.log.Error("connecting without a password", "err", err)
			}
			return password
		},
	}
	d.publisher, err = mqtt.NewPublisher(mqtt.PublisherOptions{
		Connection: connection, StatusTopic: alerts.StatusTopic(d.id), Logger: d.log, Registerer: d.registry,
	})
	if err != nil {
		return err
	}
	if len(b.Topics) > 0 {
		d.heard, d.fixed = b.Topics, true
	} else { // among those of a configuration it is heard where they have it
		d.heard = append(slices.Clone(d.topics), neighbours.Filter)
	}
	d.neighbours = neighbours.New(neighbours.Options{
		ID: d.id, Next: d.intake, Restore: func() { d.show(d.claimed()) }, Logger: d.log, Registerer: d.registry,
	})
	d.neighbours.Serve(siteIDs(cfg))
	d.subscriber, err = mqtt.New(mqtt.Options{
		Connection: connection, Topics: d.heard, Resumed: d.resumed, CanaryVia: d.publisher, Logger: d.log, Registerer: d.registry,
	}, d.neighbours)
	return err
}

// watch tells people when the external broker is away, or does not send what it should.
func (d *doors) watch(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	w := brokerWatch{resumed: d.resumed, firing: map[alerts.FaultName]bool{}}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		health, now := d.subscriber.Health(), time.Now()
		if is, since, changed := w.connection(health, now); changed {
			d.connected(is, since)
		}
		for _, f := range w.changes(health, now) {
			d.report(f)
		}
	}
}

// status is what the pages and /readyz say about the feed.
func (d *doors) status() web.BrokerStatus {
	if d.subscriber != nil {
		h := d.subscriber.Health()
		return web.BrokerStatus{Heard: h.Reason == "", Last: h.Heard, Reason: h.Reason}
	}
	if d.broker != nil {
		h := d.broker.Health()
		return web.BrokerStatus{Heard: h.Reason == "", Last: time.Now(), Reason: h.Reason}
	}
	return web.BrokerStatus{Heard: true, Last: time.Now()}
}

// stages are the parts that bring messages in.
func (d *doors) stages() []stage {
	var s []stage
	if d.subscriber != nil {
		s = append(s, stage{"subscriber", d.subscriber.Run, 10 * time.Second})
		s = append(s, stage{"broker watch", d.watch, time.Second})
	}
	if d.broker != nil {
		s = append(s, stage{"broker", d.broker.Run, 10 * time.Second})
	}
	if d.push != nil {
		s = append(s, stage{"push", d.closePush, 10 * time.Second})
	}
	return s
}

// closePush is the stage of the HTTP door, whose requests the web server brings.
func (d *doors) closePush(ctx context.Context) error {
	<-ctx.Done()
	d.push.Close()
	return nil
}

// publisherStages are the parts that bring signals out.
func (d *doors) publisherStages() []stage {
	if d.publisher == nil {
		return nil
	}
	return []stage{{"publisher", d.publisher.Run, 5 * time.Second}}
}

// pushHandler is the HTTP door, or nil.
func (d *doors) pushHandler() http.Handler {
	if d.push == nil {
		return nil
	}
	return d.push
}

// Publish sends signals where devices and displays listen: at the external broker if there is one, else at our own.
func (d *doors) Publish(ctx context.Context, signals []alerts.Signal) error {
	out := make([]wire.Out, len(signals))
	for i, s := range signals {
		out[i] = wire.Out{Topic: s.Topic, Payload: s.Payload, Retained: s.Retain}
	}
	switch {
	case d.publisher != nil:
		return d.publisher.PublishBatch(ctx, out)
	case d.broker != nil:
		return d.broker.PublishBatch(ctx, out)
	}
	return nil
}
