package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// child is a gateway as a process of its own.
type child struct {
	cmd    *exec.Cmd
	log    string // its file
	from   int64  // where in the log this process began
	web    string
	exited chan struct{}
}

// startChild runs a program whose output is added to a file.
func startChild(web, log string, env []string, program string, args ...string) (*child, error) {
	f, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // the process has its own
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.Command(program, args...), log: log, from: info.Size(), web: web, exited: make(chan struct{})}
	c.cmd.Stdout, c.cmd.Stderr = f, f
	c.cmd.Env = append(append(os.Environ(), "TZ=UTC"), env...)
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = c.cmd.Wait() // ProcessState says how it ended
		close(c.exited)
	}()
	return c, nil
}

// kill ends it without warning.
func (c *child) kill() {
	_ = c.cmd.Process.Kill() // it may have ended
	<-c.exited
}

// stop ends it as a service manager would, and wants it to end well.
func (c *child) stop() error {
	_ = c.cmd.Process.Signal(syscall.SIGINT)
	select {
	case <-c.exited:
	case <-time.After(60 * time.Second):
		c.kill()
		return errors.New("it does not stop within 60 s")
	}
	if code := c.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("it ends with exit code %d after an interrupt", code)
	}
	return nil
}

// ended tells whether it has ended by itself.
func (c *child) ended() bool {
	select {
	case <-c.exited:
		return true
	default:
		return false
	}
}

// said is what it has logged so far.
func (c *child) said() string {
	f, err := os.Open(c.log)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	if _, err := f.Seek(c.from, io.SeekStart); err != nil {
		return ""
	}
	text, _ := io.ReadAll(f)
	return string(text)
}

// says waits until the log holds one of the words.
func (c *child) says(patience time.Duration, words ...string) error {
	return c.until(patience, fmt.Sprintf("log says %q", words), func() bool {
		text := c.said()
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	})
}

// until waits for something that the process does.
func (c *child) until(patience time.Duration, what string, is func() bool) error {
	for deadline := time.Now().Add(patience); !is(); time.Sleep(10 * time.Millisecond) {
		if c.ended() {
			return fmt.Errorf("it ended with %v before its %s", c.cmd.ProcessState, what)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("in %s its %s not", patience, what)
		}
	}
	return nil
}

// ready waits until it takes messages.
func (c *child) ready() error {
	return c.until(60*time.Second, "/readyz says that it is ready", func() bool { return c.status("/readyz") == http.StatusOK })
}

// status is that of a page; 0: no answer.
func (c *child) status(path string) int {
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get("http://" + c.web + path)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// metric is a value of /metrics; false where it is not there.
func (c *child) metric(name string) (string, bool) {
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get("http://" + c.web + "/metrics")
	if err != nil {
		return "", false
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", false
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			return value, true
		}
	}
	return "", false
}
