// Command bench measures what docs/speed.md says of the gateway. docs/bench/run and docs/bench/compare build and
// call it; README.md beside it says what is measured and how.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/gerbang-iot/gerbang/docs/bench/floor"
	"github.com/gerbang-iot/gerbang/docs/bench/influx"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Stdout, os.Args[1:])
	interrupted := ctx.Err() != nil
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case interrupted && len(os.Args) > 1 && os.Args[1] != "floor":
		fmt.Fprintln(os.Stderr, "interrupted")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// command runs one command. What people read goes to out.
func command(ctx context.Context, out io.Writer, args []string) error {
	if len(args) == 0 {
		return errors.New("no command, expected run, compare or floor")
	}
	switch args[0] {
	case "run":
		return run(ctx, out, args[1:])
	case "compare":
		return compare(ctx, out, args[1:])
	case "floor":
		return runFloor(ctx, out, args[1:])
	}
	return fmt.Errorf("unknown command %q, expected run, compare or floor", args[0])
}

// runFloor is the floor as a process of its own, so that it is metered like a gateway.
func runFloor(ctx context.Context, out io.Writer, args []string) error {
	flags := newFlags("bench floor", "is the smallest honest consumer; docs/bench/run starts it.", "bench floor --broker tcp://127.0.0.1:1883 --influx http://127.0.0.1:8086 --database bench")
	broker := flags.String("broker", "tcp://127.0.0.1:1883", "MQTT broker, as `URL`")
	url := flags.String("influx", "http://127.0.0.1:8086", "InfluxDB, as `URL`")
	database := flags.String("database", "bench", "`NAME` of the database, which exists")
	if err := flags.parse(out, args, 0, 0); err != nil {
		return err
	}
	return floor.Run(ctx, *broker, influx.Open(*url, *database), slog.New(slog.NewTextHandler(os.Stderr, nil)))
}
