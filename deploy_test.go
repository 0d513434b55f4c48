package gerbang_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// goreleaser is as much of .goreleaser.yaml as has to fit the rest of the repository.
type goreleaser struct {
	Builds []struct {
		Main    string   `yaml:"main"`
		Ldflags []string `yaml:"ldflags"`
		Targets []string `yaml:"targets"`
	} `yaml:"builds"`
	Archives []struct {
		Files []string `yaml:"files"`
	} `yaml:"archives"`
	NFPMs []struct {
		Formats  []string `yaml:"formats"`
		Bindir   string   `yaml:"bindir"`
		Contents []struct {
			Src string `yaml:"src"`
			Dst string `yaml:"dst"`
		} `yaml:"contents"`
		Scripts map[string]string `yaml:"scripts"`
	} `yaml:"nfpms"`
}

// Finding A10: what a release is made of names files and variables that are there, and unit, packages and image agree.
func TestA10_ReleaseFitsTheRepository(t *testing.T) {
	var g goreleaser
	if err := yaml.Unmarshal([]byte(text(t, ".goreleaser.yaml")), &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Builds) != 1 || len(g.NFPMs) != 1 || len(g.Archives) != 1 {
		t.Fatalf(".goreleaser.yaml: %d builds, %d kinds of packages, %d archives, want 1 of each", len(g.Builds), len(g.NFPMs), len(g.Archives))
	}
	build, packages := g.Builds[0], g.NFPMs[0]
	for _, want := range []string{"linux_amd64", "linux_arm64", "linux_arm_7", "windows_amd64", "darwin_amd64", "darwin_arm64"} {
		if !slices.Contains(build.Targets, want) {
			t.Errorf(".goreleaser.yaml: no target %s", want)
		}
	}
	stamps(t, ".goreleaser.yaml", strings.Join(build.Ldflags, " "), 3)
	files := append(slices.Clone(g.Archives[0].Files), build.Main)
	var put []string
	for _, c := range packages.Contents {
		put = append(put, c.Dst)
		if c.Src != "" {
			files = append(files, c.Src)
		}
	}
	for _, script := range packages.Scripts {
		files = append(files, script)
		if out, err := exec.CommandContext(t.Context(), "sh", "-n", script).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", script, err, out)
		}
	}
	for _, file := range files {
		if _, err := os.Stat(file); err != nil && !strings.Contains(file, "*") {
			t.Errorf(".goreleaser.yaml: %v", err)
		}
	}
	unit := text(t, "deploy/gerbang.service")
	for _, want := range []string{"ExecStart=" + packages.Bindir + "/gerbang serve --config /etc/gerbang/gerbang.yaml", "\nUser=gerbang\n", "\nStateDirectory=gerbang\n"} {
		if !strings.Contains(unit, want) {
			t.Errorf("deploy/gerbang.service lacks %q, which the packages stand on", strings.TrimSpace(want))
		}
	}
	for _, want := range []string{"/etc/gerbang", "/var/lib/gerbang", "/usr/lib/systemd/system/gerbang.service"} {
		if !slices.Contains(put, want) {
			t.Errorf(".goreleaser.yaml: the packages do not have %s", want)
		}
	}
}

// The image is without shell and root, and of named versions.
func TestA10_ImageRunsAsNobody(t *testing.T) {
	image := text(t, "deploy/Dockerfile")
	stamps(t, "deploy/Dockerfile", image, 1)
	from := regexp.MustCompile(`(?m)^FROM (\S+)`).FindAllStringSubmatch(image, -1)
	if len(from) != 2 || !strings.HasPrefix(from[1][1], "gcr.io/distroless/static") || !strings.HasSuffix(from[1][1], ":nonroot") {
		t.Errorf("deploy/Dockerfile: the image begins with %v, want a distroless static image without root", from)
	}
	module := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(text(t, "go.mod"))
	if module == nil || !strings.HasPrefix(from[0][1], "golang:"+module[1]) {
		t.Errorf("deploy/Dockerfile: built by %v, want the Go of go.mod", from[0][1])
	}
	_, last, _ := strings.Cut(image, from[1][0])
	for _, want := range []string{"\nUSER 65532:65532\n", "ENTRYPOINT [", "--chown=65532:65532", "VOLUME /var/lib/gerbang"} {
		if !strings.Contains(last, want) {
			t.Errorf("deploy/Dockerfile lacks %q behind its last FROM", strings.TrimSpace(want))
		}
	}
	if strings.Contains(last, "\nRUN ") {
		t.Error("deploy/Dockerfile runs something in an image that has no shell")
	}
}

// stamps wants that each variable a linker is told to set is one: it says nothing of others.
func stamps(t *testing.T, where, flags string, want int) {
	t.Helper()
	found := regexp.MustCompile(`-X main\.(\w+)=`).FindAllStringSubmatch(flags, -1)
	if len(found) != want {
		t.Errorf("%s stamps %d variables, want %d", where, len(found), want)
	}
	program := text(t, "cmd/gerbang/version.go")
	for _, m := range found {
		if !regexp.MustCompile(`(?m)^\t` + m[1] + `\s+string`).MatchString(program) {
			t.Errorf("%s sets main.%s, which cmd/gerbang/version.go does not have", where, m[1])
		}
	}
}

func text(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
