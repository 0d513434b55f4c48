package simulate

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
)

// Fleet is a number of numbered devices over a number of numbered sites: device i belongs to site i mod Sites; even ones
// count people at a door of their own, odd ones are thermometers.
type Fleet struct {
	Sites, Devices int
}

// Validate reports sizes that make no fleet.
func (f Fleet) Validate() error {
	if f.Sites < 1 || f.Sites > 100 {
		return fmt.Errorf("%d sites: want 1 to 100", f.Sites)
	}
	if f.Devices < 1 || f.Devices > 100_000 {
		return fmt.Errorf("%d devices: want 1 to 100,000", f.Devices)
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
	p("zones:\n  hall: {name: Hall, area: 2000 m², seats: 400, pitch: 1, capacity: 500}")
	p("doors:")
	doors := 0
	for i := site; i < f.Devices; i += f.Sites {
		if f.Counts(i) {
			p("  p%05d: {name: Door %d, from: outside, to: hall}", i, i)
			doors++
		}
	}
	if doors == 0 {
		p("  main: {name: Main door, from: outside, to: hall}")
	}
	p("devices:")
	for i := site; i < f.Devices; i += f.Sites {
		if f.Counts(i) {
			p("  %s: {door: p%05d}", f.Device(i), i)
		} else {
			p("  %s: {zone: hall}", f.Device(i))
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing a site file: %w", err)
	}
	return nil
}
