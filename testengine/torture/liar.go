package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"
)

// liar answers in InfluxDB's place. Honest, it keeps points as InfluxDB does: one of each series and time.
type liar struct {
	*httptest.Server

	mu     sync.Mutex
	lie    *lie // nil: honest
	told   int  // lies
	points map[string]string
}

// lie is an answer to a write that must not be taken for InfluxDB's word about the points.
type lie struct {
	name string
	tell func(l *liar, w http.ResponseWriter, lines []string)
}

var lies = []lie{
	{"a firewall's 403 page", page(http.StatusForbidden, "<html><h1>Request blocked</h1></html>")},
	{"a 204 that nobody signed", func(_ *liar, w http.ResponseWriter, _ []string) { w.WriteHeader(http.StatusNoContent) }},
	{"a proxy's 413 page", page(http.StatusRequestEntityTooLarge, "<html><h1>413 Request Entity Too Large</h1></html>")},
	{"engine is closed", genuine(http.StatusInternalServerError, `{"code":"internal error","message":"unexpected error writing points to database: engine is closed"}`)},
	{"too many series", func(_ *liar, w http.ResponseWriter, lines []string) {
		genuine(http.StatusBadRequest, fmt.Sprintf(`{"error":"partial write: max-series-per-database limit exceeded: (1000000) dropped=%d"}`, len(lines)))(nil, w, nil)
	}},
	{"a login page", page(http.StatusOK, "<html><form>Login</form></html>")},
	{"a proxy's 400 page", page(http.StatusBadRequest, "<html><h1>400 Bad Request</h1></html>")},
	{"an API's 422", func(_ *liar, w http.ResponseWriter, _ []string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, `{"error":"validation failed"}`)
	}},
	{"a way to another page", func(_ *liar, w http.ResponseWriter, _ []string) {
		w.Header().Set("Location", "/login")
		w.WriteHeader(http.StatusFound)
	}},
	{"stored, and the answer is lost", func(l *liar, _ http.ResponseWriter, lines []string) {
		l.store(lines)
		panic(http.ErrAbortHandler)
	}},
	{"half stored, and no answer", func(l *liar, _ http.ResponseWriter, lines []string) {
		l.store(lines[:len(lines)/2])
		time.Sleep(1200 * time.Millisecond)
		panic(http.ErrAbortHandler)
	}},
	{"busy", func(_ *liar, w http.ResponseWriter, _ []string) {
		w.Header().Set("Retry-After", "1")
		genuine(http.StatusServiceUnavailable, `{"code":"unavailable","message":"busy"}`)(nil, w, nil)
	}},
}

// page is what something in front of InfluxDB shows.
func page(status int, text string) func(*liar, http.ResponseWriter, []string) {
	return func(_ *liar, w http.ResponseWriter, _ []string) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

// genuine is an answer with InfluxDB's own headers.
func genuine(status int, text string) func(*liar, http.ResponseWriter, []string) {
	return func(_ *liar, w http.ResponseWriter, _ []string) {
		h := w.Header()
		h.Set("Content-Type", "application/json; charset=utf-8")
		h.Set("X-Influxdb-Version", "v2.7.12")
		h.Set("X-Influxdb-Build", "OSS")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

func newLiar() *liar {
	l := &liar{points: map[string]string{}}
	l.Server = httptest.NewServer(l)
	return l
}

// ServeHTTP implements http.Handler.
func (l *liar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if !strings.HasSuffix(r.URL.Path, "/write") {
		genuine(http.StatusOK, `{"name":"influxdb","status":"pass"}`)(l, w, nil)
		return
	}
	lines := strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")
	l.mu.Lock()
	told := l.lie
	if told != nil {
		l.told++
	}
	l.mu.Unlock()
	if told != nil {
		told.tell(l, w, lines)
		return
	}
	for _, line := range lines {
		if !strings.Contains(line, " ") { // it has no field
			genuine(http.StatusBadRequest, fmt.Sprintf(`{"code":"invalid","message":%q}`, "unable to parse '"+line+"': missing fields"))(l, w, nil)
			return
		}
	}
	l.store(lines)
	genuine(http.StatusNoContent, "")(l, w, nil)
}

// is changes what it tells; nil: the truth.
func (l *liar) is(told *lie) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lie = told
}

func (l *liar) store(lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range lines {
		series, rest, _ := strings.Cut(line, " ") // names of the fleet have no blanks
		fields, at, _ := strings.Cut(rest, " ")
		l.points[series+" "+at] = fields
	}
}

// moment is where points of one device and millisecond lie.
type moment struct {
	measurement, device string
	ms                  int64
}

// moments counts the points that it keeps.
func (l *liar) moments() map[moment]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := map[moment]int{}
	for key := range l.points {
		series, at, _ := strings.Cut(key, " ")
		tags := strings.Split(series, ",")
		ns, err := strconv.ParseInt(at, 10, 64)
		if err != nil {
			continue
		}
		m := moment{measurement: tags[0], ms: ns / 1e6}
		for _, tag := range tags[1:] {
			if device, ok := strings.CutPrefix(tag, "device="); ok {
				m.device = device
			}
		}
		all[m]++
	}
	return all
}
