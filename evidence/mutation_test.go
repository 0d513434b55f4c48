package evidence

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/testengine"
)

// Every byte of a pack is changed, one at a time. What is still said to hold must unpack to the very same files: then the byte said
// nothing. (A compressed block ends with a few bits that no program reads.)
func TestEveryByteOfAPack(t *testing.T) {
	pack := packOf(t, newHouse(t), 9*time.Hour, 10*time.Hour)
	if r := reportOf(t, pack); r.Outcome() != Holds {
		t.Fatalf("%+v", r.Findings)
	}
	want := filesOf(t, pack)
	seed := testengine.Seed(t)
	rng := rand.New(rand.NewPCG(seed, 1))
	step := 40
	switch {
	case os.Getenv("GERBANG_EVERY_BYTE") != "": // .ci/long
		step = 1
	case testengine.Racing:
		step = 400
	}
	changed, idle := bytes.Clone(pack), 0
	for i := rng.IntN(step); i < len(pack); i += step {
		changed[i] ^= byte(1 + rng.IntN(255))
		r := reportOf(t, changed)
		if r.Outcome() != Fails {
			idle++
			got, err := unpack(changed)
			if err != nil || len(got) != len(want) {
				t.Errorf("byte %d: %s, and it cannot be unpacked: %v", i, r.Outcome(), err)
			}
			for name, text := range want {
				if !bytes.Equal(got[name], text) {
					t.Errorf("byte %d: %s, and %s has other content", i, r.Outcome(), name)
				}
			}
		}
		changed[i] = pack[i]
	}
	t.Logf("%d bytes, %d of them say nothing", len(pack)/step, idle)
	for _, cut := range []int{1, 21, 22, 500, len(pack) / 2, len(pack) - 1} {
		if r := reportOf(t, pack[:len(pack)-cut]); r.Outcome() != Fails {
			t.Errorf("without the last %d bytes: %s", cut, r.Outcome())
		}
	}
	if r := reportOf(t, append(bytes.Clone(pack), 0)); r.Outcome() != Fails {
		t.Errorf("with a byte behind its end: %s", r.Outcome())
	}
	if r := reportOf(t, append([]byte("MZ"), pack...)); r.Outcome() != Fails {
		t.Errorf("with something before it: %s", r.Outcome())
	}
}

// zipOf makes a zip file of other programs.
func zipOf(t *testing.T, files ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.Create(f[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Hostile files are refused in plain words, before anything is unpacked.
func TestHostileFilesAreRefused(t *testing.T) {
	pack := packOf(t, newHouse(t), 9*time.Hour, 10*time.Hour)
	// A bomb: a file whose frame says that it is small, and one that says how much there will be.
	bomb := bytes.Clone(pack)
	big := binary.LittleEndian.AppendUint32(nil, 0xfffffffe)
	directory := bytes.LastIndex(bomb, []byte("PK\x01\x02"))
	copy(bomb[directory+24:], big)
	many := make([][2]string, 6_000)
	for i := range many {
		many[i] = [2]string{fmt.Sprintf("policy/%016x.json", i), ""}
	}
	for _, tc := range []struct{ name, want string }{
		{"", "no zip file"},
		{"hello", "no zip file"},
		{string(zipOf(t, [2]string{"../../etc/passwd", "x"})), `a file "../../etc/passwd", which no pack has`},
		{string(zipOf(t, [2]string{"/etc/passwd", "x"})), "which no pack has"},
		{string(zipOf(t, [2]string{"policy/../../x.json", "x"})), "which no pack has"},
		{string(zipOf(t, [2]string{"csv/", ""})), "which no pack has"},
		{string(zipOf(t, [2]string{"records.jsonl", "x"}, [2]string{"records.jsonl", "y"})), "records.jsonl twice"},
		{string(zipOf(t, [2]string{"records.jsonl", "x"})), "the frame around records.jsonl"},
		{string(zipOf(t, many...)), "6000 files"},
		{string(bomb), "more than it says"},
		{string(zipOf(t)), ""},
	} {
		r := reportOf(t, []byte(tc.name))
		if r.Outcome() != Fails || !strings.Contains(r.Findings[len(r.Findings)-1].Detail, tc.want) && tc.want != "more than it says" {
			t.Errorf("%.40q: %+v, want %q", tc.name, r.Findings, tc.want)
		}
	}
}

// Whatever is given to it, a check ends with words, and no file holds that our own writing has not made.
func FuzzVerify(f *testing.F) {
	h := newHouse(f)
	pack := packOf(f, h, 9*time.Hour, 10*time.Hour)
	files, err := unpack(pack)
	if err != nil {
		f.Fatal(err)
	}
	order := orderOf(f, pack)
	for _, name := range []string{fileRecords, fileVerdicts, fileState, fileStanding, filePolicy, fileAlerts, fileManifest} {
		f.Add(name, files[name])
	}
	f.Add("", pack)
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		given := text
		if _, ok := files[name]; ok && name != fileManifest {
			changed := map[string][]byte{}
			maps.Copy(changed, files)
			changed[name] = text
			given = mended(t, changed, order)
		}
		r, err := Verify(context.Background(), bytes.NewReader(given), int64(len(given)), testProgram)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Findings) == 0 {
			t.Fatal("no finding")
		}
		for _, x := range r.Findings {
			if strings.ContainsAny(x.Detail, "\x1b\x00\r") {
				t.Errorf("a finding holds control characters: %q", x.Detail)
			}
		}
		// What holds is the pack, or one of the same content.
		if r.Outcome() == Holds && name != fileState {
			got, err := unpack(given)
			if err != nil {
				t.Fatal(err)
			}
			if k := fileVerdicts; !bytes.Equal(got[k], files[k]) {
				t.Errorf("other verdicts hold:\n%s", got[k])
			}
		}
	})
}
