package influx

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func metricOf(w *Writer, c class) float64 { return testutil.ToFloat64(w.metrics.requests[c]) }

func TestMetrics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal, server := &memoryJournal{}, &fakeServer{}
		server.answer = func(n int, _ []string) reply {
			switch n {
			case 1:
				return reply{status: 503}
			case 2:
				return reply{}
			}
			return reply{status: 401}
		}
		journal.add(flows(0, 4)...)
		o := options(journal, server)
		registry := prometheus.NewPedanticRegistry()
		o.Registerer = registry
		w, _ := start(t, o)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		for range 3 {
			r := flow(epoch, 1, 1)
			r.Received += 1e9
			w.Committed(journal.add(r))
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		want := `
# HELP gerbang_influx_bytes_sent_total Bytes of line protocol in requests that were stored, before compression.
# TYPE gerbang_influx_bytes_sent_total counter
gerbang_influx_bytes_sent_total 456
# HELP gerbang_influx_lag_records Journal records that are not yet in InfluxDB.
# TYPE gerbang_influx_lag_records gauge
gerbang_influx_lag_records 3
# HELP gerbang_influx_points_rejected_total Points, or single fields of points, that InfluxDB refused for good; they are kept, listed, and can be sent again.
# TYPE gerbang_influx_points_rejected_total counter
gerbang_influx_points_rejected_total 0
# HELP gerbang_influx_points_written_total Points that InfluxDB confirmed as stored.
# TYPE gerbang_influx_points_written_total counter
gerbang_influx_points_written_total 4
# HELP gerbang_influx_requests_total Write requests by what they came to; all but written are sent again, whole or in parts.
# TYPE gerbang_influx_requests_total counter
gerbang_influx_requests_total{result="auth"} 1
gerbang_influx_requests_total{result="busy"} 1
gerbang_influx_requests_total{result="invalid"} 0
gerbang_influx_requests_total{result="limit"} 0
gerbang_influx_requests_total{result="missing"} 0
gerbang_influx_requests_total{result="server_error"} 0
gerbang_influx_requests_total{result="timeout"} 0
gerbang_influx_requests_total{result="too_large"} 0
gerbang_influx_requests_total{result="unexpected"} 0
gerbang_influx_requests_total{result="unreachable"} 0
gerbang_influx_requests_total{result="certificate"} 0
gerbang_influx_requests_total{result="written"} 1
`
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "gerbang_influx_bytes_sent_total", "gerbang_influx_lag_records",
			"gerbang_influx_points_rejected_total", "gerbang_influx_points_written_total", "gerbang_influx_requests_total"); err != nil {
			t.Error(err)
		}
	})
}
