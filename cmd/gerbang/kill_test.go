package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/simulate"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// killRounds is how often a gateway under load is killed; GERBANG_KILL_ROUNDS sets another number.
func killRounds(t *testing.T) int {
	t.Helper()
	if s := os.Getenv("GERBANG_KILL_ROUNDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("GERBANG_KILL_ROUNDS: %v", err)
		}
		return n
	}
	if testing.Short() {
		return 1
	}
	return 5
}

// Every message that was acknowledged to its publisher is in the journal exactly once, whenever the gateway is killed.
func TestKilledEmbeddedBrokerLosesNothing(t *testing.T) {
	addr := freeAddr(t)
	killUnderLoad(t, "tcp://"+addr, fmt.Sprintf("embedded: {listen: %q, anonymous: allow}", addr))
}

func TestKilledSubscriberLosesNothing(t *testing.T) {
	m := testengine.Mosquitto(t, testengine.MosquittoOpenLimits())
	killUnderLoad(t, m.URL, fmt.Sprintf("broker: {url: %q, client_id: kill}", m.URL))
}

// shortProtocol stands in for the shipped one: the kinds of rule that the simulated fleet touches.
const shortProtocol = `id: kmk-382-2020
title: Short
rules:
  kapasitas: {kind: capacity}
  jarak: {kind: distancing}
  suhu: {kind: temperature, above: 36.6}
  senyap: {kind: silence}
`

func killUnderLoad(t *testing.T, broker, mqtt string) {
	dir, web := t.TempDir(), freeAddr(t)
	fleet := simulate.Fleet{Sites: 3, Devices: 30}
	if err := fleet.WriteSites(dir); err != nil {
		t.Fatal(err)
	}
	writeFile(t, dir, "protocols/kmk.yaml", shortProtocol)
	config := writeFile(t, dir, "gerbang.yaml", fmt.Sprintf("data: data\nhttp: {listen: %q}\nmqtt:\n  %s\nsites: sites/\nprotocols: protocols/\n", web, mqtt))
	report, err := os.Create(filepath.Join(dir, "acked.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = report.Close() }()

	seed := testengine.Seed(t)
	rng := rand.New(rand.NewPCG(seed, 1))
	p := start(t, "serve", "--config", config)
	p.ready(web)

	ctx, stop := context.WithCancel(t.Context())
	load := simulate.Load{
		Fleet: fleet, Broker: broker, Connections: 3, Window: 100, Count: 50_000_000, Rate: 3000, Boot: strconv.FormatUint(seed, 36),
		Report: report,
	}
	done := make(chan error, 1)
	var sum simulate.Summary
	go func() {
		var err error
		sum, err = load.Run(ctx)
		done <- err
	}()
	rounds := killRounds(t)
	var outside [][]byte // checkpoints of the transparency logs, as somebody elsewhere keeps them
	for range rounds {
		// The moment of the kill is what the test is about.
		time.Sleep(time.Duration(rng.IntN(400)) * time.Millisecond)
		p.kill()
		outside = append(outside, checkpointsOf(t, filepath.Join(dir, "data"))...)
		p = start(t, "serve", "--config", config)
		p.ready(web)
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	// What the broker still holds for us arrives before the end.
	settled(t, p, web)
	if code := p.interrupt(); code != 0 {
		t.Errorf("exit code %d after an interrupt:\n%s", code, p.out)
	}
	verifyJournal(t, filepath.Join(dir, "data"), report.Name(), outside...)
	t.Logf("%d kills, %d messages acknowledged, %d repeated, %d checkpoints", rounds, sum.Acked, sum.Repeated, len(outside))
	if sum.Acked == 0 {
		t.Error("nothing was acknowledged")
	}
}

// settled waits until no more messages arrive.
func settled(t *testing.T, p *process, web string) {
	t.Helper()
	last, since := -1.0, time.Now()
	p.eventually(time.Minute, "to receive everything", func() error {
		n, err := metric(web, `gerbang_messages_total{outcome="received"}`)
		if err != nil {
			return err
		}
		if n != last {
			last, since = n, time.Now()
		}
		if time.Since(since) < 2*time.Second {
			return errors.New("messages still arrive")
		}
		return nil
	})
}

// checkpointsOf are the newest checkpoints of all logs in a data folder.
func checkpointsOf(t *testing.T, data string) (all [][]byte) {
	t.Helper()
	j, err := sqlite.OpenReader(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	heads, err := j.LogHeads(t.Context(), false, nil, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range heads {
		if h.Checkpoint != nil {
			all = append(all, h.Checkpoint)
		}
	}
	return all
}

// verifyJournal compares the report with the journal, and the journal with itself and with checkpoints from before. Nothing was rejected.
func verifyJournal(t *testing.T, data, report string, outside ...[]byte) {
	t.Helper()
	if v := verify(t, data, report, outside...); v.Rejected > 0 {
		t.Errorf("verification: %+v", v)
	}
}

// verify wants every acknowledged message in the journal exactly once, and a history that a replay derives again.
func verify(t *testing.T, data, report string, outside ...[]byte) simulate.Verification {
	t.Helper()
	file, err := os.Open(report)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	acked, err := simulate.ReadReport(file)
	if err != nil {
		t.Fatal(err)
	}
	j, err := sqlite.OpenReader(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	v, err := simulate.Verify(acked, func(fn func(*telemetry.Record) error) error { return j.Replay(t.Context(), "", 0, fn) })
	if err != nil {
		t.Fatal(err)
	}
	if !v.OK() {
		t.Errorf("verification: %+v", *v)
	}
	if err := checkJournal(t.Context(), io.Discard, j, outside); err != nil {
		t.Errorf("replaying the journal: %v", err)
	}
	return *v
}
