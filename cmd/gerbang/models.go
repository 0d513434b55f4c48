package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/ingest/decode/codec"
)

// listedModel is a model as gerbang models lists it.
type listedModel struct {
	ID          string   `json:"id"`
	Aliases     []string `json:"aliases,omitempty"`
	Title       string   `json:"title"`
	Vendor      string   `json:"vendor,omitempty"`
	Description string   `json:"description,omitempty"`
	Format      string   `json:"format"`
	Codec       string   `json:"codec,omitempty"`
	Topics      []string `json:"topics,omitempty"`
	Counts      string   `json:"counts,omitempty"` // which form of counting people is counted
	Quantities  []string `json:"quantities"`       // empty: found by name
}

func modelsCommand(std streams) *cobra.Command {
	var config string
	asJSON := false
	c := &cobra.Command{
		Use:   "models [WORD]",
		Short: "List the device models, formats and codecs that are supported",
		Long: `Models lists every device model, shipped and of your own, with what it reads; a WORD keeps those whose id, alias, title
or vendor holds it. Then it lists the formats that a model of your own can name, and the built-in LoRaWAN codecs.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			config, err := findModels(std, config)
			if err != nil {
				return err
			}
			cfg, err := loadConfig(config)
			if err != nil {
				return err
			}
			word := ""
			if len(args) == 1 {
				word = strings.ToLower(args[0])
			}
			models := listModels(cfg, word)
			if asJSON {
				out := json.NewEncoder(std.out)
				out.SetIndent("", "  ")
				out.SetEscapeHTML(false)
				return out.Encode(models)
			}
			if len(models) == 0 {
				return hinted{fmt.Errorf("no model has %q in its id, alias, title or vendor", args[0]), "gerbang models lists all; gerbang devices discover guesses one from a device's messages"}
			}
			return printModels(std, models, word == "")
		},
	}
	c.Flags().StringVar(&config, "config", "", "configuration file, for models of your own "+configUsage)
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	c.AddCommand(modelTestCommand(std))
	return c
}

// modelTestCommand runs the samples of models, as the test suite does with the shipped ones.
func modelTestCommand(std streams) *cobra.Command {
	return &cobra.Command{
		Use:   "test FILE…",
		Short: "Check models of your own and run their samples",
		Long: `Test reads device models, reports everything that is wrong as file:line:col, and decodes the samples of each: a line
a sample, with what differs from what the file expects. It exits with 1 if anything is wrong or differs.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, files []string) error {
			wrong := false
			for _, file := range files {
				ok, err := testModel(std.out, file)
				if err != nil {
					return err
				}
				wrong = wrong || !ok
			}
			if wrong {
				return &exitError{code: 1}
			}
			return nil
		},
	}
}

// testModel prints what is wrong with a model, or how its samples do.
func testModel(w io.Writer, file string) (ok bool, err error) {
	m, problems := configs.LoadModel(file)
	if problems != nil {
		_, err := fmt.Fprintln(w, problems)
		return false, err
	}
	d, err := decode.New(decode.Options{Models: []decode.Model{m}})
	if err != nil {
		return false, fmt.Errorf("making model %q ready: %w", m.ID, err)
	}
	ok = true
	for _, s := range m.Samples {
		differs := d.Check(m.ID, s)
		ok = ok && len(differs) == 0
		word := "ok"
		if len(differs) > 0 {
			word = "DIFFERS\n    " + strings.Join(differs, "\n    ")
		}
		if _, err := fmt.Fprintf(w, "%s: %s: %s\n", m.ID, s.Name, word); err != nil {
			return false, err
		}
	}
	if len(m.Samples) == 0 {
		_, err = fmt.Fprintf(w, "%s: has no samples: nothing proves that it reads what its devices send\n", m.ID)
	}
	return ok, err
}

func listModels(cfg *configs.Config, word string) []listedModel {
	models := make([]listedModel, 0, len(cfg.Models))
	for i := range cfg.Models {
		m := &cfg.Models[i]
		l := listedModel{
			ID: m.ID, Aliases: m.Aliases, Title: m.Title, Vendor: m.Vendor, Description: m.Description, Format: m.Format, Codec: m.Codec,
			Topics: decode.TopicsOf(m), Counts: string(m.Count), Quantities: readBy(m),
		}
		if l.Format == "" {
			l.Format = "json"
		}
		text := strings.ToLower(strings.Join(append([]string{l.ID, l.Title, l.Vendor}, l.Aliases...), " "))
		if strings.Contains(text, word) {
			models = append(models, l)
		}
	}
	return models
}

// readBy names the quantities that a model reads, each once, in the order of its file.
func readBy(m *decode.Model) []string {
	names := []string{}
	lists := [][]decode.Field{m.Readings}
	if m.Each != nil {
		lists = append(lists, m.Each.Readings)
	}
	for _, f := range slices.Concat(lists...) {
		if name := f.Quantity.String(); name != "" && !f.Aside && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func printModels(std streams, models []listedModel, whole bool) error {
	w := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "MODEL\tFORMAT\tCODEC\tDEVICE\tREADS")
	for _, m := range models {
		reads := strings.Join(m.Quantities, ", ")
		if reads == "" {
			reads = "what names with one meaning say"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", m.ID, m.Format, orDash(m.Codec), m.Title, reads)
	}
	if whole {
		_, _ = fmt.Fprintln(w, "\nFORMAT\tHOW A PAYLOAD IS WRITTEN")
		for _, f := range decode.Formats() {
			_, _ = fmt.Fprintf(w, "%s\t%s\n", f.Name, f.Title)
		}
		_, _ = fmt.Fprintln(w, "\nCODEC\tLORAWAN DEVICES")
		titles := make(map[string]string)
		for _, name := range codec.Names() {
			c, err := codec.Find(name)
			if err != nil {
				return err
			}
			titles[name] = c.Title
		}
		for _, d := range configs.Frames() {
			titles[d.ID] = d.Title
		}
		for _, name := range slices.Sorted(maps.Keys(titles)) {
			_, _ = fmt.Fprintf(w, "%s\t%s\n", name, titles[name])
		}
		_, _ = fmt.Fprintln(w, "….yaml\ta description of the frames, beside a model of your own")
		_, _ = fmt.Fprintln(w, "….js\tthe maker's own decoder, beside a model of your own")
	}
	return w.Flush()
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
