package rules

import (
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// gated is the mall with a mask camera at its door, a dispenser in the hall, and a counter of vehicles.
func gated(t testing.TB, all ...Rule) *Definition {
	d := exact(with(mall(t), all...))
	d.Site.Hours.QueueCloses = time.Hour
	door, hall := facility.Place{Kind: facility.AtDoor, ID: "main"}, facility.Place{Kind: facility.AtZone, ID: "hall"}
	d.Site.Devices = append(d.Site.Devices, facility.Device{ID: "masks", Model: "native", Place: door}, facility.Device{ID: "soap", Model: "native", Place: hall},
		facility.Device{ID: "cars", Model: "native", Place: hall, Interval: 30 * time.Minute})
	return d
}

func about(kind SubjectKind, expr string, subjects ...string) Rule {
	p := expressionKind.params().(*Expression)
	p.SubjectKind, p.Expr = kind, expr
	return Rule{ID: expr, Kind: "expression", Params: p, Subjects: subjects}
}

// Finding R20: no rule could use queue_closes, vehicles_in, mask_*, dispensed and near.
func TestR20ExpressionsOverEverything(t *testing.T) {
	rules := []struct {
		rule    Rule
		subject string
		want    [3]string // before any count, at 09:50 and at 15:20
	}{
		{about(SubjectDoor, "mask_missing > 0.2 * (mask_worn + mask_missing)", "main"), "main", [3]string{"unknown/no_data", "breached", "within"}},
		{about(SubjectDoor, "mask_missing_today >= 3", "main"), "main", [3]string{"unknown/no_data", "breached", "breached"}},
		{about(SubjectSite, "mask_worn_today + mask_missing_today == 12.0"), "mpp", [3]string{"unknown/no_data", "breached", "breached"}},
		{about(SubjectZone, "dispensed < 5", "hall"), "hall", [3]string{"unknown/no_data", "within", "breached"}},
		{about(SubjectDevice, "dispensed_today == 7.0", "soap"), "soap", [3]string{"unknown/no_data", "breached", "breached"}},
		{about(SubjectSite, "vehicles_in >= 2"), "mpp", [3]string{"unknown/no_data", "breached", "unknown/silent"}},
		{about(SubjectDoor, "in_hour > 40", "main"), "main", [3]string{"unknown/no_data", "breached", "within"}},
		{about(SubjectDoor, "in_half_hour > 10", "main"), "main", [3]string{"unknown/no_data", "within", "within"}},
		{about(SubjectZone, "out_half_hour > 0", "hall"), "hall", [3]string{"unknown/no_data", "within", "within"}},
		{about(SubjectZone, "in_hour - out_hour > 40.0", "hall"), "hall", [3]string{"unknown/no_data", "breached", "within"}},
		{about(SubjectZone, "near", "hall"), "hall", [3]string{"unknown/gap", "within", "within"}},
		{about(SubjectSite, "queue_closes == 0.0 && open"), "mpp", [3]string{"within", "within", "breached"}},
		{about(SubjectSite, "minutes_to_close == 40.0"), "mpp", [3]string{"within", "within", "breached"}},
		{about(SubjectTask, "minutes_since_done > 60", "spray"), "spray", [3]string{"unknown/no_data", "within", "breached"}},
	}
	var all []Rule
	for _, r := range rules {
		all = append(all, r.rule)
	}
	r := newRig(t, gated(t, append(all, capacityRule(nil))...))
	check := func(i int) {
		t.Helper()
		for _, c := range rules {
			if i == 0 && c.rule.ID == "near" {
				continue
			}
			r.wantVerdict(c.rule.ID, c.subject, c.want[i])
		}
	}
	r.tick("2022-07-04 08:30:00")
	check(0)
	r.read("c-main", "2022-07-04 09:01:00", telemetry.PeopleIn, 45)
	r.read("c-back", "2022-07-04 09:02:00", telemetry.PeopleIn, 0)
	r.read("masks", "2022-07-04 09:03:00", telemetry.MaskWorn, 9, telemetry.MaskMissing, 1)
	r.tick("2022-07-04 09:14:00")
	r.wantVerdict("in_half_hour > 10", "main", "unknown/no_data") // the quarter is not over
	r.tick("2022-07-04 09:15:00")
	r.wantVerdict("in_half_hour > 10", "main", "breached")
	r.read("soap", "2022-07-04 09:20:00", telemetry.Dispensed, 7)
	r.read("masks", "2022-07-04 09:40:00", telemetry.MaskWorn, 0, telemetry.MaskMissing, 2)
	r.read("cars", "2022-07-04 09:30:00", telemetry.VehiclesIn, 2)
	r.enter("2022-07-04 09:45:00", telemetry.Entry{Kind: telemetry.EntryTask, Subject: "spray", Value: 1})
	r.tick("2022-07-04 09:50:00")
	check(1)
	r.tick("2022-07-04 15:20:00")
	check(2)
	// What comes late counts where it belongs.
	r.out.Reset()
	r.late("soap", "2022-07-04 11:05:00", "2022-07-04 15:21:00", telemetry.Dispensed, 6)
	r.wantTransitions(
		"15:21:00 minutes_to_close == 40.0 site/mpp breached>within",
		"11:15:00 dispensed < 5 zone/hall breached>within until 12:15:00",
		"11:15:00 dispensed_today == 7.0 device/soap breached>within until 15:21:00",
		"15:21:00 dispensed_today == 7.0 device/soap breached>within",
	)
}

// What an expression names and nobody knows is said with its place, and with what may have been meant.
func TestR20UnknownVariables(t *testing.T) {
	for expr, want := range map[string]string{
		"open && vehicle_in > 3":  `column 9: undeclared reference to 'vehicle_in' (did you mean 'vehicles_in'?)`,
		"mask_mising > 3":         `column 1: undeclared reference to 'mask_mising' (did you mean 'mask_missing'?)`,
		"xyzzy_and_more > 3":      `column 1: undeclared reference to 'xyzzy_and_more': want one of age_minutes, battery, `,
		"minutes_since_done > 30": `column 1: undeclared reference to 'minutes_since_done' (did you mean 'minutes_since_open'?)`,
	} {
		_, err := newProgram(SubjectZone, expr, true)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", expr, err, want)
		}
	}
}
