package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
)

// strangersPage lists the devices that publish and are not configured, with what to write to change that.
type strangersPage struct {
	frame
	Rows      []strangerRow
	Listening *listening
	Tries     bool // messages can be tried
	Adds      bool // who looks may add a device somewhere
}

type strangerRow struct {
	Name, Topic, Model    string
	Messages, First, Last string
	Quantities, Detail    string
	YAML, Others          string
	Add                   string // where it is added; empty: not by who looks
}

func (s *Server) strangers(w http.ResponseWriter, r *http.Request) error {
	lang := s.tongues.choose(r)
	p := strangersPage{frame: s.frame(r, lang, lang.T("strangers.title")), Listening: s.listening(w, r, lang, "/devices")}
	now := s.opts.Now()
	p.Tries = s.opts.Trials != nil
	p.Adds = s.opts.SiteFiles != nil && callerOf(r.Context()).Anywhere(accounts.Operate)
	for _, one := range s.listStrangers() {
		row := strangerRowOf(lang, &one, now)
		if p.Adds && len(one.Guesses) > 0 {
			row.Add = addPath("", one.Guesses[0].Model, one.Guesses[0].Address, "")
		}
		p.Rows = append(p.Rows, row)
	}
	return s.render(w, http.StatusOK, lang, "strangers", p)
}

// listStrangers lists as many as a page holds.
func (s *Server) listStrangers() []Stranger {
	if s.opts.Strangers == nil {
		return nil
	}
	all := s.opts.Strangers.Strangers()
	return all[:min(len(all), listLimit)]
}

func strangerRowOf(lang *tongue, x *Stranger, now time.Time) strangerRow {
	row := strangerRow{
		Topic: x.Topic, Detail: x.Why, Messages: lang.T("strangers.messages", "Count", int(x.Messages)),
		First: lang.Ago(now.Sub(x.First)), Last: lang.Ago(now.Sub(x.Last)),
	}
	if len(x.Guesses) == 0 {
		return row
	}
	best := &x.Guesses[0]
	row.Name, row.Model, row.YAML = best.Address, best.Title, best.YAML
	if best.Detail != "" {
		row.Detail = best.Detail
	}
	names := make([]string, len(best.Quantities))
	for i, q := range best.Quantities {
		names[i] = lang.orName("quantity.", q)
	}
	row.Quantities = strings.Join(names, ", ")
	var others []string
	for _, g := range x.Guesses[1:] {
		others = append(others, g.Model)
	}
	row.Others = strings.Join(others, ", ")
	return row
}
