package configs

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDocumentedProtocol: the files of docs/protocols.md are right as they stand there, and the warning that it prints is the one that
// check gives.
func TestDocumentedProtocol(t *testing.T) {
	doc, err := os.ReadFile("../docs/protocols.md")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, block := range regexp.MustCompile("(?s)```yaml\n# (\\S+)\n(.*?)```").FindAllStringSubmatch(string(doc), -1) {
		files[block[1]] = "# " + block[1] + "\n" + block[2]
	}
	if len(files) != 2 {
		t.Fatalf("%d files in the page, want 2", len(files))
	}
	if got := warningsOf(t, files); len(got) > 0 {
		t.Errorf("the example has warnings: %q", got)
	}
	warning := regexp.MustCompile("(?s)```text\n(.*?)\n```").FindStringSubmatch(string(doc))
	if warning == nil {
		t.Fatal("the page prints no warning")
	}
	version := func(id, dates string) string {
		return strings.NewReplacer("id: gedung", "id: "+id, "from: 2026-12-01  ", dates).Replace(files["protocols/gedung.yaml"])
	}
	site := strings.Replace(files["sites/balai.yaml"], "[clean-air, gedung]", "[lama, baru]", 1)
	site = strings.SplitN(site, "\n", 2)[1] // without the line that names the file
	got := warningsOf(t, map[string]string{
		"protocols/lama.yaml": version("lama", "until: 2026-12-20"), "protocols/baru.yaml": version("baru", "from: 2026-12-24"), "sites/balai.yaml": site,
	})
	if want := []string{warning[1]}; !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want[0])
	}
}
