package web

import (
	"net/http"
	"slices"

	"github.com/gerbang-iot/gerbang/alerts"
)

// watch is a page that lies open at the guard's place and sounds when an alert is raised: it needs nothing but the building's own network.
func (s *Server) watch(w http.ResponseWriter, r *http.Request) error {
	t := s.topicOf("watch", r, callerOf(r.Context()))
	return s.live(w, r, t, func(lang *tongue) string { return lang.T("watch.title") })
}

// watchList is what the page shows.
type watchList struct {
	Rows   []watchRow
	Loud   int // that nobody works on
	Hidden int
}

// watchRow is one open alert.
type watchRow struct {
	ID, Title, Text, Advice, Meta string
	Class, Icon, Word             string
	Loud, Drill, Urgent           bool
}

// shownWatch is how many alerts the page shows.
const shownWatch = 30

func (s *Server) composeWatch(c *composer, what topic) {
	open := slices.DeleteFunc(s.opts.Alerts.Open(), func(a alerts.Alert) bool {
		return what.sites != "" && (a.Site == "" || !listed(what.sites, a.Site))
	})
	slices.SortStableFunc(open, urgency)
	var list watchList
	for i := range open {
		a := &open[i]
		v, _ := s.opts.Live.Outline(a.Site)
		sc := s.scene(c.lang, v)
		sc.zoned = true
		row := watchRow{
			ID: a.ID, Class: string(a.Class), Icon: classIcon(a.Class), Word: sc.T("alertlog.state." + stateOf(a)), Drill: a.Drill != nil, Urgent: a.Urgent(),
			Loud: a.Ack == nil && a.Silenced == nil && slices.Contains(watched, string(a.Severity)),
		}
		row.Title, _, _ = s.texts.Explain(c.lang.Tag, a)
		row.Text, row.Advice = sc.demand(a)
		row.Meta = sc.when(a.Opened)
		if a.Ack != nil {
			row.Word = sc.T("alert.acknowledged", "By", sc.claims(a.Ack.By, !a.Ack.Proven), "Until", sc.when(a.Ack.Until))
		}
		if row.Loud {
			list.Loud++
		}
		if len(list.Rows) < shownWatch {
			list.Rows = append(list.Rows, row)
		} else {
			list.Hidden++
		}
	}
	c.add("watch", "watch-list", list)
}

// watched are the severities at which the page sounds.
var watched = []string{"critical", "warning"}
