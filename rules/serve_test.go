package rules

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// serve applies what the gateway says about itself. since may be empty.
func (r *rig) serve(at, since string, s telemetry.Service) {
	r.t.Helper()
	if since != "" {
		s.Since = r.at(since)
	}
	r.apply(telemetry.Record{Kind: telemetry.KindService, At: r.at(at), Received: r.at(at), Service: &s})
}

// everyFive is the mall with an air sensor that reports every five minutes.
func everyFive(t *testing.T) *rig {
	t.Helper()
	d := with(mall(t), silenceRule(nil))
	for i := range d.Site.Devices {
		if d.Site.Devices[i].ID == "air" {
			d.Site.Devices[i].Interval = 5 * time.Minute
		}
	}
	r := newRig(t, d)
	for _, at := range []string{"09:00:00", "09:05:00", "09:10:00"} {
		r.read("air", "2022-07-04 "+at, telemetry.CO2, 600)
	}
	r.wantVerdict("alive", "air", "within")
	r.transitions()
	return r
}

// Finding T5: a gateway that was off takes no device for silent, and says so.
func TestT5_SilenceCountsWhileListening(t *testing.T) {
	t.Run("off for 20 minutes", func(t *testing.T) {
		r := everyFive(t)
		r.serve("2022-07-04 09:31:00", "2022-07-04 09:11:00", telemetry.Service{})
		r.wantVerdict("alive", "air", "within")
		r.wantTransitions("09:11:00 alive device/air within>unknown", "09:31:00 alive device/air unknown>within")
		r.read("air", "2022-07-04 09:35:00", telemetry.CO2, 600)
		r.tick("2022-07-04 09:49:59")
		r.wantVerdict("alive", "air", "within")
		r.tick("2022-07-04 09:50:00")
		r.wantVerdict("alive", "air", "breached/silent")
	})
	t.Run("a device that is really silent", func(t *testing.T) {
		r := everyFive(t)
		r.serve("2022-07-04 09:31:00", "2022-07-04 09:11:00", telemetry.Service{})
		r.tick("2022-07-04 09:44:59") // 1 minute was heard before, and 14 now
		r.wantVerdict("alive", "air", "within")
		r.tick("2022-07-04 09:45:00")
		r.wantVerdict("alive", "air", "breached/silent")
	})
	t.Run("just before it would be silent", func(t *testing.T) {
		r := everyFive(t)
		r.serve("2022-07-04 09:54:30", "2022-07-04 09:24:30", telemetry.Service{})
		r.tick("2022-07-04 09:59:29") // it has its interval to report
		r.wantVerdict("alive", "air", "within")
		r.tick("2022-07-04 09:59:30")
		r.wantVerdict("alive", "air", "breached/silent")
	})
	t.Run("a broker without connection", func(t *testing.T) {
		r := everyFive(t)
		r.serve("2022-07-04 09:12:30", "2022-07-04 09:12:00", telemetry.Service{Deaf: true})
		r.wantVerdict("alive", "air", "unknown/unlistened")
		r.tick("2022-07-04 12:00:00")
		r.wantVerdict("alive", "air", "unknown/unlistened")
		r.restore()
		r.serve("2022-07-04 12:00:00", "", telemetry.Service{})
		r.wantVerdict("alive", "air", "within")
		r.wantTransitions("09:12:00 alive device/air within>unknown", "12:00:00 alive device/air unknown>within")
		r.tick("2022-07-04 12:13:00")
		r.wantVerdict("alive", "air", "breached/silent")
	})
	t.Run("what the broker kept is heard afterwards", func(t *testing.T) {
		r := everyFive(t)
		r.serve("2022-07-04 09:31:00", "2022-07-04 09:11:00", telemetry.Service{})
		for _, at := range []string{"09:15:00", "09:20:00", "09:25:00", "09:30:00"} {
			r.late("air", "2022-07-04 "+at, "2022-07-04 09:31:00", telemetry.CO2, 600)
		}
		r.tick("2022-07-04 09:45:59") // 1 minute since 09:30 was not listened to
		r.wantVerdict("alive", "air", "within")
		r.tick("2022-07-04 09:46:00")
		r.wantVerdict("alive", "air", "breached/silent")
	})
}

// restore replaces the engine by one that was restored from its snapshot.
func (r *rig) restore() {
	r.t.Helper()
	b, err := r.engine.Snapshot()
	if err != nil {
		r.t.Fatal(err)
	}
	r.engine = New(r.engine.site)
	if err := r.engine.Restore(b); err != nil {
		r.t.Fatal(err)
	}
	if again, _ := r.engine.Snapshot(); string(again) != string(b) {
		r.t.Fatal("a restored engine has another snapshot")
	}
}

// Findings L1, T4: a clock that was ahead and is set back. Facts stay, nothing has a time still to come, and judging goes on
// with the new clock.
func TestL1_ClockSetBack(t *testing.T) {
	for _, ahead := range []time.Duration{time.Hour, 26 * time.Hour, 90 * 24 * time.Hour, 80 * 365 * 24 * time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			d := exact(with(mall(t), capacityRule(nil), silenceRule(func(p *Silence) { p.After = 30 * time.Minute }), sprayRule(func(p *Disinfection) { p.BeforeOpening = 2 * time.Hour })))
			d.Site.Reset = nil
			d.Site.Levels = []facility.LevelPeriod{{From: facility.Date{Year: 2022, Month: 7, Day: 1}, Level: "l2"}}
			r := newRig(t, d)
			r.read("c-main", "2022-07-04 09:00:00", in, 10)
			ahead1 := r.at("2022-07-04 09:10:00").Add(ahead)
			if ahead > leap {
				r.apply(telemetry.Record{Kind: telemetry.KindService, At: ahead1, Received: ahead1, Service: &telemetry.Service{Set: true}})
			}
			r.apply(reading("c-main", ahead1, ahead1, in, 2))
			r.apply(reading("air", ahead1.Add(time.Second), ahead1.Add(time.Second), telemetry.CO2, 700))
			r.apply(telemetry.Record{Kind: telemetry.KindEntry, At: ahead1, Received: ahead1, Entry: &telemetry.Entry{Kind: telemetry.EntryTask, Subject: "spray", Value: 1}})
			persons := r.zone("hall").Persons.Persons

			back := r.at("2022-07-04 09:15:00")
			r.serve("2022-07-04 09:15:00", "", telemetry.Service{Set: true})
			wantNoFuture(t, r.engine)
			if r.engine.clock != back {
				t.Fatalf("clock: got %v, want %v", r.engine.clock, back)
			}
			if due := r.engine.Due(); due <= back || due > back.Add(24*time.Hour) {
				t.Errorf("due: got %v, want within a day of %v", due, back)
			}
			r.wantPersons("hall", persons)
			r.restore()
			r.transitions()

			// A breach is one at once, a silence after its time, midnight is midnight.
			r.read("c-main", "2022-07-04 09:16:00", in, 60)
			r.wantVerdict("capacity", "hall", "breached")
			if got := strings.Join(r.transitions(), "\n"); !strings.Contains(got, "09:16:00 capacity zone/hall within>breached") {
				t.Errorf("transitions: got %q, want a breach at 09:16", got)
			}
			r.wantVerdict("alive", "air", "within")
			r.tick("2022-07-04 09:46:00")
			r.wantVerdict("alive", "air", "breached/silent")
			r.tick("2022-07-05 00:00:00")
			if z := r.zone("hall"); z.InToday != 0 {
				t.Errorf("after midnight: %v in today, want 0", z.InToday)
			}
		})
	}
}

// A leap of the clock, by years, costs one round of deadlines, and no device is silent because of it.
func TestL1_ClockLeapsForward(t *testing.T) {
	r := everyFive(t)
	begin := time.Now()
	at := r.at("2022-07-04 09:11:00").Add(80 * 365 * 24 * time.Hour)
	r.apply(telemetry.Record{Kind: telemetry.KindService, At: at, Received: at, Service: &telemetry.Service{Set: true}})
	if took := time.Since(begin); took > time.Second {
		t.Errorf("it took %v", took)
	}
	r.wantVerdict("alive", "air", "within")
	if due := r.engine.Due(); due <= at {
		t.Errorf("due: got %v, want after %v", due, at)
	}
	r.apply(telemetry.Record{Kind: telemetry.KindTick, At: at.Add(15 * time.Minute), Received: at.Add(15 * time.Minute)})
	r.wantVerdict("alive", "air", "breached/silent")
}

// wantNoFuture looks at every instant that the engine holds, whatever a later version puts there. What may lie ahead has a
// name that says so.
func wantNoFuture(t *testing.T, e *Engine) {
	t.Helper()
	ahead := map[string]bool{"midnight": true, "resetAt": true, "levelAt": true, "learnAt": true, "until": true, "queue": true, "lastOpen": true, "lastService": true, "def": true, "programs": true, "out": true}
	seen := map[uintptr]bool{}
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() && !seen[v.Pointer()] {
				seen[v.Pointer()] = true
				walk(path, v.Elem())
			}
		case reflect.Interface:
			if !v.IsNil() {
				walk(path, v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if name := v.Type().Field(i).Name; !ahead[name] {
					walk(path+"."+name, v.Field(i))
				}
			}
		case reflect.Slice, reflect.Array:
			for i := range v.Len() {
				walk(path+"[]", v.Index(i))
			}
		case reflect.Map:
			for it := v.MapRange(); it.Next(); {
				walk(path+"[]", it.Value())
			}
		case reflect.Int64:
			if at := telemetry.Instant(v.Int()); v.Type() == reflect.TypeFor[telemetry.Instant]() && at > e.clock && at != telemetry.Never {
				t.Errorf("%s is %v, which is still to come at %v", path, at, e.clock)
			}
		}
	}
	walk("engine", reflect.ValueOf(e))
}

// restless is a judge that wants to be asked again at once.
type restless struct{}

func (restless) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	return unknown(ReasonNoData, ""), t + 1
}

func (restless) evidence(_ telemetry.Instant, to []Evidence) []Evidence { return to }

// Finding T1, the kind: a loop that makes no progress is an error that names the site and the place, and not a hang.
func TestT1_NoProgressIsAnError(t *testing.T) {
	want := func(t *testing.T, err error, place string) {
		t.Helper()
		if !errors.Is(err, ErrNoProgress) || !strings.Contains(err.Error(), `site "mpp"`) || !strings.Contains(err.Error(), place) {
			t.Errorf("got %v, want ErrNoProgress with the site and %s", err, place)
		}
	}
	t.Run("a rule that is asked without end", func(t *testing.T) {
		r := newRig(t, exact(with(mall(t), capacityRule(nil))))
		r.engine.instances[0].now().judge = restless{}
		r.engine.queue.set(r.engine.instances[0].slot, r.engine.clock+1)
		at := r.engine.clock.Add(time.Hour)
		want(t, r.engine.Apply(&telemetry.Record{Kind: telemetry.KindTick, Site: "mpp", At: at, Received: at}, &r.out), `rule "capacity"`)
	})
	t.Run("a deadline that comes due again and again", func(t *testing.T) {
		e := newRig(t, exact(with(mall(t), capacityRule(nil)))).engine
		var err error
		func() {
			defer e.work.end(e.site, &err)
			for {
				e.work.fired(e, 0)
			}
		}()
		want(t, err, "the calendar")
	})
}
