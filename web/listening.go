package web

import (
	"net/http"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
)

// Ear holds messages that are not understood, as they came, while a person listens: in memory, for a few minutes.
type Ear interface {
	// Listen begins, or goes on, and says until when.
	Listen() time.Time
	// Stop ends it and forgets what was heard.
	Stop()
	// Heard lists what was heard, the newest first, and until when somebody listens; the zero time: nobody does.
	Heard() ([]Heard, time.Time)
}

// Heard is a message as it came.
type Heard struct {
	At      time.Time
	Topic   string
	Payload []byte // its beginning
	Size    int    // of the whole payload, bytes
	Why     string // it is not understood
}

// listening is the part of a page that shows raw messages; nil: nobody can listen.
type listening struct {
	From string // the page
	May  bool   // who looks may begin and end it
	Left string // for how long they are shown; empty: nobody listens
	Rows []rejectionRow
}

// listening makes the part for the page at a path. What it shows must not be kept by a browser or proxy either.
// Messages that are not understood are of no site: who looks must be allowed to inspect the gateway itself.
func (s *Server) listening(w http.ResponseWriter, r *http.Request, lang *tongue, from string) *listening {
	c := callerOf(r.Context())
	if s.opts.Ear == nil || !c.Everywhere(accounts.Inspect) {
		return nil
	}
	heard, until := s.opts.Ear.Heard()
	l := &listening{From: from, May: c.Everywhere(accounts.Operate)}
	now := s.opts.Now()
	if until.IsZero() {
		if !l.May {
			return nil
		}
		return l
	}
	w.Header().Set("Cache-Control", "no-store")
	l.Left = lang.Span(max(until.Sub(now), time.Second))
	for i := range heard[:min(len(heard), listLimit)] {
		h := &heard[i]
		l.Rows = append(l.Rows, rejectionRow{
			Age: lang.Ago(now.Sub(h.At)), Topic: printable([]byte(h.Topic)), Detail: h.Why, Raw: printable(h.Payload),
			Size: lang.T("unit.bytes", "Count", h.Size), Cut: h.Size > len(h.Payload),
		})
	}
	return l
}

// listen begins or ends listening. Whoever looks at what people's devices send does so by name, in the log.
func (s *Server) beginListening(w http.ResponseWriter, r *http.Request) error {
	return s.listen(w, r, true)
}
func (s *Server) endListening(w http.ResponseWriter, r *http.Request) error {
	return s.listen(w, r, false)
}

func (s *Server) listen(w http.ResponseWriter, r *http.Request, begin bool) error {
	if s.opts.Ear == nil {
		return errNoPage
	}
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	by := s.access.author(r)
	if begin {
		until := s.opts.Ear.Listen()
		s.opts.Log.Warn("raw messages that are not understood are shown", "by", by, "until", until.UTC().Format(time.RFC3339))
	} else {
		s.opts.Ear.Stop()
		s.opts.Log.Info("raw messages are no longer shown", "by", by)
	}
	to := "/rejections"
	if r.PostForm.Get("from") == "/devices" {
		to = "/devices"
	}
	http.Redirect(w, r, to+"#listening", http.StatusSeeOther)
	return nil
}
