package rules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Finding A3: a version that knows one quantity more, in the middle, restores the snapshots of this one and goes on as this one does.
// The other version is built from these sources with a line more.
func TestA3_AQuantityInTheMiddle(t *testing.T) {
	const told = "GERBANG_TEST_OLD_SNAPSHOT"
	d := everything(t)
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 0, 0, 0, 0, d.Site.Location.Location))
	records := traffic(rand.New(rand.NewPCG(3, 1)), start, 50*time.Hour, 2000)
	records = append([]telemetry.Record{configRecord(t, d, start)}, records...)
	half := len(records) / 2
	goOn := func(e *Engine, from int) string {
		var text strings.Builder
		for i := from; i < len(records); i++ {
			var out Output
			records[i].Seq = uint64(i + 1)
			if err := e.Apply(&records[i], &out); err != nil {
				t.Fatal(err)
			}
			if i >= half {
				fmt.Fprintf(&text, "%d %v %+v\n", i, e.Due(), out)
			}
		}
		return text.String() + plain(t, e)
	}

	if path := os.Getenv(told); path != "" { // this is the other version
		snap, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		e := New("mpp")
		if err := e.Restore(snap); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+".told", []byte(fmt.Sprintf("%d quantities\n", len(telemetry.Quantities()))+goOn(e, half)), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if testing.Short() {
		t.Skip("-short: it builds the package once more")
	}
	e := New("mpp")
	for i := range half {
		records[i].Seq = uint64(i + 1)
		if err := e.Apply(&records[i], &Output{}); err != nil {
			t.Fatal(err)
		}
	}
	snap, err := e.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "snapshot")
	want := fmt.Sprintf("%d quantities\n", len(telemetry.Quantities())+1) + goOn(e, half)
	if err := os.WriteFile(path, snap, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-overlay", withAQuantityMore(t, dir), "-run", "^TestA3_AQuantityInTheMiddle$", ".")
	cmd.Env = append(os.Environ(), told+"="+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the other version: %v\n%s", err, out)
	}
	got, err := os.ReadFile(path + ".told")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("the other version goes on otherwise:\n%s", firstDifference(string(got), want))
	}
}

// withAQuantityMore writes an overlay for go build in which a quantity stands before the first of the others.
func withAQuantityMore(t *testing.T, dir string) string {
	t.Helper()
	source, err := filepath.Abs(filepath.Join("..", "telemetry", "quantity.go"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range [][2]string{
		{"\tPeopleInTotal ", "\tRadon // Bq/m3\n"},
		{"\tPeopleInTotal: ", "\tRadon: {\"radon\", \"Bq/m3\", Gauge, 0, 1e6},\n"},
	} {
		before := text
		text = bytes.Replace(text, []byte(line[0]), []byte(line[1]+line[0]), 1)
		if bytes.Equal(text, before) {
			t.Fatalf("%s has no line with %q: this test inserts one before it", source, line[0])
		}
	}
	changed := filepath.Join(dir, "quantity.go")
	if err := os.WriteFile(changed, text, 0o600); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {source: changed}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A snapshot of a version that knows more is refused only where it holds something of that.
func TestA3_AQuantityThatIsUnknown(t *testing.T) {
	c := &encoder{}
	c.list(2)
	c.string("radon")
	c.string(telemetry.CO2.String())
	names := len(c.b)
	c.uint(2)
	c.mask(1 << 2)
	d := decoder{b: c.b}
	d.quantities()
	if q, m := d.quantity(), d.mask(); q != telemetry.CO2 || m != maskOf(telemetry.CO2) || d.err != nil {
		t.Errorf("got %v, mask %x, %v: want co2", q, m, d.err)
	}
	for what, number := range map[string]uint64{"unknown": 1, "no such number": 3} {
		c.b = c.b[:names]
		c.uint(number)
		d = decoder{b: c.b}
		d.quantities()
		if d.quantity(); d.err == nil {
			t.Errorf("%s: no error", what)
		}
		c.b = c.b[:names]
		c.mask(1 << number)
		d = decoder{b: c.b}
		d.quantities()
		if d.mask(); d.err == nil {
			t.Errorf("%s in a set: no error", what)
		}
	}
}
