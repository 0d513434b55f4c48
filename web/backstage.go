package web

import (
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// statusPage is how the gateway itself is: what waits where, and whether the first promise holds.
type statusPage struct {
	frame
	Ready    chip
	Journal  line
	Broker   line
	Counters []counter
	Balanced bool
	NotWhole bool // the journal is damaged or cannot be written: the sum proves nothing
	Lags     []lagRow
	Services []line
	Alerts   []alertCard
	Version  string
	Started  string
	Records  string
	Size     string
}

type line struct {
	Name, Detail string
	Chip         chip
}

type counter struct {
	Name, Sign string // Sign stands before it in the equation
	Value      string
}

type lagRow struct {
	Name, Waiting, Oldest string
	Waits                 bool
}

func (s *Server) status(w http.ResponseWriter, r *http.Request) error {
	lang := s.tongues.choose(r)
	st := s.opts.Health.Status()
	now := s.opts.Now()
	itself := s.scene(lang, nil)
	itself.may = mayAt(callerOf(r.Context()), "")
	p := statusPage{
		frame: s.frame(r, lang, lang.T("status.title")), Version: st.Version, Balanced: st.Counters.Balanced(),
		Records: lang.Count(st.Journal.Records), Size: lang.Number(float64(st.Journal.Bytes)/(1<<20), 1) + " MiB",
		Alerts: alertCards(itself, s.openAlerts("")),
	}
	if !st.Started.IsZero() {
		p.Started = lang.Ago(now.Sub(st.Started))
	}
	p.Ready = lang.goodBad(st.Ready(), "status.ready", "status.not_ready")
	p.Journal = line{lang.T("status.journal"), st.Journal.Reason, lang.goodBad(st.Journal.Writable, "status.writable", "status.not_writable")}
	p.Broker = line{lang.T("status.broker"), st.Broker.Reason, lang.goodBad(st.Broker.Heard, "status.heard", "status.not_heard")}
	if p.Broker.Detail == "" && !st.Broker.Last.IsZero() {
		p.Broker.Detail = lang.Ago(now.Sub(st.Broker.Last))
	}
	n := st.Counters
	p.Counters = []counter{
		{lang.T("status.received"), "", lang.Count(n.Received)}, {lang.T("status.stored"), "=", lang.Count(n.Stored)},
		{lang.T("status.duplicate"), "+", lang.Count(n.Duplicate)}, {lang.T("status.rejected"), "+", lang.Count(n.Rejected)},
		{lang.T("status.ignored"), "+", lang.Count(n.Ignored)},
	}
	for _, l := range st.Lags {
		row := lagRow{Name: lang.orName("lag.", l.Name), Waiting: lang.Count(l.Waiting), Oldest: "–", Waits: l.Waiting > 0}
		if l.Waiting > 0 && l.Oldest > 0 {
			row.Oldest = lang.Span(l.Oldest)
		}
		p.Lags = append(p.Lags, row)
	}
	p.NotWhole = !st.Journal.Writable
	for _, v := range st.Services {
		c := lang.serviceChip(v.State)
		if v.Name == "journal" {
			// Records refuse nothing: they are whole, damaged, or nothing is known of them while the journal cannot be written.
			switch {
			case v.State == ServiceFailing:
				c.Word, p.NotWhole = lang.T("journal.damaged"), true
			case !st.Journal.Writable:
				c = chip{"unknown", "unknown", lang.T("status.not_writable")}
			}
		}
		p.Services = append(p.Services, line{lang.orName("service.", v.Name), v.Detail, c})
	}
	return s.render(w, http.StatusOK, lang, "status", p)
}

func (t *tongue) goodBad(good bool, yes, no string) chip {
	if good {
		return chip{"within", "within", t.T(yes)}
	}
	return chip{"breached", "breached", t.T(no)}
}

// orName translates a name of a closed set; one that has no words yet is shown as it is.
func (t *tongue) orName(prefix, name string) string {
	if t.Has(prefix + name) {
		return t.T(prefix + name)
	}
	return name
}

func (t *tongue) serviceChip(s ServiceState) chip {
	c := chip{Word: t.orName("state.", string(s))}
	switch s {
	case ServiceOK:
		c.Class, c.Icon = "within", "within"
	case ServiceOff:
		c.Class, c.Icon = "closed", "off"
	case ServiceFailing:
		c.Class, c.Icon = "breached", "breached"
	default:
		c.Class, c.Icon = "unknown", "unknown"
	}
	return c
}

// listLimit bounds the lists of what was.
const listLimit = 200

// rejectionsPage are the messages that were not understood.
type rejectionsPage struct {
	frame
	Rows      []rejectionRow
	Site      string
	Listening *listening
}

type rejectionRow struct {
	When, Age, Site, Device, Topic string
	Reason, Detail, Raw            string
	Size                           string
	Cut                            bool   // Raw is only the beginning
	More                           string // how many others it stands for; empty: it is one message
}

func (s *Server) rejections(w http.ResponseWriter, r *http.Request) error {
	lang := s.tongues.choose(r)
	site := r.URL.Query().Get("site")
	records, err := s.notUnderstood(r.Context(), site, listLimit)
	if err != nil {
		return fmt.Errorf("listing rejections: %w", err)
	}
	p := rejectionsPage{frame: s.frame(r, lang, lang.T("rejections.title")), Site: site, Listening: s.listening(w, r, lang, "/rejections")}
	for i := range records {
		rec := &records[i]
		if rec.Rejection == nil {
			continue
		}
		v, _ := s.opts.Live.Outline(rec.Site)
		sc := s.scene(lang, v)
		sc.zoned = true
		p.Rows = append(p.Rows, rejectionRowOf(sc, rec))
	}
	return s.render(w, http.StatusOK, lang, "rejections", p)
}

func rejectionRowOf(sc *scene, rec *telemetry.Record) rejectionRow {
	x := rec.Rejection
	row := rejectionRow{
		When: sc.when(rec.Received), Age: sc.ago(rec.Received), Site: rec.Site, Device: x.Device, Topic: x.Topic,
		Reason: sc.orName("rejection.", string(x.Reason)), Detail: x.Detail, Raw: printable(x.Raw),
		Size: sc.T("unit.bytes", "Count", x.Size), Cut: x.Cut(),
	}
	if sc.view != nil {
		row.Site = sc.view.Name
	}
	if x.More > 0 {
		row.Size, row.Detail, row.Cut = "", "", false
		row.More = sc.T("rejections.more", "Count", int(x.More))
	}
	return row
}

// printable shows raw bytes: text as it is, with what cannot be seen made visible.
func printable(raw []byte) string {
	out := make([]rune, 0, len(raw))
	for len(raw) > 0 {
		r, n := utf8.DecodeRune(raw)
		if r == utf8.RuneError && n <= 1 || r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x200b && r <= 0x206f {
			for _, b := range raw[:n] {
				out = append(out, []rune(fmt.Sprintf(`\x%02x`, b))...)
			}
		} else {
			out = append(out, r)
		}
		raw = raw[n:]
	}
	return string(out)
}
