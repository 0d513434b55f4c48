package configs

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/ingest/decode/frame"
	"github.com/gerbang-iot/gerbang/rules"
)

const referenceHead = `# Configuration reference

Written by ` + "`go test ./configs -update`" + ` from the comments of the code that reads the files. Every file is strict: an unknown
key, a number without its unit or a name that leads nowhere is an error with file, line and column, and
` + "`gerbang check`" + ` lists all of them at once. ` + "`gerbang config schema`" + ` prints a JSON Schema for editors.

- A duration is a number with a unit: 30s, 5m, 2h, 7d, 1y (365 d), or several of them: 1h30m. A size: 64KiB, 8GiB.
- A number with a unit of its own (m², m, Cel) may carry it or not: ` + "`area: 120`, `area: 120 m²`" + `.
- Secrets are never in these files: ` + "`password_file`" + ` names a file that holds one, ` + "`password_env`" + ` an environment variable.
- Paths start at the folder of the configuration file.
- ` + "`kill -HUP`" + ` brings changes into force, but for ` + "`id`" + `, ` + "`data`" + `, ` + "`language`" + `, ` + "`log`" + `, ` + "`http`" + `, ` + "`push`" + `, ` + "`mqtt`" + `, ` + "`influxdb`" + `, ` + "`alertmanager`" + `, ` + "`retention`" + ` and what sizes the intake in ` + "`ingest`" + `: a reload that finds one of these changed is
  refused and names it, and a restart is needed. Credentials, secrets in their files and the routes of the embedded Alertmanager do reload.
- What is counted when a counter is reset, replaced or wrong, and which messages are repetitions: [docs/counters.md](../docs/counters.md).
`

// referenceWriter prints tables of keys.
type referenceWriter struct {
	strings.Builder
	comments *comments
	done     map[reflect.Type]bool
}

// section prints the table of a struct, then those of the structs in it.
func (w *referenceWriter) section(level int, title, comment string, values ...reflect.Value) {
	fmt.Fprintf(w, "\n%s %s\n\n", strings.Repeat("#", level), title)
	if comment != "" {
		fmt.Fprintf(w, "%s\n\n", comment)
	}
	w.WriteString("| key | value | default | |\n|---|---|---|---|\n")
	type inner struct {
		path  string
		value reflect.Value
	}
	var below []inner
	for _, defaults := range values {
		t := defaults.Type()
		for _, f := range strict.Fields(t) {
			if f.Suffix == "" && reflect.PointerTo(f.Type).Implements(reflect.TypeFor[strict.Spread]()) {
				continue
			}
			element, what := w.shape(f)
			if element != nil && !w.done[element] {
				w.done[element] = true
				value := defaultsOf(element)
				if f.Type == element { // a section that is always there: its defaults are the parent's
					value = defaults.FieldByIndex(f.Index)
				}
				below = append(below, inner{f.Name, value})
			}
			preset := ""
			if v := plainDefault(defaults.FieldByIndex(f.Index)); v != nil && !reflect.ValueOf(v).IsZero() {
				preset = fmt.Sprintf("`%v`", v)
			}
			if f.Tag.Get("required") != "" {
				preset = "**required**"
			}
			fmt.Fprintf(w, "| `%s` | %s | %s | %s |\n", f.Name, what, preset, strings.ReplaceAll(w.comments.ofField(t, f), "|", "\\|"))
		}
	}
	for _, b := range below {
		w.section(level+1, b.path, w.comments.ofType(b.value.Type()), shown(b.value))
	}
}

// shown is the struct whose keys a section shows: for what reads itself, the one it uses.
func shown(v reflect.Value) reflect.Value {
	switch v.Type() {
	case reflect.TypeFor[hoursDoc]():
		return defaultsOf(reflect.TypeFor[hoursRest]())
	case reflect.TypeFor[ruleDoc]():
		return defaultsOf(reflect.TypeFor[ruleCommon]())
	}
	return v
}

// shape says in words what a field takes, and which struct a section of its own describes.
func (w *referenceWriter) shape(f strict.Field) (element reflect.Type, what string) {
	t := f.Type
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	_, described := reflect.TypeAssert[strict.Described](reflect.New(t))
	switch {
	case f.Suffix != "":
		return nil, map[string]string{"_file": "a file", "_env": "a variable"}[f.Suffix]
	case t == reflect.TypeFor[hoursDoc]():
		return t, "days and their hours"
	}
	if keyed, ok := reflect.TypeAssert[interface{ Element() reflect.Type }](reflect.Zero(t)); ok {
		if keyed.Element().Kind() != reflect.Struct {
			return nil, "by id: " + strict.Wanted(keyed.Element(), "")
		}
		return keyed.Element(), "by id: " + strict.Wanted(keyed.Element(), "")
	}
	if words := w.comments.wordsOf(t, f.Tag); len(words) > 0 {
		return nil, "`" + strings.Join(words, "`, `") + "`"
	}
	switch {
	case t == reflect.TypeFor[facility.Date]():
		return nil, "a date, `2026-08-17`"
	case described || t.PkgPath() == "time":
		return nil, strict.Wanted(t, f.Tag)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct && t.Elem().NumField() > 0:
		return t.Elem(), "a list, see below"
	case t.Kind() == reflect.Slice && f.Tag.Get("want") != "":
		return nil, "one or a list of: " + f.Tag.Get("want")
	case t.Kind() == reflect.Map && t.Elem().Kind() == reflect.Struct:
		return t.Elem(), "a mapping, see below"
	case t.Kind() == reflect.Struct && len(strict.Fields(t)) > 0:
		return t, "a mapping, see below"
	}
	return nil, strict.Wanted(t, f.Tag)
}

func TestReferenceIsUpToDate(t *testing.T) {
	c := sources(t)
	c.quote = "`"
	w := &referenceWriter{comments: c, done: map[reflect.Type]bool{}}
	w.WriteString(referenceHead)
	w.section(2, "gerbang.yaml", "", defaultsOf(reflect.TypeFor[Config]()))
	w.section(2, "sites/*.yaml", c.named("configs.siteDoc"), defaultsOf(reflect.TypeFor[siteDoc]()))
	w.section(2, "protocols/*.yaml", c.named("configs.protocolDoc"), defaultsOf(reflect.TypeFor[protocolDoc]()))
	for _, kind := range rules.Kinds() {
		params, err := rules.NewParams(kind)
		if err != nil {
			t.Fatal(err)
		}
		p := reflect.ValueOf(params).Elem()
		w.section(3, "rules of kind "+kind, w.comments.ofType(p.Type()), p)
	}
	w.section(2, "calendars/*.yaml", c.named("configs.calendarDoc"), defaultsOf(reflect.TypeFor[calendarDoc]()))
	w.section(2, "models/*.yaml", c.named("model.Model"), defaultsOf(reflect.TypeFor[decode.Model]()))
	w.section(2, "models/frames/*.yaml", c.named("frame.Description"), defaultsOf(reflect.TypeFor[frame.Description]()))
	golden(t, "REFERENCE.md", []byte(w.String()))
}

// TestEveryKeyIsDocumented keeps the reference and the schema worth reading.
func TestEveryKeyIsDocumented(t *testing.T) {
	c := sources(t)
	plain := []string{"name", "listen", "username", "zone", "door", "task", "log", "http", "mqtt", "retention", "ingest", "broker", "embedded", "org", "path"}
	var missing []string
	var look func(t reflect.Type)
	seen := map[reflect.Type]bool{}
	look = func(t reflect.Type) {
		if keyed, ok := reflect.TypeAssert[interface{ Element() reflect.Type }](reflect.Zero(t)); ok {
			t = keyed.Element()
		}
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		_, described := reflect.TypeAssert[encoding.TextUnmarshaler](reflect.New(t))
		if t.Kind() != reflect.Struct || seen[t] || described || !strings.HasPrefix(t.PkgPath(), "github.com/gerbang-iot/gerbang/configs") {
			return
		}
		seen[t] = true
		for _, f := range strict.Fields(t) {
			if c.ofField(t, f) == "" && !slices.Contains(plain, f.Name) && f.Suffix == "" {
				missing = append(missing, t.Name()+"."+f.Name)
			}
			look(f.Type)
		}
	}
	for _, kind := range DocumentKinds() {
		look(documents[kind])
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		t.Errorf("keys without a comment: %s", strings.Join(slices.Compact(missing), ", "))
	}
}
