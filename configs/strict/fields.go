package strict

import (
	"reflect"
	"strings"
)

// Field is a key that a struct understands.
type Field struct {
	Name string
	reflect.StructField
	// Suffix is set where the field is a Spread and the key is one of several that lead to it.
	Suffix string
	// Index leads to the field through inlined structs.
	Index []int
	owner int // which of several structs
}

// Spread is a type that is written as several keys with one stem: password_file and password_env both fill the field
// password. Decoding calls UnmarshalSuffix for every key that is there.
type Spread interface {
	Suffixes() []string
	UnmarshalSuffix(suffix string, n Node)
}

// Fields lists the keys of a struct type in their order, those of inlined structs among them.
func Fields(t reflect.Type) []Field {
	var fields []Field
	for i := range t.NumField() {
		f := t.Field(i)
		name, inline := keyOf(f)
		switch {
		case !f.IsExported() || name == "-":
		case inline:
			for _, inner := range Fields(f.Type) {
				inner.Index = append([]int{i}, inner.Index...)
				fields = append(fields, inner)
			}
		case reflect.PointerTo(f.Type).Implements(reflect.TypeFor[Spread]()):
			for _, suffix := range reflect.New(f.Type).Interface().(Spread).Suffixes() {
				fields = append(fields, Field{Name: name + suffix, Suffix: suffix, StructField: f, Index: []int{i}})
			}
		default:
			fields = append(fields, Field{Name: name, StructField: f, Index: []int{i}})
		}
	}
	return fields
}

func keyOf(f reflect.StructField) (name string, inline bool) {
	name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	inline = strings.Contains(options, "inline") || name == "" && f.Anonymous && f.Type.Kind() == reflect.Struct
	if name == "" {
		name = strings.ToLower(f.Name)
	}
	return name, inline
}

// structs reads a mapping into one or more structs. Null values are problems, and so are keys that no struct has.
func (d *decoder) structs(n Node, targets []reflect.Value) {
	if n.n.kind != kindMap {
		n.mismatch(targets[0].Type(), "")
		return
	}
	fields := map[string]Field{}
	var names []string
	for i, target := range targets {
		for _, f := range Fields(target.Type()) {
			f.owner = i
			fields[f.Name] = f
			names = append(names, f.Name)
		}
	}
	seen := map[string]bool{}
	for _, e := range n.n.entries {
		f, ok := fields[e.key]
		if !ok {
			d.problems.Add(e.at, "unknown key %s, %s", quote(e.key), Suggestion(e.key, append(n.also, names...)))
			continue
		}
		seen[e.key] = true
		target := targets[f.owner].FieldByIndex(f.Index)
		if spread, ok := reflect.TypeAssert[Spread](target.Addr()); ok {
			seen[strings.TrimSuffix(e.key, f.Suffix)] = true
			spread.UnmarshalSuffix(f.Suffix, n.child(e))
			continue
		}
		d.decode(n.child(e), target, f.Tag)
	}
	for _, name := range names {
		f := fields[name]
		stem := strings.TrimSuffix(name, f.Suffix)
		if f.Tag.Get("required") != "" && !seen[stem] {
			seen[stem] = true // once for all the keys of a Spread
			d.problems.Add(n.Key(), "%s is missing, want %s", stem, Wanted(f.Type, f.Tag))
		}
	}
}

// Suggestion says which of the known words was probably meant by an unknown one, or what is known.
func Suggestion(word string, known []string) string {
	best, least := "", len(word)/3+2
	for _, k := range known {
		if d := distance(strings.ToLower(word), k); d < least {
			best, least = k, d
		}
	}
	const few = 16
	switch {
	case best != "":
		return "did you mean " + quote(best) + "?"
	case len(known) == 0:
		return "want none"
	case len(known) > few:
		return "want one of " + strings.Join(known[:few], ", ") + ", …"
	}
	return "want one of " + strings.Join(known, ", ")
}

// distance is how many letters must be inserted, removed, replaced or swapped with their neighbour to turn a into b.
func distance(a, b string) int {
	const longest = 64 // keys are short; a long text must not cost its square
	if len(a) > longest || len(b) > longest {
		return longest
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
