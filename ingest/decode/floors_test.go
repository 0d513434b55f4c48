package decode_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rings are how many files of one package use each other's names in a ring at most: 5 on the floors of decode, which were one package
// with a ring of 52 of its 63 files, and more in the packages named here, which were their own already. Whoever makes one smaller
// writes it here.
var rings = map[string]int{"": 5, "codec": 12, "script": 9}

// Finding A7: what uses what inside a package of ingest/decode has a direction, too. A ring of files is read as one file.
func TestA7_FilesDoNotGrowIntoEachOther(t *testing.T) {
	t.Parallel()
	largest := map[string]int{}
	for _, p := range listed(t, "./...") {
		_, floor, ok := strings.Cut(p.ImportPath, "/ingest/decode")
		if !ok || len(p.GoFiles) == 0 {
			continue
		}
		floor = strings.TrimPrefix(floor, "/")
		kind := floor
		if rings[kind] == 0 {
			kind = ""
		}
		ring := largestRing(fileUses(t, p))
		t.Logf("%q: %d of %d files", floor, len(ring), len(p.GoFiles))
		if largest[kind] = max(largest[kind], len(ring)); len(ring) > rings[kind] {
			t.Errorf("%s: %d files use each other's names in a ring, want at most %d: cut an arrow that runs up among %s",
				p.ImportPath, len(ring), rings[kind], strings.Join(ring, " "))
		}
	}
	for kind, want := range rings {
		if largest[kind] < want {
			t.Errorf("rings[%q] is %d, and no ring has more than %d: write that, so that it stays", kind, want, largest[kind])
		}
	}
	if ring := largestRing(map[string][]string{"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": nil}); len(ring) != 3 {
		t.Errorf("a ring of three is seen as %v", ring)
	}
}

// listedPackage is what go list says of a package.
type listedPackage struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
}

// exports are the compiled packages by import path, for the checker of types.
var exports = map[string]string{}

// listed asks the go command for packages and all that they import.
func listed(t *testing.T, patterns ...string) []listedPackage {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles"}, patterns...)...).Output()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("the go command does not list packages: %v", err)
		}
		t.Skipf("the go command does not list packages here: %v", err)
	}
	var all []listedPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listedPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		all = append(all, p)
	}
}

// fileUses tells for each file of a package in which other files the names stand that it uses: functions, types, values, and the
// fields and methods of types.
func fileUses(t *testing.T, p listedPackage) map[string][]string {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })}
	pkg, err := conf.Check(p.ImportPath, fset, files, info)
	if err != nil {
		t.Fatal(err)
	}
	uses := make(map[string][]string, len(files))
	for id, o := range info.Uses {
		if o.Pkg() != pkg {
			continue
		}
		from, to := filepath.Base(fset.Position(id.Pos()).Filename), filepath.Base(fset.Position(o.Pos()).Filename)
		if from != to && !slices.Contains(uses[from], to) {
			uses[from] = append(uses[from], to)
		}
	}
	return uses
}

// largestRing is the largest set of nodes of which each leads to every other.
func largestRing(edges map[string][]string) []string {
	reach := make(map[string]map[string]bool, len(edges))
	for from := range edges {
		seen, todo := map[string]bool{}, []string{from}
		for len(todo) > 0 {
			at := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			for _, to := range edges[at] {
				if !seen[to] {
					seen[to] = true
					todo = append(todo, to)
				}
			}
		}
		reach[from] = seen
	}
	var largest []string
	for from := range edges {
		ring := []string{from}
		for to := range reach[from] {
			if to != from && reach[to][from] {
				ring = append(ring, to)
			}
		}
		if len(ring) > len(largest) {
			largest = ring
		}
	}
	slices.Sort(largest)
	return largest
}
