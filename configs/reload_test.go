package configs

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// onDisk writes the shipped files into a folder, as an installer would.
func onDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, Examples()); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestExamplesRunFromAnyFolder loads what Examples gives, from a folder that is not the working one.
func TestExamplesRunFromAnyFolder(t *testing.T) {
	dir := onDisk(t)
	c, err := Load(filepath.Join(dir, "gerbang.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, "data"); c.Data != want {
		t.Errorf("got data in %s, want %s", c.Data, want)
	}
	embedded, err := LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(c.Definitions())
	b, _ := json.Marshal(embedded.Definitions())
	if string(a) != string(b) {
		t.Error("the files on disk and the embedded ones give different definitions")
	}
}

// TestReloadLeavesTheOldWhole: a failed Load changes nothing in a Config that is in use, nor does a successful one.
func TestReloadLeavesTheOldWhole(t *testing.T) {
	dir := onDisk(t)
	main, site := filepath.Join(dir, "gerbang.yaml"), filepath.Join(dir, "sites", "mpp-belu.yaml")
	old, err := Load(main)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := json.Marshal(old)
	defined, _ := json.Marshal(old.Definitions())
	good, err := os.ReadFile(site)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"half written": string(good[:len(good)/2]),
		"empty":        "",
		"unreadable":   "\x00\xff",
		"mistaken":     strings.Replace(string(good), "door: pintu-utama", "door: pintu-depan", 1),
	} {
		if err := os.WriteFile(site, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(main)
		var problems Problems
		if c != nil || !errors.As(err, &problems) {
			t.Errorf("%s: got %v, %v, want no configuration and Problems", name, c, err)
		}
	}
	changed := strings.Replace(string(good), "capacity: 60", "capacity: 61", 1)
	if err := os.WriteFile(site, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	next, err := Load(main)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := json.Marshal(next.Definitions()); string(again) == string(defined) {
		t.Error("the change is not in the new definitions")
	}
	if after, _ := json.Marshal(old); string(after) != string(before) {
		t.Error("loading changed the old configuration")
	}
	if after, _ := json.Marshal(old.Definitions()); string(after) != string(defined) {
		t.Error("loading changed the old definitions")
	}
}

// TestOwnFilesReplaceShippedOnes: a protocol with the id of a shipped one takes its place.
func TestOwnFilesReplaceShippedOnes(t *testing.T) {
	site, err := filepath.Abs("sites/mpp-magetan.yaml")
	if err != nil {
		t.Fatal(err)
	}
	own := write(t, "own.yaml", "id: kmk-382-2020\ntitle: Ours\nrules: {suhu: {kind: temperature, above: 37.5}}\n")
	c, err := Load(write(t, "gerbang.yaml", "mqtt: {embedded: {anonymous: allow}}\nsites: "+site+"\nprotocols: "+own+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	d := c.Definitions()[0]
	if got := d.Protocols[0]; got.Title != "Ours" || len(got.Rules) != 1 {
		t.Errorf("got %q with %d rules, want ours with one", got.Title, len(got.Rules))
	}
	if len(c.Protocols) < 4 || len(c.Models) == 0 {
		t.Errorf("got %d protocols and %d models, want the shipped ones too", len(c.Protocols), len(c.Models))
	}
}

// TestOwnModelStaysItsOwn: a model with the id of a shipped one takes its place in the configuration that has it, and in no
// other, though all share the shipped ones.
func TestOwnModelStaysItsOwn(t *testing.T) {
	titled := func(c *Config) string {
		for i := range c.Models {
			if c.Models[i].ID == "generic-air-sensor" {
				return c.Models[i].Title
			}
		}
		return ""
	}
	before, err := LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := json.Marshal(before.Models)
	if err != nil {
		t.Fatal(err)
	}
	site, err := filepath.Abs("sites/mpp-magetan.yaml")
	if err != nil {
		t.Fatal(err)
	}
	own := write(t, "own.yaml", "id: generic-air-sensor\ntitle: Ours\nmatch: ['a/{device}']\nreadings: [{path: t, quantity: temperature}]\n")
	c, err := Load(write(t, "gerbang.yaml", "mqtt: {embedded: {anonymous: allow}}\nsites: "+site+"\nmodels: "+own+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if titled(c) != "Ours" || len(c.Models) != len(before.Models) {
		t.Errorf("got %q among %d models, want ours among %d", titled(c), len(c.Models), len(before.Models))
	}
	after, err := LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := json.Marshal(after.Models); string(again) != string(shipped) {
		t.Errorf("a configuration's own model has changed the shipped ones: %q", titled(after))
	}
}

func TestTenMistakesGiveTenLines(t *testing.T) {
	_, err := Load("testdata/invalid-gerbang-ten-mistakes.yaml")
	if err == nil {
		t.Fatal("got no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 10 {
		t.Errorf("got %d lines, want 10:\n%v", len(lines), err)
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, "testdata/invalid-gerbang-ten-mistakes.yaml:") {
			t.Errorf("line without its place: %s", line)
		}
	}
}

func TestMissingFile(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "none.yaml"))
	if err == nil || !strings.HasSuffix(err.Error(), "none.yaml: cannot be read (no such file or directory)") {
		t.Errorf("got %v, want the file's name and why", err)
	}
}

// FuzzLoad: a site, a protocol or a configuration of any bytes is loaded or refused, never worse; and what is loaded can be
// defined and written as JSON.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"gerbang.yaml", "sites/mpp-belu.yaml", "protocols/tingkat-gedung.yaml", "models/*.yaml"} {
		files, err := fs.Glob(Examples(), pattern)
		if err != nil {
			f.Fatal(err)
		}
		for i, file := range files {
			data, err := fs.ReadFile(Examples(), file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(byte(i), data)
		}
	}
	f.Add(byte(1), []byte("id: x\nname: X\ntimezone: Asia/Jakarta\nprotocols: [kmk-382-2020]\nhours: {mon: closed}\nzones: {z: {name: Z}}\n"))
	f.Fuzz(func(t *testing.T, which byte, data []byte) {
		dir := t.TempDir()
		site, err := filepath.Abs("sites/mpp-magetan.yaml")
		if err != nil {
			t.Fatal(err)
		}
		main := "mqtt: {embedded: {anonymous: allow}}\nsites: " + site + "\n"
		name := "gerbang.yaml"
		switch which % 4 {
		case 1:
			main, name = "mqtt: {embedded: {anonymous: allow}}\nsites: site.yaml\n", "site.yaml"
		case 2:
			main, name = main+"protocols: protocol.yaml\n", "protocol.yaml"
		case 3:
			main, name = main+"models: model.yaml\n", "model.yaml"
		}
		for file, text := range map[string][]byte{"gerbang.yaml": []byte(main), name: data} {
			if err := os.WriteFile(filepath.Join(dir, file), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if name == "gerbang.yaml" {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c, err := Load(filepath.Join(dir, "gerbang.yaml"))
		var problems Problems
		if (c == nil) != errors.As(err, &problems) || (c == nil) == (err == nil) {
			t.Fatalf("got %v and %v, want a configuration or Problems", c, err)
		}
		if c == nil {
			return
		}
		if len(c.Definitions()) != len(c.Sites) || len(c.Sites) == 0 {
			t.Fatalf("got %d definitions of %d sites", len(c.Definitions()), len(c.Sites))
		}
		if _, err := json.Marshal(c.Definitions()); err != nil {
			t.Fatalf("definitions cannot be written: %v", err)
		}
	})
}
