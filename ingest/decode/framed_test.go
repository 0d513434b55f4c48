package decode_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// framedModel is a door that some network wraps: its frame has the door and its count, on port 120.
func framedModel(encoding string) decode.Model {
	return decode.Model{
		ID: "wrapped", Title: "A door in an envelope", Format: "frame", Codec: "merryiot", Layout: layoutOf("merryiot"),
		Frame:    &model.Frame{Path: "up.raw|raw", Encoding: encoding, Port: "up.port|port"},
		Device:   "envelope.up?.id",
		Time:     &model.Time{Path: "envelope.up?.at"},
		Readings: []model.Field{{Path: "open", Quantity: telemetry.ContactOpen}, {Path: "count", Quantity: telemetry.OpenCount}},
	}
}

func TestFrameInAMessage(t *testing.T) {
	tests := []struct{ name, encoding, payload, want string }{
		{"hex", "", `{"up":{"id":"D-7","at":"2022-07-05T01:15:00Z","port":120,"raw":"010f1b400300210400"}}`,
			"2022-07-05T01:15:00Z D-7 contact_open 1 1|2022-07-05T01:15:00Z D-7 open_count 1057 1"},
		{"base64, the other way", "base64", `{"id":"D-7","port":"120","raw":"AA8bQAMAIQQA"}`,
			"2022-07-05T01:16:00Z D-7 contact_open 0 1|2022-07-05T01:16:00Z D-7 open_count 1057 1"},
		{"an answer to a command", "", `{"id":"D-7","port":204,"raw":"00580200"}`, ""},
		{"without a frame", "", `{"id":"D-7","joined":true}`, "rejected field: no frame at up.raw|raw; the message has the members id, joined"},
		{"cut", "", `{"id":"D-7","port":120,"raw":"010f1b40030021"}`, "rejected undecoded: device \"\": 7 bytes on port 120: codec merryiot: "},
		{"half a byte", "", `{"id":"D-7","port":120,"raw":"010"}`, "rejected undecoded: up.raw|raw: the frame is cut off: 3 hexadecimal digits are no whole bytes"},
		{"a number", "", `{"id":"D-7","port":120,"raw":12}`, "rejected field: up.raw|raw: a number, want a frame as text"},
		{"a port that is none", "", `{"id":"D-7","port":300,"raw":"010f1b400300210400"}`, "rejected undecoded: device \"\": 9 bytes on port 0: "},
		{"no JSON", "", `id=D-7`, "rejected syntax: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := decode.New(decode.Options{Models: []decode.Model{framedModel(tt.encoding)}})
			if err != nil {
				t.Fatal(err)
			}
			got := told(d.One(decode.Query{Model: "wrapped", Payload: []byte(tt.payload), Received: time.Date(2022, 7, 5, 1, 16, 0, 0, time.UTC)}))
			if got != tt.want && (tt.want == "" || !strings.HasPrefix(got, tt.want)) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// told is an answer in one line.
func told(a decode.Answer) string {
	if a.Rejection != nil {
		return fmt.Sprintf("rejected %s: %s", a.Rejection.Reason, a.Rejection.Detail)
	}
	var lines []string
	for _, l := range a.Lines {
		lines = append(lines, l.String())
	}
	return strings.Join(lines, "|")
}

func TestFrameOfAModel(t *testing.T) {
	tests := []struct {
		name   string
		change func(*decode.Model)
		want   string
	}{
		{"none", func(m *decode.Model) { m.Frame = nil }, "frame.path: missing"},
		{"no path", func(m *decode.Model) { m.Frame.Path = "" }, "frame.path: missing"},
		{"encoding", func(m *decode.Model) { m.Frame.Encoding = "octal" }, `frame.encoding: "octal": want hex or base64`},
		{"many ports", func(m *decode.Model) { m.Frame.Port = "ports[*]" }, `frame.port: "ports[*]" leads to several values, want one`},
		{"codec", func(m *decode.Model) { m.Codec, m.Layout = "", nil }, `codec: unknown codec ""`},
		{"ports", func(m *decode.Model) { m.Ports = []uint8{1} }, `ports: belong to format lorawan, not to "frame"`},
		{"another format", func(m *decode.Model) { m.Format, m.Codec = "json", "" }, `frame: belongs to format frame, not to "json"`},
		{"a codec of another format", func(m *decode.Model) { m.Format, m.Frame = "json", nil }, `codec: belongs to the formats lorawan and frame, not to "json"`},
	}
	good := framedModel("")
	if err := decode.Validate(&good); err != nil {
		t.Fatalf("without a mistake: %v", err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := framedModel("")
			tt.change(&m)
			if err := decode.Validate(&m); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want …%s…", err, tt.want)
			}
		})
	}
}

// FuzzFramed asserts that any message gives the same answer twice, without a panic, and readings only where it has a frame.
func FuzzFramed(f *testing.F) {
	d, err := decode.New(decode.Options{Models: []decode.Model{framedModel("")}})
	if err != nil {
		f.Fatal(err)
	}
	for _, payload := range []string{
		`{"up":{"id":"D-7","at":"2022-07-05T01:15:00Z","port":120,"raw":"010f1b400300210400"}}`, `{"id":"D-7","raw":"zz"}`,
		`{"raw":"010f1b400300210400","port":120,"t":nan}`, `[]`, `{"raw":null}`, ``,
	} {
		f.Add(payload)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		q := decode.Query{Model: "wrapped", Payload: []byte(payload), Received: time.Date(2022, 7, 5, 1, 16, 0, 0, time.UTC)}
		got, again := told(d.One(q)), told(d.One(q))
		if !reflect.DeepEqual(got, again) {
			t.Errorf("got %q, then %q", got, again)
		}
		if strings.Contains(got, "open_count") && !strings.Contains(payload, "raw") {
			t.Errorf("got %q of a message without a frame", got)
		}
		if strings.HasPrefix(got, "rejected fault") {
			t.Errorf("got %q", got)
		}
	})
}
