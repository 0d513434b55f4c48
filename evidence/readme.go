package evidence

import (
	_ "embed"
	"fmt"
	"io"
	"strings"
	"text/template"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
)

//go:embed readme.en.txt
var readmeEn string

//go:embed readme.id.txt
var readmeID string

var readmes = map[string]*template.Template{
	"en": template.Must(template.New("en").Parse(readmeEn)),
	"id": template.Must(template.New("id").Parse(readmeID)),
}

// whys say by language why nothing can be judged again.
var whys = map[string]map[string]string{
	"en": {
		WhyVersion: "another version of the rules engine judged them", WhyDeleted: "records that they rest on were older than their retention, and were deleted",
		WhyStopped: "the site was not judged", WhyUnnamed: "no record says from where the engine began to read",
	},
	"id": {
		WhyVersion: "versi lain mesin aturan yang memutuskan", WhyDeleted: "catatan yang mendasarinya melewati masa simpan dan sudah dihapus",
		WhyStopped: "lokasi ini tidak diputuskan", WhyUnnamed: "tidak ada catatan yang menyebut dari mana mesin mulai membaca",
	},
}

// readMe writes what a pack says of itself in plain words.
func readMe(w io.Writer, m *Manifest, lang string) error {
	loc, err := facility.LoadLocation(m.Timezone)
	if err != nil {
		return fmt.Errorf("the site's time zone: %w", err)
	}
	at := func(t time.Time) string { return t.Format("2006-01-02 15:04:05 MST") }
	return readmes[lang].Execute(w, map[string]any{
		"Site": m.Site, "From": at(m.From.In(loc.Location)), "Until": at(m.Until.In(loc.Location)), "AsOf": at(m.AsOf.In(loc.Location)), "Program": m.Program, "Engine": m.Engine, "Timezone": m.Timezone,
		"Basis": string(m.State.Basis), "Why": whys[lang][m.State.Why], "Rules": strings.Join(m.Rules, ", "), "Deleted": m.Deleted, "Damage": len(m.Damage), "Format": m.Format,
	})
}
