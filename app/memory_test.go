package app

import (
	"context"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// Finding L11: what a crowd of viewers took comes back to the system soon after they have gone, although nothing happens then.
func TestL11_MemoryComesBack(t *testing.T) {
	const each, viewers = 100 << 10, 2000
	held := func() int64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapSys - m.HeapReleased)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- giveBack(20 * time.Millisecond)(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	debug.FreeOSMemory()
	before := held()
	leave := make(chan struct{})
	for range viewers {
		go func() {
			page := make([]byte, each)
			for i := range page {
				page[i] = 1
			}
			<-leave
			runtime.KeepAlive(page)
		}()
	}
	during := held()
	for began := time.Now(); during-before < each*viewers/2 && time.Since(began) < 20*time.Second; during = held() {
		time.Sleep(20 * time.Millisecond)
	}
	if during-before < each*viewers/2 {
		t.Fatalf("the crowd took %d MB, want about %d", (during-before)>>20, each*viewers>>20)
	}
	close(leave)
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		if held()-before < each*viewers/5 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("%d of %d MB are still held", (held()-before)>>20, (during-before)>>20)
}
