package configs

import (
	"cmp"
	"embed"
	"fmt"
	"strconv"
	"strings"
	"text/template"

	"github.com/gerbang-iot/gerbang/configs/strict"
)

//go:embed starter
var starterFiles embed.FS

// Starter is what a first configuration is written from. Texts are put into YAML as they are meant, whatever they contain; whether
// they make sense is for Load to say.
type Starter struct {
	// Template names the kind of building: one of StarterTemplates; empty: the first of them.
	Template string
	// Site is the id of the first building, Name what people call it, Timezone an IANA name.
	Site, Name, Timezone string
	// Language of the pages: id or en.
	Language string
	// Listen is the address of the pages.
	Listen string
	// CertificateFor are the names and addresses that people type, for which the gateway makes its own certificate; none: only this machine's own.
	CertificateFor []string
	// MQTT is the address of the embedded broker; with Broker, the URL of an external one, there is none.
	MQTT, Broker string
	// ClientID and Username are those at the external broker; without Username there is no password.
	ClientID, Username string
}

// StarterTemplate is a kind of building that a first configuration can be written for.
type StarterTemplate struct {
	// Name is what it is asked for by, About says in a line what it is.
	Name, About string
	// Starter are the building's id, its name, its time zone and the language of the pages, where nobody says others.
	Starter Starter
	// Counter is the device that gets a credential of its own, Bridge the credential of those that speak through another program:
	// Bridged, or all where that is empty.
	Counter, Bridge string
	Bridged         []string
	// protocol is the id of the protocol that is written beside the site; empty: one that comes with the gateway is enough.
	protocol string
}

// StarterTemplates lists the kinds of building, the one that is written without being asked for first.
func StarterTemplates() []StarterTemplate {
	return []StarterTemplate{
		{
			Name: "mall", About: "public service mall in Indonesia, under KMK 382/2020",
			Starter: Starter{Site: "gedung", Name: "Gedung Pelayanan", Timezone: "Asia/Jakarta", Language: "id"},
			Counter: "hitung", Bridge: "zigbee2mqtt", Bridged: []string{"udara"},
		},
		{
			Name: "clinic", About: "outpatient clinic in the United States, after CDC's advice",
			Starter: Starter{Site: "clinic", Name: "Lakeside Clinic", Timezone: "America/Chicago", Language: "en"},
			Counter: "front-count", Bridge: "devices", protocol: "clinic-us",
		},
		{
			Name: "library", About: "public library in Germany, after ASR A3.6",
			Starter: Starter{Site: "library", Name: "North Library", Timezone: "Europe/Berlin", Language: "en"},
			Counter: "entrance-count", Bridge: "devices", protocol: "library-germany",
		},
		{
			Name: "office", About: "office in New South Wales, after the National Construction Code",
			Starter: Starter{Site: "office", Name: "Harbour Office", Timezone: "Australia/Sydney", Language: "en"},
			Counter: "street-count", Bridge: "devices", protocol: "office-australia",
		},
		{
			Name: "school", About: "primary school in England, after BB101 and HSE",
			Starter: Starter{Site: "school", Name: "Riverside Primary School", Timezone: "Europe/London", Language: "en"},
			Counter: "main-count", Bridge: "devices", protocol: "school-england",
		},
	}
}

// StarterTemplateByName finds a kind of building; without a name it is the first. The error lists them.
func StarterTemplateByName(name string) (StarterTemplate, error) {
	all := StarterTemplates()
	var names []string
	for _, t := range all {
		if t.Name == cmp.Or(name, all[0].Name) {
			return t, nil
		}
		names = append(names, t.Name)
	}
	return StarterTemplate{}, fmt.Errorf("template %q does not exist, %s", name, strict.Suggestion(name, names))
}

// StarterFile is one file of a first configuration.
type StarterFile struct {
	// Name is relative to the folder of the configuration, with slashes.
	Name string
	// Text is the whole file; empty for a secret, which the caller has to make.
	Text string
	// Secret tells that nobody but the owner may read it.
	Secret bool
}

// Files are those of the configuration, gerbang.yaml first. It fails for a template that does not exist or does not run.
func (s Starter) Files() ([]StarterFile, error) {
	kind, err := StarterTemplateByName(s.Template)
	if err != nil {
		return nil, err
	}
	t := template.New("").Funcs(template.FuncMap{"quote": strconv.Quote})
	written := func(name, from string) (StarterFile, error) {
		source, err := starterFiles.ReadFile("starter/" + from)
		if err != nil {
			return StarterFile{}, fmt.Errorf("reading the template of %s: %w", name, err)
		}
		one, err := t.New(name).Parse(string(source))
		if err != nil {
			return StarterFile{}, fmt.Errorf("reading the template of %s: %w", name, err)
		}
		var text strings.Builder
		if err := one.Execute(&text, starterData{s, kind}); err != nil {
			return StarterFile{}, fmt.Errorf("writing %s: %w", name, err)
		}
		return StarterFile{Name: name, Text: text.String()}, nil
	}
	sources := [][2]string{{"gerbang.yaml", "gerbang.yaml.tmpl"}, {"sites/" + s.Site + ".yaml", kind.Name + "/site.yaml.tmpl"}}
	if kind.protocol != "" {
		sources = append(sources, [2]string{"protocols/" + kind.protocol + ".yaml", kind.Name + "/protocol.yaml"})
	}
	var files []StarterFile
	for _, f := range sources {
		file, err := written(f[0], f[1])
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	switch {
	case s.Broker == "":
		files = append(files, StarterFile{Name: "secrets/" + kind.Counter, Secret: true}, StarterFile{Name: "secrets/" + kind.Bridge, Secret: true})
	case s.Username != "":
		files = append(files, StarterFile{Name: "secrets/mqtt", Secret: true})
	}
	return files, nil
}

// starterData is what the templates see.
type starterData struct {
	Starter
	Kind StarterTemplate
}

// Protocols reports whether the kind brings a file of protocols.
func (k StarterTemplate) Protocols() bool { return k.protocol != "" }
