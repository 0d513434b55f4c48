package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/app"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/replay"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// replayFlags are the flags of replay.
type replayFlags struct {
	mapping, config   string
	journal, to, user string
	speed             float64
	shuffle           time.Duration
	seed              uint64
	times, limit      int
	asJSON            bool
}

func replayCommand(std streams) *cobra.Command {
	var f replayFlags
	c := &cobra.Command{
		Use:   "replay --mapping MAPPING (--journal DIR | --to URL) FILE",
		Short: "Play recorded data (CSV) as messages",
		Long: `Replay reads a table by a mapping, which says what the columns mean and which site they are about.

  gerbang replay --mapping replay/mappings/calit2.yaml --journal /tmp/calit2 CalIt2.data
      feeds the whole pipeline on a virtual clock with the table's own times, at full speed, into a new journal, and ends
      with a summary: messages, readings, duplicates, rejections, totals, lowest and highest occupancy, changes of verdict

  gerbang replay --mapping replay/mappings/calit2.yaml --to tcp://127.0.0.1:1883 --speed 600 CalIt2.data
      publishes over MQTT (QoS 1), shifted so that the first message is now, 600 times as fast as it was

Rows that cannot be read are listed and the others played; the exit code is then 1.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), std, args[0]) },
	}
	fl := c.Flags()
	fl.StringVar(&f.mapping, "mapping", "", "mapping file: what the columns mean (see replay/mappings)")
	fl.StringVar(&f.config, "config", "", "configuration with the site; default: the one that the mapping names")
	fl.StringVar(&f.journal, "journal", "", "directory for a journal")
	fl.StringVar(&f.to, "to", "", "MQTT broker to publish to")
	fl.StringVar(&f.user, "user", "", "MQTT user; the password comes from the environment, GERBANG_MQTT_PASSWORD")
	fl.Float64Var(&f.speed, "speed", 60, "with --to: how much faster than it was")
	fl.DurationVar(&f.shuffle, "shuffle", 0, "let messages overtake each other by up to this much")
	fl.Uint64Var(&f.seed, "seed", 1, "chance of --shuffle")
	fl.IntVar(&f.times, "times", 1, "deliver every message this often")
	fl.IntVar(&f.limit, "limit", 0, "stop after so many messages; 0: all")
	fl.BoolVar(&f.asJSON, "json", false, "summary as JSON")
	_ = c.MarkFlagRequired("mapping")
	return c
}

func (f *replayFlags) run(ctx context.Context, std streams, path string) error {
	if (f.journal == "") == (f.to == "") {
		return hinted{&exitError{code: 2, err: errors.New("replay needs either --journal DIR or --to URL")}, "gerbang replay --help shows both"}
	}
	m, err := replay.LoadMapping(f.mapping)
	if err != nil {
		return err
	}
	config := m.Config
	if f.config != "" {
		config = f.config
	}
	if config, err = findModels(std, config); err != nil {
		return err
	}
	cfg, err := loadConfig(config)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(cfg.Sites, func(s facility.Site) bool { return s.ID == m.Site })
	if at < 0 {
		return hinted{fmt.Errorf("the mapping is about site %q, which is not in the configuration", m.Site), "give the configuration that has it: --config FILE"}
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening the table: %w", err)
	}
	defer func() { _ = file.Close() }()
	p := player{
		messages: func(yield func(ingest.Message, error) bool) {
			replay.Read(ctx, file, m, replay.Options{
				Name: path, Zone: cfg.Sites[at].Location.Location, Shuffle: f.shuffle, Seed: f.seed, Times: f.times, Limit: f.limit,
			})(yield)
		},
		std: std, total: f.limit,
	}
	if f.to != "" {
		err = p.publish(ctx, f)
	} else {
		err = p.feed(ctx, cfg, f.journal)
	}
	if err != nil {
		return err
	}
	if f.asJSON {
		err = json.NewEncoder(std.out).Encode(&p.summary)
	} else {
		err = p.summary.WriteText(std.out)
	}
	if err == nil && p.summary.Problems > 0 {
		err = &exitError{code: 1, err: fmt.Errorf("%d rows of %s could not be read; the others were played", p.summary.Problems, path)}
	}
	return err
}

// player plays the messages of a table and keeps the summary.
type player struct {
	messages func(yield func(ingest.Message, error) bool)
	std      streams
	total    int
	summary  replay.Summary
}

// each calls do for every message and notes rows that could not be read.
func (p *player) each(do func(m *ingest.Message) error) error {
	bar := newProgress(p.std.err, "replayed", p.total)
	defer bar.done()
	for m, err := range p.messages {
		var row *replay.RowError
		switch {
		case errors.As(err, &row):
			p.summary.Problem(err)
			continue
		case err != nil:
			return err
		}
		if err := do(&m); err != nil {
			return err
		}
		if p.summary.Messages++; p.summary.Messages%1000 == 0 {
			bar.count(int(p.summary.Messages))
		}
	}
	return nil
}

// feed plays through the pipeline into a journal, on the clock of the messages.
func (p *player) feed(ctx context.Context, cfg *configs.Config, dir string) (err error) {
	log := newLogger(p.std.err, configs.Log{Level: "warn"})
	cfg.Data = dir
	j, err := openJournal(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	decoder, err := app.NewDecoder(cfg, app.Surroundings{})
	if err != nil {
		return err
	}
	var v *virtual
	var before journal.Counters
	err = p.each(func(m *ingest.Message) error {
		if v == nil {
			// The building exists from its first message on, not from today.
			g, err := app.OpenGateway(ctx, cfg, decoder, j, log, m.Received.Time().Add(-time.Second))
			if err != nil {
				return err
			}
			g.Quiet(true)
			before = g.Counters()
			v = &virtual{gateway: g, observe: p.observe}
		}
		return v.accept(ctx, m)
	})
	if err != nil || v == nil {
		return err
	}
	// What the silence after the last message means is found out too, up to the next day.
	if err := v.advance(ctx, v.now.Add(24*time.Hour)); err != nil {
		return err
	}
	c := v.gateway.Counters()
	p.summary.Stored, p.summary.Duplicates = c.Stored-before.Stored, c.Duplicate-before.Duplicate
	p.summary.Rejections, p.summary.Ignored = c.Rejected-before.Rejected, c.Ignored-before.Ignored
	p.summary.Readings = c.Readings - before.Readings
	return j.Strict(ctx)
}

func (p *player) observe(b *journal.Batch) {
	for i := range b.Records {
		p.summary.Record(&b.Records[i])
	}
	for i := range b.Samples {
		p.summary.Sample(&b.Samples[i])
	}
	for i := range b.Transitions {
		p.summary.Transition(&b.Transitions[i])
	}
}

// publish plays over MQTT in real time, faster than it was.
func (p *player) publish(ctx context.Context, f *replayFlags) error {
	if !(f.speed > 0) { // nor what is no number
		return &exitError{code: 2, err: fmt.Errorf("--speed %g: want more than 0", f.speed)}
	}
	client := paho.NewClient(paho.NewClientOptions().AddBroker(f.to).SetClientID("gerbang-replay").SetUsername(f.user).
		SetPassword(os.Getenv("GERBANG_MQTT_PASSWORD")).SetConnectTimeout(5 * time.Second).SetAutoReconnect(false))
	connect := client.Connect()
	if !connect.WaitTimeout(6*time.Second) || connect.Error() != nil {
		return hinted{fmt.Errorf("connecting to %s: %w", f.to, errors.Join(connect.Error(), ctx.Err())), "is the broker there, and may --user connect?"}
	}
	defer client.Disconnect(250)
	p.summary.Published = true
	begin := time.Now()
	var first telemetry.Instant
	return p.each(func(m *ingest.Message) error {
		if first == 0 {
			first = m.Received
		}
		at := begin.Add(time.Duration(float64(m.Received.Sub(first)) / f.speed))
		select {
		case <-time.After(time.Until(at)):
		case <-ctx.Done():
			return ctx.Err()
		}
		payload, err := replay.Retime(m.Payload, at)
		if err != nil {
			return err
		}
		t := client.Publish(m.Topic, 1, false, payload)
		if !t.WaitTimeout(10*time.Second) || t.Error() != nil {
			return fmt.Errorf("publishing: %w", errors.Join(t.Error(), errors.New("no acknowledgement")))
		}
		return nil
	})
}
