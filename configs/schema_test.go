package configs

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path"
	"reflect"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/gerbang-iot/gerbang/ingest/decode"
)

var update = flag.Bool("update", false, "write schema/*.json and REFERENCE.md from the sources")

// documents are the types that the kinds of document are decoded into.
var documents = map[string]reflect.Type{
	KindGateway:  reflect.TypeFor[Config](),
	KindSite:     reflect.TypeFor[siteDoc](),
	KindProtocol: reflect.TypeFor[protocolDoc](),
	KindModel:    reflect.TypeFor[decode.Model](),
	KindCalendar: reflect.TypeFor[calendarDoc](),
}

func sources(t *testing.T) *comments {
	return readComments(t, ".", "../rules", "../facility", "../ingest/decode/model", "../ingest/decode/frame", "../telemetry")
}

func encode(t *testing.T, s schema) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// golden compares with a generated file, or writes it.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what the sources say (%v): run go test ./configs -update and look at the difference", file, err)
	}
}

func TestSchemasAreUpToDate(t *testing.T) {
	for _, kind := range DocumentKinds() {
		w := &schemaWriter{comments: sources(t), defs: schema{}}
		golden(t, "schema/"+kind+".json", encode(t, w.document(kind)))
	}
	if _, err := Schema("visitor"); err == nil {
		t.Error("got a schema for a kind that does not exist")
	}
}

// compiled is a schema made ready by an independent implementation.
func compiled(t *testing.T, kind string) *jsonschema.Schema {
	t.Helper()
	b, err := Schema(kind)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("schema %s is not JSON: %v", kind, err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource(kind+".json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(kind + ".json")
	if err != nil {
		t.Fatalf("schema %s does not compile: %v", kind, err)
	}
	return s
}

// plainYAML reads YAML with another reader than ours, into what the validator takes.
func plainYAML(t *testing.T, data []byte) any {
	t.Helper()
	b, err := yaml.YAMLToJSON(data)
	if err != nil {
		t.Fatalf("not YAML: %v", err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("not JSON: %v", err)
	}
	return v
}

func TestShippedExamplesAreValidBySchema(t *testing.T) {
	if *update {
		t.Skip("the embedded schemas are those from before the update")
	}
	for kind, pattern := range map[string]string{
		KindGateway: "gerbang.yaml", KindSite: "sites/*.yaml", KindProtocol: "protocols/*.yaml", KindModel: "models/*.yaml",
		KindCalendar: "calendars/*.yaml",
	} {
		s := compiled(t, kind)
		files, err := fs.Glob(Examples(), pattern)
		if err != nil || len(files) == 0 && kind != KindModel {
			t.Fatalf("no example matches %s (%v)", pattern, err)
		}
		for _, file := range files {
			data, err := fs.ReadFile(Examples(), file)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(plainYAML(t, data)); err != nil {
				t.Errorf("%s: %v", path.Base(file), err)
			}
		}
	}
}

func TestSchemaRefusesWhatLoadRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ kind, yaml string }{
		"unknown key":      {KindGateway, "sites: sites/\ncolour: red"},
		"missing key":      {KindGateway, "data: data"},
		"number, no unit":  {KindGateway, "sites: sites/\nretention: {records: 90}"},
		"wrong word":       {KindGateway, "sites: sites/\nlog: {level: loud}"},
		"secret in clear":  {KindGateway, "sites: sites/\nhttp: {access_token: hunter2}"},
		"wrong unit":       {KindSite, "{id: a, name: A, timezone: Asia/Jakarta, protocols: [], hours: {mon: closed}, zones: {z: {name: Z, area: 3 ft²}}}"},
		"bad hours":        {KindSite, "{id: a, name: A, timezone: Asia/Jakarta, protocols: [], hours: {mon: 8 to 5}, zones: {}}"},
		"unknown rule":     {KindProtocol, "{id: p, title: P, rules: {r: {kind: magic}}}"},
		"share as number":  {KindProtocol, "{id: p, title: P, levels: {a: 0.5}, rules: {}}"},
		"unknown quantity": {KindModel, "{id: m, title: M, readings: [{path: a, quantity: co3}]}"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := compiled(t, tc.kind).Validate(plainYAML(t, []byte(tc.yaml))); err == nil {
				t.Error("got no error, want the schema to refuse it")
			}
		})
	}
}
