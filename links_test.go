package gerbang_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// README is short enough to be read, shows first what it is about, and has the command by which it is tested.
func TestReadmeIsShortAndShowsThePictureFirst(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) > 150 {
		t.Errorf("README.md has %d lines, expected at most 150: the rest belongs to docs/", len(lines))
	}
	if len(lines) < 3 || !strings.HasPrefix(lines[2], "![") {
		t.Errorf("README.md: line 3 is %q, expected the picture", lines[2])
	}
	if !slices.Contains(lines, "go test ./...") {
		t.Error("README.md does not have the command that .ci/run runs, go test ./...")
	}
}

// Every link of the documents leads to a file of the repository, and to a heading where it names one; every page of docs/ is linked from somewhere.
func TestLinksOfDocumentsLead(t *testing.T) {
	report(t, linkProblems(t, os.DirFS(".")))
}

func TestDeadLinksAreSeen(t *testing.T) {
	tree := fstest.MapFS{
		"README.md":    {Data: []byte("# A *b* `c`, d\n[1](docs/a.md) [2](docs/none.md) [3](#a-b-c-d) [4](#no) [5](docs/a.md#x-y) [6](http://x.example)\n```\n[7](none)\n# no heading\n```\n![8](gone.png) `[9](code)`")},
		"docs/a.md":    {Data: []byte("# X y\n[1](../README.md) [2](../../out)")},
		"docs/lost.md": {Data: []byte("nobody links me")},
	}
	sameProblems(t, linkProblems(t, tree),
		"README.md:2: docs/none.md is not there", "README.md:2: #no is no heading of README.md", "README.md:2: http://x.example is not encrypted",
		"README.md:7: gone.png is not there", "docs/a.md:2: ../../out leads out of the repository", "docs/lost.md: no page links to it")
}

var (
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	codeText = regexp.MustCompile("`[^`]*`")
)

func linkProblems(t *testing.T, tree fs.FS) []string {
	t.Helper()
	pages := map[string]string{}
	walk(t, tree, func(name string, entry fs.DirEntry) {
		if !entry.IsDir() && path.Ext(name) == ".md" && (path.Dir(name) == "." || strings.HasPrefix(name, "docs/") || name == "configs/REFERENCE.md") {
			text, err := fs.ReadFile(tree, name)
			if err != nil {
				t.Fatal(err)
			}
			pages[name] = string(text)
		}
	})
	for _, name := range []string{"docs/bench/README.md"} { // of a nested module
		if text, err := fs.ReadFile(tree, name); err == nil {
			pages[name] = string(text)
		}
	}
	var problems []string
	linked := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		for i, line := range outsideFences(pages[name]) {
			for _, m := range link.FindAllStringSubmatch(codeText.ReplaceAllString(line, ""), -1) {
				at := fmt.Sprintf("%s:%d: ", name, i+1)
				to, heading, _ := strings.Cut(m[1], "#")
				file := path.Join(path.Dir(name), to)
				switch {
				case strings.HasPrefix(m[1], "https://"):
					continue
				case strings.HasPrefix(m[1], "http://"):
					problems = append(problems, at+m[1]+" is not encrypted")
					continue
				case strings.HasPrefix(file, ".."):
					problems = append(problems, at+m[1]+" leads out of the repository")
					continue
				case to == "":
					file = name
				}
				if file != name {
					linked[file] = true
				}
				if _, err := fs.Stat(tree, file); err != nil {
					problems = append(problems, at+to+" is not there")
				} else if heading != "" && !slices.Contains(headings(pages[file]), heading) {
					problems = append(problems, fmt.Sprintf("%s#%s is no heading of %s", at, heading, file))
				}
			}
		}
	}
	for name := range pages {
		if path.Dir(name) == "docs" && !linked[name] {
			problems = append(problems, name+": no page links to it")
		}
	}
	return problems
}

// outsideFences are the lines of a page, empty where they are within a fenced block.
func outsideFences(text string) []string {
	lines := strings.Split(text, "\n")
	fenced := false
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
			lines[i] = ""
		} else if fenced {
			lines[i] = ""
		}
	}
	return lines
}

// headings are the names by which a page's headings are linked.
func headings(text string) (names []string) {
	for _, line := range outsideFences(text) {
		title := strings.TrimLeft(line, "#")
		if title == line || !strings.HasPrefix(title, " ") {
			continue
		}
		names = append(names, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r > 127:
				return r
			}
			return -1
		}, strings.ToLower(strings.TrimSpace(title))))
	}
	return names
}
