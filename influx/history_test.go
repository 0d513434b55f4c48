package influx

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

func TestQuoting(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, influxQL, flux string }{
		{"air-1", `'air-1'`, `"air-1"`},
		{`it's`, `'it\'s'`, `"it's"`},
		{`a\`, `'a\\'`, `"a\\"`},
		{`say "x"`, `'say "x"'`, `"say \"x\""`},
		{`${1+1}`, `'${1+1}'`, `"\${1+1}"`},
		{`\${1}`, `'\\${1}'`, `"\\\${1}"`},
		{`\'`, `'\\\''`, `"\\'"`},
		{"$device", `'$device'`, `"$device"`},
		{"", `''`, `""`},
	} {
		if got, err := influxQLString(tt.in); got != tt.influxQL || err != nil {
			t.Errorf("InfluxQL %q: got %s, %v, want %s", tt.in, got, err, tt.influxQL)
		}
		if got, err := fluxString(tt.in); got != tt.flux || err != nil {
			t.Errorf("Flux %q: got %s, %v, want %s", tt.in, got, err, tt.flux)
		}
	}
	for _, bad := range []string{"a\nb", "a\x00", "a\u0085", "\xff", strings.Repeat("x", maxQuoted+1)} {
		if got, err := influxQLString(bad); err == nil {
			t.Errorf("InfluxQL %q: got %s, want an error", bad, got)
		}
		if got, err := fluxString(bad); err == nil {
			t.Errorf("Flux %q: got %s, want an error", bad, got)
		}
	}
	if got, want := identifier(`a"b\`), `"a\"b\\"`; got != want {
		t.Errorf("identifier: got %s, want %s", got, want)
	}
}

// FuzzQuoting reads the literals back by the rules of their languages: one literal, up to the end, with the same text.
func FuzzQuoting(f *testing.F) {
	for _, s := range []string{"air-1", `a\`, `'`, `"`, `${x}`, `\${`, `$\{`, `\'`, `\\"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, quote := range map[string]func(string) (string, error){"'": influxQLString, `"`: fluxString} {
			literal, err := quote(s)
			if err != nil {
				continue
			}
			got, rest := unquote(t, literal, name[0])
			if got != s || rest != "" {
				t.Errorf("%q as %s: got %q back and %q behind it", s, literal, got, rest)
			}
		}
	})
}

// unquote reads one literal that begins and ends with q.
func unquote(t *testing.T, literal string, q byte) (text, rest string) {
	var b strings.Builder
	for i := 1; i < len(literal); i++ {
		switch c := literal[i]; {
		case c == q:
			return b.String(), literal[i+1:]
		case c == '\\':
			i++
			b.WriteByte(literal[i])
		case c == '$' && q == '"' && strings.HasPrefix(literal[i:], "${"):
			t.Errorf("%s holds an expression", literal)
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	t.Errorf("%s does not end", literal)
	return b.String(), ""
}

func TestQueriesAreChecked(t *testing.T) {
	t.Parallel()
	reader, err := NewReader(Server{URL: "http://127.0.0.1:1", Bucket: "b"})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	good := Query{Site: "s", Device: "d", Quantity: telemetry.CO2, From: 1, To: 2}
	for _, tt := range []struct {
		change func(*Query)
		want   string
	}{
		{func(q *Query) { q.Quantity = 0 }, "quantity"},
		{func(q *Query) { q.Quantity = 200 }, "quantity"},
		{func(q *Query) { q.Site = "" }, "site and a device"},
		{func(q *Query) { q.To = 1 }, "period"},
		{func(q *Query) { q.Limit = MaxLimit + 1 }, "limit"},
		{func(q *Query) { q.Device = "a\nb" }, "control"},
		{func(*Query) {}, "connection refused"},
	} {
		q := good
		tt.change(&q)
		if points, err := reader.Readings(t.Context(), q); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: got %v, %v, want an error about %s", q, points, err, tt.want)
		}
	}
}

// Finding B12: a refusal is told from no answer, and keeps InfluxDB's words.
func TestB12_ARefusedQueryIsARefusal(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]bool{http.StatusForbidden: true, http.StatusUnauthorized: true, http.StatusServiceUnavailable: false} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Influxdb-Version", "1.8.10")
			w.WriteHeader(code)
			_, _ = w.Write([]byte("Flux query service disabled."))
		}))
		for _, s := range []Server{{URL: server.URL, Bucket: "d"}, {URL: server.URL, Org: "o", Bucket: "b", Token: NewSecret("geheim")}} {
			reader, err := NewReader(s)
			if err != nil {
				t.Fatal(err)
			}
			_, err = reader.Readings(t.Context(), Query{Site: "s", Device: "d", Quantity: telemetry.CO2, From: 1, To: 2})
			no, is := errors.AsType[*Refusal](err)
			if is != want || is && no.Words != "Flux query service disabled." {
				t.Errorf("%d of %+v: got %v, want a refusal: %v", code, s, err, want)
			}
			reader.Close()
		}
		server.Close()
	}
}

func TestStrangeAnswersToQueriesAreErrors(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"login page": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "text/html") },
		"error": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"results":[{"error":"too many points"}]}`))
		},
		"outer": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"error":"gone"}`)) },
		"columns": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"results":[{"series":[{"values":[[1]]}]}]}`))
		},
		"text": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"results":[{"series":[{"values":[[1,"x",null,null,null]]}]}]}`))
		},
		"not JSON":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`time,value`)) },
		"no content": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
	} {
		server := httptest.NewServer(answer)
		reader, err := NewReader(Server{URL: server.URL, Bucket: "b", Token: NewSecret("x")})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if points, err := reader.Readings(ctx, Query{Site: "s", Device: "d", Quantity: telemetry.CO2, From: 1, To: 2}); err == nil {
			t.Errorf("%s: got %v, want an error", name, points)
		}
		cancel()
		reader.Close()
		server.Close()
	}
}
