package revise

import (
	"fmt"
	"slices"

	"github.com/goccy/go-yaml/ast"
)

// scalar is a plain value; text and number are told apart.
type scalar struct {
	text   string
	quoted bool // or plain and no number, no truth value and not nothing
}

// pair is a key with its value.
type pair struct {
	key   string
	value any
}

// valueOf is what a node says, whatever it looks like: a scalar, []any or []pair.
func valueOf(n ast.Node) (any, error) {
	switch n := n.(type) {
	case *ast.NullNode:
		return nil, nil //nolint:nilnil // nothing is a value of YAML
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return scalar{n.GetToken().Value, false}, nil
	case *ast.StringNode:
		return scalar{n.Value, true}, nil
	case *ast.LiteralNode:
		return scalar{n.Value.Value, true}, nil
	case *ast.SequenceNode:
		all := []any{}
		for _, item := range n.Values {
			v, err := valueOf(item)
			if err != nil {
				return nil, err
			}
			all = append(all, v)
		}
		return all, nil
	}
	values, ok := entries(n)
	if !ok {
		return nil, fmt.Errorf("%w: %s in line %d", ErrByHand, n.Type().YAMLName(), n.GetToken().Position.Line)
	}
	all := []pair{}
	for _, e := range values {
		v, err := valueOf(e.Value)
		if err != nil {
			return nil, err
		}
		key := keyOf(e)
		if slices.ContainsFunc(all, func(p pair) bool { return p.key == key }) {
			return nil, fmt.Errorf("%w: key %s is there twice", ErrByHand, key)
		}
		all = append(all, pair{key, v})
	}
	return all, nil
}

// altered is a value after a change.
func altered(v any, c Change) (any, error) {
	if len(c.Path) == 0 {
		text, err := flow(c.Value)
		if err != nil {
			return nil, err
		}
		d, err := parse([]byte(text))
		if err != nil || d.root == nil {
			return nil, fmt.Errorf("the value %s cannot be written", text)
		}
		return valueOf(d.root)
	}
	all, ok := v.([]pair)
	if !ok && v != nil {
		return nil, fmt.Errorf("%s is in what is no mapping", c)
	}
	all = slices.Clone(all)
	key := c.Path[0]
	i := slices.IndexFunc(all, func(p pair) bool { return p.key == key })
	if c.Value == nil {
		switch {
		case i < 0:
			return v, nil
		case len(c.Path) == 1:
			return slices.Delete(all, i, i+1), nil
		}
	}
	var old any
	if i >= 0 {
		old = all[i].value
	}
	next, err := altered(old, Change{c.Path[1:], c.Value})
	if err != nil {
		return nil, err
	}
	if i < 0 {
		return append(all, pair{key, next}), nil
	}
	all[i].value = next
	return all, nil
}

// entries are the keys of a mapping; false: it is none.
func entries(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

func keyOf(e *ast.MappingValueNode) string {
	if s, ok := e.Key.(*ast.StringNode); ok {
		return s.Value
	}
	return e.Key.GetToken().Value
}

// find is the entry of a key in a mapping; nil: there is none.
func find(n ast.Node, key string) *ast.MappingValueNode {
	all, _ := entries(n)
	for _, e := range all {
		if keyOf(e) == key {
			return e
		}
	}
	return nil
}

func isNull(n ast.Node) bool {
	_, is := n.(*ast.NullNode)
	return is
}

// inFlow reports whether a mapping or list stands in brackets.
func inFlow(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.IsFlowStyle
	case *ast.SequenceNode:
		return n.IsFlowStyle
	}
	return false
}
