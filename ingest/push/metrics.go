package push

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct{ answers map[int]prometheus.Counter }

func newMetrics(r prometheus.Registerer, h *Handler) *metrics {
	m := &metrics{answers: map[int]prometheus.Counter{}}
	all := []prometheus.Collector{prometheus.NewGaugeFunc(
		prometheus.GaugeOpts{Name: "gerbang_push_waiting_messages", Help: "Requests that wait for their commit."},
		func() float64 { return float64(len(h.waiting)) }), h.callers}
	for _, status := range []int{
		http.StatusNoContent, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusRequestTimeout,
		http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusTooManyRequests, http.StatusServiceUnavailable,
	} {
		m.answers[status] = prometheus.NewCounter(prometheus.CounterOpts{
			Name: "gerbang_push_requests_total", Help: "Requests by status; 204 is a message on disk.",
			ConstLabels: prometheus.Labels{"code": strconv.Itoa(status)},
		})
		all = append(all, m.answers[status])
	}
	if r != nil {
		r.MustRegister(all...)
	}
	return m
}

func (m *metrics) answered(status int) { m.answers[status].Inc() }
