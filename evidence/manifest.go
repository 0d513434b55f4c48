package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Format names the layout of a pack. A pack of another one is not read.
const Format = "gerbang evidence 1"

// The files of a pack that are what was recorded; everything else follows from them.
const (
	fileManifest = "manifest.json"
	fileSums     = "SHA256SUMS"
	fileRecords  = "records.jsonl"
	fileStanding = "standing.jsonl"
	filePolicy   = "policy.jsonl"
	fileState    = "state.bin"
	fileVerdicts = "verdicts.jsonl"
	fileAlerts   = "alerts.jsonl"
	policyFolder = "policy/"
	schemaFolder = "schema/"
	tableFolder  = "csv/"
)

// versionText is what the version of a policy looks like.
var versionText = regexp.MustCompile(`^[0-9a-f]{16}$`)

func policyFile(version string) string { return policyFolder + version + ".json" }

// versionOf is the version that a policy's text has: whoever changes a letter has another one.
func versionOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// Manifest says what a pack is and what is in it.
type Manifest struct {
	Format  string `json:"format"`
	Program string `json:"program"` // the version of the program that wrote it
	Site    string `json:"site"`
	// From and Until bound the period: [From, Until). Timezone is the site's own: its days are counted.
	From     telemetry.Instant `json:"from"`
	Until    telemetry.Instant `json:"until"`
	Timezone string            `json:"timezone"`
	// Rules are those that were asked for; none: all.
	Rules []string `json:"rules,omitempty"`
	// AsOf is what the journal's newest record was received at: what came later is not known here.
	AsOf telemetry.Instant `json:"as_of"`
	// First and Last bound the numbers of the records that the pack has of the site: behind First, up to Last. Those received behind
	// the period are the ones that have changed what is known of it.
	First uint64 `json:"behind_record"`
	Last  uint64 `json:"last_record"`
	// Engine is the version of the rules that judged the site last.
	Engine string `json:"engine"`
	// State says from what verdicts can be judged again.
	State State `json:"state"`
	// Stopped is when the first record came that nobody has judged, and StoppedRecord that record; empty: all are judged.
	Stopped       telemetry.Instant `json:"stopped,omitempty"`
	StoppedRecord uint64            `json:"stopped_record,omitempty"`
	// Deleted is set where retention has deleted records of any site before the pack was made; Damage is what is known of records that
	// were lost or changed in the journal.
	Deleted bool     `json:"deleted,omitempty"`
	Damage  []Damage `json:"damage,omitempty"`
	Files   []File   `json:"files"`
}

// Damage is what is known to have happened to records of the journal, of whichever site.
type Damage struct {
	First   uint64            `json:"first"`
	Last    uint64            `json:"last"`
	What    string            `json:"what"`
	Noticed telemetry.Instant `json:"noticed"`
}

// State says what the judging begins with.
type State struct {
	// Basis is one of the Basis constants.
	Basis Basis `json:"basis"`
	// Record is the record behind which verdicts can be judged again; 0: behind none.
	Record uint64 `json:"record,omitempty"`
	// Why says why nothing can be judged again, where the basis is none: one of the Why constants.
	Why string `json:"why,omitempty"`
}

// Basis is what the judging of a pack begins with.
type Basis string

// The bases.
const (
	// BasisBeginning: the pack has the site's records from its first one on, and nothing has to be believed.
	BasisBeginning Basis = "beginning"
	// BasisState: the pack has the state of the engine before the first record that is judged, as the gateway had it. That the verdicts
	// follow from it and the records is checked; the state itself follows from records that are not in the pack.
	BasisState Basis = "state"
	// BasisNone: nothing can be judged again.
	BasisNone Basis = "none"
)

// File is one file of a pack.
type File struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Policy is a configuration of the site that was in force in the period: a line of policy.jsonl. Its text is the file of its version,
// byte for byte as it came into force.
type Policy struct {
	Record   uint64            `json:"record"`
	Received telemetry.Instant `json:"received"` // from then on it was in force
	Version  string            `json:"version"`  // the first 16 digits of the hash of the text
	Author   string            `json:"author"`
	SHA256   string            `json:"sha256"`
	// Protocols are those that the text holds, each with the hash of its own part of the text.
	Protocols []Protocol `json:"protocols"`
}

// Protocol is a protocol in a policy.
type Protocol struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Legal  string `json:"legal,omitempty"`
	SHA256 string `json:"sha256"`
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// policyOf describes a policy by its text.
func policyOf(rec *telemetry.Record) (Policy, error) {
	c := rec.Configuration
	if c == nil || versionOf(c.Definition) != c.Version {
		return Policy{}, fmt.Errorf("the configuration of record %d is not what its version says", rec.Seq)
	}
	p := Policy{Record: rec.Seq, Received: rec.Received, Version: c.Version, Author: c.Author, SHA256: sumOf(c.Definition), Protocols: []Protocol{}}
	var parts struct {
		Protocols []json.RawMessage `json:"protocols"`
	}
	if err := json.Unmarshal(c.Definition, &parts); err != nil {
		return p, fmt.Errorf("reading the configuration of record %d: %w", rec.Seq, err)
	}
	for _, part := range parts.Protocols {
		x := Protocol{SHA256: sumOf(part)}
		head := struct{ ID, Title, Legal *string }{&x.ID, &x.Title, &x.Legal}
		if err := json.Unmarshal(part, &head); err != nil {
			return p, fmt.Errorf("reading a protocol of record %d: %w", rec.Seq, err)
		}
		p.Protocols = append(p.Protocols, x)
	}
	return p, nil
}

// latestUntil is behind all periods that are asked for: what is added to it is still a time.
var latestUntil = telemetry.InstantOf(time.Date(2250, time.January, 1, 0, 0, 0, 0, time.UTC))

// check refuses a manifest that cannot be one.
func (m *Manifest) check() error {
	switch {
	case m.Format != Format:
		return fmt.Errorf("its format is %.40q, and this program reads %q: take the version of the program that wrote it", m.Format, Format)
	case m.Site == "" || m.From <= 0 || m.Until <= m.From || m.Until > latestUntil || m.AsOf <= 0 || m.Last < m.First:
		return errors.New("its manifest names no site, or no period")
	case !slices.Contains([]Basis{BasisBeginning, BasisState, BasisNone}, m.State.Basis):
		return fmt.Errorf("its state is %.20q: want beginning, state or none", m.State.Basis)
	}
	seen := map[string]bool{}
	for _, f := range m.Files {
		if seen[f.Name] || !known(f.Name) || f.Name == fileManifest || f.Name == fileSums {
			return fmt.Errorf("its manifest lists %.80q, which is no file of a pack, or twice", f.Name)
		}
		seen[f.Name] = true
	}
	return nil
}

// known reports whether a pack can have a file of that name. No other is looked at, so none can lead out of a folder.
func known(name string) bool {
	if slices.Contains(allFiles, name) {
		return true
	}
	version, ok := strings.CutSuffix(strings.TrimPrefix(name, policyFolder), ".json")
	return ok && strings.HasPrefix(name, policyFolder) && versionText.MatchString(version)
}
