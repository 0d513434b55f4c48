package revise

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// What fails of writing leaves the file as it was, or says that it did not, and nothing lies beside it.
func TestAFileThatCannotBeWrittenIsAsItWas(t *testing.T) {
	failed := errors.New("broken on purpose")
	always := func(*os.File) error { return failed }
	mounted := func(_, to string) error { return &os.LinkError{Op: "rename", New: to, Err: syscall.EBUSY} }
	times := 0
	for name, tc := range map[string]struct {
		disk disk
		want string // of the file
		err  error
		back bool // it could not be put back
		left int  // files in the folder
	}{
		"a folder that is not made durable": {disk{os.Rename, always, fillFile}, "old", failed, false, 1},
		"nor put back": {disk{func(from, to string) error {
			if times++; times == 2 {
				return failed
			}
			return os.Rename(from, to)
		}, always, fillFile}, "new!", failed, true, 1},
		"mounted alone": {disk{mounted, syncFolder, fillFile}, "new!", nil, false, 1},
		"mounted, and a bad disk": {disk{mounted, syncFolder, func(f *os.File, text []byte) error {
			if string(text) == "new!" {
				_, _ = f.WriteAt([]byte("ne"), 0)
				return failed
			}
			return fillFile(f, text)
		}}, "old", failed, false, 1},
		"mounted, and a worse one": {disk{mounted, syncFolder, func(f *os.File, _ []byte) error {
			_, _ = f.WriteAt([]byte("ne"), 0)
			return failed
		}}, "ned", failed, true, 2},
	} {
		file := filepath.Join(t.TempDir(), "hall.yaml")
		if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		err := tc.disk.write(file, Version([]byte("old")), []byte("new!"))
		var back *NotBackError
		if !errors.Is(err, tc.err) || errors.As(err, &back) != tc.back {
			t.Errorf("%s: got %v, want %v, and that it was put back to be %v", name, err, tc.err, !tc.back)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != tc.want {
			t.Errorf("%s: the file is %q, %v, want %q", name, got, err, tc.want)
		}
		all, err := os.ReadDir(filepath.Dir(file))
		if err != nil || len(all) != tc.left {
			t.Errorf("%s: the folder has %v, %v, want %d files", name, all, err, tc.left)
		}
		if tc.left == 2 {
			if was, err := os.ReadFile(back.Copy); err != nil || string(was) != "old" {
				t.Errorf("%s: the copy is %q, %v", name, was, err)
			}
		}
	}
}

// What is not allowed has one name, whichever step finds it, and is found before anything is written.
func TestAFileThatMayNotBeWritten(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may do everything")
	}
	for name, mode := range map[string]struct{ folder, file os.FileMode }{
		"a file of others":               {0o700, 0o000},
		"a file that may only be read":   {0o700, 0o400},
		"a folder that may only be read": {0o500, 0o600},
		"a folder that cannot be listed": {0o300, 0o600},
		"a folder of others":             {0o000, 0o600},
	} {
		dir := filepath.Join(t.TempDir(), "sites")
		file := filepath.Join(dir, "hall.yaml")
		if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(file, []byte("old"), 0o600), os.Chmod(file, mode.file), os.Chmod(dir, mode.folder)); err != nil {
			t.Fatal(err)
		}
		err := Write(file, Version([]byte("old")), []byte("new!"))
		if err := errors.Join(os.Chmod(dir, 0o700), os.Chmod(file, 0o600)); err != nil {
			t.Fatal(err)
		}
		text, _ := os.ReadFile(file)
		all, _ := os.ReadDir(dir)
		if !errors.Is(err, ErrReadOnly) || string(text) != "old" || len(all) != 1 {
			t.Errorf("%s: got %v, %q and %v, want ErrReadOnly and nothing changed", name, err, text, all)
		}
	}
}

func TestWritable(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "hall.yaml")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Writable(file); err != nil {
		t.Error(err)
	}
	if err := os.Chmod(file, 0o400); err != nil {
		t.Fatal(err)
	}
	if err := Writable(file); !errors.Is(err, ErrReadOnly) {
		t.Errorf("got %v", err)
	}
	if err := Writable(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	large := filepath.Join(dir, "large.yaml")
	if err := os.WriteFile(large, slices.Repeat([]byte("x"), MaxBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(large); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a large file: got %v", err)
	}
}
