package gerbang_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// source is one Go file of the main module.
type source struct {
	path string // from the module's root, with slashes
	dir  string // its folder, "." for the root
	test bool
	fset *token.FileSet
	file *ast.File
}

func TestEveryPackageHasOnePackageComment(t *testing.T) {
	report(t, packageComments(sources(t, os.DirFS("."))))
}

func TestNoFolderIsNamedForNothing(t *testing.T) {
	report(t, folderNames(t, os.DirFS(".")))
}

func TestPackageCommentsAndFolderNamesAreSeen(t *testing.T) {
	tree := fstest.MapFS{
		"good/a.go":           {Data: []byte("// Package good is.\npackage good")},
		"good/a_test.go":      {Data: []byte("// Package good_test may say what it likes.\npackage good_test")},
		"bare/a.go":           {Data: []byte("package bare")},
		"twice/a.go":          {Data: []byte("// Package twice is.\npackage twice")},
		"twice/b.go":          {Data: []byte("// Package twice is, again.\npackage twice")},
		"good/util/a.go":      {Data: []byte("// Package util is.\npackage util")},
		"nested/go.mod":       {Data: []byte("module nested")},
		"nested/a.go":         {Data: []byte("package nested")},
		"good/testdata/x.go":  {Data: []byte("package x")},
		".hidden/internal/x":  {Data: []byte("x")},
		"web/static/pkg/x.js": {Data: []byte("x")},
	}
	sameProblems(t, packageComments(sources(t, tree)),
		"bare: 0 package comments, expected exactly 1",
		"twice: 2 package comments (twice/a.go, twice/b.go), expected exactly 1")
	sameProblems(t, folderNames(t, tree),
		`good/util: a folder is named for what is in it, not "util"`,
		`web/static/pkg: a folder is named for what is in it, not "pkg"`)
}

// packageComments names the packages that do not have exactly one package comment: none leaves the reader without a way in, and
// the go command joins two in an order that nobody chose.
func packageComments(files []source) []string {
	commented := make(map[string][]string)
	for _, f := range files {
		if f.test {
			continue
		}
		at := commented[f.dir]
		if f.file.Doc != nil {
			at = append(at, f.path)
		}
		commented[f.dir] = at // also without a comment: the package is there
	}
	var problems []string
	for dir, at := range commented {
		switch len(at) {
		case 1:
		case 0:
			problems = append(problems, dir+": 0 package comments, expected exactly 1")
		default:
			problems = append(problems, fmt.Sprintf("%s: %d package comments (%s), expected exactly 1", dir, len(at), strings.Join(at, ", ")))
		}
	}
	return problems
}

// folderNames names the folders that say nothing of what is in them.
func folderNames(t *testing.T, tree fs.FS) []string {
	t.Helper()
	var problems []string
	walk(t, tree, func(name string, entry fs.DirEntry) {
		if entry.IsDir() && slices.Contains([]string{"internal", "pkg", "util", "common", "types", "mock"}, entry.Name()) {
			problems = append(problems, fmt.Sprintf("%s: a folder is named for what is in it, not %q", name, entry.Name()))
		}
	})
	return problems
}

// sources parses the Go files of the module.
func sources(t *testing.T, tree fs.FS) []source {
	t.Helper()
	fset := token.NewFileSet()
	var files []source
	walk(t, tree, func(name string, entry fs.DirEntry) {
		if entry.IsDir() || path.Ext(name) != ".go" || slices.Contains(strings.Split(name, "/"), "testdata") {
			return
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			t.Fatalf("reading the module's files: %v", err)
		}
		file, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatalf("parsing the module's files: %v", err)
		}
		files = append(files, source{path: name, dir: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), fset: fset, file: file})
	})
	return files
}

// walk visits the folders and files of the module, but neither hidden ones nor those of a nested module.
func walk(t *testing.T, tree fs.FS, visit func(name string, entry fs.DirEntry)) {
	t.Helper()
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == ".":
			return nil
		case strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			if _, err := fs.Stat(tree, name+"/go.mod"); err == nil {
				return fs.SkipDir
			}
		}
		visit(name, entry)
		return nil
	})
	if err != nil {
		t.Fatalf("walking the module: %v", err)
	}
}

func report(t *testing.T, problems []string) {
	t.Helper()
	slices.Sort(problems)
	for _, problem := range problems {
		t.Error(problem)
	}
}

func sameProblems(t *testing.T, got []string, want ...string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("problems found:\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}
