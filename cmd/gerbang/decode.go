package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/app"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// lookFlags are what a person says of a message to be looked at.
type lookFlags struct {
	model, topic, config, received string
	port                           uint8
	hex, explain                   bool
}

func decodeCommand(std streams) *cobra.Command {
	var f lookFlags
	c := &cobra.Command{
		Use:   "decode [--model MODEL] [--topic TOPIC] [FILE|-]",
		Short: "Show what the gateway reads in a device's message",
		Long: `Decode reads one message from a file (or standard input) as a device of the model would have sent it, and prints a JSON
line for every reading: device, quantity, value, unit, at, channel. A message that is not understood exits with 2 and
says why; one that is no reading prints nothing. Without --model the likeliest model is taken, and named; with --config and
--topic a device of its sites is read as it is configured.

A LoRaWAN model takes a network server's message or, in hexadecimal, the bare bytes of a frame (--port says on which
port it came). --hex is for other binary payloads (Sparkplug B); a file that ends in .hex needs no flag. A file that ends
in .seq.json holds several messages that belong together: [{"topic": …, "payload": …, "retained": …}, …].

gerbang models lists the models.`,
		Example: `  gerbang decode --model zigbee2mqtt --topic zigbee2mqtt/pintu-samping message.json
  gerbang decode --model milesight-vs133 --port 85 --explain frame.hex`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var err error
			if f.config, err = findModels(std, f.config); err != nil {
				return err
			}
			cfg, err := loadConfig(f.config)
			if err != nil {
				return err
			}
			if cfg.Models, err = f.takeFile(cfg.Models); err != nil {
				return err
			}
			payload, err := readInput(std.in, args)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				f.hex = f.hex || filepath.Ext(args[0]) == ".hex"
			}
			d, err := f.decoder(cfg)
			if err != nil {
				return err
			}
			if len(args) == 1 && strings.HasSuffix(args[0], ".seq.json") {
				return f.lookAtSequence(std, d, payload)
			}
			return f.look(std, d, payload)
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.model, "model", "", "device model, such as native (gerbang models lists them), or the file of one of your own")
	fl.StringVar(&f.topic, "topic", "", "topic the message came on; where the model finds the device or the quantity in it")
	fl.StringVar(&f.config, "config", "", "configuration file, for models of your own, and for devices of its sites: their zone, model and measures "+configUsage)
	fl.Uint8Var(&f.port, "port", 0, "LoRaWAN port (FPort) of a bare frame; 0: not known")
	fl.BoolVar(&f.hex, "hex", false, "the message is binary, written in hexadecimal")
	fl.BoolVar(&f.explain, "explain", false, "say on standard error how the message was read, step by step")
	fl.StringVar(&f.received, "received", "", "when the message arrived, RFC 3339; default: now")
	return c
}

// decoder is that of the configuration, with its sites where one was named: a device that they have is read as it is configured.
func (f *lookFlags) decoder(cfg *configs.Config) (*decode.Decoder, error) {
	if f.config == exampleConfig {
		return decode.New(decode.Options{Models: cfg.Models, MaxPayload: int(cfg.Ingest.MaxPayload)})
	}
	return app.NewDecoder(cfg, app.Surroundings{})
}

// takeFile adds the model that is named by its file: a model of one's own is tried before anything is configured.
func (f *lookFlags) takeFile(models []decode.Model) ([]decode.Model, error) {
	if ext := filepath.Ext(f.model); ext != ".yaml" && ext != ".yml" {
		return models, nil
	}
	m, err := configs.LoadModel(f.model)
	if err != nil {
		return nil, err
	}
	f.model = m.ID
	models = slices.DeleteFunc(slices.Clone(models), func(other decode.Model) bool { return other.ID == m.ID })
	return append(models, m), nil
}

// message is the one that is to be looked at.
func (f *lookFlags) message(payload []byte) (decode.Look, error) {
	l := decode.Look{Model: f.model, Topic: f.topic, Payload: payload, Hex: f.hex, Port: f.port, Received: time.Now(), Explain: f.explain}
	if f.received != "" {
		at, err := time.Parse(time.RFC3339, f.received)
		if err != nil {
			return l, fmt.Errorf("--received %q: want RFC 3339, such as 2022-07-05T08:15:00+07:00", f.received)
		}
		l.Received = at
	}
	return l, nil
}

func (f *lookFlags) look(std streams, d *decode.Decoder, payload []byte) error {
	l, err := f.message(payload)
	if err != nil {
		return err
	}
	return lookAll(std, d, []decode.Look{l})
}

// lookAll reads messages in order by one model: the one that is named, or the likeliest.
func lookAll(std streams, d *decode.Decoder, messages []decode.Look) error {
	where := func(i int, err error) error {
		if err == nil || len(messages) == 1 {
			return err
		}
		return fmt.Errorf("message %d: %w", i+1, err)
	}
	answers, candidates, err := d.Look(messages...)
	if at, ok := errors.AsType[*decode.LookError](err); ok {
		return where(at.Message, &exitError{code: 2, err: err})
	}
	if errors.Is(err, decode.ErrNoModel) {
		return &exitError{code: 2, err: hinted{err, "name one with --model, and the topic with --topic; gerbang models lists the models"}}
	}
	if err != nil {
		return err
	}
	if err := tellGuess(std.err, candidates); err != nil {
		return err
	}
	for i := range answers {
		if err := show(std, answers[i]); err != nil {
			return where(i, err)
		}
	}
	return nil
}

// tellGuess tells the person which model was guessed; none was where there are no candidates.
func tellGuess(w io.Writer, candidates []decode.Candidate) error {
	if len(candidates) == 0 {
		return nil
	}
	names := make([]string, len(candidates))
	for i, c := range candidates {
		names[i] = c.Model
	}
	if len(names) > 1 {
		names[0] += " (guessed; also possible: " + strings.Join(names[1:], ", ") + ")"
	} else {
		names[0] += " (guessed)"
	}
	_, err := fmt.Fprintln(w, "read as "+names[0])
	return err
}

// lookAtSequence reads several messages in order, such as an announcement and the value that it explains.
func (f *lookFlags) lookAtSequence(std streams, d *decode.Decoder, text []byte) error {
	var messages []struct {
		Topic    string          `json:"topic"`
		Payload  json.RawMessage `json:"payload"`
		Hex      string          `json:"hex"`
		Retained bool            `json:"retained"`
		At       string          `json:"at"`
	}
	if err := json.Unmarshal(text, &messages); err != nil {
		return &exitError{code: 2, err: fmt.Errorf("the file is no list of messages: %w", err)}
	}
	if len(messages) == 0 {
		return &exitError{code: 2, err: errors.New("the file is an empty list of messages")}
	}
	all := make([]decode.Look, len(messages))
	for i, m := range messages {
		payload := []byte(m.Payload)
		var word string
		if json.Unmarshal(m.Payload, &word) == nil {
			payload = []byte(word) // a payload that is text stands in quotes
		}
		one := *f
		one.topic, one.received = m.Topic, m.At
		if m.Hex != "" {
			payload, one.hex = []byte(m.Hex), true
		}
		var err error
		if all[i], err = one.message(payload); err != nil {
			return fmt.Errorf("message %d: %w", i+1, err)
		}
		all[i].Retained = m.Retained
	}
	return lookAll(std, d, all)
}

// show prints an answer.
func show(std streams, a decode.Answer) error {
	if a.Trace != nil {
		w := tabwriter.NewWriter(std.err, 0, 0, 2, ' ', 0)
		for _, s := range a.Trace.Steps {
			_, _ = fmt.Fprintf(w, "%s\t%s\n", s.Stage, s.Text)
		}
		if len(a.Lines) == 0 && a.Rejection == nil {
			_, _ = fmt.Fprintln(w, "result\tnot a reading")
		}
		if err := w.Flush(); err != nil {
			return fmt.Errorf("explaining: %w", err)
		}
	}
	out := json.NewEncoder(std.out)
	out.SetEscapeHTML(false)
	for _, line := range a.Lines {
		if err := out.Encode(line); err != nil {
			return fmt.Errorf("writing a reading: %w", err)
		}
	}
	if r := a.Refused; r != nil {
		if _, err := fmt.Fprintf(std.err, "refused (%s): %s\n", r.Reason, r.Detail); err != nil {
			return fmt.Errorf("saying what was refused: %w", err)
		}
	}
	return rejected(a.Rejection)
}

func rejected(r *telemetry.Rejection) error {
	if r == nil {
		return nil
	}
	return &exitError{code: 2, err: fmt.Errorf("rejected (%s): %s", r.Reason, r.Detail)}
}

// maxInput bounds what decode reads: far more than any device sends.
const maxInput = 16 << 20

func readInput(in io.Reader, args []string) ([]byte, error) {
	if len(args) == 1 && args[0] != "-" {
		file, err := os.Open(args[0])
		if err != nil {
			return nil, fmt.Errorf("opening the message: %w", err)
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	payload, err := io.ReadAll(io.LimitReader(in, maxInput+1))
	if err != nil {
		return nil, fmt.Errorf("reading the message: %w", err)
	}
	if len(payload) > maxInput {
		return nil, &exitError{code: 2, err: errors.New("the message is larger than 16 MiB")}
	}
	return payload, nil
}
