package script

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/parser"
)

// wantScript ends the message about a source that cannot be read.
const wantScript = "want a script in JavaScript, ECMAScript 2023, without modules"

// source is a decoder's text as it is compiled.
type source struct {
	name, text string
	// assigned are the names that something is assigned to; those that are declared nowhere would become members of the
	// global object, and outlive the message.
	assigned map[string]bool
	// prefix is how much of the first line of the wrapped text is not the decoder's.
	prefix int
}

// read checks a source and finds its assigned names.
func read(name, text string, limit int) (*source, error) {
	if len(text) > limit {
		return nil, fmt.Errorf("%s: %d bytes, want at most %d", name, len(text), limit)
	}
	if strings.HasPrefix(text, "#!") {
		text = "//" + text[2:] // inside the wrapping it would not be the first line
	}
	text = strings.TrimPrefix(text, "\uFEFF")
	s := &source{name: name, text: text, assigned: make(map[string]bool)}
	if why := tooMuch(text); why != "" {
		return nil, fmt.Errorf("%s: %s", name, why)
	}
	program, err := parser.ParseFile(nil, name, text, 0, parser.WithDisableSourceMaps)
	if err != nil {
		return nil, s.unread(err)
	}
	check := func(node ast.Node, depth int) error {
		if why := s.visit(node, depth); why != "" {
			return fmt.Errorf("%s: %s", s.position(program.File.Position(int(node.Idx0())-program.File.Base())), why)
		}
		return nil
	}
	if err := walk(reflect.ValueOf(program.Body), 0, check); err != nil {
		return nil, err
	}
	return s, nil
}

// compile wraps the source in two functions. The outer one holds the names that the script assigns and does not declare, and
// what a Node.js module is given; the inner one is the script. The value of its run is a list of the entry functions.
func (s *source) compile() (*goja.Program, error) {
	var b strings.Builder
	b.WriteString("(function($bound,$global,module,exports){")
	for _, name := range slices.Sorted(maps.Keys(s.assigned)) {
		switch {
		case slices.Contains(unassigned, name):
		case globals()[name]:
			fmt.Fprintf(&b, "var %s=$global.%s;", name, name)
		default:
			fmt.Fprintf(&b, "var %s;", name)
		}
	}
	b.WriteString("return (function(){")
	s.prefix = utf8.RuneCountInString(b.String())
	b.WriteString(s.text)
	b.WriteString("\n;return [")
	for _, e := range entries {
		fmt.Fprintf(&b, "typeof %[1]s===\"function\"?%[1]s:void 0,", e.name)
	}
	b.WriteString("]}).call(exports)})")
	tree, err := parser.ParseFile(nil, s.name, b.String(), 0, parser.WithDisableSourceMaps)
	if err != nil {
		return nil, s.unread(err)
	}
	outer := tree.Body[0].(*ast.ExpressionStatement).Expression.(*ast.FunctionLiteral)
	outer.ParameterList.List[0].Target.(*ast.Identifier).Name = unspellable
	if err := walk(reflect.ValueOf(tree.Body), 0, bindParts); err != nil {
		return nil, err
	}
	program, err := goja.CompileAST(tree, false)
	if err != nil {
		return nil, s.unread(err)
	}
	return program, nil
}

// A template text is made by one instruction, and so is what is spread, of texts and arrays that no built-in has seen. So each
// is handed to a function of ours first, which has a name that no script can spell.
const unspellable = "%bound"

func bindParts(node ast.Node, _ int) error {
	bind := func(e *ast.Expression) {
		*e = &ast.CallExpression{
			Callee:       &ast.Identifier{Name: unspellable, Idx: (*e).Idx0()},
			ArgumentList: []ast.Expression{*e},
		}
	}
	switch n := node.(type) {
	case *ast.TemplateLiteral:
		if n.Tag == nil {
			for i := range n.Expressions {
				bind(&n.Expressions[i])
			}
		}
	case *ast.SpreadElement:
		bind(&n.Expression)
	case *ast.Binding:
		if p, ok := n.Target.(*ast.ObjectPattern); ok && p.Rest != nil && n.Initializer != nil {
			bind(&n.Initializer)
		}
	case *ast.AssignExpression:
		if p, ok := n.Left.(*ast.ObjectPattern); ok && p.Rest != nil {
			bind(&n.Right)
		}
	}
	return nil
}

// unread is why the parser or compiler does not take the wrapped text.
func (s *source) unread(err error) error {
	var list parser.ErrorList
	var syntax *goja.CompilerSyntaxError
	switch {
	case errors.As(err, &list) && len(list) > 0:
		return fmt.Errorf("%s: %s, %s", s.position(list[0].Position), printable(list[0].Message), wantScript)
	case errors.As(err, &syntax) && syntax.File != nil:
		return fmt.Errorf("%s: %s, %s", s.position(syntax.File.Position(syntax.Offset)), printable(syntax.Message), wantScript)
	}
	return fmt.Errorf("%s: %s, %s", s.name, printable(err.Error()), wantScript)
}

// unassigned are names that are no variables of a script, whatever it assigns to them.
var unassigned = []string{"arguments", "eval", "undefined", "NaN", "Infinity", "globalThis", "module", "exports"}

// globals are the names of the global object that a script may use and assign.
var globals = sync.OnceValue(func() map[string]bool {
	set := make(map[string]bool)
	for _, name := range newRealm(loose).rt.GlobalObject().GetOwnPropertyNames() {
		set[name] = true
	}
	return set
})

// position is a place in the decoder's own file, from one in the wrapped text.
func (s *source) position(at file.Position) string {
	if at.Line == 1 {
		at.Column -= s.prefix
	}
	return fmt.Sprintf("%s:%d:%d", s.name, at.Line, max(at.Column, 1))
}
