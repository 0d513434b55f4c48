package configs

import (
	"time"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/floorplan"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// siteDoc is a file of sites/: one building.
type siteDoc struct {
	// ID names the site in topics, tags and URLs; it is never changed later, the history hangs on it.
	ID string `yaml:"id" required:"yes" pattern:"^[a-z0-9][a-z0-9_-]{0,63}$" want:"a-z, 0-9, - and _, at most 64 characters"`
	// Name is what people call the building.
	Name string `yaml:"name" required:"yes"`
	// Note is shown on the site's page, by language: id, en.
	Note map[string]string `yaml:"note"`
	// Timezone is an IANA name such as Asia/Jakarta; hours, days and reports are in it.
	Timezone location `yaml:"timezone" required:"yes"`
	// Area is where the site lies, as narrow as is known: a country (ID), a province (ID-JI) or a place in it (ID-JI/probolinggo).
	// gerbang check then warns of protocols of another area.
	Area string `yaml:"area" pattern:"^[A-Z]{2}(-[A-Z0-9]{1,3})?(/[a-z0-9][a-z0-9-]*)*$" want:"a country such as ID, a province such as ID-JI, or a place in it such as ID-JI/probolinggo"`
	// Region is the group that the site belongs to on the overview, which counts and filters by it. Empty: the Indonesian province of the area.
	Region string `yaml:"region" pattern:"^\\S.{0,79}$" want:"a name of at most 80 characters, such as Jawa Timur"`
	// City is the town or regency that people look for the site by. Empty: the place in the area.
	City string `yaml:"city" pattern:"^\\S.{0,79}$" want:"a name of at most 80 characters, such as Kraksaan"`
	// Latitude and Longitude put the site on the map. One that is at 0, 0 is on none.
	Latitude  float64 `yaml:"latitude" unit:"°" min:"-90" max:"90"`
	Longitude float64 `yaml:"longitude" unit:"°" min:"-180" max:"180"`
	// Plan is the floor plan, an SVG file beside this one; shapes whose id is that of a zone, a door or a device show how it is.
	Plan string `yaml:"plan" pattern:"^\\S.*\\.svg$" want:"an SVG file, such as plan.svg"`
	// Protocols are the ids of the protocols that apply, each during its own validity.
	Protocols []string `yaml:"protocols" required:"yes" want:"a list of protocol ids"`
	// Levels are the levels chosen for this site: the date from which on, and the level.
	Levels map[facility.Date]string `yaml:"levels"`
	// Hours are the opening hours.
	Hours hoursDoc `yaml:"hours" required:"yes" want:"opening hours such as mon-fri: \"08:00-15:00\""`
	// Quota is how many visitors may come in a day; empty: as many as will. A rule of the kind quota or cutoff judges by it.
	Quota int `yaml:"quota" min:"1" max:"10000000"`
	// Calendars are the lists of days that apply, by id, and the hours on their days: closed, or such as "08:00-12:00". Events that last some
	// hours close the site for these. Of several that have a day the first decides; the exceptions of the hours come before all.
	Calendars table[spansDoc] `yaml:"calendars"`
	// Reset is the local time at which the building is verified empty, once a day: counting begins again at 0.
	Reset *facility.TimeOfDay `yaml:"reset" want:"a local time such as \"03:00\""`
	// KeepTaskAuthor keeps the name in a task log; without it the name is dropped on arrival.
	KeepTaskAuthor bool `yaml:"keep_task_author"`
	// Zones are the rooms and areas, by id.
	Zones table[zoneDoc] `yaml:"zones" required:"yes"`
	// Doors are the passages between zones and from outside, by id.
	Doors table[doorDoc] `yaml:"doors"`
	// Devices are the sensors and buttons, by id.
	Devices table[deviceDoc] `yaml:"devices"`
	// Uplinks are what devices hang on and what says nothing itself, by id: switches, radio gateways, bridges. Where all behind one fall
	// silent together, an outage rule names it in one alert.
	Uplinks table[uplinkDoc] `yaml:"uplinks"`
	// Tasks are the recurring duties, by id; when they are due is said by a protocol's rule.
	Tasks table[taskDoc] `yaml:"tasks"`
	// Maintenance is planned work: in its times nothing is judged of what it is about, and nobody is called. What sensors say stays visible.
	Maintenance []maintenanceDoc `yaml:"maintenance"`
	// Escalation is whom the site calls about an alert, one after another. Without it guards who have a phone that gets notifications are called
	// at once, and managers a minute later where no phone has shown it.
	Escalation *escalationDoc `yaml:"escalation"`
}

// zoneDoc is a room or area.
type zoneDoc struct {
	Name string `yaml:"name" required:"yes"`
	// Parent is the zone this one lies in; people in it are also in its parent.
	Parent string `yaml:"parent"`
	// Area is the floor area.
	Area float64 `yaml:"area" unit:"m²" above:"0" max:"1000000"`
	// Fixtures is the part of the area taken by furniture and counters.
	Fixtures float64 `yaml:"fixtures" unit:"m²" min:"0"`
	// Height of the room: with the area it gives the volume of its air.
	Height float64 `yaml:"height" unit:"m" min:"0" max:"100"`
	// Seats are the seats that exist.
	Seats int `yaml:"seats" min:"0" max:"100000"`
	// Pitch is the distance between neighbouring seats; where it is smaller than the required spacing only every n-th
	// seat counts.
	Pitch float64 `yaml:"pitch" unit:"m" above:"0" max:"100"`
	// Capacity is the number of people that is declared (fire safety, lease).
	Capacity int `yaml:"capacity" min:"1" max:"1000000"`
	// QueueFor is the zone for which people wait here: this one is its queue.
	QueueFor string `yaml:"queue_for"`
	// SeatMap is where the seats stand, for a rule of the kind seats. Without seats and pitch of its own the zone has those of the map that
	// are not blocked.
	SeatMap *seatMapDoc `yaml:"seat_map"`
}

// Wanted says what a configuration takes.
func (zoneDoc) Wanted() string { return "a zone (name, area, …)" }

// seatMapDoc is where the seats of a zone stand: each at x and y, or in a row.
type seatMapDoc struct {
	// Pitch is the distance between the middles of neighbouring seats of a row.
	Pitch float64 `yaml:"pitch" unit:"m" above:"0" max:"100"`
	// RowPitch is the distance between two rows.
	RowPitch float64 `yaml:"row_pitch" unit:"m" above:"0" max:"100"`
	// Seats are the seats, by id; a device says by this id whose sensor it is (seat).
	Seats table[seatDoc] `yaml:"seats" required:"yes"`
}

// Wanted says what a configuration takes.
func (seatMapDoc) Wanted() string { return "a seat map (seats, pitch, row_pitch)" }

// seatDoc is a seat: at x and y, or as the number in a row. Rows and numbers begin at 1.
type seatDoc struct {
	// X and Y are where its middle is, from a corner that all seats of the zone share.
	X *float64 `yaml:"x" unit:"m" min:"-10000" max:"10000"`
	Y *float64 `yaml:"y" unit:"m" min:"-10000" max:"10000"`
	// Row and Number say where it stands by pitch and row_pitch.
	Row    int `yaml:"row" min:"1" max:"10000"`
	Number int `yaml:"number" min:"1" max:"10000"`
	// Blocked says that it is taken out of use: nobody is to sit there.
	Blocked bool `yaml:"blocked"`
}

// Wanted says what a configuration takes.
func (seatDoc) Wanted() string { return "a seat (x and y, or row and number)" }

// doorDoc is a passage. In means from from to to.
type doorDoc struct {
	Name string `yaml:"name" required:"yes"`
	// From and To are zones; one of them may be outside.
	From string `yaml:"from" required:"yes" want:"a zone or outside"`
	To   string `yaml:"to" required:"yes" want:"a zone or outside"`
	// MaxPassages is the most people that can pass the door in a minute, where it is wider than others: about 80 for each
	// metre. A running total of a counter at it that steps further is not believed. Empty: as in ingest.max_passages.
	MaxPassages float64 `yaml:"max_passages" above:"0" max:"1000000"`
}

// Wanted says what a configuration takes.
func (doorDoc) Wanted() string { return "a door (name, from, to)" }

// deviceDoc is a sensor or button. Exactly one of zone, door and task says where it hangs.
type deviceDoc struct {
	Name string `yaml:"name"`
	// Model says how its payload is read; "native" is the gateway's own format.
	Model string `yaml:"model"`
	// Address is how the messages name the device (serial number, DevEUI, topic part); empty: its id.
	Address string `yaml:"address"`
	Zone    string `yaml:"zone"`
	Door    string `yaml:"door"`
	Task    string `yaml:"task"`
	// Measures are the quantities the device is there for; empty: those of its model. Others that it sends are refused, but
	// for what it says about itself (battery, battery_voltage, device_temperature, tamper). A device that is known to be a
	// thermometer is unknown before its first reading, instead of not being there at all.
	Measures []telemetry.Quantity `yaml:"measures"`
	// Swap exchanges in and out of a counter that is mounted the other way round.
	Swap bool `yaml:"swap"`
	// Offset is added to body temperatures: skin reads below core temperature, by device.
	Offset float64 `yaml:"offset" unit:"Cel" min:"-5" max:"5"`
	// Accuracy is the share of passages a people counter gets right, such as 98%; empty: the model's, else 98%.
	Accuracy share `yaml:"accuracy"`
	// Error is the error bar of a measured value, in the unit of the quantity; 0: the default of the kind.
	Error float64 `yaml:"error" min:"0"`
	// Ambient is the temperature of the air between which a thermometer measures people right, as its maker says, such as 16-35.
	// What it reads in other air is no evidence: a rule of kind credibility says so.
	Ambient *ambient `yaml:"ambient"`
	// Interval is the longest time between two messages of a healthy device; without it the device reports only when
	// something happens and is never silent.
	Interval time.Duration `yaml:"interval" min:"1s" max:"30d"`
	// Channels are the lines, regions and probes that measure somewhere else than the device hangs, by the name on which its
	// readings come. One without a place is shown and not judged.
	Channels channelTable `yaml:"channels"`
	// Covers says what a counter of people_present sees of its zone: part (default; the parts of a zone add up) or room (all of
	// it; of several the newest counts).
	Covers string `yaml:"covers" enum:"part room"`
	// Seat is the seat of its zone's seat_map at which it hangs: its readings of occupied say whether somebody sits there.
	Seat string `yaml:"seat"`
	// Parent is the device or uplink that it hangs on: without it nothing is heard of this one.
	Parent string `yaml:"parent"`
}

// uplinkDoc is a switch, radio gateway or bridge that sends nothing itself. One that does is a device.
type uplinkDoc struct {
	Name string `yaml:"name"`
	// Parent is the device or uplink that it hangs on itself.
	Parent string `yaml:"parent"`
}

// Wanted says what a configuration takes.
func (uplinkDoc) Wanted() string { return "an uplink (name, parent)" }

// channelDoc is a line, region or probe of a device. At most one of zone, door and task says where it measures.
type channelDoc struct {
	Zone string `yaml:"zone"`
	Door string `yaml:"door"`
	Task string `yaml:"task"`
	// Swap exchanges in and out of this channel; the device's own swap is not taken over.
	Swap bool `yaml:"swap"`
	// Offset is added to the body temperatures of this channel; the device's own offset is not taken over.
	Offset float64 `yaml:"offset" unit:"Cel" min:"-5" max:"5"`
	// Seat is the seat of its zone's seat_map that it watches.
	Seat string `yaml:"seat"`
}

// Wanted says what a configuration takes.
func (channelDoc) Wanted() string { return "a channel (one of zone, door, task, or none)" }

// SetDefaults makes a device speak the gateway's own format.
func (d *deviceDoc) SetDefaults() { d.Model = decode.NativeModel }

// coversRoom is the word of covers for a counter that sees all of its zone.
const coversRoom = "room"

// Wanted says what a configuration takes.
func (deviceDoc) Wanted() string { return "a device (model, and one of zone, door, task)" }

// taskDoc is a recurring duty, in one zone or at one door.
type taskDoc struct {
	Name string `yaml:"name" required:"yes"`
	Zone string `yaml:"zone"`
	Door string `yaml:"door"`
	// Items are the things to treat, if they are logged one by one; the task is done when all are.
	Items []string `yaml:"items"`
	// Kind says which kind of rule judges it unless a rule names it: cleaning, checklist (staff: what must be there at a
	// counter as a shift begins) or vehicles (each log is a vehicle that was sprayed). Default cleaning.
	Kind facility.TaskKind `yaml:"kind" enum:"cleaning checklist vehicles"`
}

// Wanted says what a configuration takes.
func (taskDoc) Wanted() string { return "a task (name, and one of zone, door)" }

// site makes the plain value. It is meaningful only if the document has no problems.
func (d *siteDoc) site() facility.Site {
	s := facility.Site{
		ID: d.ID, Name: d.Name, Note: d.Note, Location: d.Timezone.Location, Area: d.Area, Region: d.Region, City: d.City, Latitude: d.Latitude, Longitude: d.Longitude,
		Protocols: d.Protocols, Hours: d.Hours.Hours, Quota: d.Quota, Reset: d.Reset, KeepTaskAuthor: d.KeepTaskAuthor,
		Escalation: d.Escalation.escalation(),
	}
	for date, level := range d.Levels {
		s.Levels = append(s.Levels, facility.LevelPeriod{From: date, Level: level})
	}
	sortBy(s.Levels, func(l facility.LevelPeriod) string { return l.From.String() })
	for _, r := range d.Zones {
		z := r.Value
		zone := facility.Zone{
			ID: r.ID, Name: z.Name, Parent: z.Parent, Area: z.Area, Fixtures: z.Fixtures, Height: z.Height, Seats: z.Seats, SeatPitch: z.Pitch, Capacity: z.Capacity,
			QueueFor: z.QueueFor, SeatMap: z.SeatMap.seats(),
		}
		if inUse := facility.InUse(zone.SeatMap); zone.Seats == 0 && len(inUse) > 0 {
			zone.Seats, zone.SeatPitch = len(inUse), facility.Pitch(inUse)
		}
		s.Zones = append(s.Zones, zone)
	}
	for _, r := range d.Doors {
		s.Doors = append(s.Doors, facility.Door{ID: r.ID, Name: r.Value.Name, From: r.Value.From, To: r.Value.To, MaxPassages: r.Value.MaxPassages})
	}
	for _, r := range d.Devices {
		v := r.Value
		s.Devices = append(s.Devices, facility.Device{
			ID: r.ID, Name: v.Name, Model: v.Model, Address: v.Address, Place: place(v.Zone, v.Door, v.Task), Swap: v.Swap,
			Offset: v.Offset, Accuracy: float64(v.Accuracy), Error: v.Error, Interval: v.Interval, Ambient: v.Ambient.window(),
			Measures: v.Measures, Channels: v.channels(), Whole: v.Covers == coversRoom, Parent: v.Parent, Seat: v.Seat,
		})
	}
	for _, r := range d.Uplinks {
		s.Uplinks = append(s.Uplinks, facility.Uplink{ID: r.ID, Name: r.Value.Name, Parent: r.Value.Parent})
	}
	for _, r := range d.Tasks {
		s.Tasks = append(s.Tasks, facility.Task{ID: r.ID, Name: r.Value.Name, Place: place(r.Value.Zone, r.Value.Door, ""), Items: r.Value.Items, Kind: taskKind(r.Value.Kind)})
	}
	return s
}

// channels makes the plain values, by name.
func (d *deviceDoc) channels() []facility.Channel {
	var all []facility.Channel
	for _, r := range d.Channels {
		c := facility.Channel{Name: r.ID, Swap: r.Value.Swap, Offset: r.Value.Offset, Seat: r.Value.Seat}
		if r.Value.Zone != "" || r.Value.Door != "" || r.Value.Task != "" {
			c.Place = place(r.Value.Zone, r.Value.Door, r.Value.Task)
		}
		all = append(all, c)
	}
	sortBy(all, func(c facility.Channel) string { return c.Name })
	return all
}

func place(zone, door, task string) facility.Place {
	switch {
	case zone != "":
		return facility.Place{Kind: facility.AtZone, ID: zone}
	case door != "":
		return facility.Place{Kind: facility.AtDoor, ID: door}
	}
	return facility.Place{Kind: facility.AtTask, ID: task}
}

// siteFile is a site with where its values stand.
type siteFile struct {
	name     string // as problems name it
	doc      siteDoc
	places   *strict.Places
	plan     *floorplan.Plan // nil: it has none, or one that cannot be read
	problems *Problems
	sound    bool // the document itself has no problem
}

// taskKind is a task's kind as definitions have it: cleaning is what a task is that says nothing.
func taskKind(k facility.TaskKind) facility.TaskKind {
	if k == "cleaning" {
		return facility.TaskCleaning
	}
	return k
}
