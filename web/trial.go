package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Trials read a message that somebody has, as the gateway would if it came, and change nothing.
type Trials interface {
	// Try reads it. What is wrong with how it was given is a *TrialError; ErrTooMuch: others are at it.
	Try(ctx context.Context, m TrialMessage) (*Trial, error)
	// Models are all that are known, by id.
	Models() []ModelName
}

// ModelName is a model with its title.
type ModelName struct{ ID, Title string }

// TrialMessage is a message as a person pastes it.
type TrialMessage struct {
	Model   string // empty: that of the device where it is configured, else the likeliest
	Topic   string // may be empty
	Payload []byte
	Binary  bool  // Payload is written in hexadecimal or base64
	Port    uint8 // LoRaWAN port of a bare frame; 0: not known
}

// TrialError is what is wrong with a message as it was given: a key of a sentence, "trial." before it.
type TrialError struct{ Key string }

// Error is the key.
func (e *TrialError) Error() string { return "a message to be tried: " + e.Key }

// Trial is what a message means. Neither readings nor a rejection: it is understood and is no reading.
type Trial struct {
	Model    string
	Guesses  []Guess // the models among which it was guessed, the likeliest first; none: it was named, or is that of the device
	Readings []TrialReading
	// Rejection says why nothing is read, Refused what of it is refused beside the readings.
	Rejection, Refused *telemetry.Rejection
	Steps              []TrialStep
}

// TrialReading is one value of a message.
type TrialReading struct {
	Device, Channel string
	Quantity        telemetry.Quantity // NoQuantity: a task log
	Value           *float64
	Text            string // the kind of a press; of a task log the task
	At              time.Time
	Aside           bool     // shown here, and taken for nothing
	Flags           []string // of a closed set: clock, retained, late, history
}

// TrialStep is a step of the reading, in English.
type TrialStep struct{ Stage, Text string }

const (
	trialPath = "/devices/try"
	// maxTrial bounds the form in which a message is pasted, bytes; three of them stand for one byte at worst.
	maxTrial = 64 << 10
)

// trialPage is where a message is pasted and read.
type trialPage struct {
	frame
	Topic, Model, Payload, Port string
	Binary                      bool
	Models                      []ModelName
	Trouble                     string
	Tried                       bool
	Read                        string // the model
	Guessed                     string // others that it may be
	Rows                        []trialRow
	Rejection, Refused          *rejectionRow
	Steps                       []TrialStep
	Add                         string // where such a device is added; empty: not by who looks, or nothing was read
}

type trialRow struct {
	Device, Channel, Name, Value, At string
	Notes                            []string
}

func (s *Server) trial(w http.ResponseWriter, r *http.Request) error {
	p, err := s.trialPageOf(r)
	if err != nil {
		return err
	}
	p.Model, p.Topic = cleanText(r.URL.Query().Get("model"), maxName), cleanText(r.URL.Query().Get("topic"), maxTopic)
	return s.render(w, http.StatusOK, s.tongues.choose(r), "trial", p)
}

// maxTopic bounds a topic that is typed, in runes.
const maxTopic = 512

func (s *Server) trialPageOf(r *http.Request) (*trialPage, error) {
	if s.opts.Trials == nil {
		return nil, errNoPage
	}
	lang := s.tongues.choose(r)
	p := &trialPage{frame: s.frame(r, lang, lang.T("trial.title")), Models: s.opts.Trials.Models()}
	p.Typing = true
	return p, nil
}

// tryMessage reads what was pasted. It changes nothing: it is a POST because a message does not fit into an address.
func (s *Server) tryMessage(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	p, err := s.trialPageOf(r)
	if err != nil {
		return err
	}
	lang := s.tongues.choose(r)
	get := r.PostForm.Get
	p.Topic, p.Model, p.Port, p.Binary = cleanText(get("topic"), maxTopic), cleanText(get("model"), maxName), cleanText(get("port"), 3), get("as") == "binary"
	p.Payload = get("payload")
	m := TrialMessage{Model: p.Model, Topic: p.Topic, Binary: p.Binary, Payload: []byte(p.Payload)}
	if p.Binary {
		m.Payload = []byte(strings.TrimSpace(p.Payload))
	}
	port, err := strconv.ParseUint("0"+p.Port, 10, 8)
	m.Port = uint8(port)
	wrong := &TrialError{"port"}
	if err == nil {
		var t *Trial
		if t, err = s.opts.Trials.Try(r.Context(), m); err == nil {
			p.show(s.scene(lang, nil), t)
			if p.Can["operate"] && t.Rejection == nil {
				p.Add = addPath("", t.Model, deviceOf(t), p.Topic)
			}
			w.Header().Set("Cache-Control", "no-store")
			return s.render(w, http.StatusOK, lang, "trial", p)
		}
		if errors.Is(err, ErrTooMuch) {
			return &fault{status: http.StatusServiceUnavailable, key: "error.crowded", retry: 2, cause: err}
		}
		if !errors.As(err, &wrong) {
			return err
		}
	}
	p.Trouble = lang.T("trial." + wrong.Key)
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, http.StatusUnprocessableEntity, lang, "trial", p)
}

// deviceOf is how a message names its device; empty: it does not.
func deviceOf(t *Trial) string {
	for _, g := range t.Guesses {
		if g.Model == t.Model {
			return g.Address
		}
	}
	for i := range t.Readings {
		return t.Readings[i].Device
	}
	return ""
}

func (p *trialPage) show(sc *scene, t *Trial) {
	p.Tried, p.Read, p.Steps = true, t.Model, t.Steps
	for _, g := range t.Guesses {
		if g.Model == t.Model {
			p.Read = g.Title + " (" + g.Model + ")"
		} else {
			p.Guessed += ", " + g.Model
		}
	}
	p.Guessed = strings.TrimPrefix(p.Guessed, ", ")
	for i := range t.Readings {
		x := &t.Readings[i]
		row := trialRow{Device: x.Device, Channel: x.Channel, Name: x.Text, At: x.At.UTC().Format("2006-01-02 15:04:05 MST")}
		if x.Quantity != telemetry.NoQuantity {
			m := sc.measureOf(rules.LastValue{Quantity: x.Quantity, Unit: x.Quantity.Unit()})
			row.Name, row.Value = m.Name, x.Text
			if x.Value != nil {
				row.Value = sc.measureOf(rules.LastValue{Quantity: x.Quantity, Value: *x.Value, Unit: x.Quantity.Unit()}).Value
			}
		}
		if x.Aside {
			row.Notes = append(row.Notes, sc.T("trial.aside"))
		}
		for _, f := range x.Flags {
			row.Notes = append(row.Notes, sc.orName("flag.", f))
		}
		p.Rows = append(p.Rows, row)
	}
	rejected := func(x *telemetry.Rejection) *rejectionRow {
		if x == nil {
			return nil
		}
		return &rejectionRow{Reason: sc.orName("rejection.", string(x.Reason)), Detail: x.Detail}
	}
	p.Rejection, p.Refused = rejected(t.Rejection), rejected(t.Refused)
}
