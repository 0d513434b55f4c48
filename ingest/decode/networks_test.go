package decode

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Finding A7: the topics of a network server stand where its envelope is read, not in every model of a LoRaWAN device.
func TestA7_TopicsOfNetworkServersStandOnce(t *testing.T) {
	files, err := filepath.Glob("../../configs/models/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no models: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			for i := range networks {
				for _, topic := range networks[i].topics {
					if strings.HasPrefix(line, "match:") && strings.Contains(line, `"`+topic+`"`) {
						t.Errorf("%s: has the topic %s of %s: want no match, for format lorawan listens there", file, topic, networks[i].title)
					}
				}
			}
		}
	}
}

func TestModelWithoutTopicsHasThoseOfItsFormat(t *testing.T) {
	read := []model.Field{{Path: "t", Quantity: telemetry.Temperature}}
	for _, tt := range []struct {
		name string
		m    model.Model
		want []string
	}{
		{"lorawan", model.Model{ID: "m", Title: "M", Format: "lorawan", Readings: read}, []string{"v3/+/devices/+/#", "application/+/device/+/event/+", "mqtt/things/+/uplink"}},
		{"own topics", model.Model{ID: "m", Title: "M", Format: "lorawan", Match: []string{"lora/#"}, Readings: read}, []string{"lora/#"}},
		{"none in any case", model.Model{ID: "m", Title: "M", Format: "lorawan", Match: []string{}, Readings: read}, nil},
		{"another format", model.Model{ID: "m", Title: "M", Readings: read}, nil},
	} {
		m, err := prepare(&tt.m)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := m.Match; !slices.Equal(got, tt.want) || !slices.Equal(TopicsOf(&tt.m), tt.want) || len(m.Patterns) != len(tt.want) {
			t.Errorf("%s: got topics %v and %d patterns, want %v", tt.name, got, len(m.Patterns), tt.want)
		}
	}
}
