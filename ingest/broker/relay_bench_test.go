package broker_test

import (
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/access"
	"github.com/gerbang-iot/gerbang/ingest/broker"
)

// BenchmarkRelay measures what a subscriber to everything costs: one connection publishes with a window of 1,000 messages of
// 150 bytes, another gets them with QoS 0. Reported are the user CPU of the whole process per message, the subscriber's and
// the publisher's own work included, and the share of the messages that the subscriber got.
func BenchmarkRelay(b *testing.B) {
	intake := make(queue, 4096)
	var consumer sync.WaitGroup
	consumer.Go(intake.run)
	br := start(b, broker.Options{Credentials: []access.Credential{
		{Name: "bridge", Password: "p", Role: access.Bridge},
		{Name: "reader", Password: "p", Role: access.Reader, Read: []string{"#"}},
	}}, intake)
	b.Cleanup(func() { close(intake); consumer.Wait() })
	p := open(b, br, login{id: "p", user: "bridge", password: "p"})
	r := open(b, br, login{id: "r", user: "reader", password: "p"})
	_, _ = p.SetDeadline(time.Time{}), r.SetDeadline(time.Time{})
	r.send(0x82, append(append([]byte{0, 1}, text("#")...), 0))
	if kind, body := r.receive(); kind != 0x90 || body[2] != 0 {
		b.Fatalf("got packet %#x %v, want SUBACK", kind, body)
	}
	var got atomic.Int64
	var reading sync.WaitGroup
	reading.Go(func() {
		buf := make([]byte, 64<<10)
		for {
			n, err := r.r.Read(buf)
			got.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	one := func(n int) int64 { // bytes that n messages are
		before := got.Load()
		pump(b, p, n, 1000)
		for last := int64(-1); got.Load() != last; {
			last = got.Load()
			time.Sleep(50 * time.Millisecond)
		}
		return got.Load() - before
	}
	each := one(1)
	b.ReportAllocs()
	b.ResetTimer()
	cpu := userTime()
	bytes := one(b.N)
	b.StopTimer()
	b.ReportMetric(float64(userTime()-cpu)/float64(b.N), "user-ns/msg")
	b.ReportMetric(float64(bytes)/float64(int64(b.N)*each), "share")
	_ = r.Close()
	reading.Wait()
}

// userTime is the user CPU of the process in nanoseconds.
func userTime() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano()
}
