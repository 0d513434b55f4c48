package facility

import (
	"testing"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Finding I1: one function says what a reading means at its place.
func TestI1_MeaningOfAReadingAtItsPlace(t *testing.T) {
	t.Parallel()
	swapped, warm := Device{Swap: true}, Device{Offset: 0.7}
	for _, tt := range []struct {
		name     string
		device   Device
		in, want telemetry.Reading
	}{
		{"as it is", Device{}, telemetry.Reading{Quantity: telemetry.PeopleIn, Value: 3}, telemetry.Reading{Quantity: telemetry.PeopleIn, Value: 3}},
		{"in becomes out", swapped, telemetry.Reading{Quantity: telemetry.PeopleIn, Value: 3, Channel: "a"}, telemetry.Reading{Quantity: telemetry.PeopleOut, Value: 3, Channel: "a"}},
		{"out becomes in", swapped, telemetry.Reading{Quantity: telemetry.PeopleOut, Value: 3}, telemetry.Reading{Quantity: telemetry.PeopleIn, Value: 3}},
		{"totals too", swapped, telemetry.Reading{Quantity: telemetry.PeopleInTotal, Value: 3}, telemetry.Reading{Quantity: telemetry.PeopleOutTotal, Value: 3}},
		{"and back", swapped, telemetry.Reading{Quantity: telemetry.PeopleOutTotal, Value: 3}, telemetry.Reading{Quantity: telemetry.PeopleInTotal, Value: 3}},
		{"presence has no direction", swapped, telemetry.Reading{Quantity: telemetry.PeoplePresent, Value: 3}, telemetry.Reading{Quantity: telemetry.PeoplePresent, Value: 3}},
		{"offset, exactly", warm, telemetry.Reading{Quantity: telemetry.BodyTemperature, Value: 36.6}, telemetry.Reading{Quantity: telemetry.BodyTemperature, Value: 37.3}},
		{"offset of skin only", warm, telemetry.Reading{Quantity: telemetry.Temperature, Value: 26.4}, telemetry.Reading{Quantity: telemetry.Temperature, Value: 26.4}},
	} {
		m := tt.device.Mounting(tt.in.Channel)
		if got := m.Meaning(tt.in); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
		if got, want := m.Corrects(), tt.device.Swap || tt.device.Offset != 0; got != want {
			t.Errorf("%s: corrects %t, want %t", tt.name, got, want)
		}
	}
}

func TestI1_ButtonAtATaskLogsIt(t *testing.T) {
	t.Parallel()
	at := Mounting{Place: Place{Kind: AtTask, ID: "handles"}}
	if got := at.Task(&telemetry.Reading{Quantity: telemetry.Button, Value: 1}); got != "handles" {
		t.Errorf("a press at a task: got %q, want its task", got)
	}
	if got := at.Task(&telemetry.Reading{Quantity: telemetry.Battery, Value: 90}); got != "" {
		t.Errorf("a battery at a task: got %q, want none", got)
	}
	at.Place.Kind = AtDoor
	if got := at.Task(&telemetry.Reading{Quantity: telemetry.Button, Value: 1}); got != "" {
		t.Errorf("a press at a door: got %q, want none", got)
	}
}

// Finding R17: a channel that is listed hangs where the list says, not as the device does.
func TestR17_AChannelHasAMountingOfItsOwn(t *testing.T) {
	t.Parallel()
	front, back := Place{Kind: AtDoor, ID: "front"}, Place{Kind: AtDoor, ID: "back"}
	d := Device{Place: front, Swap: true, Offset: 1, Channels: []Channel{{Name: "2", Place: back, Offset: 0.5}, {Name: "probe"}}}
	for channel, want := range map[string]Mounting{
		"": {front, true, 1}, "1": {front, true, 1}, "2": {back, false, 0.5}, "probe": {},
	} {
		if got := d.Mounting(channel); got != want {
			t.Errorf("channel %q: got %+v, want %+v", channel, got, want)
		}
	}
}
