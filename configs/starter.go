package configs

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"text/template"
)

//go:embed starter
var starterFiles embed.FS

// Starter is what a first configuration is written from. Texts are put into YAML as they are meant, whatever they contain; whether
// they make sense is for Load to say.
type Starter struct {
	// Site is the id of the first building, Name what people call it, Timezone an IANA name.
	Site, Name, Timezone string
	// Language of the pages: id or en.
	Language string
	// Listen is the address of the pages.
	Listen string
	// MQTT is the address of the embedded broker; with Broker, the URL of an external one, there is none.
	MQTT, Broker string
	// ClientID and Username are those at the external broker; without Username there is no password.
	ClientID, Username string
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

// Files are those of the configuration, gerbang.yaml first. It fails for a template that does not run.
func (s Starter) Files() ([]StarterFile, error) {
	files := []StarterFile{{Name: "gerbang.yaml"}, {Name: "sites/" + s.Site + ".yaml"}}
	t, err := template.New("").Funcs(template.FuncMap{"quote": strconv.Quote}).ParseFS(starterFiles, "starter/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("reading the templates of a first configuration: %w", err)
	}
	for i, name := range []string{"gerbang.yaml.tmpl", "site.yaml.tmpl"} {
		var text strings.Builder
		if err := t.ExecuteTemplate(&text, name, s); err != nil {
			return nil, fmt.Errorf("writing %s: %w", files[i].Name, err)
		}
		files[i].Text = text.String()
	}
	switch {
	case s.Broker == "":
		files = append(files, StarterFile{Name: "secrets/hitung", Secret: true}, StarterFile{Name: "secrets/zigbee2mqtt", Secret: true})
	case s.Username != "":
		files = append(files, StarterFile{Name: "secrets/mqtt", Secret: true})
	}
	return files, nil
}
