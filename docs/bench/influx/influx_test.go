package influx

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// server answers everything the same way and keeps the last request's query, form and body.
func server(t *testing.T, status int, answer string) (db *DB, asked func() string) {
	t.Helper()
	var last string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		last = r.URL.Path + " " + r.FormValue("q") + r.FormValue("bucket") + r.FormValue("precision") + " " + string(body)
		w.WriteHeader(status)
		w.Write([]byte(answer))
	}))
	t.Cleanup(s.Close)
	return Open(s.URL, "d"), func() string { return last }
}

func TestCount(t *testing.T) {
	for _, test := range []struct {
		name, answer string
		status       int
		want         int64
		err          string
	}{
		{name: "points", status: 200, answer: `{"results":[{"statement_id":0,"series":[{"name":"m","columns":["time","count"],"values":[[5,9007199254740993]]}]}]}`, want: 9007199254740993},
		{name: "nothing yet", status: 200, answer: `{"results":[{"statement_id":0}]}`},
		{name: "an error in the answer", status: 200, answer: `{"results":[{"error":"database not found: d"}]}`, err: "database not found: d"},
		{name: "an error of the server", status: 503, answer: "busy", err: "503 Service Unavailable: busy"},
		{name: "no answer", status: 200, answer: `{}`, err: "has no result"},
		{name: "no JSON", status: 200, answer: "hello", err: "reading the answer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			db, asked := server(t, test.status, test.answer)
			got, err := db.Count(t.Context(), Series{Measurement: "m", Field: "f", From: 5, To: 9})
			if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("got %d, %v, want %d, %q", got, err, test.want, test.err)
			}
			if want := `/query SELECT COUNT("f") FROM "m" WHERE time >= 5ms AND time < 9ms `; asked() != want {
				t.Errorf("asked %q, want %q", asked(), want)
			}
		})
	}
}

func TestWrite(t *testing.T) {
	db, asked := server(t, 204, "")
	if err := db.Write(t.Context(), []byte("m f=1i 5\n")); err != nil {
		t.Fatal(err)
	}
	if want := "/api/v2/write dms m f=1i 5\n"; asked() != want {
		t.Errorf("asked %q, want %q", asked(), want)
	}
	db, _ = server(t, 400, `{"error":"partial write"}`)
	if err := db.Write(t.Context(), []byte("m")); err == nil || !strings.Contains(err.Error(), "partial write") {
		t.Errorf("got %v, want what the server said", err)
	}
}
