package configs

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

type schema = map[string]any

// schemaWriter turns a decoded type into a JSON Schema: the same reflection as the decoder's.
type schemaWriter struct {
	comments *comments
	defs     schema
}

func (w *schemaWriter) document(kind string) schema {
	t := documents[kind]
	s := w.structs(w.comments.ofType(t), t)
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["$id"] = "https://gerbang-iot.github.io/schema/" + kind + ".json"
	s["title"] = "Gerbang: " + kind
	s["$defs"] = w.defs
	return s
}

// of is the schema of a type under the constraints of its field.
func (w *schemaWriter) of(t reflect.Type, tag reflect.StructTag) schema {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if s, ok := w.special(t); ok {
		return s
	}
	if words := w.comments.wordsOf(t, tag); len(words) > 0 {
		return schema{"enum": words}
	}
	switch t.Kind() {
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.String:
		s := schema{"type": []string{"string", "number"}}
		if p := tag.Get("pattern"); p != "" {
			s = schema{"type": "string", "pattern": ecma(p)}
		}
		return s
	case reflect.Slice:
		list := schema{"type": "array", "items": w.of(t.Elem(), tag)}
		if tag.Get("single") != "" {
			return schema{"anyOf": []schema{list, w.of(t.Elem(), tag)}}
		}
		return list
	case reflect.Map:
		s := schema{"type": "object", "additionalProperties": w.of(t.Elem(), tag)}
		if t.Key() == reflect.TypeFor[facility.Date]() {
			s["propertyNames"] = schema{"pattern": datePattern}
		}
		return s
	case reflect.Struct:
		name := strings.TrimSuffix(t.Name(), "Doc")
		if _, ok := w.defs[name]; !ok {
			w.defs[name] = nil // in the making: types do not contain themselves
			w.defs[name] = w.structs(w.comments.ofType(t), t)
		}
		return schema{"$ref": "#/$defs/" + name}
	case reflect.Interface:
		return schema{}
	}
	return w.number(t, tag)
}

func (w *schemaWriter) number(t reflect.Type, tag reflect.StructTag) schema {
	s := schema{"type": "integer"}
	if t.Kind() == reflect.Float64 {
		s["type"] = "number"
	}
	for from, to := range map[string]string{"min": "minimum", "max": "maximum", "above": "exclusiveMinimum"} {
		if v, ok := tag.Lookup(from); ok {
			s[to] = json.Number(v)
		}
	}
	unit := tag.Get("unit")
	if unit == "" {
		return s
	}
	units := regexp.QuoteMeta(unit)
	if unit == "m²" {
		units = "(m²|m2)"
	}
	return schema{"anyOf": []schema{s, {"type": "string", "pattern": `^-?\d+(\.\d+)? *` + units + "$"}}}
}

const datePattern = `^\d{4}-\d{2}-\d{2}$`

// special are the types that read themselves.
func (w *schemaWriter) special(t reflect.Type) (schema, bool) {
	span := `^([01]\d|2[0-4]):[0-5]\d *- *([01]\d|2[0-4]):[0-5]\d$`
	switch t {
	case reflect.TypeFor[time.Duration]():
		return schema{"type": "string", "pattern": strict.DurationPattern}, true
	case reflect.TypeFor[Size]():
		return schema{"type": "string", "pattern": ecma(sizePattern)}, true
	case reflect.TypeFor[share]():
		return schema{"type": "string", "pattern": sharePattern}, true
	case reflect.TypeFor[location]():
		return schema{"type": "string", "pattern": "^[A-Za-z_]+(/[A-Za-z0-9_+-]+)*$"}, true
	case reflect.TypeFor[facility.Date]():
		return schema{"type": "string", "pattern": datePattern}, true
	case reflect.TypeFor[facility.TimeOfDay]():
		return schema{"type": "string", "pattern": `^([01]\d|2[0-4]):[0-5]\d$`}, true
	case reflect.TypeFor[telemetry.Quantity]():
		var names []string
		for _, q := range telemetry.Quantities() {
			names = append(names, q.String())
		}
		return schema{"enum": names}, true
	case reflect.TypeFor[spansDoc]():
		one := schema{"type": "string", "pattern": span}
		return schema{"anyOf": []schema{{"const": closed}, one, {"type": "array", "items": one, "minItems": 1}}}, true
	case reflect.TypeFor[hoursDoc]():
		s := w.structs(w.comments.ofType(t), reflect.TypeFor[hoursRest]())
		day := "(" + strings.Join(days, "|") + ")"
		part := day + "(-" + day + ")?"
		s["patternProperties"] = schema{"^" + part + "(, *" + part + ")*$": w.of(reflect.TypeFor[spansDoc](), "")}
		return s, true
	case reflect.TypeFor[ruleDoc]():
		return w.rule(), true
	case reflect.TypeFor[moment]():
		return schema{"type": "string", "pattern": ecma(momentPattern)}, true
	case reflect.TypeFor[words]():
		text := schema{"type": []string{"string", "number"}}
		byLanguage := schema{}
		for _, language := range languages {
			byLanguage[language] = text
		}
		return schema{"anyOf": []schema{text, {"type": "object", "additionalProperties": false, "minProperties": 1, "properties": byLanguage}}}, true
	case reflect.TypeFor[levelDoc]():
		return schema{"anyOf": []schema{w.of(reflect.TypeFor[share](), ""), w.structs(w.comments.ofType(t), t)}}, true
	}
	if t == reflect.TypeFor[levelTable]() {
		return schema{"type": "object", "propertyNames": schema{"maxLength": 64}, "additionalProperties": w.of(reflect.TypeFor[levelDoc](), "")}, true
	}
	if t == reflect.TypeFor[channelTable]() {
		return schema{"type": "object", "propertyNames": schema{"maxLength": 64}, "additionalProperties": w.of(reflect.TypeFor[channelDoc](), "")}, true
	}
	if keyed, ok := reflect.TypeAssert[interface{ Element() reflect.Type }](reflect.Zero(t)); ok {
		return schema{
			"type": "object", "propertyNames": schema{"pattern": idPattern}, "additionalProperties": w.of(keyed.Element(), ""),
		}, true
	}
	return nil, false
}

// rule is one schema a kind, chosen by the key kind.
func (w *schemaWriter) rule() schema {
	if _, ok := w.defs["rule"]; ok {
		return schema{"$ref": "#/$defs/rule"}
	}
	w.defs["rule"] = nil
	var choices []schema
	for _, kind := range rules.Kinds() {
		params, err := rules.NewParams(kind)
		if err != nil {
			panic(err)
		}
		p := reflect.TypeOf(params).Elem()
		s := w.structs(w.comments.ofType(p), reflect.TypeFor[ruleCommon](), p)
		s["properties"].(schema)["kind"] = schema{"const": kind}
		w.defs["rule_"+kind] = s
		choices = append(choices, schema{
			"if":   schema{"properties": schema{"kind": schema{"const": kind}}, "required": []string{"kind"}},
			"then": schema{"$ref": "#/$defs/rule_" + kind},
		})
	}
	s := schema{
		"type": "object", "required": []string{"kind"},
		"properties": schema{"kind": schema{"enum": rules.Kinds(), "description": w.comments.fields["configs.ruleCommon.Kind"]}},
	}
	if len(choices) > 0 {
		s["allOf"] = choices
	}
	w.defs["rule"] = s
	return schema{"$ref": "#/$defs/rule"}
}

// structs is the schema of one struct, or of several whose keys stand side by side.
func (w *schemaWriter) structs(description string, types ...reflect.Type) schema {
	properties := schema{}
	var required []string
	for _, t := range types {
		defaults := defaultsOf(t)
		for _, f := range strict.Fields(t) {
			if f.Suffix == "" && reflect.PointerTo(f.Type).Implements(reflect.TypeFor[strict.Spread]()) {
				continue // the key that is refused
			}
			var s schema
			if f.Suffix != "" {
				s = schema{"type": "string"}
			} else {
				s = w.of(f.Type, f.Tag)
			}
			if comment := w.comments.ofField(t, f); comment != "" {
				s["description"] = comment
			}
			if v := plainDefault(defaults.FieldByIndex(f.Index)); v != nil {
				s["default"] = v
			}
			properties[f.Name] = s
			if f.Tag.Get("required") != "" {
				required = append(required, f.Name)
			}
		}
	}
	s := schema{"type": "object", "additionalProperties": false, "properties": properties}
	if description != "" {
		s["description"] = description
	}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// defaultsOf is a value of the type as it is before decoding.
func defaultsOf(t reflect.Type) reflect.Value {
	for _, kind := range rules.Kinds() {
		if p, err := rules.NewParams(kind); err == nil && reflect.TypeOf(p).Elem() == t {
			return reflect.ValueOf(p).Elem()
		}
	}
	v := reflect.New(t)
	if d, ok := reflect.TypeAssert[strict.Defaulter](v); ok {
		d.SetDefaults()
	}
	return v.Elem()
}

// plainDefault is a default as it would be written, nil for none.
func plainDefault(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case time.Duration:
		if x == 0 {
			return nil
		}
		return strict.FormatDuration(x)
	case fmt.Stringer:
		if v.IsZero() {
			return nil
		}
		return x.String()
	}
	switch {
	case v.Kind() == reflect.Slice && v.Len() > 0 && v.Type().Elem().Kind() == reflect.String:
		return v.Interface()
	case v.Kind() == reflect.Bool, v.Kind() == reflect.String && v.Len() > 0, v.CanInt() && v.Int() != 0, v.CanFloat() && v.Float() != 0:
		return v.Interface()
	}
	return nil
}

// ecma rewrites a Go pattern for JSON Schema's dialect.
func ecma(p string) string { return strings.ReplaceAll(p, "(?:", "(") }
