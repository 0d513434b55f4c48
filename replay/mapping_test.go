package replay

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/facility"
)

// shipped loads a mapping of the folder mappings and its site, as the command does.
func shipped(t testing.TB, name string) (*Mapping, facility.Site) {
	t.Helper()
	m, err := LoadMapping(filepath.Join("mappings", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := configs.Load(m.Config)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range cfg.Sites {
		if s.ID == m.Site {
			return m, s
		}
	}
	t.Fatalf("%s: site %q is not in %s", name, m.Site, m.Config)
	return nil, facility.Site{}
}

// shippedMappings are all mappings of the folder.
func shippedMappings(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("mappings/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".yaml"); name != "gerbang" {
			names = append(names, name)
		}
	}
	if len(names) < 5 {
		t.Fatalf("got %v, want the five data sets", names)
	}
	return names
}

func TestShippedMappingsNameTheirSite(t *testing.T) {
	for _, name := range shippedMappings(t) {
		if _, site := shipped(t, name); len(site.Devices) == 0 {
			t.Errorf("%s: its site has no devices", name)
		}
	}
}

func TestMappingProblems(t *testing.T) {
	good := "title: T\nsite: s\ntime: {columns: a, layouts: rfc3339}\ndevice: {id: d}\nvalues: [{column: b, quantity: co2}]\n"
	tests := []struct{ name, from, to, want string }{
		{"unknown key", "site: s", "sote: s", "m.yaml:2:1"},
		{"no device", "{id: d}", "{}", "m.yaml:4:1: device: want either columns or an id"},
		{"bad id", "{id: d}", "{id: D 1}", `m.yaml:4:14: device.id: "D 1", want a-z, 0-9, _ and -`},
		{"button", "quantity: co2", "quantity: button", "values[0].quantity: button has no number"},
		{"unknown quantity", "quantity: co2", "quantity: c02", `m.yaml:5:32: quantity: unknown quantity "c02"`},
		{"layout", "layouts: rfc3339", "layouts: iso", `time.layouts: "iso", want rfc3339 or a layout such as 2006-01-02 15:04:05`},
		{"zone", "rfc3339", "rfc3339, zone: Mars", `time.zone: "Mars", want an IANA name such as Asia/Jakarta`},
		{"start without period", "rfc3339", "rfc3339, stamp: start", "time.period: missing"},
		{"two separators", "site: s", "site: s\nseparator: ';;'", `separator: ";;", want one character`},
		{"header and columns", "site: s", "site: s\nheader: true\ncolumns: [a]", "columns: the header names the columns already"},
	}
	t.Chdir(t.TempDir())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(good, tt.from, tt.to, 1)
			if text == good {
				t.Fatal("the mistake was not made")
			}
			if err := os.WriteFile("m.yaml", []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := LoadMapping("m.yaml")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want …%s…", err, tt.want)
			}
		})
	}
	if err := os.WriteFile("m.yaml", []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadMapping("m.yaml"); err != nil {
		t.Errorf("without a mistake: %v", err)
	}
}
