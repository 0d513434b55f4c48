// Package facility holds the plain values that describe a building: sites, zones, doors, devices, tasks, hours. It does no
// I/O and has no clock.
package facility

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Outside is the zone beyond every outside door.
const Outside = "outside"

// Site is a building with a time zone and opening hours: the unit of partition. Every id inside it is unique among its
// kind and matches [a-z0-9][a-z0-9_-]{0,63}.
type Site struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Note is what visitors of the site's page should know, by language ("id", "en"); empty: nothing.
	Note     map[string]string `json:"note,omitempty"`
	Location Location          `json:"timezone"`
	// Area is where it lies: a country (ISO 3166-1: ID), a province (ISO 3166-2: ID-JI) or a place in one (ID-JI/probolinggo);
	// empty: not said.
	Area string `json:"area,omitempty"`
	// Region is the group that it belongs to where many sites are listed, City the town that people look for it by; empty: see RegionName and
	// CityName.
	Region    string  `json:"region,omitempty"`
	City      string  `json:"city,omitempty"`
	Latitude  float64 `json:"latitude,omitempty"`
	Longitude float64 `json:"longitude,omitempty"`
	// Protocols are the ids of the protocols that apply, each during its own validity.
	Protocols []string `json:"protocols"`
	// Levels are the levels chosen for this site, each from a date on, in order.
	Levels []LevelPeriod `json:"levels,omitempty"`
	Hours  Hours         `json:"hours"`
	// Quota is how many visitors may come in a day; 0: as many as will.
	Quota int `json:"quota,omitempty"`
	// Reset is the local time at which the building is verified empty, once a day; nil: never.
	Reset   *TimeOfDay `json:"reset,omitempty"`
	Zones   []Zone     `json:"zones"`
	Doors   []Door     `json:"doors,omitempty"`
	Devices []Device   `json:"devices,omitempty"`
	Tasks   []Task     `json:"tasks,omitempty"`
	// Maintenance is planned: in its times nothing is judged of what it is about.
	Maintenance []Maintenance `json:"maintenance,omitempty"`
	// Uplinks are what devices hang on and what is no device itself.
	Uplinks []Uplink `json:"uplinks,omitempty"`
	// Escalation is whom the site calls about an alert; nil: nothing is said.
	Escalation *Escalation `json:"escalation,omitempty"`
	// KeepTaskAuthor keeps the name in a task log's "by"; without it the name is dropped on arrival.
	KeepTaskAuthor bool `json:"keep_task_author,omitempty"`
}

// Zone is a room or area.
type Zone struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Parent is the zone this one lies in; empty: directly in the building. People in a zone are also in its parent.
	Parent string `json:"parent,omitempty"`
	// Area and Fixtures (furniture, counters) are in m²; 0: unknown.
	Area     float64 `json:"area_m2,omitempty"`
	Fixtures float64 `json:"fixtures_m2,omitempty"`
	// Height of the room, m; 0: unknown.
	Height float64 `json:"height_m,omitempty"`
	// Seats are those that exist, SeatPitch the distance between neighbours in metres: where the pitch is smaller than the
	// required spacing only every n-th seat may be used. 0: no seats, pitch unknown (then Seats are taken as spaced).
	Seats     int     `json:"seats,omitempty"`
	SeatPitch float64 `json:"seat_pitch_m,omitempty"`
	// Capacity is what is declared (fire safety, lease); 0: none.
	Capacity int `json:"capacity,omitempty"`
	// QueueFor is the room for which people wait here: the zone is its queue; empty: it is none.
	QueueFor string `json:"queue_for,omitempty"`
	// SeatMap is where its seats stand, in the order of their ids; empty: not known.
	SeatMap []Seat `json:"seat_map,omitempty"`
}

// Door is a passage between two zones, one of which may be Outside. In at a door means from From to To.
type Door struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	From string `json:"from"`
	To   string `json:"to"`
	// MaxPassages is the most people that can pass it in a minute, where that is more or less than at the site's other doors;
	// 0: as there.
	MaxPassages float64 `json:"max_passages,omitempty"`
}

// PlaceKind says what a device or task belongs to.
type PlaceKind string

// The kinds of place.
const (
	AtZone PlaceKind = "zone"
	AtDoor PlaceKind = "door"
	AtTask PlaceKind = "task" // devices only: a button or sprayer that reports a task
)

// Place is where a device hangs or a task is done.
type Place struct {
	Kind PlaceKind `json:"kind"`
	ID   string    `json:"id"`
}

// Ambient bounds the temperature of the air around a thermometer, Cel.
type Ambient struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"`
}

// Device is a sensor or button.
type Device struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	// Model names the device model that reads its payload; "native" for the format of gerbang/v1/{site}/{device}.
	Model string `json:"model"`
	// Address is how the model's messages name the device (serial number, DevEUI, topic part); empty: its id.
	Address string `json:"address,omitempty"`
	Place   Place  `json:"place"`
	// Swap exchanges in and out for a counter that is mounted the other way round.
	Swap bool `json:"swap,omitempty"`
	// Offset is added to body temperatures, Cel: skin reads below core temperature, by device.
	Offset float64 `json:"offset_cel,omitempty"`
	// Accuracy is the share of passages a people counter gets right, 0 < a ≤ 1; 0: the model's or 0.98.
	Accuracy float64 `json:"accuracy,omitempty"`
	// Error is the error bar of a measured value, in the quantity's unit; 0: the kind's default.
	Error float64 `json:"error,omitempty"`
	// Ambient is the air in which a thermometer measures people right; nil: in any, as far as is known.
	Ambient *Ambient `json:"ambient,omitempty"`
	// Interval is the longest time between two messages of a healthy device; 0: it reports only when something happens.
	Interval time.Duration `json:"interval,omitempty"`
	// Measures are the quantities that the device is there for: readings of others are refused, but for what it says about
	// itself. Empty: whatever its model reads.
	Measures []telemetry.Quantity `json:"measures,omitempty"`
	// Channels are the lines, regions and probes that have a place of their own, by name. What is not listed is at the
	// device's own place.
	Channels []Channel `json:"channels,omitempty"`
	// Whole says that the people it counts as present are all that are in its zone. Without it several such counters of one
	// zone see a part each, and add up.
	Whole bool `json:"whole,omitempty"`
	// Seat is the seat of its zone's map whose sensor it is; empty: it is none's.
	Seat string `json:"seat,omitempty"`
	// Parent is the device or uplink without which nothing is heard of it: a gateway, a switch; empty: none is known.
	Parent string `json:"parent,omitempty"`
}

// Uplink is a switch, radio gateway or bridge that says nothing itself: it is known by the devices that hang on it.
type Uplink struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	// Parent is the device or uplink that it hangs on itself; empty: none is known.
	Parent string `json:"parent,omitempty"`
}

// Label is the name, or the id where there is none.
func (u Uplink) Label() string {
	if u.Name != "" {
		return u.Name
	}
	return u.ID
}

// Channel is a line, region or probe of a device with a place of its own.
type Channel struct {
	Name string `json:"name"`
	// Place is where it measures. Without a kind it is nowhere: its values are shown with the device and judged by no rule.
	Place Place `json:"place,omitzero"`
	// Swap exchanges in and out of this channel, Offset is added to its body temperatures: the device's own are not taken over.
	Swap   bool    `json:"swap,omitempty"`
	Offset float64 `json:"offset_cel,omitempty"`
	// Seat is the seat of its zone's map whose sensor it is; empty: it is none's.
	Seat string `json:"seat,omitempty"`
}

// Label is the name, or the id where there is none.
func (d Device) Label() string {
	if d.Name != "" {
		return d.Name
	}
	return d.ID
}

// Task is a recurring duty: spray the hall, wipe the door handles. When it is due is said by a rule.
type Task struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Place Place  `json:"place"`
	// Items are the things to treat, if they are logged one by one; the task is done when all are.
	Items []string `json:"items,omitempty"`
	// Kind says which kind of rule judges it unless one names it; empty: cleaning.
	Kind TaskKind `json:"kind,omitempty"`
}

// TaskKind is what a task is about.
type TaskKind string

// The kinds of task.
const (
	TaskCleaning  TaskKind = ""          // disinfection
	TaskChecklist TaskKind = "checklist" // staff: what must be there at a counter as a shift begins
	TaskVehicles  TaskKind = "vehicles"  // vehicles: each log is a vehicle that was sprayed
)

// LevelPeriod chooses a level of the protocols from a local date on.
type LevelPeriod struct {
	From  Date   `json:"from"`
	Level string `json:"level"`
}

// Location is an IANA time zone that survives JSON by its name.
type Location struct{ *time.Location }

// LoadLocation finds a zone by its IANA name. An empty name and "Local" are errors: a site says where it is.
func LoadLocation(name string) (Location, error) {
	if name == "" || name == "Local" {
		return Location{}, fmt.Errorf("time zone %q: want an IANA name such as Asia/Jakarta", name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return Location{}, fmt.Errorf("time zone %q: want an IANA name such as Asia/Jakarta", name)
	}
	return Location{loc}, nil
}

// MarshalJSON writes the zone's name.
func (l Location) MarshalJSON() ([]byte, error) {
	if l.Location == nil {
		return nil, fmt.Errorf("time zone not set")
	}
	return json.Marshal(l.Location.String())
}

// UnmarshalJSON reads a zone's name.
func (l *Location) UnmarshalJSON(b []byte) error {
	var name string
	if err := json.Unmarshal(b, &name); err != nil {
		return fmt.Errorf("reading a time zone: %w", err)
	}
	loc, err := LoadLocation(name)
	if err != nil {
		return err
	}
	*l = loc
	return nil
}

// Zone finds a zone by id.
func (s *Site) Zone(id string) (Zone, bool) {
	return find(s.Zones, id, func(z Zone) string { return z.ID })
}

// Door finds a door by id.
func (s *Site) Door(id string) (Door, bool) {
	return find(s.Doors, id, func(d Door) string { return d.ID })
}

// Device finds a device by id.
func (s *Site) Device(id string) (Device, bool) {
	return find(s.Devices, id, func(d Device) string { return d.ID })
}

// Uplink finds an uplink by id.
func (s *Site) Uplink(id string) (Uplink, bool) {
	return find(s.Uplinks, id, func(u Uplink) string { return u.ID })
}

// Task finds a task by id.
func (s *Site) Task(id string) (Task, bool) {
	return find(s.Tasks, id, func(t Task) string { return t.ID })
}

func find[T any](all []T, id string, idOf func(T) string) (T, bool) {
	for _, v := range all {
		if idOf(v) == id {
			return v, true
		}
	}
	var zero T
	return zero, false
}
