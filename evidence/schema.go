package evidence

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"strings"
	"sync"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// schemaOf is the name of the JSON Schema of a file; of lines it is about one.
func schemaOf(name string) string {
	return schemaFolder + strings.TrimSuffix(strings.TrimSuffix(name, ".jsonl"), ".json") + ".json"
}

// schemas are the texts of all schemas, by the file that they are about.
var schemas = sync.OnceValues(func() (map[string][]byte, error) {
	all := map[string][]byte{}
	for name, of := range lineTypes() {
		var b bytes.Buffer
		if err := writeSchema(&b, name, of); err != nil {
			return nil, err
		}
		all[name] = b.Bytes()
	}
	return all, nil
})

// lineTypes are the files with a schema, and what a line, or the whole, is made of.
func lineTypes() map[string]any {
	all := map[string]any{fileManifest: Manifest{}}
	for _, f := range recordedFiles {
		all[f.name] = f.of
	}
	for _, f := range derivedFiles {
		if f.of != nil {
			all[f.name] = f.of
		}
	}
	return all
}

// writeSchema writes the JSON Schema (2020-12) of a line of a file.
func writeSchema(w io.Writer, name string, of any) error {
	what := "One line of " + name
	if name == fileManifest {
		what = "The whole of " + name
	}
	s := map[string]any{"$schema": "https://json-schema.org/draft/2020-12/schema", "title": what, "$comment": Format}
	d := describer{defs: map[string]any{}}
	maps.Copy(s, d.of(reflect.TypeOf(of)))
	if len(d.defs) > 0 {
		s["$defs"] = d.defs
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the schema of %s: %w", name, err)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// describer makes a schema of Go types; named ones are defined once.
type describer struct{ defs map[string]any }

var (
	instantType = reflect.TypeFor[telemetry.Instant]()
	verdictType = reflect.TypeFor[rules.Verdict]()
	textType    = reflect.TypeFor[encoding.TextMarshaler]()
)

func (d *describer) of(t reflect.Type) map[string]any {
	switch {
	case t == instantType:
		return map[string]any{"type": "string", "pattern": `^(|never|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z)$`}
	case t == verdictType:
		return map[string]any{"enum": []string{"within", "breached", "unknown"}}
	case t.Implements(textType):
		return map[string]any{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return map[string]any{"anyOf": []any{d.of(t.Elem()), map[string]any{"type": "null"}}}
	case reflect.Struct:
		return d.object(t)
	case reflect.Slice:
		return map[string]any{"type": "array", "items": d.of(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": d.of(t.Elem())}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Uint64: // those above 2^53 are text
		return map[string]any{"type": []string{"integer", "string"}}
	case reflect.Int, reflect.Int8, reflect.Int64, reflect.Uint8:
		return map[string]any{"type": "integer"}
	}
	return map[string]any{"type": "string"}
}

// object describes a struct; its fields are those of the structs that it embeds as well.
func (d *describer) object(t reflect.Type) map[string]any {
	name := t.PkgPath()[strings.LastIndexByte(t.PkgPath(), '/')+1:] + "." + t.Name()
	if _, ok := d.defs[name]; !ok {
		d.defs[name] = nil // while it is made
		properties, required := map[string]any{}, []string{}
		d.fields(t, properties, &required)
		s := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
		if len(required) > 0 {
			s["required"] = required
		}
		d.defs[name] = s
	}
	return map[string]any{"$ref": "#/$defs/" + name}
}

func (d *describer) fields(t reflect.Type, properties map[string]any, required *[]string) {
	for f := range t.Fields() {
		tag := f.Tag.Get("json")
		if f.Anonymous && tag == "" {
			d.fields(f.Type, properties, required)
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if name == "" {
			name = f.Name
		}
		if options == "" {
			*required = append(*required, name)
		}
		properties[name] = d.of(f.Type)
	}
}
