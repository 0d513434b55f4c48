package evidence

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// filesOf unpacks a pack with the standard library, as any other program would.
func filesOf(t testing.TB, pack []byte) map[string][]byte {
	t.Helper()
	files, err := unpack(pack)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func unpack(pack []byte) (map[string][]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// A pack of the second day begins with a state, one of all days with the first record; both hold, and say how much was judged again.
func TestAPackHolds(t *testing.T) {
	h := newHouse(t)
	for _, tc := range []struct {
		name        string
		from, until time.Duration
		rules       []string
		basis       Basis
	}{
		{"all days", -2 * oneDay, 3 * oneDay, nil, BasisBeginning},
		{"the first day", 0, oneDay, nil, BasisState},
		{"the second day", oneDay, 2 * oneDay, nil, BasisState},
		{"an hour", 9 * time.Hour, 10 * time.Hour, nil, BasisState},
		{"one rule", 0, 2 * oneDay, []string{"air"}, BasisState},
		{"what is not over yet", oneDay, 30 * oneDay, nil, BasisState},
	} {
		pack := packOf(t, h, tc.from, tc.until, tc.rules...)
		r := reportOf(t, pack)
		if r.Outcome() != Holds || r.Manifest.State.Basis != tc.basis || r.Judged == 0 {
			t.Errorf("%s: %s, basis %+v, %d judged again: %+v", tc.name, r.Outcome(), r.Manifest.State, r.Judged, r.Findings)
		}
		if !bytes.Equal(pack, packOf(t, h, tc.from, tc.until, tc.rules...)) {
			t.Errorf("%s: a second pack has other bytes", tc.name)
		}
	}
}

// What is known now and what was known then stand side by side, and gaps, corrections, tasks and alerts are told.
func TestAPackTellsWhatHappened(t *testing.T) {
	files := filesOf(t, packOf(t, newHouse(t), 0, oneDay))
	for name, want := range map[string][]string{
		"revisions.jsonl":   {`"then":"within","now":"breached"`},
		"gaps.jsonl":        {`{"from":"2026-03-02T07:30:00Z","until":"2026-03-02T08:00:00Z"}`},
		"corrections.jsonl": {`"reason":"counted again"`},
		"tasks.jsonl":       {`"agent":"chlorine"`},
		"alerts.jsonl":      {`"raised":"2026-03-02T`, `"what":"opened"`},
		"policy.jsonl":      {`"legal":"No. 1"`},
		"csv/actions.csv":   {`'=guard`, `,-3,`},
		"csv/devices.csv":   {`'=air`},
		"READ-ME.txt":       {"2026-03-02 00:00:00 WIB"},
		"BACA-SAYA.txt":     {"PAKET BUKTI"},
	} {
		for _, text := range want {
			if !strings.Contains(string(files[name]), text) {
				t.Errorf("%s lacks %q:\n%.2000s", name, text, files[name])
			}
		}
	}
	for name, b := range files {
		if bytes.Contains(b, []byte("{secret")) {
			t.Errorf("%s has the bytes of a message that was not understood", name)
		}
	}
	if n := bytes.Count(files["policy.jsonl"], []byte("\n")); n != 2 {
		t.Errorf("%d policies, want the one before the period and the one that came in it", n)
	}
}

// mended packs files anew, with manifest and sums that fit them, as somebody would who changes rows and knows how packs are made.
func mended(t testing.TB, files map[string][]byte, order []string) []byte {
	t.Helper()
	m := &Manifest{}
	var compact bytes.Buffer
	if err := errors.Join(jsonCompact(&compact, files[fileManifest]), decode(compact.Bytes(), m)); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	p := newPacker(&b)
	for _, name := range order {
		if text, ok := files[name]; ok && name != fileManifest && name != fileSums {
			if err := p.file(name, func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := p.close(m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func orderOf(t testing.TB, pack []byte) []string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range z.File {
		all = append(all, f.Name)
	}
	return all
}

// Rows are edited, deleted, doubled and exchanged, and all hashes made to fit: what no longer follows is found.
func TestChangedRowsAreFoundWhereTheHashesFit(t *testing.T) {
	pack := packOf(t, newHouse(t), 0, oneDay)
	files, order := filesOf(t, pack), orderOf(t, pack)
	if got := mended(t, files, order); !bytes.Equal(got, pack) {
		t.Fatal("packing the same files again gives another pack: this test would find nothing else")
	}
	tried := 0
	try := func(what, name string, text []byte) {
		t.Helper()
		if tried++; testengine.Racing && tried%10 != 0 || tried%4 != 0 {
			return
		}
		changed := maps.Clone(files)
		changed[name] = text
		if r := reportOf(t, mended(t, changed, order)); r.Outcome() == Holds {
			t.Errorf("%s: %s survives", name, what)
		}
	}
	for name, text := range files {
		if name == fileManifest || name == fileSums || len(text) == 0 || name == fileState {
			continue
		}
		lines := bytes.SplitAfter(text, []byte("\n"))
		lines = lines[:len(lines)-1]
		if len(lines) < 2 && !strings.HasSuffix(name, ".jsonl") {
			continue
		}
		// A reading that changes no verdict and no sum could be left out: docs/auditors.md says so. Those here are of people.
		for i := range lines {
			if name == fileRecords && (i%9 != 0 || !bytes.Contains(lines[i], []byte("people_in"))) || i > 3 && i%37 != 0 {
				continue
			}
			join := func(all ...[]byte) []byte { return bytes.Join(all, nil) }
			head, tail := join(lines[:i]...), join(lines[i+1:]...)
			if name != fileRecords && name != fileStanding {
				try("a deleted row", name, join(head, tail))
			}
			try("a doubled row", name, join(head, lines[i], lines[i], tail))
			if i+1 < len(lines) && !bytes.Equal(lines[i], lines[i+1]) {
				try("two exchanged rows", name, join(head, lines[i+1], lines[i], join(lines[i+2:]...)))
			}
			if k := bytes.IndexAny(lines[i], "0123456789"); k >= 0 && name != fileRecords && name != fileStanding {
				edited := bytes.Clone(lines[i])
				edited[k] = '0' + (edited[k]-'0'+1)%10
				try("an edited row", name, join(head, edited, tail))
			}
		}
	}
	if tried < 100 {
		t.Errorf("only %d changes were tried", tried)
	}
	t.Logf("%d changes", tried)
}

// Whoever changes what was measured, or the policy, changes verdicts: they are judged again.
func TestVerdictsAreJudgedAgain(t *testing.T) {
	pack := packOf(t, newHouse(t), 0, oneDay)
	files, order := filesOf(t, pack), orderOf(t, pack)
	replace := func(name, old, text string) map[string][]byte {
		t.Helper()
		if !bytes.Contains(files[name], []byte(old)) {
			t.Fatalf("%s has no %s", name, old)
		}
		changed := maps.Clone(files)
		changed[name] = bytes.Replace(files[name], []byte(old), []byte(text), 1)
		return changed
	}
	for _, tc := range []struct {
		what      string
		old, text string
	}{
		{"a count that was less", `"quantity":"people_in","value":4,`, `"quantity":"people_in","value":0,`},
		{"air that was better", `"quantity":"co2","value":1050,`, `"quantity":"co2","value":650,`},
	} {
		changed := replace(fileRecords, tc.old, tc.text)
		// The table is made to fit as well.
		b := &book{m: &Manifest{}}
		var table bytes.Buffer
		err := tableOf(&table, readingsHead, func(row func(...string) error) error {
			rows := readings{row: row}
			return eachLine(bytes.NewReader(changed[fileRecords]), func(_ int, line []byte) error {
				var r Record
				if err := decode(line, &r); err != nil {
					return err
				}
				b.see(&r)
				return rows.add(&r)
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		changed[tableReadings] = table.Bytes()
		r := reportOf(t, mended(t, changed, order))
		found := slices.ContainsFunc(r.Findings, func(f Finding) bool {
			return f.Outcome == Fails && f.What == "the verdicts" && strings.Contains(f.Detail, "the readings give")
		})
		if r.Outcome() != Fails || !found {
			t.Errorf("%s: %s, %+v", tc.what, r.Outcome(), r.Findings)
		}
	}
}

// What cannot be judged again is said so, and what cannot be known is not called kept.
func TestWhatCannotBeJudgedAgain(t *testing.T) {
	h := newHouse(t)
	h.deleted, h.records = true, h.records[40:]
	r := reportOf(t, packOf(t, h, oneDay, 2*oneDay))
	if r.Outcome() != Unknown || r.Manifest.State.Why != WhyDeleted {
		t.Errorf("records were deleted: %s, %+v", r.Outcome(), r.Findings)
	}
	h = newHouse(t)
	h.version = "0"
	if r = reportOf(t, packOf(t, h, oneDay, 2*oneDay)); r.Outcome() != Unknown || r.Manifest.State.Why != WhyVersion {
		t.Errorf("another version judged: %s, %+v", r.Outcome(), r.Findings)
	}
}

// A site that is not judged any more has a pack all the same.
func TestAStoppedSite(t *testing.T) {
	h := newHouse(t)
	from := slices.IndexFunc(h.records, func(r telemetry.Record) bool { return r.Received > at(33*time.Hour) })
	h.stopped = h.records[from].Seq
	h.changes = slices.DeleteFunc(h.changes, func(c rules.Transition) bool { return c.Record >= h.stopped })
	maps.DeleteFunc(h.alerts, func(_ string, a alerts.Alert) bool { return a.Opened >= at(33*time.Hour) })
	if r := reportOf(t, packOf(t, h, oneDay, 2*oneDay)); r.Outcome() != Holds || r.Manifest.StoppedRecord != h.stopped {
		t.Errorf("%s, %+v", r.Outcome(), r.Findings)
	}
}

func TestWhatIsNotPacked(t *testing.T) {
	h := newHouse(t)
	for _, tc := range []struct {
		o    Options
		want error
	}{
		{Options{Site: "office", From: at(-90 * oneDay), Until: at(-80 * oneDay)}, ErrNothing},
		{Options{Site: "office", From: at(90 * oneDay), Until: at(91 * oneDay)}, ErrNothing},
		{Options{Site: "office", From: at(0), Until: at(oneDay), Rules: []string{"heat"}}, ErrNoRule},
	} {
		tc.o.Standing = nothingStands
		if _, err := Export(context.Background(), h, &tc.o, io.Discard); !errors.Is(err, tc.want) {
			t.Errorf("%+v: got %v, want %v", tc.o, err, tc.want)
		}
	}
}

// An alert that nobody asked for, one that is missing, and one that is said to have been over sooner are found by the readings.
func TestAlertsAreRaisedAgain(t *testing.T) {
	pack := packOf(t, newHouse(t), 0, 2*oneDay)
	files, order := filesOf(t, pack), orderOf(t, pack)
	var all []Alert
	err := eachLine(bytes.NewReader(files[fileAlerts]), func(_ int, line []byte) error {
		var a Alert
		if err := decode(line, &a); err != nil {
			return err
		}
		all = append(all, a)
		return nil
	})
	if err != nil || len(all) < 2 || all[0].Alert.Resolved == 0 {
		t.Fatalf("%d alerts (%v), the first over at %v: want two, and the first over", len(all), err, all[0].Alert.Resolved)
	}
	forged := all[0]
	forged.Alert.ID, forged.Alert.Opened = "forged", forged.Alert.Opened+1
	forged.Clock = forged.Alert.Clock()
	sooner := all[0]
	sooner.Alert.Resolved -= telemetry.Instant(time.Minute)
	sooner.Clock = sooner.Alert.Clock()
	for _, tc := range []struct {
		what string
		is   []Alert
		want string
	}{
		{"none is changed", all, ""},
		{"one is missing", all[1:], "lacks"},
		{"one was raised by nobody", slices.Concat(all[:1], []Alert{forged}, all[1:]), "ask for no such alert"},
		{"one was over sooner", slices.Concat([]Alert{sooner}, all[1:]), "and over at"},
	} {
		var lines bytes.Buffer
		if err := linesOf(&lines, tc.is); err != nil {
			t.Fatal(err)
		}
		changed := maps.Clone(files)
		changed[fileAlerts] = lines.Bytes()
		r := reportOf(t, mended(t, changed, order))
		found := slices.ContainsFunc(r.Findings, func(f Finding) bool {
			return f.What == "the alerts" && f.Outcome == Fails && strings.Contains(f.Detail, tc.want)
		})
		if found != (tc.want != "") {
			t.Errorf("%s: %+v", tc.what, r.Findings)
		}
	}
}
