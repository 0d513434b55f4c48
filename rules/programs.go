package rules

import (
	"cel.dev/cel-go/cel"

	"github.com/gerbang-iot/gerbang/rules/shared"
)

var (
	programs     = shared.Table[programKey, *program]{Most: 4096}
	environments = shared.Table[SubjectKind, *cel.Env]{Most: 16}
)

// compileProgram gives the program of an expression about a kind of subject; see newProgram. It is safe for concurrent use.
func compileProgram(kind SubjectKind, expr string, condition bool) (*program, error) {
	return programs.Get(programKey{kind, expr, condition}, func() (*program, error) { return newProgram(kind, expr, condition) })
}

// environment is what expressions about a kind of subject may use.
func environment(kind SubjectKind) (*cel.Env, error) {
	return environments.Get(kind, func() (*cel.Env, error) { return cel.NewCustomEnv(variables(kind)...) })
}
