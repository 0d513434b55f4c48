//go:build linux

package web

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
)

// viewersEnv tells the benchmark's second process whom to watch.
const viewersEnv = "GERBANG_TEST_VIEWERS"

// TestViewers is the second process of BenchmarkViewers: it opens live pages and reads what comes, until its input ends.
func TestViewers(t *testing.T) {
	words := strings.Fields(os.Getenv(viewersEnv))
	if len(words) < 3 {
		t.Skip("it is a part of BenchmarkViewers")
	}
	addr, paths := words[0], words[2:]
	n, err := strconv.Atoi(words[1])
	if err != nil {
		t.Fatal(err)
	}
	var read atomic.Int64
	var greeted sync.WaitGroup
	for i := range n {
		greeted.Add(1)
		go func() {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Error(err)
				greeted.Done()
				return
			}
			fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\n\r\n", paths[i%len(paths)], addr)
			buf := make([]byte, 32<<10)
			for first := true; ; first = false {
				k, err := c.Read(buf)
				read.Add(int64(k))
				if first {
					greeted.Done()
				}
				if err != nil {
					return
				}
			}
		}()
		time.Sleep(200 * time.Microsecond)
	}
	greeted.Wait()
	fmt.Println("watching")
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		fmt.Println("read", read.Load())
	}
	os.Exit(0) // all connections at once, as when a network goes
}

// BenchmarkViewers has 2,000 people watch 1,000 sites: half of them the overview, half the pages of ten sites, one of which has a floor plan. Ten
// sites change a second. Bar: at most one core and 1 GB, and the memory given back when they leave.
func BenchmarkViewers(b *testing.B) {
	const viewers = 2000
	f := inProvinces(manyMalls(1000), 38)
	r := start(b, f, func(o *Options) { o.Plans = somePlans{"mpp-gresik": drawnMall(b)} })
	paths := []string{}
	for i := range 10 {
		paths = append(paths, "/live/overview?lang=id", fmt.Sprintf("/live/site/mpp-%04d?lang=id", 10*i))
	}
	paths[1] = "/live/site/mpp-gresik?lang=id"
	size := func() (mb float64) {
		runtime.GC()
		debug.FreeOSMemory()
		text, _ := os.ReadFile("/proc/self/status")
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
				kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
				return kb / 1024
			}
		}
		return 0
	}
	before := size()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestViewers$")
	cmd.Env = append(os.Environ(), viewersEnv+"="+strings.Join(append([]string{r.Addr(), strconv.Itoa(viewers)}, paths...), " "))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	out := bufio.NewScanner(stdout)
	say := func(prefix string) string {
		for out.Scan() {
			if rest, ok := strings.CutPrefix(out.Text(), prefix); ok {
				return strings.TrimSpace(rest)
			}
		}
		b.Fatal("the viewers are gone")
		return ""
	}
	say("watching")
	bytesRead := func() float64 {
		_, _ = io.WriteString(stdin, "\n")
		n, _ := strconv.ParseFloat(say("read"), 64)
		return n
	}
	for b.Loop() {
		begin, cpu, got := time.Now(), cpuSeconds(), bytesRead()
		for i := range 20 {
			for k := range 10 {
				f.change(fmt.Sprintf("mpp-%04d", 10*k), func(v *rules.View) { v.Persons = estimate(float64(i+k), 1) })
			}
			f.change("mpp-gresik", func(v *rules.View) { v.Zones[0].Persons = estimate(float64(40+i), 2) })
			time.Sleep(time.Second / 2)
		}
		took := time.Since(begin).Seconds()
		b.ReportMetric((cpuSeconds()-cpu)/took, "cores")
		b.ReportMetric((bytesRead()-got)/took/viewers/1024, "kB/s/viewer")
	}
	b.ReportMetric(size()-before, "MB-more")
	_ = stdin.Close()
	_ = cmd.Wait()
	deadline := time.Now().Add(20 * time.Second)
	for r.hub.watching() > 0 && time.Now().Before(deadline) {
		time.Sleep(100 * time.Millisecond)
	}
	b.ReportMetric(size()-before, "MB-left")
	b.ReportMetric(float64(r.hub.watching()), "viewers-left")
	b.ReportMetric(0, "ns/op")
}

func cpuSeconds() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

// watching is how many watch.
func (h *hub) watching() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.watchers
}
