package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/ingest/decode"
)

func decodeCommand(std streams) *cobra.Command {
	var model, topic, config string
	c := &cobra.Command{
		Use:   "decode --model MODEL [--topic TOPIC] [FILE|-]",
		Short: "Show what the gateway reads in a device's message",
		Long: `Decode reads one message from a file (or standard input) as a device of the model would have sent it, and prints a JSON
line for every reading: device, quantity, value, unit, at, channel. A message that is not understood exits with 2 and
says why; one that is no reading prints nothing.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			cfg, err := loadConfig(config)
			if err != nil {
				return err
			}
			payload, err := readInput(std.in, args)
			if err != nil {
				return err
			}
			return decodeOne(std.out, cfg, model, topic, payload)
		},
	}
	c.Flags().StringVar(&model, "model", "", "device model, such as native")
	c.Flags().StringVar(&topic, "topic", "", "topic the message came on; where the model finds the device in it")
	c.Flags().StringVar(&config, "config", "", "configuration file, for models of your own")
	_ = c.MarkFlagRequired("model")
	return c
}

func decodeOne(w io.Writer, cfg *configs.Config, model, topic string, payload []byte) error {
	d, err := decode.New(decode.Options{Models: cfg.Models, MaxPayload: int(cfg.Ingest.MaxPayload)})
	if err != nil {
		return err
	}
	lines, rejection := d.One(model, topic, payload, time.Now())
	out := json.NewEncoder(w)
	for _, line := range lines {
		if err := out.Encode(line); err != nil {
			return fmt.Errorf("writing a reading: %w", err)
		}
	}
	if rejection != nil {
		return &exitError{code: 2, err: fmt.Errorf("rejected (%s): %s", rejection.Reason, rejection.Detail)}
	}
	return nil
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
