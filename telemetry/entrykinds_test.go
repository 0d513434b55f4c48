package telemetry

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"testing"
)

// EntryKinds lists every constant of its type.
func TestEntryKindsAreAll(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "entry.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "EntryKind" {
			text := spec.Values[0].(*ast.BasicLit).Value
			if n++; !slices.Contains(EntryKinds(), EntryKind(text[1:len(text)-1])) {
				t.Errorf("EntryKinds does not list %s", text)
			}
		}
		return true
	})
	if n != len(EntryKinds()) {
		t.Errorf("EntryKinds lists %d, there are %d", len(EntryKinds()), n)
	}
}
