package evidence

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Outcome is what a check came to.
type Outcome string

// The outcomes.
const (
	Holds   Outcome = "holds"
	Fails   Outcome = "fails"   // it is not as it says, or as it must be
	Unknown Outcome = "unknown" // it cannot be known from the pack
	Limit   Outcome = "limit"   // what a pack of its kind never proves
)

// Finding is one line of a check.
type Finding struct {
	Outcome Outcome `json:"outcome"`
	What    string  `json:"what"`
	// Detail is what was found, with the numbers of lines and records; empty: there is no more to say.
	Detail string `json:"detail,omitempty"`
}

// Report is what a check of a pack found, in the order in which it looked.
type Report struct {
	// Manifest is what the pack says of itself; nil: it cannot be read.
	Manifest *Manifest `json:"manifest,omitempty"`
	Findings []Finding `json:"findings"`
	// Judged is how many changes of verdict came out again, Recorded how many the pack has about the period.
	Judged   int `json:"judged_again"`
	Recorded int `json:"recorded"`
	Records  int `json:"records"`
}

// Outcome is that of the whole: fails, else unknown, else holds.
func (r *Report) Outcome() Outcome {
	out := Holds
	for _, f := range r.Findings {
		if f.Outcome == Fails {
			return Fails
		}
		if f.Outcome == Unknown {
			out = Unknown
		}
	}
	return out
}

func (r *Report) add(o Outcome, what, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{o, what, fmt.Sprintf(format, args...)})
}

// result adds a check that holds unless there is an error.
func (r *Report) result(err error, what, format string, args ...any) bool {
	if err != nil {
		r.Findings = append(r.Findings, Finding{Fails, what, plain(err.Error())})
		return false
	}
	r.add(Holds, what, format, args...)
	return true
}

// plain keeps what a hostile pack says out of a terminal's hands.
func plain(s string) string {
	if len(s) > 2000 {
		s = s[:2000] + " …"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// verifier checks one pack.
type verifier struct {
	a       *archive
	b       *book
	r       *Report
	program string
	state   []byte
}

// Verify checks a pack: program is the version of this program. It needs nothing but the pack. The error is of reading the file or of ctx;
// what is wrong with the pack is in the report.
func Verify(ctx context.Context, in io.ReaderAt, size int64, program string) (*Report, error) {
	v := &verifier{r: &Report{Findings: []Finding{}}, program: program, b: &book{texts: map[string][]byte{}}}
	err := v.check(ctx)(in, size)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil, ctx.Err()
	default:
		v.r.Findings = append(v.r.Findings, Finding{Fails, "the pack", plain(err.Error())})
	}
	if v.b.m != nil {
		v.r.Manifest = v.b.m
	}
	return v.r, nil
}

// check runs all checks; what cannot be gone on behind is an error.
func (v *verifier) check(ctx context.Context) func(in io.ReaderAt, size int64) error {
	return func(in io.ReaderAt, size int64) (err error) {
		defer func() {
			if p := recover(); p != nil { // of an engine that was given a state which no engine has made
				err = fmt.Errorf("what the pack holds makes the rules fail: %v", p)
			}
		}()
		if v.a, err = open(in, size); err != nil {
			return err
		}
		if err := v.manifest(); err != nil {
			return err
		}
		if err := v.hashes(ctx); err != nil {
			return err
		}
		if err := v.recorded(); err != nil {
			return err
		}
		v.r.Recorded = len(v.b.verdicts)
		if err := v.judge(ctx); err != nil {
			return err
		}
		return v.derived(ctx)
	}
}

// manifest reads what the pack says of itself.
func (v *verifier) manifest() error {
	text, err := v.a.whole(fileManifest)
	if err != nil {
		return err
	}
	var compact bytes.Buffer
	m := &Manifest{}
	if err := jsonCompact(&compact, text); err != nil {
		return refuse("%s: %w", fileManifest, err)
	}
	if err := decode(compact.Bytes(), m); err != nil {
		return refuse("%s: %w", fileManifest, err)
	}
	again, err := manifestText(m)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, text) {
		return refuse("%s is not written as packs are", fileManifest)
	}
	if err := m.check(); err != nil {
		return refuse("%w", err)
	}
	var sums bytes.Buffer
	if err := sumsText(&sums, append(slices.Clone(m.Files), File{Name: fileManifest, SHA256: sumOf(text)})); err != nil {
		return err
	}
	stated, err := v.a.whole(fileSums)
	if err != nil {
		return err
	}
	v.b.m = m
	if !bytes.Equal(sums.Bytes(), stated) {
		return fmt.Errorf("%s and %s do not say the same: one of them was changed", fileManifest, fileSums)
	}
	v.r.add(Holds, "the frame", "%d files, no other content, written as packs are", len(v.a.order))
	return nil
}

// hashes compares every file with its hash.
func (v *verifier) hashes(ctx context.Context) error {
	listed := map[string]bool{fileManifest: true, fileSums: true}
	total := int64(0)
	for _, f := range v.b.m.Files {
		listed[f.Name] = true
		m := v.a.read(f.Name)
		if m == nil {
			return fmt.Errorf("%s is missing", f.Name)
		}
		if m.left != f.Bytes {
			return fmt.Errorf("%s has %d bytes, want %d", f.Name, m.left, f.Bytes)
		}
		sum := sha256.New()
		if _, err := io.Copy(sum, &cancelled{ctx, m}); err != nil {
			return err
		}
		if got := hex.EncodeToString(sum.Sum(nil)); got != f.SHA256 {
			return fmt.Errorf("%s was changed: its hash is %s, and %s says %s", f.Name, got, fileManifest, f.SHA256)
		}
		total += f.Bytes
	}
	for _, f := range v.a.order {
		if !listed[f.Name] {
			return fmt.Errorf("%s is in no list", f.Name)
		}
	}
	v.r.add(Holds, "the hashes", "every file is as its SHA-256 says, %d bytes in all", total)
	return nil
}

// cancelled is a reader that ends with a context.
type cancelled struct {
	ctx context.Context
	io.Reader
}

// Read reads on.
func (c *cancelled) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.Reader.Read(b)
}

// recorded reads what is held in memory of what was recorded.
func (v *verifier) recorded() error {
	b := v.b
	err := errors.Join(
		linesIn(v.a, filePolicy, &b.policies), linesIn(v.a, fileStanding, &b.standing), linesIn(v.a, fileVerdicts, &b.verdicts), linesIn(v.a, fileAlerts, &b.alerts),
	)
	if err != nil {
		return err
	}
	if err := v.policies(); err != nil {
		return err
	}
	for i := range b.standing {
		r := &b.standing[i]
		switch {
		case i > 0 && r.Record <= b.standing[i-1].Record:
			return fmt.Errorf("%s, line %d: record %d comes behind %d", fileStanding, i+1, r.Record, b.standing[i-1].Record)
		case r.Record > b.m.First && r.Record <= b.m.Last:
			return fmt.Errorf("%s, line %d: record %d belongs into %s", fileStanding, i+1, r.Record, fileRecords)
		case r.Entry == nil && r.Service == nil && r.Engine == nil || r.Entry != nil && !stands(r.Entry.Kind):
			return fmt.Errorf("%s, line %d: a record of kind %s does not stand", fileStanding, i+1, r.Kind)
		}
		if _, err := r.of(b.m.Site, b.texts); err != nil {
			return fmt.Errorf("%s, line %d: %w", fileStanding, i+1, err)
		}
	}
	for i := range b.verdicts {
		t := &b.verdicts[i]
		switch {
		case i > 0 && compareVerdicts(&b.verdicts[i-1], t) >= 0:
			return fmt.Errorf("%s, line %d: change %d of record %d comes behind change %d of record %d", fileVerdicts, i+1, t.Index, t.Record, b.verdicts[i-1].Index, b.verdicts[i-1].Record)
		case t.Site != b.m.Site || t.Record > b.m.Last || !b.wants(t.Rule) || t.At >= b.m.Until:
			return fmt.Errorf("%s, line %d: it is of another site, rule or time", fileVerdicts, i+1)
		}
	}
	for i := range b.alerts {
		x := &b.alerts[i]
		switch {
		case i > 0 && compareAlerts(b.alerts[i-1], *x) >= 0:
			return fmt.Errorf("%s, line %d: it comes behind a later one", fileAlerts, i+1)
		case x.Alert.Site != b.m.Site || !b.wants(x.Alert.Rule) || x.Alert.Opened >= b.m.Until:
			return fmt.Errorf("%s, line %d: it is of another site, rule or time", fileAlerts, i+1)
		case x.Clock != x.Alert.Clock():
			return fmt.Errorf("%s, line %d: its clock is not that of the alert", fileAlerts, i+1)
		}
	}
	if v.a.members[fileState] != nil {
		if v.state, err = v.a.whole(fileState); err != nil {
			return err
		}
	}
	if has := v.state != nil; has != (b.m.State.Basis == BasisState) {
		return fmt.Errorf("its basis is %q, and %s does not fit that", b.m.State.Basis, fileState)
	}
	v.r.add(Holds, "the order", "%d changes of verdict, %d alerts, each once and in order", len(b.verdicts), len(b.alerts))
	return nil
}

// policies compares the texts of policies with their versions.
func (v *verifier) policies() error {
	b := v.b
	held := 0
	wanted := map[string]bool{}
	for i := range b.policies {
		p := &b.policies[i]
		if i > 0 && p.Record <= b.policies[i-1].Record || p.Record > b.m.Last || p.Record == 0 {
			return fmt.Errorf("%s, line %d: record %d is out of order", filePolicy, i+1, p.Record)
		}
		wanted[policyFile(p.Version)] = true
		if b.texts[p.Version] == nil {
			text, err := v.a.whole(policyFile(p.Version))
			if err != nil {
				return err
			}
			if held += len(text); held > mostPolicy {
				return refuse("its policies have more than %d bytes", mostPolicy)
			}
			b.texts[p.Version] = text
		}
		again, err := policyOf(&telemetry.Record{Seq: p.Record, Received: p.Received, Configuration: &telemetry.Configuration{
			Version: p.Version, Author: p.Author, Definition: b.texts[p.Version],
		}})
		if err != nil {
			return err
		}
		if !equalLines(p, &again) {
			return fmt.Errorf("%s, line %d: it is not what %s says", filePolicy, i+1, policyFile(p.Version))
		}
	}
	for name := range v.a.members {
		if strings.HasPrefix(name, policyFolder) && !wanted[name] {
			return fmt.Errorf("%s is named by no policy", name)
		}
	}
	if len(b.policies) == 0 {
		return errors.New("no policy was in force, and nothing could be judged")
	}
	v.r.add(Holds, "the policies", "%d came into force, each text has the version that it is named by", len(b.policies))
	return nil
}

// derived makes everything that follows from what was recorded, and compares it.
func (v *verifier) derived(ctx context.Context) error {
	b := v.b
	if err := b.reckon(); err != nil {
		return err
	}
	if b.loc.String() != b.m.Timezone {
		return fmt.Errorf("the site's time zone is %s, and the pack says %.40q", b.loc, b.m.Timezone)
	}
	lists := 0
	for _, f := range derivedFiles {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := v.again(f.name, func(w io.Writer) error { return f.make(b, w) })
		switch {
		case err == nil:
			lists++
		case f.of == nil && strings.HasSuffix(f.name, ".txt") && b.m.Program != v.program:
			v.r.add(Unknown, f.name, "version %.40s wrote it in its own words", b.m.Program)
		default:
			v.r.result(err, f.name, "")
		}
	}
	same := 0
	types, err := schemas()
	if err != nil {
		return err
	}
	for name, text := range types {
		err := v.again(schemaOf(name), func(w io.Writer) error { _, err := w.Write(text); return err })
		switch {
		case err == nil:
			same++
		case b.m.Program != v.program:
			v.r.add(Unknown, schemaOf(name), "version %.40s wrote it", b.m.Program)
		default:
			v.r.result(err, schemaOf(name), "")
		}
	}
	if lists == len(derivedFiles) {
		v.r.add(Holds, "the figures", "intervals, sums, gaps, lists and tables follow from what was recorded, byte for byte (%d files)", lists)
	}
	if same == len(types) {
		v.r.add(Holds, "the schemas", "%d, as this program writes them; every line has been read strictly", same)
	}
	return nil
}

// again compares a file with what is made of it now.
func (v *verifier) again(name string, fn func(w io.Writer) error) error {
	m := v.a.read(name)
	if m == nil {
		return fmt.Errorf("%s is missing", name)
	}
	c := &comparer{in: m, line: 1}
	if err := fn(c); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := c.end(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// comparer is written what a reader must give.
type comparer struct {
	in   io.Reader
	buf  []byte
	line int
}

// Write compares on.
func (c *comparer) Write(b []byte) (int, error) {
	if cap(c.buf) < len(b) {
		c.buf = make([]byte, len(b))
	}
	got := c.buf[:len(b)]
	n, err := io.ReadFull(c.in, got)
	for i := range n {
		if got[i] != b[i] {
			return 0, c.differs()
		}
		if b[i] == '\n' {
			c.line++
		}
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return n, fmt.Errorf("it ends with line %d, and more follows from what was recorded", c.line)
	case err != nil:
		return n, err
	}
	return n, nil
}

func (c *comparer) differs() error {
	return fmt.Errorf("line %d is not what follows from what was recorded", c.line)
}

func (c *comparer) end() error {
	n, err := c.in.Read(make([]byte, 1))
	if n > 0 || err != nil && !errors.Is(err, io.EOF) {
		return errors.Join(c.differs(), ignoreEOF(err))
	}
	return nil
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// linesIn reads all lines of a file that is held in memory.
func linesIn[T any](a *archive, name string, to *[]T) error {
	m := a.read(name)
	if m == nil {
		return fmt.Errorf("%s is missing", name)
	}
	if m.left > mostHeld {
		return refuse("%s has %d bytes, more than %d", name, m.left, mostHeld)
	}
	err := eachLine(m, func(_ int, line []byte) error {
		var v T
		if err := decode(line, &v); err != nil {
			return err
		}
		*to = append(*to, v)
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// equalLines reports whether two values are written alike.
func equalLines[T any](a, b *T) bool {
	x, errX := encode(nil, a)
	y, errY := encode(nil, b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
