package simulate

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
)

// Fleet is a number of numbered devices over a number of numbered sites: device i belongs to site i mod Sites; even ones
// count people at a door of their own, odd ones are thermometers. A site has one zone, or Zones of them, dealt out like the devices.
type Fleet struct {
	Sites, Devices int
	Zones          int // of each site; 0: 1
}

// The largest fleet.
const (
	mostSites   = 10_000
	mostDevices = 1_000_000
	mostZones   = 1_000
)

// Validate reports sizes that make no fleet.
func (f Fleet) Validate() error {
	if f.Sites < 1 || f.Sites > mostSites {
		return fmt.Errorf("%d sites: want 1 to %d", f.Sites, mostSites)
	}
	if f.Devices < 1 || f.Devices > mostDevices {
		return fmt.Errorf("%d devices: want 1 to %d", f.Devices, mostDevices)
	}
	if f.Zones < 0 || f.Zones > mostZones {
		return fmt.Errorf("%d zones: want 1 to %d", f.Zones, mostZones)
	}
	return nil
}

// Site is the id of device i's site.
func (f Fleet) Site(i int) string { return fmt.Sprintf("s%02d", i%f.Sites) }

// Device is the id of device i.
func (f Fleet) Device(i int) string { return fmt.Sprintf("d%05d", i) }

// Topic is where device i publishes.
func (f Fleet) Topic(i int) string { return "gerbang/v1/" + f.Site(i) + "/" + f.Device(i) }

// Counts reports whether device i counts people.
func (f Fleet) Counts(i int) bool { return i%2 == 0 }

// zone is the id of device i's zone.
func (f Fleet) zone(i int) string {
	if f.Zones <= 1 {
		return "hall"
	}
	return fmt.Sprintf("z%03d", i/f.Sites%f.Zones)
}

// WriteSites writes a site file for every site of the fleet into dir/sites. Files that exist are replaced.
func (f Fleet) WriteSites(dir string) error {
	if err := f.Validate(); err != nil {
		return err
	}
	dir = filepath.Join(dir, "sites")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("creating the folder for sites: %w", err)
	}
	for s := range f.Sites {
		if err := f.writeSite(filepath.Join(dir, f.Site(s)+".yaml"), s); err != nil {
			return err
		}
	}
	return nil
}

func (f Fleet) writeSite(path string, site int) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("creating a site file: %w", err)
	}
	defer func() {
		if e := file.Close(); err == nil && e != nil {
			err = fmt.Errorf("writing a site file: %w", e)
		}
	}()
	w := bufio.NewWriter(file)
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) } // Flush reports
	p("# Written by gerbang simulate: site %d of %d with its share of %d devices.", site+1, f.Sites, f.Devices)
	p("id: %s\nname: Simulated site %s\ntimezone: Asia/Jakarta\nprotocols: [kmk-382-2020]", f.Site(site), f.Site(site))
	p("hours:\n  mon-sun: \"00:00-24:00\"")
	p("zones:")
	for z := range max(1, f.Zones) {
		p("  %s: {name: Hall, area: 2000 m², seats: 400, pitch: 1, capacity: 500}", f.zone(site+z*f.Sites))
	}
	p("doors:")
	doors := 0
	for i := site; i < f.Devices; i += f.Sites {
		if f.Counts(i) {
			p("  p%05d: {name: Door %d, from: outside, to: %s}", i, i, f.zone(i))
			doors++
		}
	}
	if doors == 0 {
		p("  main: {name: Main door, from: outside, to: %s}", f.zone(site))
	}
	p("devices:")
	for i := site; i < f.Devices; i += f.Sites {
		if f.Counts(i) {
			p("  %s: {door: p%05d}", f.Device(i), i)
		} else {
			p("  %s: {zone: %s}", f.Device(i), f.zone(i))
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing a site file: %w", err)
	}
	return nil
}
