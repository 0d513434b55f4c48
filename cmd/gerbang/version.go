package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// What a release's build says of itself with -ldflags -X; empty in any other, where Go's own notes about the build are read.
var (
	stampedVersion  string
	stampedRevision string
	stampedTime     string // RFC 3339
)

// build is what this binary was made from.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Time     string `json:"time,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// String is the line for people.
func (b build) String() string {
	text := "gerbang " + b.Version
	if b.Revision != "" {
		text += " " + b.Revision[:min(len(b.Revision), 12)]
	}
	if b.Modified {
		text += " (changed since)"
	}
	if b.Time != "" {
		text += " of " + b.Time
	}
	return text + " " + b.Go + " " + b.Platform
}

func readBuild() (b build) {
	b = build{Version: "devel", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	defer func() {
		b.Version, b.Revision, b.Time = cmp.Or(stampedVersion, b.Version), cmp.Or(stampedRevision, b.Revision), cmp.Or(stampedTime, b.Time)
	}()
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.Version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func versionCommand(std streams) *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use:   "version",
		Short: "Show which gerbang this is",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b := readBuild()
			if asJSON {
				return json.NewEncoder(std.out).Encode(b)
			}
			_, err := fmt.Fprintf(std.out, "%v\n", b)
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}
