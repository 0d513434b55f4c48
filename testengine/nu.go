package testengine

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

//go:embed nu/pom.xml
var nuProject string

// nuVersion is the version of the checker, which nu/pom.xml pins.
var nuVersion = regexp.MustCompile(`<artifactId>validator</artifactId>\s*<version>([^<]+)</version>`).FindStringSubmatch(nuProject)[1]

// Invalid is what the checker says about a page.
type Invalid struct {
	File    string // its name in the folder
	Line    int
	Message string
	Extract string // the markup it is about
}

// Nu runs the Nu Html Checker, the one behind validator.w3.org, over the .html files of a folder: one process for all of them. It lists errors
// and warnings. A test without Java or the checker is skipped, and fails in CI.
func Nu(t testing.TB, dir string) []Invalid {
	t.Helper()
	const hint = "apt-get install default-jre-headless maven, then the line of .ci/run that fetches the checker"
	if os.Getenv("GERBANG_WITHOUT_NU") != "" {
		t.Skip("the Nu Html Checker could not be fetched here, and .ci/run said so")
	}
	java := lookProgram("java")
	if java == "" {
		missing(t, "Java", hint)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	jars := filepath.Join(cache, "gerbang-ci", "nu-"+nuVersion)
	if _, err := os.Stat(jars); err != nil {
		missing(t, "the Nu Html Checker "+nuVersion, hint)
	}
	// The compiler that makes long runs fast costs a short one its time.
	cmd := exec.CommandContext(t.Context(), java, "-XX:TieredStopAtLevel=1", "-Xss16m", "-cp", filepath.Join(jars, "*"), "nu.validator.client.SimpleCommandLineValidator",
		"--format", "json", "--stdout", "--exit-zero-always", "--skip-non-html", "--no-langdetect", dir)
	var out, trouble bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &trouble
	if err := cmd.Run(); err != nil {
		t.Fatalf("running the Nu Html Checker: %v: %s", err, &trouble)
	}
	var report struct {
		Messages []struct {
			Type, SubType, URL, Message, Extract string
			LastLine                             int
		}
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatalf("reading what the Nu Html Checker says: %v: %.500s %s", err, &out, &trouble)
	}
	var found []Invalid
	for _, m := range report.Messages {
		if m.Type == "error" || m.SubType == "warning" || m.SubType == "fatal" || m.Type == "non-document-error" {
			found = append(found, Invalid{filepath.Base(m.URL), m.LastLine, m.Message, strings.Join(strings.Fields(m.Extract), " ")})
		}
	}
	return found
}

// String is the message with its place.
func (v Invalid) String() string {
	return fmt.Sprintf("%s:%d: %s: …%s…", v.File, v.Line, v.Message, v.Extract)
}
