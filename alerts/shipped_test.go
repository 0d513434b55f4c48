package alerts

import (
	"net/url"
	"os"
	"testing"

	"github.com/prometheus/alertmanager/template"
)

// The shipped configuration and templates, which the package configs embeds.
const (
	shippedConfig   = "../configs/alertmanager.yml"
	shippedTemplate = "../configs/templates/gerbang.tmpl"
)

func readFile(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func shippedTemplates(t *testing.T) *template.Template {
	t.Helper()
	e := &Embedded{externalURL: &url.URL{}, o: EmbeddedOptions{Templates: []string{readFile(t, shippedTemplate)}, Language: "id", Languages: map[string]string{"auditor": "en"}}}
	tmpl, err := e.templates(nil)
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}
