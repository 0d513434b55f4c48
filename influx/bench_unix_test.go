//go:build unix

package influx

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// BenchmarkEncode measures one record to one point, with its place and offset.
func BenchmarkEncode(b *testing.B) {
	places := newPlaces(testSite())
	for name, rec := range map[string]telemetry.Record{
		"flow": flow(epoch, 3, 1),
		"air": observed("air-1", telemetry.Reading{Quantity: telemetry.CO2, Value: 812}, telemetry.Reading{Quantity: telemetry.Temperature, Value: 26.4},
			telemetry.Reading{Quantity: telemetry.Humidity, Value: 61.5}),
	} {
		b.Run(name, func(b *testing.B) {
			e := encoder{places: places}
			var lines batch
			b.ReportAllocs()
			for i := range b.N {
				if lines.lines() == 5000 {
					lines.reset(journal.Position{})
				}
				rec.Seq, rec.At = uint64(i+1), epoch+telemetry.Instant(i)*1e6
				e.record(&lines, &rec)
			}
			b.SetBytes(int64(len(lines.text) / lines.lines()))
		})
	}
}

// endless is a Source of b.N records that costs next to nothing.
type endless struct {
	memoryJournal
	n    int
	done chan struct{}
}

func (s *endless) Records(_ context.Context, after uint64, limit int, dst []telemetry.Record) ([]telemetry.Record, error) {
	if len(s.records) == 0 {
		s.records = flows(0, readMax)
	}
	for i := 0; i < limit && int(after) < s.n; i++ {
		after++
		r := s.records[i%readMax]
		r.Seq, r.At = after, epoch+telemetry.Instant(after)*1e6
		dst = append(dst, r)
	}
	return dst, nil
}

func (s *endless) Advance(ctx context.Context, to journal.Position, rejected []journal.Rejected) error {
	if int(to.Record) == s.n {
		close(s.done)
	}
	return s.memoryJournal.Advance(ctx, to, rejected)
}

// BenchmarkWriter measures the way from the journal's records to the answer of a server on loopback that throws them away,
// in another process's place: cpu-ns/op is the processor time of writer and server together.
func BenchmarkWriter(b *testing.B) {
	for _, compression := range []Compression{CompressionOff, CompressionOn} {
		b.Run(string(compression), func(b *testing.B) {
			received := 0
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				n, _ := io.Copy(io.Discard, r.Body)
				received += int(n)
				w.Header().Set("X-Influxdb-Version", "1.8.10")
				w.WriteHeader(http.StatusNoContent)
			}))
			server.Config.ConnState = func(net.Conn, http.ConnState) {}
			server.Start()
			defer server.Close()
			source := &endless{n: b.N, done: make(chan struct{})}
			o := options(&source.memoryJournal, nil)
			o.Source, o.Transport = source, nil
			o.Server.URL, o.Server.Compression = server.URL, compression
			w, err := New(o)
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(b.Context())
			ended := make(chan error, 1)
			b.ReportAllocs()
			b.ResetTimer()
			begin := processorTime()
			go func() { ended <- w.Run(ctx) }()
			<-source.done
			used := processorTime() - begin
			b.StopTimer()
			cancel()
			if err := <-ended; err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(used)/float64(b.N), "cpu-ns/op")
			b.ReportMetric(float64(received)/float64(b.N), "wire-B/op")
		})
	}
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
