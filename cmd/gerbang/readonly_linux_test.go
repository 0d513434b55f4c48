package main

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/testengine"
)

// Finding L2, a sibling: a gateway starts on a file system that is read-only, acknowledges nothing, says so, and goes on by itself when
// it can be written.
func TestL2_AReadOnlyFileSystemIsSurvived(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"stopped", "killed"} {
		t.Run(how, func(t *testing.T) {
			disk := testengine.SmallDisk(t, "16m")
			remount := func(flags uintptr) {
				t.Helper()
				if err := syscall.Mount("tmpfs", disk.Dir, "tmpfs", syscall.MS_REMOUNT|flags, "size=16m"); err != nil {
					t.Fatal(err)
				}
			}
			r := newRig(t).building()
			r.replace("gerbang.yaml", "data: data", "data: "+filepath.Join(disk.Dir, "data"))
			r.serve()
			c := connect(t, "tcp://"+r.mqtt, "counter", nil)
			r.counted(c, 1)
			c.Disconnect(0)
			if how == "killed" {
				r.p.kill()
			} else {
				r.stop()
			}
			remount(syscall.MS_RDONLY)
			r.starting()
			r.refusing("journal_refuses", "read-only file system", 10*time.Second)
			c = connect(t, "tcp://"+r.mqtt, "counter", nil)
			token := r.unacknowledged(c, 2)
			remount(0)
			if !token.WaitTimeout(20*time.Second) || token.Error() != nil {
				t.Fatalf("the message is not acknowledged although it can be written: %v\n%s", token.Error(), r.p.out)
			}
			r.p.ready(r.web)
			r.resolved("journal_refuses", 5*time.Second)
			c.Disconnect(0)
			r.stop()
			if code, out, errs := run(t, "", "journal", "check", "--data", filepath.Join(disk.Dir, "data")); code != 0 {
				t.Errorf("journal check: code %d\n%s%s", code, out, errs)
			}
		})
	}
}
