package gateway

import (
	"testing"
	"time"
)

// What is about no site shows in no view, so nothing waits to be shown because of it: the loop sleeps.
func TestWhatIsOfNoSiteKeepsNoLoopAwake(t *testing.T) {
	b := newBench(t, newMemory(), "mall")
	live := NewLive()
	live.recovered(b.Gateway, begin)
	live.publish(b.Gateway, begin)
	b.send("gerbang/v1/nowhere/count", counted(1, 1, 0), begin.Add(time.Second))
	batch := b.commit(begin.Add(time.Second))
	if len(batch.Records) == 0 || batch.Records[0].Site == "mall" {
		t.Fatalf("records: %+v, want one of another site", batch.Records)
	}
	live.committed(batch, b.Gateway)
	live.publish(b.Gateway, begin.Add(time.Second))
	if live.pending() {
		t.Errorf("sites %v wait to be shown", live.dirty)
	}
}
