package configs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/simulate"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// folderOf writes files into a folder of its own, gerbang.yaml too if there is none, and gives the path of that.
func folderOf(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if files["gerbang.yaml"] == "" {
		files["gerbang.yaml"] = "mqtt: {embedded: {anonymous: allow}}\nsites: sites/\nprotocols: protocols/\n"
	}
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "gerbang.yaml")
}

// warningsOf are the warnings about a folder's files, "file:line:col: text", without the folder.
func warningsOf(t *testing.T, files map[string]string) []string {
	t.Helper()
	config := folderOf(t, files)
	c, problems := LoadHere(config)
	if _, written := problems.OfMachine(); len(written) > 0 {
		t.Fatalf("the files are wrong:\n%v", problems)
	}
	var all []string
	for _, p := range c.Warnings {
		all = append(all, strings.TrimPrefix(p.String(), filepath.Dir(config)+"/"))
	}
	return all
}

// hallSite is a building with a counted hall and a lobby; list is its protocols, more other keys.
func hallSite(list, more string) string {
	return "id: balai\nname: Balai\ntimezone: Asia/Jakarta\n" + "protocols: [" + list + "]\n" + more + `
hours: {mon-fri: "08:00-15:00"}
zones:
  hall: {name: Hall, area: 100, capacity: 60}
  lobby: {name: Lobby, area: 50, capacity: 20}
doors:
  main: {name: Main, from: outside, to: hall}
  inner: {name: Inner, from: hall, to: lobby}
devices:
  count: {door: main, measures: [people_in, people_out], interval: 5m}
  inner-count: {door: inner, measures: [people_in, people_out], interval: 5m}
  thermo: {door: main, measures: [body_temperature]}
  air: {zone: hall, measures: [co2], interval: 5m}
`
}

func TestProtocolWarnings(t *testing.T) {
	capacity := func(id, dates, params string) string {
		return "id: " + id + "\ntitle: " + id + "\n" + dates + "\nrules:\n  kapasitas: {kind: capacity" + params + "}\n"
	}
	for name, tc := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"versions that meet": {map[string]string{
			"sites/b.yaml": hallSite("a, b", ""), "protocols/a.yaml": capacity("a", "until: 2026-07-05 18:00", ""), "protocols/b.yaml": capacity("b", "from: 2026-07-05 18:00", ""),
		}, nil},
		"a gap of nine hours": {map[string]string{
			"sites/b.yaml": hallSite("a, b", ""), "protocols/a.yaml": capacity("a", "until: 2026-07-05 15:00", ""), "protocols/b.yaml": capacity("b", "from: 2026-07-06", ""),
		}, []string{`sites/b.yaml:4:13: from 2026-07-05 15:00 until 2026-07-06 no protocol is in force at this site and nothing is judged: "a" has ended and "b" has not begun; want until and from so that they meet, or a protocol for that time`}},
		"a gap of one kind only": {map[string]string{
			"sites/b.yaml": hallSite("base, a, b", ""), "protocols/a.yaml": capacity("a", "until: 2026-07-05", ""), "protocols/b.yaml": capacity("b", "from: 2026-07-09", ""),
			"protocols/base.yaml": "id: base\ntitle: base\nrules:\n  suhu: {kind: temperature, above: 37.5}\n",
		}, []string{`sites/b.yaml:4:19: from 2026-07-05 until 2026-07-09 nothing judges capacity at this site: "a" has ended and "b" has not begun; want until and from so that they meet, or a protocol for that time`}},
		"an end of everything": {map[string]string{
			"sites/b.yaml": hallSite("a", ""), "protocols/a.yaml": capacity("a", "until: 2022-12-30", ""),
		}, []string{`sites/b.yaml:4:13: from 2022-12-30 on no protocol is in force at this site and nothing is judged: want a protocol that follows "a", or its until left out`}},
		"a later version takes over": {map[string]string{
			"sites/b.yaml": hallSite("a, b", ""), "protocols/a.yaml": capacity("a", "", ", spacing_m: 1"), "protocols/b.yaml": capacity("b", "from: 2026-07-06", ", spacing_m: 2"),
		}, nil},
		"two that begin together": {map[string]string{
			"sites/b.yaml": hallSite("a, b", ""), "protocols/a.yaml": capacity("a", "from: 2026-07-06", ", spacing_m: 1"), "protocols/b.yaml": capacity("b", "from: 2026-07-06", ", spacing_m: 2"),
		}, []string{`sites/b.yaml:4:16: protocols "a" and "b" begin at the same time and both have rule "kapasitas" (spacing_m: 1 and 2): of the two the one that is listed later here holds, "b"; want one of them, or another from`}},
		"one id, another kind": {map[string]string{
			"sites/b.yaml": hallSite("a, b", ""), "protocols/a.yaml": capacity("a", "", ""),
			"protocols/b.yaml": "id: b\ntitle: b\nfrom: 2026-07-06\nrules:\n  kapasitas: {kind: temperature, above: 37.5}\n",
		}, []string{`protocols/b.yaml:5:3: rule "kapasitas" of kind temperature takes the place of rule "kapasitas" of kind capacity of protocol "a" from 2026-07-06 on, and what that judged is judged no more: want another id: at site "balai"`}},
		"one id, fewer subjects": {map[string]string{
			"sites/b.yaml": hallSite("a, b", ""), "protocols/a.yaml": capacity("a", "", ""), "protocols/b.yaml": capacity("b", "from: 2026-07-06", ", subjects: [hall]"),
		}, []string{`protocols/b.yaml:5:3: rule "kapasitas" takes the place of rule "kapasitas" of protocol "a" from 2026-07-06 on and leaves out what that judged (zone "lobby"): want it among subjects, or another id: at site "balai"`}},
		"two limits for one thing": {map[string]string{
			"sites/b.yaml":     hallSite("a, b", ""),
			"protocols/a.yaml": "id: a\ntitle: a\nrules:\n  suhu: {kind: temperature, above: 37.3}\n",
			"protocols/b.yaml": "id: b\ntitle: b\nfrom: 2026-07-06\nrules:\n  demam: {kind: temperature, above: 37.5}\n",
		}, []string{`protocols/b.yaml:5:3: rule "demam" and rule "suhu" of protocol "a" both judge temperature from 2026-07-06 on, differently (above: 37.5 and 37.3), and both call people: want the same id for both, so that the later one holds, or other subjects (device "thermo"): at site "balai"`}},
		"two limits for one expression": {map[string]string{
			"sites/b.yaml":     hallSite("a, b", ""),
			"protocols/a.yaml": "id: a\ntitle: a\nrules:\n  udara: {kind: expression, expr: co2 > 1000.0, value: co2, limit: 1000}\n",
			"protocols/b.yaml": "id: b\ntitle: b\nfrom: 2026-07-06\nrules:\n  air: {kind: expression, expr: co2 > 800.0, value: co2, limit: 800}\n",
		}, []string{`protocols/b.yaml:5:3: rule "air" and rule "udara" of protocol "a" both judge co2 from 2026-07-06 on, differently (expr: co2 > 800.0 and co2 > 1000.0, limit: 800 and 1000), and both call people: want the same id for both, so that the later one holds, or other subjects (zone "hall"): at site "balai"`}},
		"two steps of one protocol": {map[string]string{
			"sites/b.yaml":     hallSite("a", ""),
			"protocols/a.yaml": "id: a\ntitle: a\nrules:\n  udara: {kind: expression, expr: co2 > 1000.0, value: co2, limit: 1000}\n  udara-2: {kind: expression, expr: co2 > 1500.0, value: co2, limit: 1500}\n",
		}, nil},
		"another area": {map[string]string{
			"sites/b.yaml": hallSite("a", "area: ID-KS/banjar"), "protocols/a.yaml": capacity("a", "area: [ID-JI, ID-JK]", ""),
		}, []string{`sites/b.yaml:4:13: protocol "a" is for ID-JI, ID-JK, and this site lies in ID-KS/banjar: want a protocol of its own area, or area corrected`}},
		"its own area": {map[string]string{
			"sites/b.yaml": hallSite("a", "area: ID-KS/banjar"), "protocols/a.yaml": capacity("a", "area: ID", ""),
		}, nil},
		"shipped ones of one id": {map[string]string{
			"sites/b.yaml": hallSite("kmk-382-2020, se-335-2020", "area: ID"), "protocols/a.yaml": capacity("a", "", ""),
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := warningsOf(t, tc.files); !slices.Equal(got, tc.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
			}
		})
	}
}

// One warning about a protocol's file names the sites, instead of being told once for each.
func TestProtocolWarningsAreToldOnce(t *testing.T) {
	got := warningsOf(t, map[string]string{
		"sites/b.yaml":     hallSite("a, b", ""),
		"sites/c.yaml":     strings.Replace(hallSite("a, b", ""), "id: balai", "id: cabang", 1),
		"protocols/a.yaml": "id: a\ntitle: a\nrules:\n  suhu: {kind: temperature, above: 37.3}\n",
		"protocols/b.yaml": "id: b\ntitle: b\nfrom: 2026-07-06\nrules:\n  suhu: {kind: capacity}\n",
	})
	if len(got) != 1 || !strings.HasSuffix(got[0], `: at site "balai" and 1 more`) {
		t.Errorf("got %q, want one warning about two sites", got)
	}
}

// TestShippedProtocolsAreClean: the demo's fleet says nothing to warn of, and every protocol that comes with the gateway says who
// issued it and under which number.
func TestShippedProtocolsAreClean(t *testing.T) {
	c, err := LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) > 0 {
		t.Errorf("the shipped example has warnings:\n%v", c.Warnings)
	}
	for i := range c.Protocols {
		p := &c.Protocols[i]
		if len(p.Authority) == 0 || p.Legal == "" || p.Titles["id"] == "" || p.Titles["en"] == "" {
			t.Errorf("protocol %q: title %v, authority %v, legal %q, want all of them, in both languages", p.ID, p.Titles, p.Authority, p.Legal)
		}
		for level := range p.Levels {
			if p.LevelNames[level]["id"] == "" || p.LevelNames[level]["en"] == "" {
				t.Errorf("protocol %q: level %q is called %v, want a name in both languages", p.ID, level, p.LevelNames[level])
			}
		}
	}
}

// starterConfig is the configuration that a template writes, loaded, and its file.
func starterConfig(t *testing.T, kind StarterTemplate) (*Config, string) {
	t.Helper()
	s := kind.Starter
	s.Template, s.Listen, s.MQTT = kind.Name, "127.0.0.1:8080", "127.0.0.1:1883"
	files, err := s.Files()
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, f := range files {
		texts[f.Name] = f.Text
		if f.Secret {
			texts[f.Name] = "not a secret that anybody guesses\n"
		}
	}
	file := folderOf(t, texts)
	c, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return c, file
}

// TestStarterTemplates: what gerbang init writes for each kind of building is right, has nothing to warn of, lies in another country
// and time zone, cites what it asks for, and can be simulated.
func TestStarterTemplates(t *testing.T) {
	zones := map[string]bool{}
	for _, kind := range StarterTemplates() {
		t.Run(kind.Name, func(t *testing.T) {
			c, _ := starterConfig(t, kind)
			if len(c.Warnings) > 0 {
				t.Errorf("it has warnings:\n%v", c.Warnings)
			}
			site := c.Sites[0]
			if zones[site.Location.String()] {
				t.Errorf("time zone %s is another template's already", site.Location)
			}
			zones[site.Location.String()] = true
			if kind.Name == "mall" {
				return
			}
			d := c.Definitions()[0]
			if site.Area == "" || len(d.Protocols) != 1 {
				t.Fatalf("area %q and %d protocols, want one of its own area", site.Area, len(d.Protocols))
			}
			p := &d.Protocols[0]
			if p.Legal == "" || p.Source == "" || len(p.Authority) == 0 || len(p.Area) == 0 {
				t.Errorf("protocol %q lacks legal, source, authority or area", p.ID)
			}
			for i := range p.Rules {
				if r := &p.Rules[i]; r.Legal == "" {
					t.Errorf("rule %q says not where it is from, want a source or house rule", r.ID)
				}
			}
			if n := len(c.Protocols[slices.IndexFunc(c.Protocols, func(q rules.Protocol) bool { return q.ID == p.ID })].Rules); len(p.Rules) != n {
				t.Errorf("%d of %d rules have something to judge here, want all", len(p.Rules), n)
			}
			// Every device that promises an interval is heard on a Wednesday in summer and in winter time.
			for _, day := range []string{"2027-02-03", "2027-06-09"} {
				from, err := time.ParseInLocation(time.DateOnly, day, site.Location.Location)
				if err != nil {
					t.Fatal(err)
				}
				heard := map[string]bool{}
				simulate.NewBuilding(site, from, simulate.Options{Seed: 1}).Until(from.Add(24*time.Hour), func(m simulate.Message) bool {
					heard[m.Topic[strings.LastIndexByte(m.Topic, '/')+1:]] = true
					return true
				})
				for _, device := range site.Devices {
					if device.Interval > 0 && !heard[device.ID] {
						t.Errorf("%s: device %q was not heard", day, device.ID)
					}
				}
			}
		})
	}
}

// A site's protocol of two versions on one day is judged by each, as the engine that runs them says.
func TestPeriodsOfTheFleet(t *testing.T) {
	c, err := LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range c.Definitions() {
		periods, err := rules.Periods(&d)
		if err != nil {
			t.Fatal(err)
		}
		for i := range periods {
			judged := map[string]int{}
			for _, r := range periods[i].Rules {
				if !r.Replaced {
					judged[r.Rule.ID]++
				}
			}
			for id, n := range judged {
				if n != 1 {
					t.Errorf("site %s: %d rules %q hold at the same time, want one", d.Site.ID, n, id)
				}
			}
			if periods[i].From >= telemetry.InstantOf(time.Date(2020, 6, 20, 0, 0, 0, 0, time.UTC)) && judged["kapasitas"] != 1 {
				t.Errorf("site %s: nothing limits people from %v on", d.Site.ID, periods[i].From.Time())
			}
		}
	}
}
