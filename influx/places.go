package influx

import "github.com/gerbang-iot/gerbang/facility"

// Places knows where devices hang and tasks are done: the tags that a device's points carry besides its own name. It is
// built once for a configuration and not changed, so any number of goroutines may share it.
//
// A device that is not among them is written without zone or door.
type Places struct {
	devices map[placeKey]*place
	tasks   map[placeKey]*place
}

type placeKey struct{ site, id string }

// place holds ready-made tags, in the order of their keys around those that a point adds itself:
// channel, [device, door], provenance, [site], task, [zone].
type place struct {
	deviceDoor []byte
	site       []byte
	zone       []byte
	hash       uint64 // of site and device
}

// NewPlaces collects the devices and tasks of all sites. A device that reports a task hangs where the task is done.
func NewPlaces(sites []facility.Site) *Places {
	p := &Places{devices: make(map[placeKey]*place), tasks: make(map[placeKey]*place)}
	for i := range sites {
		s := &sites[i]
		for _, t := range s.Tasks {
			p.tasks[placeKey{s.ID, t.ID}] = newPlace(s.ID, "", t.Place)
		}
		for _, d := range s.Devices {
			at := d.Place
			if at.Kind == facility.AtTask {
				t, _ := s.Task(at.ID)
				at = t.Place
			}
			p.devices[placeKey{s.ID, d.ID}] = newPlace(s.ID, d.ID, at)
		}
	}
	return p
}

// device finds a device's tags; for an unknown one they are made on the spot.
func (p *Places) device(site, id string) *place {
	if d, ok := p.devices[placeKey{site, id}]; ok {
		return d
	}
	return newPlace(site, id, facility.Place{})
}

// task finds the tags of a task that a person logged, without device.
func (p *Places) task(site, id string) *place {
	if t, ok := p.tasks[placeKey{site, id}]; ok {
		return t
	}
	return newPlace(site, "", facility.Place{})
}

func newPlace(site, device string, at facility.Place) *place {
	p := &place{hash: mixText(mixText(hashSeed, site), device)}
	p.deviceDoor = appendTag(p.deviceDoor, "device", device)
	p.site = appendTag(p.site, "site", site)
	switch at.Kind {
	case facility.AtDoor:
		p.deviceDoor = appendTag(p.deviceDoor, "door", at.ID)
	case facility.AtZone:
		p.zone = appendTag(p.zone, "zone", at.ID)
	}
	return p
}
