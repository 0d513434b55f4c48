package configs

import (
	"os"
	"path/filepath"
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
	site := strings.Replace(files["sites/balai.yaml"], "[kmk-382-2020, gedung]", "[lama, baru]", 1)
	site = strings.SplitN(site, "\n", 2)[1] // without the line that names the file
	got := warningsOf(t, map[string]string{
		"protocols/lama.yaml": version("lama", "until: 2026-12-20"), "protocols/baru.yaml": version("baru", "from: 2026-12-24"), "sites/balai.yaml": site,
	})
	if want := []string{warning[1]}; !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want[0])
	}
}

// TestStranger1AProtocolThatIsNotRead: the error about a protocol whose file lies in protocols/ says that nothing reads that folder.
func TestStranger1AProtocolThatIsNotRead(t *testing.T) {
	for _, tt := range []struct{ name, config, file, want string }{
		{"no protocols", "", "protocols/gedung.yaml", `protocol "gedung" does not exist: protocols/gedung.yaml is there and is not read, want protocols: protocols/ in the configuration, which has no protocols`},
		{"another ending", "", "protocols/gedung.yml", `protocols/gedung.yml is there and is not read`},
		{"others are read", "protocols: other.yaml\n", "protocols/gedung.yaml", `protocols/gedung.yaml is there and is not read, want it in the configuration's protocols, beside other.yaml`},
		{"no file", "", "protocols/lain.yaml", `protocol "gedung" does not exist, `},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			text := "title: {en: x, id: x}\nauthority: {en: x, id: x}\nlegal: x\nrules: {co2: {kind: expression, subject: zone, expr: co2 > 1000.0}}\n"
			for name, body := range map[string]string{
				"gerbang.yaml": "sites: sites/\nmqtt: {embedded: {anonymous: allow}}\n" + tt.config,
				tt.file:        "id: gedung\n" + text, "other.yaml": "id: other\n" + text, "sites/balai.yaml": hallSite("gedung", ""),
			} {
				if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Load(filepath.Join(dir, "gerbang.yaml"))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}
