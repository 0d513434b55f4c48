package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/revise"
	"github.com/gerbang-iot/gerbang/telemetry"
)

type trialInput struct {
	Body struct {
		Topic   string `json:"topic,omitempty" maxLength:"512" example:"zigbee2mqtt/udara-loket"`
		Model   string `json:"model,omitempty" maxLength:"60" example:"zigbee2mqtt" doc:"Left out: that of the device where it is configured, else the likeliest"`
		Payload string `json:"payload" minLength:"1" maxLength:"60000" doc:"The message as text"`
		Binary  bool   `json:"binary,omitempty" doc:"True: the payload is written in hexadecimal or base64"`
		Port    uint8  `json:"port,omitempty" doc:"LoRaWAN port of a bare frame"`
	}
}

type apiTrial struct {
	Model     string            `json:"model,omitempty" example:"zigbee2mqtt" doc:"As what it was read"`
	Guesses   []string          `json:"guesses,omitempty" doc:"The models among which it was guessed, the likeliest first"`
	Readings  []apiTrialReading `json:"readings,omitempty" doc:"Neither these nor a rejection: it is understood and is no reading"`
	Rejection *apiTrialRefusal  `json:"rejection,omitempty" doc:"Why nothing is read"`
	Refused   *apiTrialRefusal  `json:"refused,omitempty" doc:"What is refused beside the readings"`
}

type apiTrialReading struct {
	Device   string    `json:"device,omitempty"`
	Channel  string    `json:"channel,omitempty"`
	Quantity string    `json:"quantity,omitempty" example:"temperature" doc:"Absent: it is a task's log"`
	Value    *float64  `json:"value,omitempty" example:"26.7"`
	Unit     string    `json:"unit,omitempty" example:"Cel"`
	Text     string    `json:"text,omitempty" doc:"The kind of a press; of a task's log the task"`
	At       time.Time `json:"at"`
	Aside    bool      `json:"aside,omitempty" doc:"It is shown here, and counts for nothing"`
	Flags    []string  `json:"flags,omitempty"`
}

type apiTrialRefusal struct {
	Reason string `json:"reason" example:"range"`
	Detail string `json:"detail"`
}

func refusalOf(r *telemetry.Rejection) *apiTrialRefusal {
	if r == nil {
		return nil
	}
	return &apiTrialRefusal{string(r.Reason), r.Detail}
}

type apiChannel struct {
	Name  string `json:"name" minLength:"1" maxLength:"64" example:"line 2"`
	Place string `json:"place,omitempty" maxLength:"120" example:"zone:loket" doc:"Left out: it is shown and not judged"`
}

// DeviceChange is what the API asks of whoever changes a device. It is exported for the schema, which is made of it by reflection.
type DeviceChange struct {
	ID      string `json:"id" format:"uuid" doc:"Chosen by the client. Sending the same again does nothing and is answered the same; with another content it is refused"`
	Model   string `json:"model" minLength:"1" maxLength:"60" example:"milesight-vs133"`
	Address string `json:"address,omitempty" maxLength:"200" example:"24e124716b010203" doc:"Serial number, DevEUI or part of the topic; left out: the device's id"`
	Version string `json:"version,omitempty" maxLength:"64" doc:"Of the file that was seen, as a check says it; left out: whatever it is"`
	Author  string `json:"author,omitempty" maxLength:"60" doc:"It is kept as a claim: nobody has checked it. Of a caller with an account it is the name of that, whatever is said here"`
	Reason  string `json:"reason" minLength:"1" maxLength:"200" example:"new sensor"`
	Check   bool   `json:"check,omitempty" doc:"Only say what it would be: nothing is changed"`
}

type addDeviceInput struct {
	Site string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Body struct {
		DeviceChange
		Device   string       `json:"device" minLength:"1" maxLength:"64" pattern:"^[^.].*$" example:"hitung-utama" doc:"Its id at the site"`
		Name     string       `json:"name,omitempty" maxLength:"60"`
		Place    string       `json:"place" minLength:"1" maxLength:"120" example:"door:utama" doc:"zone:ID, door:ID or task:ID"`
		Measures []string     `json:"measures,omitempty" maxItems:"40" doc:"Left out: what its model reads"`
		Interval string       `json:"interval,omitempty" maxLength:"20" example:"15m" doc:"Longest time between two messages"`
		Channels []apiChannel `json:"channels,omitempty" maxItems:"8"`
	}
}

type replaceDeviceInput struct {
	Site   string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Device string `path:"device" maxLength:"64" example:"hitung-utama"`
	Body   struct{ DeviceChange }
}

type apiFileChange struct {
	File     string   `json:"file,omitempty" example:"sites/mpp-gresik.yaml"`
	Checked  bool     `json:"checked,omitempty" doc:"True: it was only checked, and nothing was changed"`
	Diff     []string `json:"diff,omitempty" doc:"The lines of the file that go (-), come (+) and stand around"`
	Problems []string `json:"problems,omitempty" doc:"What gerbang check says of it: it cannot be put in force"`
	Warnings []string `json:"warnings,omitempty" doc:"What gerbang check warns of then and not before"`
	ReadOnly bool     `json:"read_only,omitempty" doc:"The gateway may not write the file"`
	Version  string   `json:"version,omitempty" doc:"Of the file before; of what was only checked"`
	Before   string   `json:"before,omitempty" doc:"The lines that went"`
	After    string   `json:"after,omitempty" doc:"The lines that came"`
	Record   uint64   `json:"record,omitempty" example:"184233" doc:"Journal record that holds who changed it and why"`
}

func (s *Server) apiDevices(api huma.API) {
	huma.Register(api, huma.Operation{
		Method: http.MethodPost, Path: "/api/v1/devices/try", OperationID: "try-message", Summary: "Read a message as the gateway would, and store nothing", Tags: []string{"gateway"},
		Errors: []int{404, 422, 503}, MaxBodyBytes: maxTrial,
	}, s.apiTry)
	const about = "Answers after it is in force and the entry is on disk. What would change and what gerbang check says of it is told by check."
	huma.Register(api, huma.Operation{
		Method: http.MethodPost, Path: "/api/v1/sites/{site}/devices", OperationID: "add-device", Summary: "Add a device to a site's file, and put it in force", Description: about, Tags: []string{"sites"},
		Errors: []int{404, 409, 422, 503}, MaxBodyBytes: maxForm,
	}, func(ctx context.Context, in *addDeviceInput) (*apiOne[apiFileChange], error) {
		b := &in.Body
		f := b.form()
		f.Device, f.Name, f.Place, f.Measures, f.Interval = cleanText(b.Device, maxDeviceID), cleanText(b.Name, maxName), cleanText(b.Place, 2*maxName), cleanText(strings.Join(b.Measures, ", "), maxReason), cleanText(b.Interval, 20)
		for _, c := range b.Channels {
			f.Channels = append(f.Channels, channelForm{cleanText(c.Name, maxDeviceID), cleanText(c.Place, 2*maxName)})
		}
		wrong := func(devices []facility.Device) string {
			if slices.ContainsFunc(devices, func(d facility.Device) bool { return d.ID == f.Device }) {
				return "body device: the site has a device of this id already"
			}
			return ""
		}
		return s.apiInstall(ctx, in.Site, f, b.Check, false, wrong, func(*facility.Device) []revise.Change { return f.added() })
	})
	huma.Register(api, huma.Operation{
		Method: http.MethodPost, Path: "/api/v1/sites/{site}/devices/{device}/replace", OperationID: "replace-device", Summary: "Say that other hardware has taken a device's place, and put it in force",
		Description: about, Tags: []string{"sites"}, Errors: []int{404, 409, 422, 503}, MaxBodyBytes: maxForm,
	}, func(ctx context.Context, in *replaceDeviceInput) (*apiOne[apiFileChange], error) {
		f := in.Body.form()
		f.Device = in.Device
		return s.apiInstall(ctx, in.Site, f, in.Body.Check, true, nil, f.replaced)
	})
}

func (s *Server) apiTry(ctx context.Context, in *trialInput) (*apiOne[apiTrial], error) {
	if s.opts.Trials == nil {
		return nil, huma.Error404NotFound("messages are not tried here")
	}
	b := &in.Body
	m := TrialMessage{Model: cleanText(b.Model, maxName), Topic: cleanText(b.Topic, maxTopic), Payload: []byte(b.Payload), Binary: b.Binary, Port: b.Port}
	if m.Binary {
		m.Payload = []byte(strings.TrimSpace(b.Payload))
	}
	t, err := s.opts.Trials.Try(ctx, m)
	wrong, is := errors.AsType[*TrialError](err)
	switch {
	case errors.Is(err, ErrTooMuch):
		return nil, huma.Error503ServiceUnavailable("others try messages; try again")
	case is:
		return nil, huma.Error422UnprocessableEntity("body: " + s.tongues.byTag("en").T("trial."+wrong.Key))
	case err != nil:
		return nil, s.apiError("message", err)
	}
	a := apiTrial{Model: t.Model, Rejection: refusalOf(t.Rejection), Refused: refusalOf(t.Refused)}
	for _, g := range t.Guesses {
		a.Guesses = append(a.Guesses, g.Model)
	}
	for i := range t.Readings {
		x := &t.Readings[i]
		r := apiTrialReading{Device: x.Device, Channel: x.Channel, Value: x.Value, Text: x.Text, At: x.At, Aside: x.Aside, Flags: x.Flags}
		if x.Quantity != telemetry.NoQuantity {
			r.Quantity, r.Unit = x.Quantity.String(), x.Quantity.Unit()
		}
		a.Readings = append(a.Readings, r)
	}
	return &apiOne[apiTrial]{a}, nil
}

func (b *DeviceChange) form() *deviceForm {
	return &deviceForm{
		ID: strings.ToLower(b.ID), Model: cleanText(b.Model, maxName), Address: cleanText(b.Address, maxAddress), Version: cleanText(b.Version, 64),
		Author: cleanText(b.Author, maxName), Reason: cleanText(b.Reason, maxReason),
	}
}

// apiInstall checks a form, or puts it in force. Of one that replaces, changes gets the device that is there.
func (s *Server) apiInstall(ctx context.Context, site string, f *deviceForm, check, replaces bool, wrong func([]facility.Device) string, changes func(*facility.Device) []revise.Change) (*apiOne[apiFileChange], error) {
	if _, ok := s.opts.Live.Outline(site); !ok {
		return nil, noSite(site)
	}
	if s.opts.SiteFiles == nil {
		return nil, huma.Error404NotFound("sites are changed in their files alone here")
	}
	devices := s.opts.SiteFiles.Devices(site)
	var was *facility.Device
	if i := slices.IndexFunc(devices, func(d facility.Device) bool { return d.ID == f.Device }); replaces && i >= 0 {
		was = &devices[i]
	} else if replaces {
		return nil, huma.Error404NotFound("the site has no such device")
	}
	e := deviceEntry(callerOf(ctx), f, replaces)
	if key := lacking(&e); key != "" {
		field := map[string]string{badID: "id", noDecider: "author", noWhy: "reason"}[key]
		return nil, huma.Error422UnprocessableEntity("body " + field + ": " + s.tongues.byTag("en").T("entry."+key))
	}
	all, trouble := changes(was), ""
	if wrong != nil {
		trouble = wrong(devices)
	}
	if trouble == "" && len(all) == 0 {
		trouble = "body: nothing would change"
	}
	if check {
		if trouble != "" {
			return nil, huma.Error422UnprocessableEntity(trouble)
		}
		d, err := s.opts.SiteFiles.Draft(site, all)
		if err != nil {
			return nil, s.fileRefusal(err, nil)
		}
		a := apiFileChange{File: d.File, Checked: true, Problems: problemLines(d.Problems), Warnings: problemLines(d.Warnings), ReadOnly: d.ReadOnly, Version: d.Version}
		for _, l := range d.Diff {
			a.Diff = append(a.Diff, string(l.Sign)+l.Text)
		}
		return &apiOne[apiFileChange]{a}, nil
	}
	rec, d, err := s.install(ctx, site, f.Version, all, e, trouble != "")
	if errors.Is(err, errNothingToPut) {
		return nil, huma.Error422UnprocessableEntity(trouble)
	}
	if err != nil {
		return nil, s.fileRefusal(err, d)
	}
	s.untilShown(ctx, site, rec.Seq)
	return &apiOne[apiFileChange]{apiFileChange{Before: rec.Entry.Before, After: rec.Entry.After, Record: rec.Seq}}, nil
}

// lacking is what an entry about a file lacks: a key of a sentence, "entry." before it; empty: nothing.
func lacking(e *telemetry.Entry) string {
	switch {
	case !isUUID(e.ID):
		return badID
	case e.Author == "":
		return noDecider
	case e.Reason == "":
		return noWhy
	}
	return ""
}

func problemLines(all []FileProblem) (lines []string) {
	for _, p := range all {
		lines = append(lines, p.String())
	}
	return lines
}

// fileRefusal tells a program why a site's file is not changed.
func (s *Server) fileRefusal(err error, d *SiteDraft) error {
	var late *NotInForceError
	var unnoted *NotNotedError
	var differ *FilesDiffer
	switch {
	case errors.As(err, &late), errors.As(err, &unnoted):
		return s.limitRefusal(nil, err)
	case errors.Is(err, ErrProblems) && d != nil:
		return huma.Error422UnprocessableEntity("body: the file would have problems: " + strings.Join(problemLines(d.Problems), "; "))
	case errors.As(err, &differ):
		return huma.Error409Conflict(differ.Error() + "; nothing was changed")
	}
	for _, known := range []error{ErrNoFile, ErrSame, ErrUsedOtherwise, revise.ErrByHand, revise.ErrTooLarge, revise.ErrReadOnly, revise.ErrChanged} {
		if errors.Is(err, known) {
			return huma.Error409Conflict(known.Error() + "; nothing was changed")
		}
	}
	return s.apiError("site's file", err)
}
