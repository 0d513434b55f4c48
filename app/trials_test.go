package app

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/web"
)

// What is pasted is read as gerbang decode reads it, in whatever way it is written, by the model that is named or by a guess.
func TestMessagesAreTried(t *testing.T) {
	cfg, err := configs.LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	try := newTrials(newReloader(cfg, prometheus.NewRegistry(), slog.New(slog.DiscardHandler)))
	frame := []byte{3, 0xd2, 0xbe, 0x14, 0, 0, 4, 0xd2, 0xb1, 0x14, 0, 0}
	for name, c := range map[string]struct {
		message web.TrialMessage
		model   string
		want    string // quantity=value of each reading; or the reason of a rejection
	}{
		"JSON, guessed":     {web.TrialMessage{Topic: "zigbee2mqtt/pintu", Payload: []byte(`{"contact":false,"battery":97}`)}, "zigbee2mqtt", "contact_open=1 battery=97"},
		"a device of ours":  {web.TrialMessage{Topic: "gerbang/v1/mpp-gresik/pintu-utama-hitung", Payload: []byte(`{"people_in":3}`)}, "native", "people_in=3"},
		"hexadecimal":       {web.TrialMessage{Model: "milesight-vs133", Port: 85, Payload: []byte("03d2be140000 04d2b1140000")}, "milesight-vs133", "people_in_total=5310 people_out_total=5297"},
		"base64":            {web.TrialMessage{Model: "milesight-vs133", Port: 85, Binary: true, Payload: []byte(base64.StdEncoding.EncodeToString(frame))}, "milesight-vs133", "people_in_total=5310 people_out_total=5297"},
		"not a number":      {web.TrialMessage{Model: "native", Topic: "gerbang/v1/x/y", Payload: []byte(`{"co2":"many"}`)}, "native", "field"},
		"broken":            {web.TrialMessage{Model: "native", Topic: "gerbang/v1/x/y", Payload: []byte(`{"co2":`)}, "native", "syntax"},
		"what nobody means": {web.TrialMessage{Model: "zigbee2mqtt", Topic: "zigbee2mqtt/bridge/state", Payload: []byte(`{"state":"online"}`)}, "zigbee2mqtt", ""},
	} {
		got, err := try.Try(t.Context(), c.message)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var said []string
		for _, x := range got.Readings {
			value := 0.0
			if x.Value != nil {
				value = *x.Value
			}
			said = append(said, x.Quantity.String()+"="+strconv.FormatFloat(value, 'g', -1, 64))
		}
		text := strings.Join(said, " ")
		if got.Rejection != nil {
			text = string(got.Rejection.Reason)
		}
		if got.Model != c.model || text != c.want {
			t.Errorf("%s: model %q, %q, want %q, %q (%+v)", name, got.Model, text, c.model, c.want, got.Rejection)
		}
		if len(got.Steps) == 0 && c.model != "native" {
			t.Errorf("%s: no step is told", name)
		}
	}
	for key, m := range map[string]web.TrialMessage{
		"empty": {}, "model": {Model: "nonsense", Payload: []byte("x")}, "binary": {Binary: true, Payload: []byte("§")}, "nobody": {Payload: []byte("hello there")},
	} {
		var wrong *web.TrialError
		if _, err := try.Try(t.Context(), m); !errors.As(err, &wrong) || wrong.Key != key {
			t.Errorf("%s: got %v", key, err)
		}
	}
	try.one <- struct{}{} // somebody else is at it
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := try.Try(gone, web.TrialMessage{Payload: []byte("{}")}); !errors.Is(err, web.ErrTooMuch) {
		t.Errorf("while another is read: got %v", err)
	}
}
