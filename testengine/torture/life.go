package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// The words of the log and of docs/durability.md.
const (
	saysGone    = "nothing is acknowledged: the journal is gone"
	saysFiles   = "the files of the journal are not what they were"
	saysRefuses = "the journal refuses commits"
	saysOnly    = "the journal can only be read"
	saysJumped  = "the wall clock jumped"
	saysRight   = "the wall clock goes with the gateway's again"
)

// life is a gateway with a folder of its own, from an empty journal on.
type life struct {
	*bench
	dir, data, web, mqtt, boot string
	program                    string
	env                        []string
	*child
	load   *load
	oracle *oracle
}

// protocol has the kinds of rule that the fleet touches.
const protocol = `id: kmk-382-2020
title: Short
rules:
  kapasitas: {kind: capacity}
  jarak: {kind: distancing}
  suhu: {kind: temperature, above: 36.6}
  senyap: {kind: silence}
`

// born writes the configuration of a new gateway; data is where its journal lies, empty: beside it. more are lines for gerbang.yaml.
func (b *bench) born(data, more string) (*life, error) {
	b.lives++
	l := &life{bench: b, dir: filepath.Join(b.dir, fmt.Sprintf("%s-%d", b.fault, b.lives)), program: b.gerbang}
	l.boot = strconv.FormatUint(b.random.Uint64(), 36)
	l.data, l.oracle = data, newOracle(l.boot)
	if data == "" {
		l.data = filepath.Join(l.dir, "data")
	}
	var err error
	if l.web, err = freeAddr(b.random); err != nil {
		return nil, err
	}
	if l.mqtt, err = freeAddr(b.random); err != nil {
		return nil, err
	}
	if err := fleet.WriteSites(l.dir); err != nil {
		return nil, err
	}
	text := fmt.Sprintf("data: %s\nhttp: {listen: %q}\nmqtt:\n  embedded: {listen: %q, anonymous: allow}\nsites: sites/\nprotocols: protocols/\n%s",
		l.data, l.web, l.mqtt, more)
	for name, text := range map[string]string{"gerbang.yaml": text, "protocols/kmk.yaml": protocol, "token": "t"} {
		path := filepath.Join(l.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// freeAddr is a loopback address below the ports that systems give to clients: a client that keeps dialing a stopped gateway
// could be given the gateway's own.
func freeAddr(random *rand.Rand) (string, error) {
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 10_000+random.IntN(10_000))
		if listener, err := net.Listen("tcp", addr); err == nil {
			return addr, listener.Close()
		}
	}
	return "", fmt.Errorf("no free loopback port in 100 tries")
}

func (l *life) journal() string { return filepath.Join(l.data, "journal.db") }

// start runs the gateway; it need not be ready.
func (l *life) start(args ...string) (err error) {
	l.child, err = startChild(l.web, filepath.Join(l.dir, "gerbang.log"), l.env, l.program, append([]string{"serve", "--config", filepath.Join(l.dir, "gerbang.yaml")}, args...)...)
	return err
}

// serve runs the gateway and waits until it takes messages.
func (l *life) serve(args ...string) error {
	if err := l.start(args...); err != nil {
		return err
	}
	return l.ready()
}

// publish begins the load.
func (l *life) publish() { l.load = startLoad(l.mqtt, l.boot, l.rate) }

// end stops load and gateway, whatever they do.
func (l *life) end() {
	if l.load != nil {
		l.load.end()
	}
	if l.child != nil {
		l.kill()
	}
}

// command runs gerbang and gives what it prints, and its exit code.
func (l *life) command(args ...string) (string, int) {
	cmd := exec.Command(l.gerbang, args...)
	out, _ := cmd.CombinedOutput()
	if f, err := os.OpenFile(filepath.Join(l.dir, "commands.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err == nil {
		_, _ = fmt.Fprintf(f, "$ gerbang %v\n%s", args, out)
		_ = f.Close()
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// whole wants all that was acknowledged in the journal, once, and the rest of it as it should be. The gateway is stopped.
func (l *life) whole() error {
	acked := l.load.all() // before the journal is read
	problems, err := l.oracle.read(l.journal())
	if err != nil {
		return err
	}
	if missing := l.oracle.missing(acked); len(missing) > 0 {
		problems = append(problems, fmt.Sprintf("%d of %d acknowledged messages are missing, the first is %v", len(missing), len(acked), missing[0]))
	}
	if len(problems) > 0 {
		return fmt.Errorf("the journal is not whole: %q", problems)
	}
	return nil
}

// final ends the load and the gateway in good order, reads all anew, and asks the gateway what it thinks itself.
func (l *life) final() error {
	l.load.end()
	if err := l.stop(); err != nil {
		return err
	}
	l.oracle = newOracle(l.boot)
	if err := l.whole(); err != nil {
		return err
	}
	l.figure("acknowledged", l.load.count())
	if out, code := l.command("journal", "check", "--data", l.data); code != 0 {
		return fmt.Errorf("gerbang journal check ends with %d: %s", code, out)
	}
	return nil
}
