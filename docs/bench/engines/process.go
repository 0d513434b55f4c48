// Package engines finds, starts and ends the programs of a measurement: InfluxDB, mosquitto and the consumer. All listen on loopback.
package engines

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	startLimit = 90 * time.Second // until a port is open; a gateway with 100,000 devices takes its time
	stopLimit  = 8 * time.Second  // from SIGTERM to SIGKILL
)

// Process is a program that runs until Stop. One goroutine uses it.
type Process struct {
	Name string
	PID  int
	log  string // file with all it printed

	cmd   *exec.Cmd
	ended chan struct{}
}

// Start starts a program; what it prints goes to NAME.log in dir.
func Start(dir, name, program string, args ...string) (*Process, error) {
	p := &Process{Name: name, log: filepath.Join(dir, name+".log"), cmd: exec.CommandContext(context.Background(), program, args...), ended: make(chan struct{})}
	file, err := os.Create(p.log)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	defer func() { _ = file.Close() }() // the child has its own
	p.cmd.Stdout, p.cmd.Stderr = file, file
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	p.PID = p.cmd.Process.Pid
	go func() { defer close(p.ended); _ = p.cmd.Wait() }() // how it ended is in the state
	return p, nil
}

// Await waits until the program listens at an address. It is an error if the program ends before.
func (p *Process) Await(ctx context.Context, address string) error {
	begun := time.Now()
	for {
		if conn, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			conn.Close()
			return p.Alive()
		}
		if time.Since(begun) > startLimit {
			return fmt.Errorf("%s does not listen on %s after %s; its last words:\n%s", p.Name, address, startLimit, p.lastWords())
		}
		if err := p.Rest(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// Rest waits a while. It is an error if the program ends before.
func (p *Process) Rest(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-p.ended:
	case <-time.After(d):
	}
	return p.Alive()
}

// Alive is an error with the program's last words if it has ended.
func (p *Process) Alive() error {
	select {
	case <-p.ended:
		return fmt.Errorf("%s ended by itself (%s); its last words:\n%s", p.Name, p.cmd.ProcessState, p.lastWords())
	default:
		return nil
	}
}

// Stop ends the program and waits for it: politely, and after some seconds by force.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // the error means that it has ended
	select {
	case <-p.ended:
	case <-time.After(stopLimit):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

func (p *Process) lastWords() string {
	const lines = 8
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(string(bytes.TrimSpace(text)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// FreeAddress is an address on loopback at which nobody listens.
func FreeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	return listener.Addr().String(), errors.Join(listener.Close())
}
