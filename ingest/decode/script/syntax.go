package script

import (
	"fmt"
	"math/big"
	"reflect"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

// What a source may have at most. The parser recurses into brackets and the compiler into the tree, and neither looks at a
// clock: a file of nothing but brackets would end the process. Brackets are counted in texts and comments as well, because
// only a parser can tell.
const (
	maxBrackets = 50_000 // that open; each can cost 5 kB of stack, of which a goroutine has 1 GB
	maxArrows   = 10_000 // arrow functions: each is parsed twice, with those inside it
	maxTree     = 2000   // levels of the syntax tree
	maxHoles    = 64     // expressions in one template text
)

// tooMuch says what a source has too much of to be parsed.
func tooMuch(text string) string {
	brackets := 0
	for i := range len(text) {
		if c := text[i]; c == '(' || c == '[' || c == '{' {
			brackets++
		}
	}
	if brackets > maxBrackets {
		return fmt.Sprintf("%d opening brackets, want at most %d", brackets, maxBrackets)
	}
	if n := strings.Count(text, "=>"); n > maxArrows {
		return fmt.Sprintf("%d arrow functions, want at most %d", n, maxArrows)
	}
	return ""
}

// walk visits a syntax tree, from the top down.
func walk(v reflect.Value, depth int, visit func(node ast.Node, depth int) error) error {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		if node, ok := reflect.TypeAssert[ast.Node](v); ok && v.Kind() == reflect.Pointer {
			depth++
			if err := visit(node, depth); err != nil {
				return err
			}
		}
		return walk(v.Elem(), depth, visit)
	case reflect.Slice:
		for i := range v.Len() {
			if err := walk(v.Index(i), depth, visit); err != nil {
				return err
			}
		}
	case reflect.Struct:
		if v.Type().PkgPath() != astPath {
			return nil
		}
		for i := range v.NumField() {
			// Declarations are in the bodies already.
			if f := v.Type().Field(i); f.Name != "DeclarationList" && f.IsExported() {
				if err := walk(v.Field(i), depth, visit); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

var astPath = reflect.TypeFor[ast.Program]().PkgPath()

// visit takes note of assignments, and says what of a source cannot be bounded or comes to no answer.
func (s *source) visit(node ast.Node, depth int) (refused string) {
	if depth > maxTree {
		return fmt.Sprintf("nested more than %d levels deep, want fewer", maxTree)
	}
	switch n := node.(type) {
	case *ast.AssignExpression:
		s.assigns(n.Left)
	case *ast.UnaryExpression:
		if n.Operator == token.INCREMENT || n.Operator == token.DECREMENT {
			s.assigns(n.Operand)
		}
	case *ast.ForIntoExpression:
		s.assigns(n.Expression)
	case *ast.FunctionLiteral:
		if n.Async {
			return "an async function, want one that answers at once"
		}
	case *ast.ArrowFunctionLiteral:
		if n.Async {
			return "an async function, want one that answers at once"
		}
	case *ast.NumberLiteral:
		if _, ok := n.Value.(*big.Int); ok {
			return "a BigInt, want numbers: its size has no bound"
		}
	case *ast.RegExpLiteral:
		if len(n.Pattern) > maxPattern {
			return fmt.Sprintf("a regular expression of %d bytes, want at most %d", len(n.Pattern), maxPattern)
		}
	case *ast.TemplateLiteral:
		if len(n.Expressions) > maxHoles {
			return fmt.Sprintf("a template of %d expressions, want at most %d", len(n.Expressions), maxHoles)
		}
	}
	return ""
}

// assigns notes the names in the target of an assignment.
func (s *source) assigns(target ast.Expression) {
	switch t := target.(type) {
	case *ast.Identifier:
		s.assigned[t.Name.String()] = true
	case *ast.ArrayPattern:
		for _, e := range t.Elements {
			s.assigns(e)
		}
		s.assigns(t.Rest)
	case *ast.ObjectPattern:
		for _, p := range t.Properties {
			switch p := p.(type) {
			case *ast.PropertyShort:
				s.assigned[p.Name.Name.String()] = true
			case *ast.PropertyKeyed:
				s.assigns(p.Value)
			}
		}
		s.assigns(t.Rest)
	case *ast.AssignExpression: // with a default
		s.assigns(t.Left)
	}
}
