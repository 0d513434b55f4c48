package meter

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestCPUOfAProcessWithAnUglyName(t *testing.T) {
	const stat = "42 (a) b (c)) S 1 42 42 0 -1 4194304 100 0 0 0 1234 66 0 0 20 0 1 0 5 6 7"
	if got, err := cpuOf(stat); err != nil || got != 13 {
		t.Errorf("got %g, %v, want 13 seconds", got, err)
	}
	if _, err := cpuOf("42 (x) S 1"); err == nil {
		t.Error("a line that ends early is no error")
	}
}

func TestPeakOf(t *testing.T) {
	if got, err := peakOf("Name:\tx\nVmPeak:\t  999999 kB\nVmHWM:\t    2048 kB\nVmRSS:\t1 kB\n"); err != nil || got != 2 {
		t.Errorf("got %g, %v, want 2 MiB", got, err)
	}
	if _, err := peakOf("Name:\tx\n"); err == nil {
		t.Error("no peak is no error")
	}
}

func TestFileSystemOf(t *testing.T) {
	const mounts = "none / overlay rw 0 0\n/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/vdb /tmp/disk xfs rw 0 0\nbroken\n"
	for dir, want := range map[string]string{"/": "ext4", "/home/a": "ext4", "/tmp": "tmpfs", "/tmp/a": "tmpfs", "/tmp/disk/b": "xfs", "/tmpfile": "ext4"} {
		if got := fileSystemOf(mounts, dir); got != want {
			t.Errorf("%s: got %s, want %s", dir, got, want)
		}
	}
}

func TestThisProcessIsMetered(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	m, err := Begin(map[string]int{"self": os.Getpid()})
	if err != nil {
		t.Skipf("the kernel does not let its peak be reset: %v", err)
	}
	block := make([]byte, 32<<20)
	for begun := time.Now(); time.Since(begun) < 100*time.Millisecond; {
		for i := range block {
			block[i]++
		}
	}
	costs, err := m.Costs()
	if err != nil {
		t.Fatal(err)
	}
	if c := costs["self"]; c.CPUSeconds < .02 || c.PeakMB < 32 {
		t.Errorf("got %+v, want some processor time and at least 32 MiB", c)
	}
	runtime.KeepAlive(block)
}

func TestAProcessThatIsGoneIsAnError(t *testing.T) {
	if _, err := Begin(map[string]int{"gone": 1 << 30}); err == nil || !strings.Contains(err.Error(), "process 1073741824") {
		t.Errorf("got %v, want an error that names the process", err)
	}
}
