package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/journal/sqlite"
)

// Finding L6: a gateway's journal is backed up while it runs and restored when it is lost; what came after the backup is told.
func TestL6_BackupAndRestoreOfAGateway(t *testing.T) {
	t.Parallel()
	r := newRig(t).building().serve()
	c := connect(t, "tcp://"+r.mqtt, "counter", nil)
	for seq := range 20 {
		r.counted(c, seq+1)
	}
	dest := filepath.Join(t.TempDir(), "copy.db")
	code, out, errs := run(t, "", "backup", "--data", r.data(), dest)
	if code != 0 || !strings.Contains(out, "compared with their checksums") {
		t.Fatalf("backup: code %d\n%s%s", code, out, errs)
	}
	for seq := range 5 {
		r.counted(c, seq+100)
	}
	if code, _, errs := run(t, "", "restore", "--data", r.data(), dest); code != 1 || !strings.Contains(errs, "stop the gateway first") {
		t.Errorf("restore under a gateway: code %d: %s", code, errs)
	}
	r.stop()
	if err := os.Remove(filepath.Join(r.data(), sqlite.FileName)); err != nil {
		t.Fatal(err)
	}
	code, out, errs = run(t, "", "restore", "--data", r.data(), dest)
	if code != 0 || !strings.Contains(out, "are lost") {
		t.Fatalf("restore: code %d\n%s%s", code, out, errs)
	}
	r.serve()
	if found := r.alerted("journal_damaged"); !strings.Contains(found.Explanation.Detail+found.Explanation.Sentence, "are lost") {
		t.Errorf("the alert says %+v", found.Explanation)
	}
	c = connect(t, "tcp://"+r.mqtt, "counter", nil)
	r.counted(c, 200)
	r.stop()
}

// Mistakes are said with what to do.
func TestL6_BackupAndRestoreSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := writeFile(t, dir, "notes.txt", strings.Repeat("not a journal\n", 500))
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"backup"}, 2, "DEST is missing"},
		{[]string{"backup", "--dta", "x", "y"}, 2, "unknown flag: --dta"},
		{[]string{"bakup", "x"}, 2, "backup"},
		{[]string{"backup", "--data", filepath.Join(dir, "nowhere"), filepath.Join(dir, "x")}, 1, "--data names the data directory"},
		{[]string{"restore", "--data", filepath.Join(dir, "data"), filepath.Join(dir, "nowhere.db")}, 1, "SRC is a file that gerbang backup has written"},
		{[]string{"restore", "--data", filepath.Join(dir, "data"), text}, 1, "not a database"},
		{[]string{"restore", "--data", filepath.Join(dir, "data"), dir}, 1, sqlite.FileName},
	} {
		if code, out, errs := run(t, "", c.args...); code != c.code || !strings.Contains(errs, c.want) {
			t.Errorf("%v: code %d: %s%s\nwant code %d and %q", c.args, code, out, errs, c.code, c.want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "data", sqlite.FileName)); err == nil {
		t.Error("there is a journal now")
	}
}
