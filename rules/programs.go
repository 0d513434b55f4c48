package rules

import (
	"sync"

	"cel.dev/cel-go/cel"
)

// Sites are governed by the same protocols, and what is compiled of an expression is a thousand times larger than its text: a program
// is compiled once for all sites. What an engine decides does not depend on it.

// mostPrograms bounds what is kept: a process that is configured anew again and again begins afresh.
const mostPrograms = 4096

var programs = struct {
	sync.Mutex
	all          map[programKey]*program
	environments map[SubjectKind]*cel.Env
}{all: map[programKey]*program{}, environments: map[SubjectKind]*cel.Env{}}

// compileProgram gives the program of an expression about a kind of subject; see newProgram. It is safe for concurrent use.
func compileProgram(kind SubjectKind, expr string, condition bool) (*program, error) {
	key := programKey{kind, expr, condition}
	programs.Lock()
	defer programs.Unlock()
	if p := programs.all[key]; p != nil {
		return p, nil
	}
	p, err := newProgram(kind, expr, condition)
	if err != nil {
		return nil, err
	}
	if len(programs.all) >= mostPrograms {
		clear(programs.all)
	}
	programs.all[key] = p
	return p, nil
}

// environment is what expressions about a kind of subject may use. programs is locked.
func environment(kind SubjectKind) (*cel.Env, error) {
	if env := programs.environments[kind]; env != nil {
		return env, nil
	}
	env, err := cel.NewCustomEnv(variables(kind)...)
	if err == nil {
		programs.environments[kind] = env
	}
	return env, err
}
