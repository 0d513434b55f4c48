//go:build unix

package gerbang_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// commandLimit bounds one block of a document's commands.
const commandLimit = 60 * time.Second

// TestDocumentedCommandsWork runs each sh block of README and docs/ that the line <!-- test --> precedes, as a reader would type it: with sh -e,
// in a copy of this folder, with gerbang in PATH.
func TestDocumentedCommandsWork(t *testing.T) {
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "./cmd/gerbang").CombinedOutput(); err != nil {
		t.Fatalf("building gerbang: %v\n%s", err, out)
	}
	for _, page := range append(pages, "README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		blocks := markedBlocks(string(text))
		if len(blocks) == 0 && page == "README.md" {
			t.Error("README.md marks no block with <!-- test -->")
		}
		for _, block := range blocks {
			t.Run(fmt.Sprintf("%s line %d", page, block.line), func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "gerbang")
				if err := copyModule(dir); err != nil {
					t.Fatalf("copying the module: %v", err)
				}
				if out, err := runShell(t.Context(), dir, bin, block.text); err != nil {
					t.Errorf("%s:%d: %v\n%s\nprinted:\n%s", page, block.line, err, block.text, out)
				}
			})
		}
	}
}

func TestMarkedBlocks(t *testing.T) {
	const readme = "# x\n\n```sh\nnot marked\n```\n\n<!-- test -->\n```sh\none\ntwo\n```\n<!-- test -->\n\n```sh\nthree\n```\n<!-- test -->\ntext between\n```sh\nfour\n```\n"
	got := fmt.Sprint(markedBlocks(readme))
	if want := fmt.Sprint([]block{{9, "one\ntwo\n"}, {15, "three\n"}}); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestShellStopsAtTheFirstFailure(t *testing.T) {
	out, err := runShell(t.Context(), t.TempDir(), "/nowhere", "echo one\nfalse\necho two\n")
	if err == nil || string(out) != "one\n" {
		t.Errorf("got %q (%v), want an error after the first line", out, err)
	}
}

// block is a fenced block with the line of its page on which its first command stands.
type block struct {
	line int
	text string
}

// markedBlocks returns the sh blocks whose fence follows the mark, with nothing but empty lines between.
func markedBlocks(readme string) []block {
	var blocks []block
	lines := strings.Split(readme, "\n")
	marked := false
	for i := 0; i < len(lines); i++ {
		switch line := strings.TrimSpace(lines[i]); {
		case line == "<!-- test -->":
			marked = true
		case line == "":
		case marked && line == "```sh":
			end := i + 1
			for end < len(lines) && strings.TrimSpace(lines[end]) != "```" {
				end++
			}
			blocks = append(blocks, block{line: i + 2, text: strings.Join(lines[i+1:end], "\n") + "\n"})
			i, marked = end, false
		default:
			marked = false
		}
	}
	return blocks
}

// copyModule copies the module's files to dir, without what is hidden.
func copyModule(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case strings.HasPrefix(name, "."):
		case entry.IsDir():
			if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(name)); err != nil {
				return err
			}
		case entry.Type().IsRegular():
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// tolerant makes 3 no failure, by which gerbang check says that the files are right and this machine is not ready: somebody's gateway may run
// here, on the ports of the page.
const tolerant = `gerbang() { command gerbang "$@" || [ $? -eq 3 ]; }
`

// runShell runs the commands until one fails or the limit is over, and then ends whatever they left running.
func runShell(ctx context.Context, dir, bin, commands string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-e", "-c", tolerant+commands)
	cmd.Dir = dir
	cmd.Env = append(slices.Clone(os.Environ()), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	group := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Cancel = group
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	if cmd.Process != nil {
		_ = group() // what runs in the background is not the page's promise
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("not done in %s: %w", commandLimit, err)
	}
	return out, err
}
