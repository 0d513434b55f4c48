package web

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// devicesPage lists the devices of a site with what each said last, and what was changed of them.
type devicesPage struct {
	frame
	Site, SiteName string
	Body           template.HTML // what lives
	Changes        []installed
	Saved          string
	Add            string
	Raw            bool // who looks may see raw messages
}

// installedRow is a device as whoever installs it wants to see it.
type installedRow struct {
	deviceRow
	Address       string
	Channels      []string
	Readings      []installedReading
	Credible      *chip // nil: no rule asks
	CredibleWhy   string
	Messages      string
	Look, Replace string
}

type installedReading struct{ Name, Channel, Value, Ago string }

// mostInstalled is how many changes a page lists.
const mostInstalled = 50

func (s *Server) devices(w http.ResponseWriter, r *http.Request) error {
	v, err := s.judgedView(r.PathValue("site"))
	if err != nil {
		return err
	}
	lang := s.tongues.choose(r)
	sc := s.scene(lang, v)
	p := devicesPage{frame: s.frame(r, lang, v.Name+" · "+lang.T("install.title")), Site: v.Site, SiteName: v.Name}
	p.Raw = p.Can["everywhere"] && s.opts.Strangers != nil
	if s.opts.SiteFiles != nil && p.May["operate"] {
		p.Add = addPath(v.Site, "", "", "")
	}
	what := s.topicOf("devices", r, callerOf(r.Context()))
	chunks, err := s.compose(what)
	if err != nil {
		return err
	}
	p.Body, p.Live = join(chunks), what.path()
	p.Changes = installedAt(sc, s.decided(r.Context(), v.Site, telemetry.EntryFile))
	p.Changes = p.Changes[:min(len(p.Changes), mostInstalled)]
	if r.URL.Query().Get("saved") == string(telemetry.EntryFile) {
		p.Saved = lang.T("install.saved")
	}
	return s.render(w, http.StatusOK, lang, "devices", p)
}

// composeDevices renders the list of a site's devices.
func (s *Server) composeDevices(c *composer, v *rules.View) {
	c.add("installed", "installed", map[string]any{"Rows": s.installedRows(s.scene(c.lang, v), v, c.may["operate"])})
}

// installedRows are the devices of a site, those of which nothing is heard first.
func (s *Server) installedRows(sc *scene, v *rules.View, operates bool) (rows []installedRow) {
	configured := map[string]*facility.Device{}
	if s.opts.SiteFiles != nil {
		all := s.opts.SiteFiles.Devices(v.Site)
		for i := range all {
			configured[all[i].ID] = &all[i]
		}
	}
	dead := v.Unheard()
	for i := range v.Devices {
		d := &v.Devices[i]
		row := installedRow{deviceRow: deviceRowOf(sc, d, dead), Address: d.ID, Messages: sc.T("strangers.messages", "Count", int(d.Messages)), Look: "/readings?site=" + url.QueryEscape(v.Site) + "&device=" + url.QueryEscape(d.ID)}
		for _, x := range d.Readings {
			m := sc.measureOf(x)
			row.Readings = append(row.Readings, installedReading{m.Name, x.Channel, m.Value, sc.ago(x.At)})
		}
		row.Credible, row.CredibleWhy = credibility(sc, d.ID)
		if c := configured[d.ID]; c != nil {
			if c.Address != "" {
				row.Address = c.Address
			}
			row.Channels = channelPlaces(sc, c)
			if operates {
				row.Replace = "/devices/replace?site=" + url.QueryEscape(v.Site) + "&device=" + url.QueryEscape(d.ID)
			}
		}
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b installedRow) int { return compareBool(b.Dead, a.Dead) })
	return rows
}

// credibility is the verdict on whether what a device says is believed, the worst where several rules ask; nil: none does.
func credibility(sc *scene, device string) (*chip, string) {
	var worst *rules.VerdictView
	for i := range sc.view.Verdicts {
		w := &sc.view.Verdicts[i]
		if w.Kind == "credibility" && w.Subject.Kind == rules.SubjectDevice && w.Subject.ID == device && (worst == nil || w.Rank() < worst.Rank()) {
			worst = w
		}
	}
	if worst == nil {
		return nil, ""
	}
	f := findingOf(sc, worst)
	return &f.Chip, f.Text
}
