package web

import (
	"context"
	"errors"
	"fmt"
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

// thermometer is a device, or a channel of one with a place of its own, and how it is corrected.
type thermometer struct {
	id              string // of the device, or device/channel
	device, channel string
	offset          float64
	offsets         []facility.Offset
}

// thermometersOf lists what has measured body temperatures at a site, or was calibrated: each place by itself, since a channel with a place
// of its own does not take over the offsets of its device.
func thermometersOf(v *rules.View) []thermometer {
	var all []thermometer
	for i := range v.Devices {
		d := &v.Devices[i]
		part := func(channel string) bool {
			return slices.ContainsFunc(d.Parts, func(p rules.PartView) bool { return p.Channel == channel })
		}
		measures := func(mine func(channel string) bool) bool {
			return slices.ContainsFunc(d.Readings, func(r rules.LastValue) bool { return r.Quantity == telemetry.BodyTemperature && mine(r.Channel) })
		}
		if len(d.Offsets) > 0 || measures(func(c string) bool { return !part(c) }) {
			all = append(all, thermometer{d.ID, d.ID, "", d.Offset, d.Offsets})
		}
		for k := range d.Parts {
			p := &d.Parts[k]
			if len(p.Offsets) > 0 || measures(func(c string) bool { return c == p.Channel }) {
				all = append(all, thermometer{d.ID + "/" + p.Channel, d.ID, p.Channel, p.Offset, p.Offsets})
			}
		}
	}
	return all
}

// isThermometer reports whether a site has a thermometer of that id.
func isThermometer(v *rules.View, id string) bool {
	return slices.ContainsFunc(thermometersOf(v), func(t thermometer) bool { return t.id == id })
}

// calibrateForm is where a person enters what a thermometer and a reference showed.
type calibrateForm struct {
	Site         string
	Least        int
	Thermometers []calibrated
}

// calibrated is a thermometer and its offsets.
type calibrated struct {
	ID, Name, Now string
	Past          []string // the newest first
}

func calibrateFormOf(sc *scene) *calibrateForm {
	f := &calibrateForm{Site: sc.view.Site, Least: facility.LeastPairs}
	for _, d := range thermometersOf(sc.view) {
		c := calibrated{ID: d.id, Name: sc.subjectName(d.device)}
		if d.channel != "" {
			c.Name += " · " + d.channel
		}
		c.Past = append(c.Past, sc.T("calibrate.configured", "Offset", signedDegrees(sc, d.offset)))
		for _, o := range d.offsets {
			c.Past = append(c.Past, sc.T("calibrate.now", "Offset", signedDegrees(sc, o.Value), "When", sc.when(o.From), "Pairs", o.Pairs, "Spread", sc.Number(o.Spread, 2)))
		}
		slices.Reverse(c.Past)
		c.Now, c.Past = c.Past[0], c.Past[1:]
		f.Thermometers = append(f.Thermometers, c)
	}
	if len(f.Thermometers) == 0 {
		return nil
	}
	return f
}

func signedDegrees(sc *scene, v float64) string {
	if v > 0 {
		return "+" + sc.Number(v, 2)
	}
	return sc.Number(v, 2)
}

// calibrationOf makes an entry of pairs, which says what is wrong with them.
func calibrationOf(site, device string, pairs []facility.Pair, err error) entered {
	e := entered{kind: telemetry.EntryCalibration, site: site, device: device, wrong: err}
	if err != nil {
		return e
	}
	offset, spread, err := facility.Calibrate(pairs)
	if err != nil {
		e.wrong = err
		return e
	}
	e.value, e.basis = offset, facility.CalibrationText(len(pairs), spread)
	return e
}

// unreadable is a line of the form that is no pair.
type unreadable struct{ line int }

func (u *unreadable) Error() string { return fmt.Sprintf("line %d: want two temperatures", u.line) }

// refusedPairs says in words what is wrong with pairs, and what was expected.
func refusedPairs(err error) error {
	var wrong *facility.CalibrationError
	var line *unreadable
	switch {
	case errors.As(err, &wrong):
		f := refused(http.StatusUnprocessableEntity, "pairs_"+wrong.Cause, err)
		f.args = []any{"Pair", wrong.Pair, "Value", wrong.Value}
		return f
	case errors.As(err, &line):
		f := refused(http.StatusUnprocessableEntity, "pairs_line", err)
		f.args = []any{"Line", line.line}
		return f
	}
	return refused(http.StatusUnprocessableEntity, badPairs, err)
}

// calibrate takes the pairs of a form. The same form sent twice is one entry.
func (s *Server) calibrate(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	device := r.PostForm.Get("device")
	pairs, err := readPairs(r.PostForm.Get("pairs"))
	e := calibrationOf(r.PathValue("site"), device, pairs, err)
	e.author = s.access.author(r)
	words := []string{e.site, device, e.author, r.PostForm.Get("pairs")}
	if v, ok := s.opts.Live.Outline(e.site); ok {
		if isThermometer(v, device) {
			// The same pairs on another day are another calibration.
			words = append(words, s.opts.Now().UTC().Format(time.DateOnly))
		}
	}
	e.id = uuidOf(words...)
	if _, err := s.enter(r.Context(), &e); err != nil {
		return err
	}
	http.Redirect(w, r, "/site/"+e.site+"?saved="+string(e.kind)+"#calibrate", http.StatusSeeOther)
	return nil
}

// readPairs reads two numbers a line, with a comma or a point in them, and behind them, if somebody noted it, when each was measured (08:10
// 08:12).
func readPairs(text string) ([]facility.Pair, error) {
	var pairs []facility.Pair
	n := 0
	for line := range strings.Lines(text) {
		n++
		fields := strings.FieldsFunc(strings.TrimSpace(line), func(r rune) bool { return r == ' ' || r == '\t' || r == ';' || r == '/' })
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 && len(fields) != 4 {
			return nil, &unreadable{n}
		}
		var p facility.Pair
		for i, to := range [...]*float64{&p.Face, &p.Reference} {
			v, err := strconv.ParseFloat(strings.Replace(fields[i], ",", ".", 1), 64)
			if err != nil {
				return nil, &unreadable{n}
			}
			*to = v
		}
		if len(fields) == 4 {
			for i, to := range [...]*time.Time{&p.FaceAt, &p.ReferenceAt} {
				at, err := time.Parse("15:04", strings.Replace(fields[2+i], ".", ":", 1))
				if err != nil {
					return nil, &unreadable{n}
				}
				*to = at.AddDate(2000, 0, 0) // any day: they are held against each other only
			}
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}

type apiCalibration struct {
	Offset float64   `json:"offset_cel" example:"1.32" doc:"Added to its body temperatures from then on"`
	From   time.Time `json:"from"`
	Pairs  int       `json:"pairs,omitempty" example:"12" doc:"Pairs of face and reference that it rests on"`
	Spread float64   `json:"spread_cel,omitempty" example:"0.31" doc:"How far the pairs lie apart: a standard deviation"`
}

func apiCalibrationsOf(d *rules.DeviceView) (offset *float64, all []apiCalibration) {
	for _, o := range d.Offsets {
		all = append(all, apiCalibration{o.Value, o.From.Time(), o.Pairs, o.Spread})
		offset = &o.Value
	}
	if offset == nil && (d.Offset != 0 || slices.ContainsFunc(d.Readings, func(r rules.LastValue) bool { return r.Quantity == telemetry.BodyTemperature })) {
		offset = &d.Offset
	}
	return offset, all
}

type calibrationInput struct {
	Site   string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Device string `path:"device" maxLength:"64" example:"thermo-1"`
	Body   struct {
		ID     string `json:"id" format:"uuid" example:"0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f11" doc:"Chosen by the client. Sending the same again does nothing and is answered the same"`
		Author string `json:"author,omitempty" maxLength:"60" example:"teknisi" doc:"Who says so. It is kept as a claim: nobody has checked it. Of a caller with an account it is the name of that, whatever is said here"`
		Pairs  []struct {
			Face      float64 `json:"face" example:"34.9" doc:"What the thermometer sends, Cel, without any offset"`
			Reference float64 `json:"reference" example:"36.6" doc:"What the reference shows, Cel, 34 to 42"`

			FaceAt      time.Time `json:"face_at,omitzero" doc:"When the thermometer measured; both times or none. A person is measured twice within 15 minutes"`
			ReferenceAt time.Time `json:"reference_at,omitzero" doc:"When the reference did"`
		} `json:"pairs" minItems:"5" maxItems:"1000" doc:"People who were measured twice. The offset that they give is 3 K at most, and not all are the same"`
	}
}

type apiCalibrated struct {
	ID      string    `json:"id" format:"uuid"`
	Site    string    `json:"site" example:"mpp-gresik"`
	Device  string    `json:"device" example:"thermo-1"`
	Author  string    `json:"author" example:"teknisi"`
	Claimed bool      `json:"author_claimed" doc:"True: the author is what the client said of itself"`
	Record  uint64    `json:"record" example:"184233" doc:"Journal record that holds it"`
	Offset  float64   `json:"offset_cel" example:"1.32"`
	From    time.Time `json:"from" doc:"From when on it holds"`
}

// apiCalibrations mounts the calibration of thermometers.
func (s *Server) apiCalibrations(api huma.API, post func(path, id, summary, description string) huma.Operation) {
	huma.Register(api, post("devices/{device}/calibration", "enter-calibration", "Calibrate a thermometer against a reference",
		"Its offset is the median of reference less face. It holds for what is measured from now on; what was measured before keeps the offset of its time."),
		func(ctx context.Context, in *calibrationInput) (*apiOne[apiCalibrated], error) {
			pairs := make([]facility.Pair, 0, len(in.Body.Pairs))
			for _, p := range in.Body.Pairs {
				pairs = append(pairs, facility.Pair{Face: p.Face, Reference: p.Reference, FaceAt: p.FaceAt, ReferenceAt: p.ReferenceAt})
			}
			e := calibrationOf(in.Site, in.Device, pairs, nil)
			e.id, e.author = in.Body.ID, in.Body.Author
			rec, err := s.enterByAPI(ctx, &e)
			if err != nil {
				return nil, err
			}
			n := rec.Entry
			return &apiOne[apiCalibrated]{apiCalibrated{n.ID, rec.Site, n.Subject, n.Author, n.Claimed, rec.Seq, n.Value, rec.Received.Time()}}, nil
		})
}
