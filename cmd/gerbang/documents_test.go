package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Every command in the documents is one: its sub-commands and flags exist, its folders and files are in the repository, its tests and
// benchmarks are found by their names. Blocks marked with <!-- test --> are run as well, by TestDocumentedCommandsWork.
func TestA10_DocumentedCommandsExist(t *testing.T) {
	tried := 0
	for _, file := range documents(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range documentedCommands(string(text)) {
			for _, problem := range commandProblems(c) {
				t.Errorf("%s:%d: %s: %s", file, c.line, c.text, problem)
			}
			tried++
		}
	}
	if tried < 60 {
		t.Errorf("%d commands were found in the documents, expected more than 60: are they still recognised?", tried)
	}
}

func TestMistakesInDocumentsAreSeen(t *testing.T) {
	const text = "a `gerbang journal chek` and `gerbang check --josn`\n```sh\ngerbang bakup x  # now\nX=1 gerbang serve --config a.yaml | gerbang decode a b c\n" +
		"go run ./testengine/tortur --x\ngo test ./rules -bench NoSuchBenchmark\ncat > a <<'END'\ngerbang nonsense\nEND\nbash .ci/rum\nfrobnicate\n```\n" +
		"`configs/sights/` `go test ./facility`\n```yaml\ngerbang nonsense\n```\n"
	var got []string
	for _, c := range documentedCommands(text) {
		for _, problem := range commandProblems(c) {
			got = append(got, fmt.Sprintf("%d %s", c.line, problem))
		}
	}
	want := []string{
		`1 unknown command "chek"`, "1 there is no flag --josn", `3 unknown command "bakup"`, "4 accepts ", "./testengine/tortur is not in", "./testengine/tortur has no Go files", "6 no benchmark",
		"10 .ci/rum", "11 frobnicate is no program", "13 configs/sights/",
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !strings.Contains(got[i], want[i]) {
			t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// Every command stands on the page of commands.
func TestA10_EveryCommandIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		name := strings.TrimPrefix(c.CommandPath(), "gerbang ")
		if !c.HasSubCommands() && !c.Hidden && !strings.Contains(string(page), "`gerbang "+name) && !strings.Contains(string(page), "`"+name) {
			t.Errorf("docs/commands.md does not have %q", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(streams{}))
}

// documents are the pages for people.
func documents(t *testing.T) []string {
	t.Helper()
	files := []string{"../../README.md", "../../CONTRIBUTING.md", "../../SECURITY.md", "../../configs/REFERENCE.md"}
	err := filepath.WalkDir("../../docs", func(path string, d fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".md" {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// documented is a command of a document. Of one within a sentence the arguments may be left out.
type documented struct {
	line   int
	text   string
	inline bool
}

var (
	codeSpan = regexp.MustCompile("`([^`]+)`")
	heredoc  = regexp.MustCompile(`<<-?\s*'?([A-Z]+)'?`)
	between  = regexp.MustCompile(`\s*(?:\|\||&&|[|;])\s*`)
)

// documentedCommands finds the lines of sh blocks, without what here-documents hold, and in sentences what looks like a command or a path of ours.
func documentedCommands(text string) []documented {
	var all []documented
	fence, end := "", ""
	for i, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case fence == "" && strings.HasPrefix(trimmed, "```"):
			fence = strings.TrimPrefix(trimmed, "```") + "."
		case fence != "" && trimmed == "```":
			fence, end = "", ""
		case end != "":
			if trimmed == end {
				end = ""
			}
		case fence == "sh.":
			if m := heredoc.FindStringSubmatch(line); m != nil {
				end = m[1]
			}
			for part := range strings.SplitSeq(between.ReplaceAllString(unquoted(line), "\n"), "\n") {
				if part = strings.TrimSpace(part); part != "" {
					all = append(all, documented{i + 1, part, false})
				}
			}
		case fence == "":
			for _, m := range codeSpan.FindAllStringSubmatch(line, -1) {
				first, _, _ := strings.Cut(m[1], " ")
				if slices.Contains([]string{"gerbang", "go", "bash"}, first) && first != m[1] || ours(first) {
					all = append(all, documented{i + 1, m[1], true})
				}
			}
		}
	}
	return all
}

// unquoted is a line without its comment and with one word where something is quoted.
func unquoted(line string) string {
	line = regexp.MustCompile(`'[^']*'|"[^"]*"`).ReplaceAllString(line, "quoted")
	line, _, _ = strings.Cut(" "+line, " #")
	return strings.TrimSpace(line)
}

// ours recognises a path of the repository by its first folder. A path in which something is left open names no file.
func ours(word string) bool {
	word = strings.TrimPrefix(word, "./")
	if strings.ContainsAny(word, "*{…<(") || !strings.Contains(word, "/") {
		return false
	}
	first, _, _ := strings.Cut(word, "/")
	return slices.Contains([]string{"configs", "deploy", "docs", "replay", ".ci", ".github", "testengine", "cmd"}, first)
}

// programs are what else a reader is told to run.
var programs = []string{
	"apt-get", "apt", "base64", "bash", "cat", "cd", "curl", "docker", "dpkg", "echo", "git", "go", "head", "install", "kill", "lego", "mkdir", "mosquitto_pub", "nginx", "rpm", "sha256sum", "sudo",
	"systemctl", "useradd",
}

func commandProblems(c documented) (problems []string) {
	words := strings.Fields(c.text)
	for len(words) > 0 && (regexp.MustCompile(`^[A-Z_]+=`).MatchString(words[0]) || words[0] == "sudo") {
		words = words[1:]
		if len(words) > 2 && words[0] == "-u" {
			words = words[2:]
		}
	}
	if cut := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, ">") || strings.HasPrefix(w, "<") }); cut >= 0 {
		words = words[:cut]
	}
	if len(words) == 0 {
		return nil
	}
	for _, w := range words {
		if _, err := os.Stat(filepath.Join("../..", w)); ours(w) && err != nil {
			problems = append(problems, w+" is not in the repository")
		}
	}
	switch first := words[0]; {
	case first == "gerbang":
		problems = append(problems, parseProblems(words[1:], c.inline)...)
	case first == "go":
		problems = append(problems, goProblems(words[1:])...)
	case !ours(first) && !slices.Contains(programs, first):
		problems = append(problems, first+" is no program that a test knows")
	}
	return problems
}

// parseProblems parses a command of ours as the program would.
func parseProblems(args []string, inline bool) []string {
	if len(args) == 0 || args[0] == "COMMAND" || args[0] == "help" || args[0] == "completion" {
		return nil
	}
	root := newRoot(streams{})
	c, rest, err := root.Find(args)
	if err != nil {
		return []string{err.Error()}
	}
	root.InitDefaultVersionFlag()
	c.InitDefaultHelpFlag()
	var problems []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if _, ok := f.Value.(pflag.SliceValue); !ok && f.Value.Type() != "bool" {
			f.Value = anything{f.Value.Type()} // a page may say TEXT where a number belongs
		}
	})
	if err := c.ParseFlags(rest); err != nil {
		name := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "unknown flag: "), "unknown shorthand flag: ")
		return append(problems, "there is no flag "+name+" ("+err.Error()+")")
	}
	if left := c.Flags().Args(); !inline || c.HasSubCommands() && len(left) > 0 {
		if err := c.ValidateArgs(left); err != nil {
			problems = append(problems, err.Error())
		}
	}
	return problems
}

// anything takes every value of a flag.
type anything struct{ kind string }

func (anything) Set(string) error { return nil }
func (anything) String() string   { return "" }
func (a anything) Type() string   { return a.kind }

// goProblems looks for the package, test and benchmark of a go command.
func goProblems(args []string) (problems []string) {
	dir := ""
	for i, a := range args {
		switch {
		case strings.HasPrefix(a, "./") && a != "./...":
			dir = filepath.Join("../..", strings.TrimSuffix(a, "/..."))
			if files, _ := filepath.Glob(filepath.Join(dir, "*.go")); len(files) == 0 {
				problems = append(problems, a+" has no Go files")
			}
		case (a == "-bench" || a == "-run") && i+1 < len(args) && dir != "":
			kind, what := "Benchmark", "benchmark"
			if a == "-run" {
				kind, what = "Test", "test"
			}
			if name := strings.Trim(args[i+1], "'"); name != "." && name != "^$" && !declares(dir, kind, name) {
				problems = append(problems, fmt.Sprintf("no %s of %s has %s in its name", what, dir, name))
			}
		}
	}
	return problems
}

func declares(dir, kind, name string) bool {
	files, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil && regexp.MustCompile(`(?m)^func `+kind+`\w*`+regexp.QuoteMeta(strings.TrimPrefix(name, kind))).Match(text) {
			return true
		}
	}
	return false
}
