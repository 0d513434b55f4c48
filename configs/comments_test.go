package configs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/configs/strict"
)

// comments are the doc comments of types and their fields, and the constants of word types, read from the sources: what
// the code says about a field is what the schema and the reference say.
type comments struct {
	types  map[string]string   // "configs.Log" → comment
	fields map[string]string   // "configs.Log.Level" → comment
	words  map[string][]string // "rules.Severity" → its constants
	quote  string              // around keys in a comment
}

func readComments(t *testing.T, folders ...string) *comments {
	t.Helper()
	c := &comments{types: map[string]string{}, fields: map[string]string{}, words: map[string][]string{}}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no sources in %s (%v)", folder, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatalf("reading the comments of %s: %v", file, err)
			}
			c.file(parsed)
		}
	}
	return c
}

func (c *comments) file(f *ast.File) {
	for _, decl := range f.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range gen.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				name := f.Name.Name + "." + s.Name.Name
				c.types[name] = text(s.Doc, gen.Doc)
				if st, ok := s.Type.(*ast.StructType); ok {
					c.structFields(name, st)
				}
			case *ast.ValueSpec:
				c.constant(f.Name.Name, gen.Tok, s)
			}
		}
	}
}

// structFields keeps the comments of fields. A field without one shares that of the field above if it is named there.
func (c *comments) structFields(name string, st *ast.StructType) {
	above := ""
	for _, f := range st.Fields.List {
		own := text(f.Doc, f.Comment)
		for _, id := range f.Names {
			switch {
			case own != "":
				above = own
			case !regexp.MustCompile(`\b` + id.Name + `\b`).MatchString(above):
				above = ""
			}
			c.fields[name+"."+id.Name] = above
		}
	}
}

func (c *comments) constant(pkg string, tok token.Token, s *ast.ValueSpec) {
	id, ok := s.Type.(*ast.Ident)
	if tok != token.CONST || !ok {
		return
	}
	for _, v := range s.Values {
		if lit, ok := v.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if word, err := strconv.Unquote(lit.Value); err == nil {
				c.words[pkg+"."+id.Name] = append(c.words[pkg+"."+id.Name], word)
			}
		}
	}
}

func text(groups ...*ast.CommentGroup) string {
	for _, g := range groups {
		if g != nil {
			return strings.Join(strings.Fields(g.Text()), " ")
		}
	}
	return ""
}

// typeName is the name under which the comments of a type are kept.
func typeName(t reflect.Type) string {
	return t.String()
}

// ofType is the comment of a type.
func (c *comments) ofType(t reflect.Type) string { return c.keyed(t, c.named(typeName(t))) }

// named is the comment of a type without the name it begins with: "Log is how …" becomes "How …".
func (c *comments) named(name string) string {
	comment := regexp.MustCompile(`^[A-Z]?\w+ (is|are) `).ReplaceAllString(c.types[name], "")
	if comment == "" {
		return ""
	}
	return strings.ToUpper(comment[:1]) + comment[1:]
}

// ofField is the comment of a field, with keys instead of Go names.
func (c *comments) ofField(t reflect.Type, f strict.Field) string {
	owner := t
	for _, i := range f.Index[:max(len(f.Index)-1, 0)] {
		owner = owner.Field(i).Type
	}
	return c.keyed(t, c.fields[typeName(owner)+"."+f.StructField.Name])
}

// keyed replaces the Go names of fields in a comment by the keys that people write.
func (c *comments) keyed(t reflect.Type, comment string) string {
	if t.Kind() != reflect.Struct {
		return comment
	}
	for _, f := range strict.Fields(t) {
		if f.StructField.Name == strings.ToUpper(f.StructField.Name) {
			continue // HTTP, TLS and URL are words, too
		}
		comment = regexp.MustCompile(`\b`+f.StructField.Name+`\b`).ReplaceAllString(comment, c.quote+f.Name+c.quote)
	}
	return comment
}

// wordsOf are the words a type allows.
func (c *comments) wordsOf(t reflect.Type, tag reflect.StructTag) []string {
	if words := strict.Words(t, tag); len(words) > 0 {
		return words
	}
	if t.Kind() == reflect.String {
		return c.words[typeName(t)]
	}
	return nil
}
