package app

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/revise"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/web"
)

// again starts the gateway of r once more, after a stop.
func (r *running) again() {
	r.t.Helper()
	cfg, err := configs.Load(filepath.Join(r.dir, "gerbang.yaml"))
	if err != nil {
		r.t.Fatal(err)
	}
	if r.app, err = New(r.t.Context(), cfg, Options{Version: "test", Logger: slog.New(slog.DiscardHandler)}); err != nil {
		r.t.Fatal(err)
	}
	r.serve()
}

// Whatever ends the gateway between writing a file and its entry: what is in force has somebody who answers for it, and nothing else has.
func TestAChangeAndItsEntryAreOne(t *testing.T) {
	for step, inForce := range map[string]bool{"kept": false, "in force": true, "noted": true} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			r := runApp(t)
			r.settled()
			d := &limitDesk{files: r.app.files, now: time.Now}
			r.app.files.crash = func(at string) error {
				if at == step {
					return errors.New("the power fails")
				}
				return nil
			}
			e := by("Ibu Rina")
			if _, err := d.PutInForce(t.Context(), "gedung", web.LimitChange{Limit: "zone:aula:capacity", Value: "60"}, e); err == nil {
				t.Fatal("it did not fail")
			}
			r.stop()
			r.again()
			f := r.app.files
			for range 200 { // the entry is made as soon as the gateway runs
				if all, err := f.intents.all(); err != nil {
					t.Fatal(err)
				} else if len(all) == 0 {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			all, err := f.entries.Entries(t.Context(), "gedung", telemetry.EntryLimit, 10)
			if err != nil || (r.capacity() == 60) != inForce || (len(all) == 1) != inForce || len(all) > 1 {
				t.Fatalf("%d is in force, with %d entries, %v: want it to be in force %v, with its entry", r.capacity(), len(all), err, inForce)
			}
			if left, err := f.intents.all(); err != nil || len(left) > 0 {
				t.Errorf("left to do: %v, %v", left, err)
			}
			if inForce {
				if x := all[0].Entry; x.Author != "Ibu Rina" || x.Reason != "because" || x.Before != "100" || x.After != "60" || x.ID != e.ID {
					t.Errorf("the entry is %+v", x)
				}
			}
		})
	}
}

type allEntries = web.Entries

// deaf takes entries only when it is let.
type deaf struct {
	allEntries
	mu  sync.Mutex
	err error
}

func (d *deaf) Enter(ctx context.Context, site string, e telemetry.Entry, at telemetry.Instant) (telemetry.Record, error) {
	d.mu.Lock()
	err := d.err
	d.mu.Unlock()
	if err != nil {
		return telemetry.Record{}, err
	}
	return d.allEntries.Enter(ctx, site, e, at)
}

// A change whose entry is not taken is in force, and says so; who sends it again gets its entry made, and who sends another one is refused.
func TestAChangeThatCannotBeNoted(t *testing.T) {
	r := runApp(t)
	r.settled()
	d := &limitDesk{files: r.app.files, now: time.Now}
	full := &deaf{allEntries: d.files.entries, err: errors.New("the disk is full")}
	d.files.one.Lock()
	d.files.entries = full
	d.files.one.Unlock()
	e, change := by("Ibu Rina"), web.LimitChange{Limit: "zone:aula:capacity", Value: "60"}
	var unnoted *web.NotNotedError
	if _, err := d.PutInForce(t.Context(), "gedung", change, e); !errors.As(err, &unnoted) || r.capacity() != 60 {
		t.Fatalf("got %v, and %d is in force", err, r.capacity())
	}
	other := e
	other.Asked = "something else"
	if _, err := d.PutInForce(t.Context(), "gedung", web.LimitChange{Limit: "zone:aula:capacity", Value: "70"}, other); !errors.Is(err, web.ErrUsedOtherwise) || r.capacity() != 60 {
		t.Errorf("another change under its id: got %v, and %d is in force", err, r.capacity())
	}
	full.mu.Lock()
	full.err = nil
	full.mu.Unlock()
	rec, err := d.PutInForce(t.Context(), "gedung", change, e)
	if err != nil || rec.Entry == nil || rec.Entry.After != "60" {
		t.Fatalf("sent again: got %+v, %v", rec, err)
	}
	if twice, err := d.PutInForce(t.Context(), "gedung", change, e); err != nil || twice.Seq != rec.Seq {
		t.Errorf("and again: got %d, %v, want %d", twice.Seq, err, rec.Seq)
	}
}

// Of the same form sent at the same time one is done and all are answered the same; of two contents under one id one is refused.
func TestTheSameChangeAtTheSameTime(t *testing.T) {
	r := runApp(t)
	r.settled()
	d := &limitDesk{files: r.app.files, now: time.Now}
	e := by("Ibu Rina")
	other := e
	other.Asked = "something else"
	var mu sync.Mutex
	records, refused := map[uint64]bool{}, 0
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			e, value := e, "60"
			if i%2 == 1 {
				e, value = other, "70"
			}
			rec, err := d.PutInForce(t.Context(), "gedung", web.LimitChange{Limit: "zone:aula:capacity", Value: value}, e)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				records[rec.Seq] = true
			case errors.Is(err, web.ErrUsedOtherwise):
				refused++
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(records) != 1 || refused != 3 {
		t.Errorf("%d records, and %d were refused, want 1 and 3", len(records), refused)
	}
}

// A file that cannot be put back is told of, and nobody is told that it is as it was.
func TestAFileThatCannotBePutBack(t *testing.T) {
	r := runApp(t)
	r.settled()
	d := &limitDesk{files: r.app.files, now: time.Now}
	r.app.reload.hurdle = func(string) error {
		r.write("sites/gedung.yaml", strings.Replace(reloadSite, "name: Aula", "name: Ruang", 1)) // somebody saves just then
		return errors.New("broken on purpose")
	}
	var late *web.NotInForceError
	if _, err := d.PutInForce(t.Context(), "gedung", web.LimitChange{Limit: "zone:aula:capacity", Value: "60"}, by("Rina")); !errors.As(err, &late) || !errors.Is(late.Back, revise.ErrChanged) {
		t.Errorf("got %v, want that it was not put back", err)
	}
	if got := r.text("sites/gedung.yaml"); !strings.Contains(got, "Ruang") || r.capacity() != 100 {
		t.Errorf("%d is in force, and what somebody saved is\n%s", r.capacity(), got)
	}
}

// A reload that somebody asks for comes before or after a change, and not between its file and its author.
func TestAReloadWhileAFileIsChanged(t *testing.T) {
	r := runApp(t)
	r.settled()
	d := &limitDesk{files: r.app.files, now: time.Now}
	var all sync.WaitGroup
	stop := make(chan struct{})
	all.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if err := r.app.Reload(context.Background()); err != nil {
					t.Error(err)
				}
			}
		}
	})
	for _, value := range []string{"60", "61", "62", "63", "64"} {
		if _, err := d.PutInForce(t.Context(), "gedung", web.LimitChange{Limit: "zone:aula:capacity", Value: value}, by("Rina "+value)); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	all.Wait()
	records, err := r.app.reload.parts.rehearsal.journal.Configurations(t.Context(), "gedung", 0, 1<<40)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, rec := range records {
		if strings.HasPrefix(rec.Configuration.Author, "Rina") {
			n++
		}
	}
	if n != 5 {
		t.Errorf("%d of 5 changes have their author: %v", n, records)
	}
}
