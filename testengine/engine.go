package testengine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	startLimit = 60 * time.Second // a cold start on a machine that compiles beside it
	stopLimit  = 20 * time.Second // from TERM to KILL
	probeEvery = 20 * time.Millisecond
)

// Engine is a real server as a child process of one test. It ends with the test, and with the test process if that is killed.
// Its methods fail the test when the process does not do as it is told, so call them from the test's goroutine only.
type Engine struct {
	t     testing.TB
	name  string
	path  string
	args  []string
	ready func(context.Context) error // nil once the server answers

	output tail // of all starts

	proc *process // nil while stopped
}

// process is one run of an engine.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the process was waited for
	err  error         // of that wait; read it after done
}

// newEngine prepares an engine and stops it when the test ends; a failed test shows the last of what the engine printed.
func newEngine(t testing.TB, name, path string, args []string, ready func(context.Context) error) *Engine {
	e := &Engine{t: t, name: name, path: path, args: args, ready: ready}
	t.Cleanup(func() {
		if err := e.end(syscall.SIGTERM); err != nil {
			t.Logf("ending %s: %v", e.name, err)
		}
		if t.Failed() {
			t.Logf("the last that %s printed:\n%s", e.name, e.output.String())
		}
	})
	return e
}

// Start starts the engine on its port and its data, and returns when it answers. It does nothing if the engine runs.
func (e *Engine) Start() {
	e.t.Helper()
	if e.proc != nil {
		return
	}
	p, err := e.launch()
	if err != nil {
		e.t.Fatalf("starting %s: %v", e.name, err)
	}
	e.proc = p
	if err := e.await(p); err != nil {
		e.t.Fatalf("waiting for %s: %v", e.name, err)
	}
}

// Stop asks the engine to end, as its service manager would, and returns when it has. It does nothing if the engine is stopped.
func (e *Engine) Stop() {
	e.t.Helper()
	if err := e.end(syscall.SIGTERM); err != nil {
		e.t.Fatalf("stopping %s: %v", e.name, err)
	}
}

// Kill ends the engine at once, as a crash would: what it had not written is gone.
func (e *Engine) Kill() {
	e.t.Helper()
	if err := e.end(syscall.SIGKILL); err != nil {
		e.t.Fatalf("killing %s: %v", e.name, err)
	}
}

// Running tells whether the engine was started and not stopped since; a crash on its own does not change the answer.
func (e *Engine) Running() bool { return e.proc != nil }

// PID is the process id of the running engine, 0 while it is stopped.
func (e *Engine) PID() int {
	if e.proc == nil {
		return 0
	}
	return e.proc.cmd.Process.Pid
}

// Output is the last 64 KiB of what the engine printed, over all its starts. It may be called from any goroutine.
func (e *Engine) Output() string { return e.output.String() }

// launch starts the process from a goroutine that keeps its thread until the process ends: for the kernel, the parent with which
// the process ends is that thread, and a thread that the runtime let go would take the engine with it in the middle of a test.
func (e *Engine) launch() (*process, error) {
	cmd := exec.Command(e.path, e.args...)
	cmd.Stdout, cmd.Stderr = &e.output, &e.output
	cmd.WaitDelay = time.Second
	endWithParent(cmd)
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, <-started
}

// await asks the engine until it answers. There is no event to wait for: none of the engines tells its parent that it is up.
func (e *Engine) await(p *process) error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	probe := time.NewTicker(probeEvery)
	defer probe.Stop()
	for {
		err := e.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("it ended on its own: %w", errors.Join(p.err, err))
		case <-ctx.Done():
			return fmt.Errorf("no answer in %s: %w", startLimit, err)
		case <-probe.C:
		}
	}
}

// end signals the process and waits for it; what does not heed the signal in time is killed and reported.
func (e *Engine) end(sig os.Signal) error {
	p := e.proc
	if p == nil {
		return nil
	}
	e.proc = nil
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	limit := time.NewTimer(stopLimit)
	defer limit.Stop()
	select {
	case <-p.done:
		return nil
	case <-limit.C:
		_ = p.cmd.Process.Kill()
		<-p.done
		return fmt.Errorf("it did not heed %v in %s and was killed", sig, stopLimit)
	}
}

// accepts is the readiness of an engine without a health page: its port takes connections.
func accepts(address string) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	}
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailSize = 64 << 10

func (o *tail) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, p...)
	if over := len(o.text) - tailSize; over > 0 {
		o.text = append(o.text[:0], o.text[over:]...)
	}
	return len(p), nil
}

func (o *tail) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.ToValidUTF8(string(o.text), "\uFFFD")
}
