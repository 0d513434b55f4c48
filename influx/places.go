package influx

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// places knows where devices hang and tasks are done: the tags that a device's points carry besides its own name, and how its
// values are corrected. It follows the journal's configuration records, so that a reading is written as the configuration said
// that was in force when it was judged, however much later that is. A device that is not among them is written without zone or
// door, as it was sent.
type places struct {
	devices map[placeKey]*place
	tasks   map[placeKey]*place
	offsets map[placeKey]facility.Offsets // calibrations, by device or device/channel
}

type placeKey struct{ site, id string }

// place holds ready-made tags, in the order of their keys around those that a point adds itself:
// channel, [device], [door, outside], provenance, [site], task, [zone].
type place struct {
	device   []byte
	door     []byte
	site     []byte
	zone     []byte
	mounting facility.Mounting
	offsets  facility.Offsets
	at       facility.Place // a task's is where it is done
	corrects bool
	channels map[string]*place // those of a device's channels that hang elsewhere
}

func newPlaces(sites ...facility.Site) *places {
	p := &places{devices: make(map[placeKey]*place), tasks: make(map[placeKey]*place), offsets: make(map[placeKey]facility.Offsets)}
	for i := range sites {
		p.set(&sites[i])
	}
	return p
}

// configure takes in a configuration record, or the calibration of a device.
func (p *places) configure(rec *telemetry.Record) error {
	if device, channel, o, ok := facility.Calibration(rec); ok {
		p.calibrate(rec.Site, device, channel, o)
		return nil
	}
	if rec.Configuration == nil {
		return nil
	}
	var definition struct {
		Site facility.Site `json:"site"`
	}
	if err := json.Unmarshal(rec.Configuration.Definition, &definition); err != nil {
		return fmt.Errorf("reading the configuration of site %q in record %d: %w", rec.Site, rec.Seq, err)
	}
	definition.Site.ID = rec.Site
	p.set(&definition.Site)
	return nil
}

// set replaces all that is known of a site. A device that reports a task hangs where the task is done.
func (p *places) set(s *facility.Site) {
	ofSite := func(k placeKey, _ *place) bool { return k.site == s.ID }
	maps.DeleteFunc(p.devices, ofSite)
	maps.DeleteFunc(p.tasks, ofSite)
	for _, t := range s.Tasks {
		p.tasks[placeKey{s.ID, t.ID}] = newPlace(s, "", facility.Mounting{Place: t.Place})
	}
	for _, d := range s.Devices {
		at := newPlace(s, d.ID, d.Mounting(""))
		for _, c := range d.Channels {
			if at.channels == nil {
				at.channels = make(map[string]*place, len(d.Channels))
			}
			at.channels[c.Name] = newPlace(s, d.ID, d.Mounting(c.Name))
			at.channels[c.Name].calibrated(p.offsets[placeKey{s.ID, d.ID + "/" + c.Name}])
		}
		at.calibrated(p.offsets[placeKey{s.ID, d.ID}])
		p.devices[placeKey{s.ID, d.ID}] = at
	}
}

// calibrate takes in an offset that holds from its time on.
func (p *places) calibrate(site, device, channel string, o facility.Offset) {
	k := placeKey{site, device}
	at := p.devices[k]
	if channel != "" {
		k.id += "/" + channel
		if at != nil {
			at = at.channels[channel]
		}
	}
	p.offsets[k] = p.offsets[k].With(o)
	if at != nil {
		at.calibrated(p.offsets[k])
	}
}

// calibrated gives the place its device's calibrations.
func (p *place) calibrated(o facility.Offsets) {
	p.offsets = o
	p.corrects = p.corrects || len(o) > 0
}

// meaning is what a reading means at the place, by the calibration that was in force at its time.
func (p *place) meaning(r *telemetry.Reading, at telemetry.Instant) telemetry.Reading {
	m := p.mounting.At(at, p.offsets)
	return m.Meaning(*r)
}

// device finds a device's tags; for an unknown one they are made on the spot.
func (p *places) device(site, id string) *place {
	if d, ok := p.devices[placeKey{site, id}]; ok {
		return d
	}
	return newPlace(&facility.Site{ID: site}, id, facility.Mounting{})
}

// of is the place of one channel of the device.
func (p *place) of(channel string) *place {
	if c, ok := p.channels[channel]; ok {
		return c
	}
	return p
}

// counts reports whether a reading of the device is reckoned with. Where channels have places of their own, the engine takes what
// is at one place for a message by itself.
func (p *place) counts(o *telemetry.Observation, r *telemetry.Reading) bool {
	if o.Counts(r) || len(p.channels) == 0 || o.Flags.Has(telemetry.FlagRetained) {
		return o.Counts(r)
	}
	total, at := r.Quantity.Total(), p.of(r.Channel)
	return !slices.ContainsFunc(o.Readings, func(other telemetry.Reading) bool {
		return other.Quantity == total && p.of(other.Channel) == at
	})
}

// task finds the tags of a task, without device.
func (p *places) task(site, id string) *place {
	if t, ok := p.tasks[placeKey{site, id}]; ok {
		return t
	}
	return newPlace(&facility.Site{ID: site}, "", facility.Mounting{})
}

func newPlace(s *facility.Site, device string, m facility.Mounting) *place {
	p := &place{mounting: m, corrects: m.Corrects()}
	p.device = appendTag(p.device, "device", device)
	p.site = appendTag(p.site, "site", s.ID)
	at := m.Place
	if at.Kind == facility.AtTask {
		t, _ := s.Task(at.ID)
		at = t.Place
	}
	p.at = at
	switch at.Kind {
	case facility.AtDoor:
		p.door = appendTag(p.door, "door", at.ID)
		if d, ok := s.Door(at.ID); ok && (d.From == facility.Outside || d.To == facility.Outside) {
			p.door = append(p.door, ",outside=true"...)
		}
	case facility.AtZone:
		p.zone = appendTag(p.zone, "zone", at.ID)
	}
	return p
}
