package configs_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gerbang-iot/gerbang/configs"
)

// Every mistake is told at once, with its place and what was expected.
func ExampleCheck() {
	dir, _ := os.MkdirTemp("", "gerbang")
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "gerbang.yaml")
	_ = os.WriteFile(file, []byte("language: jv\nlog: {level: loud}\n"), 0o600)
	for _, p := range configs.Check(file) {
		fmt.Printf("%s:%d: %s\n", filepath.Base(p.File), p.Line, p.Text)
	}
	// Output:
	// gerbang.yaml:1: nothing can send: want mqtt.broker, mqtt.embedded or push
	// gerbang.yaml:1: sites is missing, want a folder or a list of files, such as sites/
	// gerbang.yaml:1: language is "jv", want one of id, en
	// gerbang.yaml:2: level is "loud", want one of debug, info, warn, error
}
