package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

const (
	readingsPeriod = 24 * time.Hour // that is shown unless asked otherwise
	readingsRows   = 100            // of a page
)

// readingsPage lists what the devices of a site sent.
type readingsPage struct {
	frame
	Site, SiteName                    string
	Sites, Zones, Devices, Quantities []choice
	From, Until                       string // as an input of local time has them
	Timezone                          string
	Source                            string
	Rows                              []readingRow
	Older                             string // address of the next page; empty: there is none
	First                             bool   // this is the first page
}

// choice is one of a list.
type choice struct {
	Value, Name string
	Chosen      bool
}

type readingRow struct {
	When, Place, Device, Channel, Quantity, Value string
	Raw                                           string // what the device sent, where it is something else
	Notes                                         []string
}

// localTime is how a browser's field for date and time writes one.
const localTime = "2006-01-02T15:04"

func (s *Server) readings(w http.ResponseWriter, r *http.Request) error {
	if s.opts.Readings == nil {
		return errNoPage
	}
	lang, in := s.tongues.choose(r), r.URL.Query()
	p := readingsPage{frame: s.frame(r, lang, lang.T("readings.title")), Site: in.Get("site"), First: in.Get("after") == ""}
	views := s.viewsFor(r.Context(), accounts.Inspect)
	if p.Site == "" && len(views) > 0 {
		p.Site = views[0].Site
	}
	for i := range views {
		p.Sites = append(p.Sites, choice{views[i].Site, views[i].Name, views[i].Site == p.Site})
	}
	v, ok := s.opts.Live.Outline(p.Site)
	if !ok {
		return errNoPage
	}
	if !callerOf(r.Context()).At(accounts.Inspect, p.Site) { // the gate has asked; this is the second wall
		return errForbidden
	}
	sc := s.scene(lang, v)
	p.SiteName, p.Timezone = v.Name, sc.loc.String()
	q := ReadingsQuery{Site: p.Site, Zone: in.Get("zone"), Device: in.Get("device"), Limit: readingsRows, After: in.Get("after")}
	if name := in.Get("quantity"); name != "" {
		var err error
		if q.Quantity, err = telemetry.ParseQuantity(name); err != nil {
			return misasked("quantity", name, "quantity")
		}
	}
	now := sc.now
	until, err := localMoment(in.Get("until"), now.Add(time.Minute), sc.loc)
	from, err2 := localMoment(in.Get("from"), until.Add(-readingsPeriod), sc.loc)
	switch {
	case err != nil:
		return misasked("until", in.Get("until"), "moment")
	case err2 != nil:
		return misasked("from", in.Get("from"), "moment")
	case !from.Before(until):
		return misasked("from", in.Get("from"), "before")
	}
	q.From, q.Until = telemetry.InstantOf(from), telemetry.InstantOf(until)
	p.From, p.Until = from.In(sc.loc).Format(localTime), ""
	if in.Get("until") != "" {
		p.Until = until.In(sc.loc).Format(localTime)
	}
	p.choices(sc, &q)
	ctx, cancel := context.WithTimeout(r.Context(), apiTimeout)
	defer cancel()
	page, err := s.opts.Readings.Readings(ctx, q)
	switch {
	case errors.Is(err, ErrBadCursor):
		return misasked("after", in.Get("after"), "choose")
	case err != nil:
		return fmt.Errorf("listing readings: %w", err)
	}
	p.Source = lang.T("readings.source." + page.Source)
	if page.Why != "" {
		p.Source += " " + lang.orName("readings.why.", page.Why)
		if page.Words != "" {
			p.Source += " " + page.Words
		}
	}
	for i := range page.Rows {
		p.Rows = append(p.Rows, readingRowOf(sc, &page.Rows[i]))
	}
	if page.Next != "" {
		next := url.Values{"site": {q.Site}, "zone": {q.Zone}, "device": {q.Device}, "quantity": {in.Get("quantity")}, "after": {page.Next},
			"from": {p.From}, "until": {until.In(sc.loc).Format(time.RFC3339)}}
		p.Older = "/readings?" + next.Encode()
	}
	return s.render(w, http.StatusOK, lang, "readings", p)
}

// localMoment reads a time of a form, or of a link of ours; an empty one is other.
func localMoment(text string, other time.Time, loc *time.Location) (time.Time, error) {
	if text == "" {
		return other, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	return time.ParseInLocation(localTime, text, loc)
}

// choices fills the lists of the form.
func (p *readingsPage) choices(sc *scene, q *ReadingsQuery) {
	for i := range sc.view.Zones {
		z := &sc.view.Zones[i]
		p.Zones = append(p.Zones, choice{z.ID, z.Name, z.ID == q.Zone})
	}
	for i := range sc.view.Devices {
		d := &sc.view.Devices[i]
		name := d.Name
		if name == "" {
			name = d.ID
		}
		p.Devices = append(p.Devices, choice{d.ID, name, d.ID == q.Device})
	}
	for _, quantity := range telemetry.Quantities() {
		p.Quantities = append(p.Quantities, choice{quantity.String(), sc.orName("quantity.", quantity.String()), quantity == q.Quantity})
	}
}

func readingRowOf(sc *scene, r *ReadingRow) readingRow {
	row := readingRow{When: sc.when(r.At), Device: r.Device, Channel: r.Channel, Value: "–"}
	if d, ok := deviceByID(sc.view, r.Device); ok && d.Name != "" {
		row.Device = d.Name
	}
	switch {
	case r.Zone != "":
		row.Place = sc.place(facility.Place{Kind: facility.AtZone, ID: r.Zone})
	case r.Door != "":
		row.Place = sc.place(facility.Place{Kind: facility.AtDoor, ID: r.Door})
	}
	value := func(v float64) measure {
		return sc.measureOf(rules.LastValue{Quantity: r.Quantity, Value: v, Unit: r.Quantity.Unit()})
	}
	m := value(r.Value)
	row.Quantity = m.Name
	if r.HasValue {
		row.Value = m.Value
	} else {
		row.Notes = append(row.Notes, sc.T("readings.not_counted"))
	}
	if r.HasRaw {
		row.Raw = value(r.Raw).Value
	}
	if r.Text != "" {
		row.Value += " " + r.Text
	}
	if r.Provenance != "" {
		row.Notes = append(row.Notes, sc.orName("provenance.", r.Provenance))
	}
	if r.ClockReplaced {
		row.Notes = append(row.Notes, sc.T("readings.clock"))
	}
	return row
}

func deviceByID(v *rules.View, id string) (*rules.DeviceView, bool) {
	for i := range v.Devices {
		if v.Devices[i].ID == id {
			return &v.Devices[i], true
		}
	}
	return nil, false
}

type readingsInput struct {
	Site     string    `query:"site" required:"true" maxLength:"64" example:"mpp-gresik" doc:"The site's id"`
	Zone     string    `query:"zone" maxLength:"64" doc:"Only devices of this zone"`
	Device   string    `query:"device" maxLength:"128" doc:"Only this device"`
	Quantity string    `query:"quantity" maxLength:"40" example:"co2" doc:"Only this quantity. InfluxDB is asked for one quantity at a time; without it the journal answers"`
	From     time.Time `query:"from" doc:"Default: a day before until"`
	Until    time.Time `query:"until" doc:"Default: now"`
	Limit    int       `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"A page of the journal may hold a few more: whole messages"`
	After    string    `query:"after" maxLength:"40" doc:"next of the page before"`
}

type apiRawReading struct {
	At         time.Time `json:"at"`
	Site       string    `json:"site" example:"mpp-gresik"`
	Zone       string    `json:"zone,omitempty"`
	Door       string    `json:"door,omitempty"`
	Device     string    `json:"device"`
	Channel    string    `json:"channel,omitempty"`
	Quantity   string    `json:"quantity" example:"co2"`
	Unit       string    `json:"unit,omitempty" example:"ppm"`
	Value      *float64  `json:"value,omitempty" doc:"As it is meant at the device's place; missing where the reading was not reckoned with"`
	Raw        *float64  `json:"raw,omitempty" doc:"What the device sent, where that is something else"`
	Text       string    `json:"text,omitempty" doc:"The kind of a press"`
	Provenance string    `json:"provenance,omitempty" doc:"Empty: a sensor"`
	Clock      bool      `json:"clock_replaced,omitempty" doc:"The device's time was impossible: at is that of receipt"`
}

type apiReadings struct {
	Source string          `json:"source" enum:"influxdb,journal" doc:"Where they were read"`
	Why    string          `json:"why,omitempty" enum:"off,quantity,behind,failed,refused" doc:"Why not in InfluxDB: it is not configured, no quantity is asked for, it has not got all of it yet, it does not answer, it refuses"`
	Words  string          `json:"words,omitempty" doc:"InfluxDB's words, where it refuses"`
	Items  []apiRawReading `json:"items" doc:"The newest first; those of the journal in the order of arrival"`
	Next   string          `json:"next,omitempty" doc:"after of the next page; missing: there is none"`
}

func (s *Server) apiReadings(api huma.API) {
	if s.opts.Readings == nil {
		return
	}
	huma.Register(api, get("/readings", "list-readings", "What devices sent: InfluxDB's where it can be asked, else the journal's", "readings", 404, 422),
		func(ctx context.Context, in *readingsInput) (*apiOne[apiReadings], error) {
			if !callerOf(ctx).At(accounts.Inspect, in.Site) { // the gate has asked; this is the second wall
				return nil, huma.Error403Forbidden("not for your roles at that site")
			}
			if _, ok := s.opts.Live.Outline(in.Site); !ok {
				return nil, noSite(in.Site)
			}
			q := ReadingsQuery{Site: in.Site, Zone: in.Zone, Device: in.Device, Limit: in.Limit, After: in.After}
			if in.Quantity != "" {
				var err error
				if q.Quantity, err = telemetry.ParseQuantity(in.Quantity); err != nil {
					return nil, huma.Error422UnprocessableEntity("query quantity: " + err.Error())
				}
			}
			if in.Until.IsZero() {
				in.Until = s.opts.Now()
			}
			if in.From.IsZero() {
				in.From = in.Until.Add(-readingsPeriod)
			}
			if !in.From.Before(in.Until) {
				return nil, huma.Error422UnprocessableEntity("query from: want a time before until")
			}
			q.From, q.Until = telemetry.InstantOf(in.From), telemetry.InstantOf(in.Until)
			ctx, cancel := context.WithTimeout(ctx, apiTimeout)
			defer cancel()
			page, err := s.opts.Readings.Readings(ctx, q)
			switch {
			case errors.Is(err, ErrBadCursor):
				return nil, huma.Error422UnprocessableEntity("query after: want next of the page before, as it was given")
			case err != nil:
				return nil, s.apiError("readings", err)
			}
			out := apiReadings{Source: page.Source, Why: page.Why, Words: page.Words, Items: make([]apiRawReading, 0, len(page.Rows)), Next: page.Next}
			for i := range page.Rows {
				out.Items = append(out.Items, apiRawReadingOf(&page.Rows[i]))
			}
			return &apiOne[apiReadings]{out}, nil
		})
}

func apiRawReadingOf(r *ReadingRow) apiRawReading {
	out := apiRawReading{
		At: r.At.Time(), Site: r.Site, Zone: r.Zone, Door: r.Door, Device: r.Device, Channel: r.Channel, Quantity: r.Quantity.String(),
		Unit: r.Quantity.Unit(), Text: r.Text, Provenance: r.Provenance, Clock: r.ClockReplaced,
	}
	if r.HasValue {
		out.Value = &r.Value
	}
	if r.HasRaw {
		out.Raw = &r.Raw
	}
	return out
}
