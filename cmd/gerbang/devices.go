package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/app"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/ingest/mqtt"
	"github.com/gerbang-iot/gerbang/keyfile"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// discoverFlags say where to listen and for how long.
type discoverFlags struct {
	config, broker, username, passwordFile string
	topics                                 []string
	listen                                 time.Duration
	json                                   bool
}

func devicesCommand(std streams) *cobra.Command {
	var f discoverFlags
	discover := &cobra.Command{
		Use:   "discover [--for 60s]",
		Short: "List devices that publish and are not configured, with what to write",
		Long: `Discover listens at the broker of the configuration (or at --broker) for a while and lists every device that publishes
and stands in no site's file: with the model that it may be of, what that model reads in its messages, and the lines to paste
into the site's file. It disturbs nobody: it has a session of its own and acknowledges nothing. Where the configuration has
the embedded broker it asks the running gateway instead, which lists what it has heard since it started.`,
		Example: `  gerbang devices discover --for 60s --config gerbang.yaml
  gerbang devices discover --broker tcp://127.0.0.1:1883 --topic 'zigbee2mqtt/#'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.discover(cmd.Context(), std) },
	}
	fl := discover.Flags()
	fl.DurationVar(&f.listen, "for", time.Minute, "how long to listen")
	fl.StringVar(&f.config, "config", "", "configuration file: broker, models of your own, devices that are configured already "+configUsage)
	fl.StringVar(&f.broker, "broker", "", "another broker, such as tcp://127.0.0.1:1883")
	fl.StringVar(&f.username, "username", "", "user name at --broker")
	fl.StringVar(&f.passwordFile, "password-file", "", "file with the password at --broker")
	fl.StringSliceVar(&f.topics, "topic", []string{"#"}, "MQTT filters to listen to")
	fl.BoolVar(&f.json, "json", false, "print one JSON array")
	return group("devices", "About the devices in the field", discover)
}

func (f *discoverFlags) discover(ctx context.Context, std streams) error {
	find := findModels
	if f.broker == "" {
		find = findConfig // it says where to listen
	}
	path, err := find(std, f.config)
	if err != nil {
		return err
	}
	cfg, err := loadConfig(path)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.listen)
	defer cancel()
	var found []stranger
	if f.broker == "" && cfg.MQTT.Broker == nil {
		found, err = f.ask(ctx, cfg)
	} else {
		found, err = f.listenAt(ctx, cfg, std.err)
	}
	if err != nil {
		return err
	}
	if f.json {
		out := json.NewEncoder(std.out)
		out.SetIndent("", "  ")
		out.SetEscapeHTML(false)
		return out.Encode(found)
	}
	return printStrangers(std.out, found)
}

// stranger is a device that is not configured, as the API and --json show it.
type stranger struct {
	Topic    string          `json:"topic"`
	Why      string          `json:"why"`
	Messages uint64          `json:"messages"`
	Guesses  []strangerGuess `json:"guesses"`
}

type strangerGuess struct {
	Model      string   `json:"model"`
	Title      string   `json:"title"`
	Address    string   `json:"address"`
	Quantities []string `json:"quantities"`
	Detail     string   `json:"detail,omitempty"`
	YAML       string   `json:"yaml"`
}

// listenAt hears a broker for as long as ctx lasts.
func (f *discoverFlags) listenAt(ctx context.Context, cfg *configs.Config, progress io.Writer) ([]stranger, error) {
	connection, err := f.connection(cfg)
	if err != nil {
		return nil, err
	}
	seen := decode.Sightings{Open: true}
	decoder, err := app.NewDecoder(cfg, app.Surroundings{Sightings: &seen})
	if err != nil {
		return nil, err
	}
	progress = plainly(progress) // its line is rewritten
	worker, heard := decoder.Worker(nil), 0
	var mu sync.Mutex // of both
	stop := make(chan struct{})
	var ticking sync.WaitGroup
	ticking.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				mu.Lock()
				_, _ = fmt.Fprintf(progress, "\r%s, not configured (devices or topics): %d ", plural(heard, "message"), len(seen.List()))
				mu.Unlock()
			case <-stop:
				_, _ = fmt.Fprintln(progress)
				return
			}
		}
	})
	var records []telemetry.Record
	err = mqtt.Listen(ctx, connection, f.topics, func(m ingest.Message) {
		if strings.HasPrefix(m.Topic, "$SYS/") || strings.HasPrefix(m.Topic, "gerbang/v1/canary/") {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		heard++
		records = worker.Decode(&m, records[:0])
	})
	close(stop)
	ticking.Wait()
	if err != nil {
		return nil, hinted{err, "check the address, the user name and what the broker allows it to read"}
	}
	return strangersOf(seen.List()), nil
}

func strangersOf(seen []decode.Sighting) []stranger {
	found := make([]stranger, len(seen))
	for i, s := range seen {
		found[i] = stranger{Topic: s.Topic, Why: s.Why, Messages: s.Messages, Guesses: []strangerGuess{}}
		for _, c := range s.Candidates {
			g := strangerGuess{Model: c.Model, Title: c.Title, Address: c.Address, Detail: c.Detail, YAML: c.YAML(), Quantities: []string{}}
			for _, q := range c.Quantities {
				g.Quantities = append(g.Quantities, q.String())
			}
			found[i].Guesses = append(found[i].Guesses, g)
		}
	}
	return found
}

// connection is to --broker, or to the broker of the configuration, under a client id of its own.
func (f *discoverFlags) connection(cfg *configs.Config) (mqtt.Connection, error) {
	id := make([]byte, 6)
	_, _ = rand.Read(id) // never fails
	c := mqtt.Connection{Broker: f.broker, ClientID: "gerbang-discover-" + hex.EncodeToString(id), Username: f.username}
	if f.broker == "" {
		b := cfg.MQTT.Broker
		tls, err := b.TLS.Load()
		if err != nil {
			return c, fmt.Errorf("preparing TLS of the MQTT broker: %w", err)
		}
		password, err := b.Password.RevealAs("MQTT password")
		if err != nil {
			return c, err
		}
		c.Broker, c.Username, c.TLS, c.Password = b.URL, b.Username, tls, func() string { return password }
		return c, nil
	}
	if f.passwordFile == "" {
		return c, nil
	}
	text, err := keyfile.Read(f.passwordFile)
	if err != nil {
		return c, fmt.Errorf("reading the password: %w", err)
	}
	password := strings.TrimRight(string(text), "\r\n")
	c.Password = func() string { return password }
	return c, nil
}

// ask gets the list of a running gateway. It is told at once: the gateway has been listening since it started.
func (f *discoverFlags) ask(ctx context.Context, cfg *configs.Config) ([]stranger, error) {
	base := "http://" + cfg.HTTP.Listen
	if cfg.HTTP.TLS != nil {
		base = "https://" + cfg.HTTP.Listen
	}
	hint := "start it with gerbang serve, or name a broker to listen at with --broker"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/api/v1/devices/unconfigured", nil)
	if err != nil {
		return nil, fmt.Errorf("asking the gateway: %w", err)
	}
	token, err := cfg.HTTP.AccessToken.RevealAs("access token")
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, hinted{fmt.Errorf("asking the gateway at %s: %w", base, errors.Unwrap(err)), hint}
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, hinted{fmt.Errorf("asking the gateway at %s: status %s, want 200", base, resp.Status), hint}
	}
	var list struct {
		Items []stranger `json:"items"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxInput)).Decode(&list); err != nil {
		return nil, fmt.Errorf("reading the gateway's answer: %w", err)
	}
	return list.Items, nil
}

// onOneLine keeps a topic from looking like lines of ours.
var onOneLine = strings.NewReplacer("\n", `\n`, "\t", `\t`)

// printStrangers lists devices for people: first those that some model reads.
func printStrangers(w io.Writer, found []stranger) error {
	var b strings.Builder
	if len(found) == 0 {
		b.WriteString("every device that published is configured\n")
	}
	slices.SortStableFunc(found, func(a, b stranger) int { return readable(b) - readable(a) })
	for _, s := range found {
		fmt.Fprintf(&b, "%s (%s)\n", onOneLine.Replace(s.Topic), plural(s.Messages, "message"))
		if len(s.Guesses) == 0 {
			fmt.Fprintf(&b, "  no model fits: %s\n\n", s.Why)
			continue
		}
		best := s.Guesses[0]
		fmt.Fprintf(&b, "  %s", best.Title)
		if len(best.Quantities) > 0 {
			fmt.Fprintf(&b, ": %s", strings.Join(best.Quantities, ", "))
		} else if best.Detail != "" {
			fmt.Fprintf(&b, ": %s", best.Detail)
		}
		fmt.Fprintf(&b, "\n%s\n", best.YAML)
		if len(s.Guesses) > 1 {
			var others []string
			for _, g := range s.Guesses[1:] {
				others = append(others, g.Model)
			}
			fmt.Fprintf(&b, "  # or model: %s\n", strings.Join(others, ", "))
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func readable(s stranger) int {
	if len(s.Guesses) > 0 && len(s.Guesses[0].Quantities) > 0 {
		return 1
	}
	return 0
}
