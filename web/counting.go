package web

import (
	"context"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// countingForm is where a person accepts what is proposed about the counters of a site whose doors do not add up, or says better.
type countingForm struct {
	Site     string
	May      bool // who looks may accept it
	Proposed []countingProposal
	Counters []countingCounter
}

// countingProposal is one button: a correction or an accuracy of one counter.
type countingProposal struct {
	Counter, Kind, Value, Since string // as they are sent
	Text                        string
}

// countingCounter is a counter and what was accepted of it.
type countingCounter struct {
	ID, Name string
	Past     []string // the newest first
}

// countingFormOf is the form of a site, or what was accepted, for one who may not; nil: no rule asks whether its doors add up, and nothing was
// accepted.
func countingFormOf(sc *scene, may bool) *countingForm {
	f := &countingForm{Site: sc.view.Site, May: may}
	accepted := false
	for i := range sc.view.Doors {
		d := &sc.view.Doors[i]
		for _, c := range d.Counters {
			row := countingCounter{ID: c.Device, Name: d.Name + " · " + sc.subjectName(c.Device)}
			for _, a := range c.Accuracies {
				row.Past = append(row.Past, sc.T("counting.accuracy", "Accuracy", sc.Number(100*a.Value, 1), "When", sc.when(a.From)))
			}
			for _, b := range c.Biases {
				row.Past = append(row.Past, sc.T("counting.drift", "Bias", perHundred(sc, 100*b.Value), "When", sc.when(b.From)))
			}
			for _, x := range c.Directions {
				key := "counting.straight"
				if x.Swap {
					key = "counting.swapped"
				}
				row.Past = append(row.Past, sc.T(key, "When", sc.when(x.From)))
			}
			slices.Reverse(row.Past)
			accepted = accepted || len(row.Past) > 0
			f.Counters = append(f.Counters, row)
		}
	}
	asked := false
	for i := range sc.view.Verdicts {
		v := &sc.view.Verdicts[i]
		if v.Kind != "conservation" && v.Kind != "direction" || !may {
			continue
		}
		asked = true
		f.propose(sc, &v.Explanation)
	}
	if len(f.Counters) == 0 || !asked && !accepted {
		return nil
	}
	return f
}

// propose lists what an explanation proposes.
func (f *countingForm) propose(sc *scene, x *rules.Explanation) {
	since := ""
	for _, in := range x.Inputs {
		p := countingProposal{Counter: in.Text, Since: since}
		switch in.Name {
		case rules.InputSince:
			since = strconv.FormatFloat(in.Value, 'f', 0, 64)
			continue
		case rules.InputDoorBias:
			p.Kind, p.Value = string(telemetry.EntryDrift), strconv.FormatFloat(in.Value, 'f', -1, 64)
			p.Text = sc.T("counting.accept_drift", "Counter", sc.subjectName(in.Text), "Bias", perHundred(sc, in.Value))
		case rules.InputProposedAccuracy:
			p.Kind, p.Value = string(telemetry.EntryAccuracy), strconv.FormatFloat(in.Value, 'f', -1, 64)
			p.Text = sc.T("counting.accept_accuracy", "Counter", sc.subjectName(in.Text), "Accuracy", sc.Number(in.Value, 1))
		case rules.InputProposedDirection:
			f.proposeDirection(sc, x, &in, since)
			continue
		default:
			continue
		}
		if !slices.Contains(f.Proposed, p) {
			f.Proposed = append(f.Proposed, p)
		}
	}
}

// proposeDirection offers both that can be so: the counter is taken to hang as it does, or it was turned round on the wall. What it said
// the wrong way since is put right by both; what closings have shown is reckoned with already.
func (f *countingForm) proposeDirection(sc *scene, x *rules.Explanation, in *rules.Input, since string) {
	if x.Constraint == "learned" {
		since = ""
	}
	other := 1 - in.Value
	for _, p := range [...]countingProposal{
		{Text: sc.T("counting.accept_direction", "Counter", sc.subjectName(in.Text)), Value: strconv.FormatFloat(in.Value, 'f', 0, 64)},
		{Text: sc.T("counting.turned", "Counter", sc.subjectName(in.Text)), Value: strconv.FormatFloat(other, 'f', 0, 64)},
	} {
		p.Counter, p.Kind, p.Since = in.Text, string(telemetry.EntryDirection), since
		if !slices.Contains(f.Proposed, p) {
			f.Proposed = append(f.Proposed, p)
		}
	}
}

// perHundred is a bias with its sign: people of 100 passages.
func perHundred(sc *scene, v float64) string {
	if v > 0 {
		return "+" + sc.Number(v, 2)
	}
	return sc.Number(v, 2)
}

// isCounter reports whether a site has a counter of people of that id.
func isCounter(v *rules.View, id string) bool {
	for i := range v.Doors {
		if slices.ContainsFunc(v.Doors[i].Counters, func(c rules.CounterView) bool { return c.Device == id }) {
			return true
		}
	}
	device, channel, _ := strings.Cut(id, "/")
	return slices.ContainsFunc(v.Devices, func(d rules.DeviceView) bool {
		return d.ID == device && slices.ContainsFunc(d.Readings, func(r rules.LastValue) bool {
			switch r.Quantity {
			case telemetry.PeopleIn, telemetry.PeopleOut, telemetry.PeopleInTotal, telemetry.PeopleOutTotal:
				return r.Channel == channel
			}
			return false
		})
	})
}

// acceptedOf makes an entry of a percentage: an accuracy, or people of 100 passages.
func acceptedOf(site, counter string, kind telemetry.EntryKind, percent float64, since telemetry.Instant) entered {
	e := entered{kind: kind, site: site, device: counter, value: percent / 100}
	if kind == telemetry.EntryDrift && since > 0 {
		e.basis = facility.BiasText(since)
	}
	return e
}

// directionOf makes an entry of how a counter hangs: 1: it takes in for out; 0: it does not. Since is from when on it was counted the wrong
// way until now; 0: it was not.
func (s *Server) directionOf(site, counter string, swap float64, since telemetry.Instant) entered {
	e := entered{kind: telemetry.EntryDirection, site: site, device: counter, value: swap}
	configured := false
	if v, ok := s.opts.Live.Outline(site); ok {
		for i := range v.Doors {
			for _, c := range v.Doors[i].Counters {
				configured = configured || c.Device == counter && c.Swap
			}
		}
	}
	e.basis = facility.DirectionText(configured, max(0, since))
	return e
}

// acceptCounting takes what a person accepts of a counter. The same form sent twice is one entry.
func (s *Server) acceptCounting(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	percent, err := strconv.ParseFloat(strings.Replace(r.PostForm.Get("value"), ",", ".", 1), 64)
	if err != nil {
		percent = math.NaN() // which is told
	}
	since, _ := strconv.ParseInt(r.PostForm.Get("since"), 10, 64) // without it, from now on
	site, counter, from := r.PathValue("site"), r.PostForm.Get("counter"), telemetry.InstantOf(time.Unix(since, 0))
	var e entered
	switch kind := telemetry.EntryKind(r.PostForm.Get("kind")); kind {
	case telemetry.EntryDirection:
		e = s.directionOf(site, counter, percent, from)
	case telemetry.EntryDrift:
		e = acceptedOf(site, counter, kind, percent, from)
	default:
		e = acceptedOf(site, counter, telemetry.EntryAccuracy, percent, from)
	}
	e.author, e.reason = s.access.author(r), cleanText(r.PostForm.Get("reason"), maxReason)
	e.id = uuidOf(e.site, string(e.kind), e.device, e.author, r.PostForm.Get("value"), s.opts.Now().UTC().Format(time.DateOnly))
	if _, err := s.enter(r.Context(), &e); err != nil {
		return err
	}
	http.Redirect(w, r, "/site/"+e.site+"?saved="+string(e.kind)+"#counting", http.StatusSeeOther)
	return nil
}

type accuracyInput struct {
	Site   string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Device string `path:"device" maxLength:"129" example:"counter-1"`
	Body   struct {
		ID       string  `json:"id" format:"uuid" example:"0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f11" doc:"Chosen by the client. Sending the same again does nothing and is answered the same"`
		Author   string  `json:"author,omitempty" maxLength:"60" example:"teknisi" doc:"Who says so. It is kept as a claim: nobody has checked it. Of a caller with an account it is the name of that, whatever is said here"`
		Accuracy float64 `json:"accuracy" minimum:"0.5" maximum:"1" example:"0.96" doc:"Share of the people who pass that it counts"`
		Reason   string  `json:"reason,omitempty" maxLength:"200" example:"counted by hand for an hour"`
	}
}

type driftInput struct {
	Site   string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Device string `path:"device" maxLength:"129" example:"counter-1"`
	Body   struct {
		ID     string    `json:"id" format:"uuid" example:"0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f11" doc:"Chosen by the client. Sending the same again does nothing and is answered the same"`
		Author string    `json:"author,omitempty" maxLength:"60" example:"teknisi" doc:"Who says so. It is kept as a claim: nobody has checked it. Of a caller with an account it is the name of that, whatever is said here"`
		Drift  float64   `json:"drift_per_100" minimum:"-25" maximum:"25" example:"4.2" doc:"People of 100 passages, both ways together, that it misses going in more than going out"`
		Since  time.Time `json:"since,omitzero" doc:"The first closing at which that shows, as the rule says; absent: from now on"`
		Reason string    `json:"reason,omitempty" maxLength:"200" example:"counted by hand for an hour"`
	}
}

type directionInput struct {
	Site   string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Device string `path:"device" maxLength:"129" example:"counter-1"`
	Body   struct {
		ID     string    `json:"id" format:"uuid" example:"0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f11" doc:"Chosen by the client. Sending the same again does nothing and is answered the same"`
		Author string    `json:"author,omitempty" maxLength:"60" example:"teknisi" doc:"Who says so. It is kept as a claim: nobody has checked it. Of a caller with an account it is the name of that, whatever is said here"`
		Swap   bool      `json:"swap" doc:"True: it takes in for out, whatever is configured; false: it does not"`
		Since  time.Time `json:"since,omitzero" doc:"From when on it was counted the wrong way until now, as the rule says: what was is put right for those who are inside; absent: nothing was"`
		Reason string    `json:"reason,omitempty" maxLength:"200" example:"stood at the door and watched it"`
	}
}

type apiAccepted struct {
	ID      string    `json:"id" format:"uuid"`
	Site    string    `json:"site" example:"mpp-gresik"`
	Device  string    `json:"device" example:"counter-1"`
	Author  string    `json:"author" example:"teknisi"`
	Claimed bool      `json:"author_claimed" doc:"True: the author is what the client said of itself"`
	Record  uint64    `json:"record" example:"184233" doc:"Journal record that holds it"`
	Value   float64   `json:"value" example:"0.96" doc:"The accuracy, or people of one passage that it misses going in more than going out; of a direction 1: it takes in for out"`
	From    time.Time `json:"from" doc:"From when on it holds"`
}

// apiCounting mounts what a person accepts of people counters.
func (s *Server) apiCounting(api huma.API, post func(path, id, summary, description string) huma.Operation) {
	accept := func(ctx context.Context, e entered) (*apiOne[apiAccepted], error) {
		rec, err := s.enterByAPI(ctx, &e)
		if err != nil {
			return nil, err
		}
		n := rec.Entry
		return &apiOne[apiAccepted]{apiAccepted{n.ID, rec.Site, n.Subject, n.Author, n.Claimed, rec.Seq, n.Value, rec.Received.Time()}}, nil
	}
	huma.Register(api, post("devices/{device}/accuracy", "accept-accuracy", "Say how well a counter counts",
		"It takes the place of the configured accuracy for what passes from now on; what passed before keeps the one of its time."),
		func(ctx context.Context, in *accuracyInput) (*apiOne[apiAccepted], error) {
			e := acceptedOf(in.Site, in.Device, telemetry.EntryAccuracy, 100*in.Body.Accuracy, 0)
			e.value = in.Body.Accuracy
			e.id, e.author, e.reason = in.Body.ID, in.Body.Author, in.Body.Reason
			return accept(ctx, e)
		})
	huma.Register(api, post("devices/{device}/drift", "accept-drift", "Say what a counter misses in one direction",
		"The estimates reckon with it from now on, and the doors' balance counts from the closing at which it began to show."),
		func(ctx context.Context, in *driftInput) (*apiOne[apiAccepted], error) {
			e := acceptedOf(in.Site, in.Device, telemetry.EntryDrift, in.Body.Drift, telemetry.InstantOf(in.Body.Since))
			e.id, e.author, e.reason = in.Body.ID, in.Body.Author, in.Body.Reason
			return accept(ctx, e)
		})
	huma.Register(api, post("devices/{device}/direction", "accept-direction", "Say how a counter hangs",
		"Whether it takes in for out, from now on. What it said the wrong way since the building was last verified empty is put right for those who are inside now; what was known until then stays."),
		func(ctx context.Context, in *directionInput) (*apiOne[apiAccepted], error) {
			swap, since := 0.0, telemetry.Instant(0)
			if in.Body.Swap {
				swap = 1
			}
			if !in.Body.Since.IsZero() {
				since = telemetry.InstantOf(in.Body.Since)
			}
			e := s.directionOf(in.Site, in.Device, swap, since)
			e.id, e.author, e.reason = in.Body.ID, in.Body.Author, in.Body.Reason
			return accept(ctx, e)
		})
}
