package rules

import "fmt"

// NewParams gives a pointer to the default parameters of a kind of rule.
func NewParams(kind string) (Params, error) { return nil, fmt.Errorf("unknown kind of rule %q", kind) }

// Kinds lists the names of all kinds of rule, sorted.
func Kinds() []string { return nil }
