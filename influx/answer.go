package influx

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// class is what an attempt to write came to. It decides what happens next, and is a metric label.
type class string

const (
	written     class = "written"      // 204: stored
	unreachable class = "unreachable"  // no connection, or it broke: try again
	timedOut    class = "timeout"      // no answer in time; it may be stored: try again
	busy        class = "busy"         // 429, 503: try again, when the server says so
	failing     class = "server_error" // other 5xx: try again
	unexpected  class = "unexpected"   // not proven to be an answer of InfluxDB (a login page, a proxy, a bare 204): try again
	limited     class = "limit"        // InfluxDB takes no new series or tag values: keep, raise an alarm
	certificate class = "certificate"  // the server could not prove who it is: keep, raise an alarm
	forbidden   class = "auth"         // 401, 403: keep, raise an alarm, try once a minute
	absent      class = "missing"      // 404: no such bucket or database: likewise
	tooLarge    class = "too_large"    // 413: send in halves; a single line waits
	invalid     class = "invalid"      // 400, 422 of InfluxDB: some of it may never be accepted: find out what
)

// classes lists all of them.
func classes() []class {
	return []class{written, unreachable, timedOut, busy, failing, unexpected, limited, certificate, forbidden, absent, tooLarge, invalid}
}

// answer is what came back instead of a success.
type answer struct {
	status     int
	text       string        // what the server said, safe to show
	whole      string        // the same as it came, for the refusals in it; not to be shown
	retryAfter time.Duration // 0: not said
	influx     bool          // it has the form of InfluxDB's answers: no page, and no JSON of something in between
	named      bool          // it carries InfluxDB's own headers
	bare       bool          // a success that nobody signed
}

// Error is the status and what the server said.
func (a *answer) Error() string {
	return fmt.Sprintf("HTTP %d %s: %s", a.status, http.StatusText(a.status), a.text)
}

// classify finds the class of an attempt's error.
func classify(err error) class {
	if err == nil {
		return written
	}
	if a, ok := errors.AsType[*answer](err); ok {
		return a.class()
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return certificate
	}
	if n, ok := errors.AsType[net.Error](err); ok && n.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return timedOut
	}
	return unreachable
}

func (a *answer) class() class {
	switch {
	case a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable:
		return busy
	case a.status == http.StatusRequestEntityTooLarge:
		return tooLarge
	// InfluxDB 1.8 answers 500 for a retention policy that does not exist.
	case a.status == http.StatusInternalServerError && a.influx && strings.Contains(a.text, "retention policy not found"):
		return absent
	case a.status >= 500:
		return failing
	case !a.influx && !a.named:
		return unexpected
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		return forbidden
	case a.status == http.StatusNotFound:
		return absent
	case a.influx && (a.status == http.StatusBadRequest || a.status == http.StatusUnprocessableEntity):
		return a.complaint()
	}
	return unexpected
}

// complaint tells what of InfluxDB's complaints about a write is about the state of the server, which passes, from what may be
// about the points.
func (a *answer) complaint() class {
	for _, w := range [...]struct {
		words string
		class class
	}{
		{"max-series", limited}, {"max-values-per-tag", limited}, {"limit exceeded", limited},
		{"engine is closed", failing}, {"pending deletion", failing}, {"hinted handoff", failing}, {"is disabled", failing},
		{"read-only", failing}, {"no space left", failing}, {"timeout", failing},
	} {
		// Where points are named in the answer, their own text may hold any of the words.
		if before, _, _ := strings.Cut(a.whole, quotes); strings.Contains(before, w.words) {
			return w.class
		}
	}
	return invalid
}

// newAnswer reads an unsuccessful response; body is its beginning.
func newAnswer(resp *http.Response, body []byte, secret Secret, now time.Time) *answer {
	a := &answer{status: resp.StatusCode, retryAfter: retryAfter(resp.Header.Get("Retry-After"), now), named: fromInflux(resp.Header)}
	var said struct {
		Code    string `json:"code"`    // 2.x, 3.x
		Message string `json:"message"` // 2.x
		Error   string `json:"error"`   // 1.8, 3.x
	}
	a.whole = string(body)
	if json.Unmarshal(body, &said) == nil && (said.Error != "" || said.Code != "" && said.Message != "") {
		a.influx = true
		a.whole = strings.TrimSpace(said.Error + " " + said.Message)
	}
	text := a.whole
	if text == "" {
		text = resp.Header.Get("X-Influxdb-Error")
	}
	a.text = safeText(text, secret)
	return a
}

// fromInflux reports whether the headers are those of an InfluxDB server.
func fromInflux(h http.Header) bool {
	return h.Get("X-Influxdb-Version") != "" || h.Get("X-Influxdb-Build") != "" || h.Get("X-Platform-Error-Code") != ""
}

// maxRetryAfter bounds how long a server can ask us to stay away.
const maxRetryAfter = 15 * time.Minute

// retryAfter reads both forms of the header: seconds, and a date.
func retryAfter(value string, now time.Time) time.Duration {
	if value == "" {
		return 0
	}
	var d time.Duration
	if seconds, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64); err == nil {
		d = time.Duration(min(seconds, int64(maxRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		d = at.Sub(now)
	}
	return max(0, min(d, maxRetryAfter))
}

// maxText bounds a server's text in errors, faults and rejections, in bytes.
const maxText = 512

// safeText makes a server's text fit to be shown: one line, bounded, valid UTF-8, without the secret.
func safeText(text string, secret Secret) string {
	text = secret.scrub(text)
	if len(text) > maxText {
		text = text[:maxText]
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < ' ' || r == ' ' || r == 0x7f }), " ")
}
