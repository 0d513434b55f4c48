package configs

import (
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
)

// LoadServing is Load for a gateway that serves several sites: a mistake in the file of one site leaves that site out and no
// other. The problems of those that were left out come with the configuration, whose LeftOut names the sites. A mistake
// anywhere else, or in all sites, is the error that Load gives.
func LoadServing(file string) (*Config, Problems, error) { return loadServing(file, nil) }

// LoadChanged is what LoadServing would be if one of the files, by the name it was read by, had another text. Nothing is written.
func LoadChanged(file, changed string, text []byte) (*Config, Problems, error) {
	return loadServing(file, map[string][]byte{changed: text})
}

// WasLeftOut reports whether a file, by its name in problems, is that of a site that was left out.
func (c *Config) WasLeftOut(file string) bool { return slices.Contains(c.leftOutFiles, file) }

// SiteFile is the file that a site was read from; false: it is built in, or what is in force is none that can be read now.
func (c *Config) SiteFile(site string) (name string, ok bool) {
	name, ok = c.siteFiles[site]
	return name, ok && c.File != ""
}

func loadServing(file string, changed map[string][]byte) (*Config, Problems, error) {
	var broken Problems
	var ids []string
	leftOut := map[string]bool{}
	for {
		l := newLoader(folder{base: filepath.Dir(file), changed: changed, texts: &texts{of: map[string]string{}}})
		l.leftOut, l.serving = leftOut, changed == nil
		c := l.load(file)
		if len(l.problems) == 0 && len(l.machine) > 0 {
			return nil, nil, append(broken, l.machine...)
		}
		if len(l.problems) == 0 {
			c.File = file
			slices.Sort(ids)
			c.LeftOut, c.leftOutFiles = ids, slices.Sorted(maps.Keys(leftOut))
			c.texts = l.folder.texts.of
			return c, broken, nil
		}
		found := map[string]bool{}
		for _, p := range l.problems {
			// A second file for one site is the mistake of that file, and the first one holds.
			if !slices.Contains(l.siteFiles, p.File) {
				return nil, nil, append(broken, l.all()...)
			}
			found[p.File] = true
		}
		broken = append(broken, l.problems...)
		for name := range found {
			leftOut[name] = true
			ids = append(ids, l.siteID(name))
		}
		if len(leftOut) == len(l.siteFiles) {
			broken.Sort()
			return nil, nil, broken
		}
	}
}

// siteID is the id of the site that a file is about: what it says, or its name where it cannot be read.
func (l *loader) siteID(name string) string {
	for _, s := range l.sites {
		if s.name == name && s.doc.ID != "" {
			return s.doc.ID
		}
	}
	return strings.TrimSuffix(path.Base(name), path.Ext(name))
}

// Keep gives a site that was left out the definition that is in force: its devices are heard as before, and nothing of it
// changes. Definitions of other sites are ignored.
func (c *Config) Keep(d rules.Definition) {
	id := d.Site.ID
	there := func(s facility.Site) bool { return s.ID == id }
	if slices.Contains(c.LeftOut, id) && !slices.ContainsFunc(c.AllSites(), there) {
		c.Kept = append(c.Kept, d)
	}
}

// AllSites are the sites of the files and those that are kept.
func (c *Config) AllSites() []facility.Site {
	all := slices.Clone(c.Sites)
	for i := range c.Kept {
		all = append(all, c.Kept[i].Site)
	}
	return all
}
