package web

import (
	"fmt"
	"math"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// mall is a building in which all is well.
func mall(id, name, zone string, people, err float64) rules.View {
	loc, _ := time.LoadLocation(zone)
	local := fleetNow.In(loc)
	closes := time.Date(local.Year(), local.Month(), local.Day(), 15, 30, 0, 0, loc)
	hall := math.Round(people * .7)
	v := rules.View{
		Site: id, Name: name, Zone: zone, Now: telemetry.InstantOf(fleetNow), Record: 1_842_336, Open: true,
		NextChange: telemetry.InstantOf(closes), Level: "2", Protocols: []string{"Protokol kesehatan tempat umum"},
		Levels: []rules.LevelChoice{{Level: "3", Share: .5, Protocol: "PPKM"}, {Level: "2", Share: .75, Protocol: "PPKM"}, {Level: "1", Share: 1, Protocol: "PPKM"}}, Version: "9f3c21",
		Verdict: rules.Within, Persons: estimate(people, err),
		Zones: []rules.ZoneView{
			{ID: "ruang-tunggu", Name: "Ruang tunggu", Persons: estimate(hall, err), Limit: 50, HasLimit: true, Binding: "seats", Verdict: rules.Within,
				Advice: rules.AdviceGo, InToday: 214, OutToday: 214 - hall, Readings: []rules.LastValue{
					reading(telemetry.CO2, 742, "udara-1"), reading(telemetry.Temperature, 26.4, "udara-1"), reading(telemetry.Humidity, 68, "udara-1")}},
			{ID: "loket", Name: "Loket layanan", Persons: estimate(people-hall, err/2), Limit: 24, HasLimit: true, Binding: "area", Verdict: rules.Within,
				Advice: rules.AdviceGo, InToday: 186, OutToday: 186 - (people - hall)},
			// Nothing counts people in these two; one has a sensor for its air.
			{ID: "ruang-bermain", Name: "Ruang bermain anak", Persons: rules.Estimate{Reason: rules.ReasonNoData}, Verdict: rules.Unknown, Advice: rules.AdviceWait},
			{ID: "musala", Name: "Musala", Persons: rules.Estimate{Reason: rules.ReasonNoData}, Verdict: rules.Within, Advice: rules.AdviceWait,
				Readings: []rules.LastValue{reading(telemetry.CO2, 611, "udara-2")}},
		},
		Doors: []rules.DoorView{
			{ID: "utama", Name: "Pintu utama", From: "outside", To: "ruang-tunggu", InToday: 189, OutToday: 152, Screened: 187, TooWarm: 1, LastCount: ago(40 * time.Second), Counters: []rules.CounterView{
				{Device: "hitung-utama", Drift: 0.34, Uncertainty: 0.2, Closings: []rules.Closing{
					{At: ago(40 * time.Hour), Passages: 512, Residual: 3, Expected: 1.6, HalfWidth: 9.2}, {At: ago(16 * time.Hour), Passages: 488, Residual: -2, Expected: 1.5, HalfWidth: 8.1}}}}},
			{ID: "samping", Name: "Pintu samping", From: "outside", To: "ruang-tunggu", InToday: 25, OutToday: 24, Screened: 25, LastCount: ago(6 * time.Minute), Counters: []rules.CounterView{
				{Device: "hitung-samping", Drift: -4.1, Uncertainty: 0.8, Drifting: ago(30 * time.Hour), Closings: []rules.Closing{{At: ago(16 * time.Hour), Passages: 61, Residual: -3, HalfWidth: 3}}}}},
			{ID: "barang", Name: "Pintu barang", From: "outside", To: "loket", Verdict: rules.Unknown},
		},
		Devices: []rules.DeviceView{
			device("hitung-utama", "Penghitung pintu utama", "milesight-vs133", facility.AtDoor, "utama", 40*time.Second),
			device("hitung-samping", "Penghitung pintu samping", "milesight-vs133", facility.AtDoor, "samping", 6*time.Minute),
			device("suhu-utama", "Termometer pintu utama", "native", facility.AtDoor, "utama", time.Minute),
			device("udara-1", "Sensor udara ruang tunggu", "milesight-am319", facility.AtZone, "ruang-tunggu", 3*time.Minute,
				reading(telemetry.CO2, 742, "udara-1"), reading(telemetry.Temperature, 26.4, "udara-1"), reading(telemetry.Battery, 81, "udara-1")),
			device("udara-2", "Sensor udara musala", "milesight-am319", facility.AtZone, "musala", 4*time.Minute, reading(telemetry.CO2, 611, "udara-2")),
			device("tombol-gagang", "Tombol gagang pintu", "milesight-ws101", facility.AtTask, "lap-gagang", 95*time.Minute, reading(telemetry.Battery, 17, "tombol-gagang")),
		},
		Tasks: []rules.TaskView{
			{ID: "semprot-buka", Name: "Penyemprotan sebelum buka", Place: facility.Place{Kind: facility.AtZone, ID: "ruang-tunggu"}, LastDone: ago(7 * time.Hour), NextDue: in(17 * time.Hour)},
			{ID: "lap-gagang", Name: "Lap gagang pintu", Place: facility.Place{Kind: facility.AtDoor, ID: "utama"}, LastDone: ago(95 * time.Minute), NextDue: in(145 * time.Minute),
				Items: []rules.ItemView{{Name: "pintu utama", LastDone: ago(90 * time.Minute)}, {Name: "pintu samping", LastDone: ago(92 * time.Minute)}, {Name: "lift", LastDone: ago(95 * time.Minute)}}},
		},
	}
	midnight := func(y int, m time.Month, d int) telemetry.Instant {
		return telemetry.InstantOf(time.Date(y, m, d, 0, 0, 0, 0, loc))
	}
	v.InForce = []rules.ProtocolView{
		{
			ID: "kmk-382-2020", Title: "Protokol kesehatan tempat umum", Titles: map[string]string{"id": "Protokol kesehatan tempat umum", "en": "Health protocol in public places"},
			Authority: map[string]string{"id": "Kementerian Kesehatan RI", "en": "Ministry of Health of Indonesia"}, Legal: "KMK HK.01.07/MENKES/382/2020",
			Area: []string{"ID"}, From: midnight(2020, 6, 19), Source: "https://peraturan.example/kmk-382",
		},
		{
			ID: "ppkm", Title: "PPKM", Authority: map[string]string{"": "Kemendagri"}, Legal: "Inmendagri 33/2022", Area: []string{"ID-JI", "ID-JK"}, From: midnight(2022, 7, 5),
			Until: midnight(2022, 12, 30).Add(18 * time.Hour), Levels: map[string]float64{"1": 1, "2": .75},
			LevelNames: map[string]map[string]string{"2": {"id": "PPKM tingkat dua", "en": "PPKM level two"}},
		},
	}
	v.Coming = []rules.ProtocolView{{ID: "gedung", Title: "Tingkat gedung", From: midnight(2023, 1, 2), Levels: map[string]float64{"2": .5}}}
	v.LevelName = rules.LevelName(v.InForce, v.Level)
	v.Verdicts = append(v.Verdicts, rules.VerdictView{
		Rule: "co2-perhatian", Title: map[string]string{"en": "CO₂, first limit", "id": "CO₂, batas perhatian"}, Kind: "expression", Class: rules.ClassBreach,
		Severity: rules.Warning, Subject: rules.Subject{Kind: rules.SubjectZone, ID: "musala"}, SubjectName: "Musala", Verdict: rules.Within, Since: ago(3 * time.Hour),
		Explanation: rules.Explanation{Value: 611, Limit: 1000, HasValue: true, HasLimit: true, Unit: "ppm", Constraint: "expression",
			Evidence: []rules.Evidence{{Device: "udara-2", Quantity: telemetry.CO2, At: ago(4 * time.Minute), Value: 611, Record: 1_842_001}}},
	}, rules.VerdictView{
		Rule: "di-luar-jam", Title: map[string]string{"en": "People inside after hours", "id": "Orang di dalam di luar jam buka"}, Kind: "expression",
		Class: rules.ClassBreach, Severity: rules.Info, Subject: rules.Subject{Kind: rules.SubjectSite, ID: id}, SubjectName: name, Verdict: rules.Within,
		Since: ago(6 * time.Hour),
		Explanation: rules.Explanation{Value: people, Limit: 5, HasValue: true, HasLimit: true, Unit: "1", Constraint: "expression", Bound: rules.AtMost,
			Condition: "!open && persons > error + 5.0", Inputs: []rules.Input{{Name: "open", Value: 1}, {Name: "persons", Value: people}, {Name: "error", Value: err}}},
	})
	for i := range v.Zones[:2] {
		z := &v.Zones[i]
		v.Verdicts = append(v.Verdicts, rules.VerdictView{
			Rule: "kapasitas", Kind: "capacity", Class: rules.ClassBreach, Severity: rules.Critical,
			Subject: rules.Subject{Kind: rules.SubjectZone, ID: z.ID}, SubjectName: z.Name, Verdict: rules.Within, Since: ago(6 * time.Hour),
			Explanation: rules.Explanation{Value: z.Persons.Persons, Error: z.Persons.Error, Limit: z.Limit, HasValue: true, HasLimit: true,
				HasRange: true, Low: z.Persons.Low, High: z.Persons.High, Inputs: limitOf[z.Binding],
				Unit: "1", Constraint: z.Binding, Share: .5, Evidence: []rules.Evidence{
					{Device: "hitung-utama", Quantity: telemetry.PeopleIn, At: ago(100 * time.Second), Value: 2, Record: 1_842_311},
					{Device: "hitung-utama", Quantity: telemetry.PeopleOut, At: ago(40 * time.Second), Value: 1, Record: 1_842_330}}},
			Legal: "KMK 382/2020",
		})
	}
	levels := map[string]float64{"2": .5, "3": .25}
	v.Zones[0].Room = &rules.Room{Zone: facility.Zone{ID: "ruang-tunggu", Name: "Ruang tunggu", Area: 420, Fixtures: 60, Seats: 200, SeatPitch: .6, Capacity: 220}, Spacing: 1.2, Grid: rules.Square, Levels: levels}
	v.Zones[1].Room = &rules.Room{Zone: facility.Zone{ID: "loket", Name: "Loket layanan", Area: 60.5, Fixtures: 12}, Spacing: 1, Grid: rules.Square, Levels: levels}
	v.Building = &rules.Building{Capacity: rules.Capacity{Spacing: 1, Grid: rules.Square}, Zones: []facility.Zone{v.Zones[0].Room.Zone, v.Zones[1].Room.Zone}, Levels: levels}
	for _, t := range v.Tasks {
		v.Verdicts = append(v.Verdicts, rules.VerdictView{
			Rule: "disinfeksi", Kind: "disinfection", Class: rules.ClassOverdue, Severity: rules.Warning,
			Subject: rules.Subject{Kind: rules.SubjectTask, ID: t.ID}, SubjectName: t.Name, Verdict: rules.Within, Since: t.LastDone,
			Explanation: rules.Explanation{Value: 95 * 60, Limit: 4 * 3600, HasValue: true, HasLimit: true, Unit: "s", Constraint: "every"}, Legal: "KMK 328/2020",
		})
	}
	for _, d := range v.Devices {
		v.Verdicts = append(v.Verdicts, rules.VerdictView{
			Rule: "terdengar", Kind: "silence", Class: rules.ClassSensor, Severity: rules.Warning,
			Subject: rules.Subject{Kind: rules.SubjectDevice, ID: d.ID}, SubjectName: d.Name, Verdict: rules.Within, Since: ago(30 * time.Hour),
			Explanation: rules.Explanation{Value: 1, Limit: 30, HasValue: true, HasLimit: true, Unit: "min", Constraint: "interval"},
		})
	}
	return v
}

func estimate(p, e float64) rules.Estimate {
	return rules.Estimate{Persons: p, Error: e, Low: max(0, math.Ceil(p-e)), High: math.Floor(p + e), Measured: true, Known: true, Raw: p, Anchor: ago(14 * time.Hour)}
}

// limitOf is what the limits of the fleet's zones were computed from.
var limitOf = map[string][]rules.Input{
	"seats": {{Name: rules.InputSeats, Value: 200}, {Name: rules.InputSeatPitch, Value: 0.6, Unit: "m"}, {Name: rules.InputSpacing, Value: 1.2, Unit: "m"}, {Name: rules.InputEvery, Value: 2}},
	"area":  {{Name: rules.InputArea, Value: 60.5, Unit: "m2"}, {Name: rules.InputFixtures, Value: 12, Unit: "m2"}, {Name: rules.InputPerPerson, Value: 1, Unit: "m2"}},
}

func reading(q telemetry.Quantity, v float64, device string) rules.LastValue {
	return rules.LastValue{Quantity: q, Value: v, Unit: q.Unit(), At: ago(3 * time.Minute), Device: device}
}

func device(id, name, model string, kind facility.PlaceKind, place string, seen time.Duration, values ...rules.LastValue) rules.DeviceView {
	return rules.DeviceView{ID: id, Name: name, Model: model, Place: facility.Place{Kind: kind, ID: place}, LastSeen: ago(seen), Messages: 5120, Verdict: rules.Within, Readings: values}
}

func verdictOf(v *rules.View, kind rules.SubjectKind, id string) *rules.VerdictView {
	for i := range v.Verdicts {
		if v.Verdicts[i].Subject.Kind == kind && v.Verdicts[i].Subject.ID == id {
			return &v.Verdicts[i]
		}
	}
	panic("the fleet has no verdict about " + id)
}

// breach fills the waiting room over its limit.
func breach(v *rules.View) {
	v.Verdict = rules.Breached
	z := &v.Zones[0]
	z.Persons, z.Verdict, z.Advice = estimate(58, 3), rules.Breached, rules.AdviceStop
	z.Readings[0].Value = 1184
	w := verdictOf(v, rules.SubjectZone, z.ID)
	w.Verdict, w.Since = rules.Breached, ago(12*time.Minute)
	w.Explanation.Value, w.Explanation.Error, w.Explanation.Low, w.Explanation.High = 58, 3, 55, 61
	w.Phase, w.PhaseSince = rules.Firing, ago(10*time.Minute)
	v.Persons = estimate(72, 4)
}

// pending fills the counters a moment ago: the verdict says so, the alert waits.
func pending(v *rules.View) {
	v.Verdict = rules.Breached
	z := &v.Zones[1]
	z.Persons, z.Verdict, z.Advice = estimate(27, 2), rules.Breached, rules.AdviceStop
	w := verdictOf(v, rules.SubjectZone, z.ID)
	w.Verdict, w.Since = rules.Breached, ago(40*time.Second)
	w.Phase, w.PhaseSince, w.AlarmDue = rules.Pending, ago(40*time.Second), in(80*time.Second)
	w.Explanation.Value, w.Explanation.Error, w.Explanation.Low, w.Explanation.High = 27, 2, 25, 29
}

// blind loses the counter of the only entrance.
func blind(v *rules.View) {
	v.Verdict = rules.Breached // a silent device is a broken rule, too
	v.Persons = rules.Estimate{Reason: rules.ReasonGap, Measured: true}
	for i := range v.Zones[:2] {
		z := &v.Zones[i]
		z.Persons, z.Verdict, z.Advice = rules.Estimate{Reason: rules.ReasonSilent, Measured: true}, rules.Unknown, rules.AdviceWait
		w := verdictOf(v, rules.SubjectZone, z.ID)
		w.Verdict, w.Since = rules.Unknown, ago(52*time.Minute)
		w.Explanation = rules.Explanation{Value: 3, Error: 2, HasValue: true, Limit: z.Limit, HasLimit: true, Unit: "1", Constraint: z.Binding, Reason: rules.ReasonSilent, Detail: "hitung-utama"}
	}
	for i := range v.Devices {
		d := &v.Devices[i]
		d.LastSeen = ago(52*time.Minute + time.Duration(i)*time.Minute)
		if i < 3 {
			d.Verdict = rules.Breached
			w := verdictOf(v, rules.SubjectDevice, d.ID)
			w.Verdict, w.Since = rules.Breached, ago(22*time.Minute)
			w.Explanation = rules.Explanation{Value: 52, Limit: 30, HasValue: true, HasLimit: true, Unit: "min", Constraint: "interval", Reason: rules.ReasonSilent, Detail: d.ID}
		}
	}
	v.Devices[5].LastSeen, v.Devices[5].Verdict = 0, rules.Unknown
	v.Doors[0].Verdict, v.Doors[0].LastCount = rules.Unknown, ago(52*time.Minute)
}

// overdue leaves the door handles.
func overdue(v *rules.View) {
	v.Verdict = rules.Breached
	t := &v.Tasks[1]
	t.Verdict, t.LastDone, t.NextDue = rules.Breached, ago(5*time.Hour+10*time.Minute), ago(70*time.Minute)
	w := verdictOf(v, rules.SubjectTask, t.ID)
	w.Verdict, w.Since = rules.Breached, ago(70*time.Minute)
	w.Explanation = rules.Explanation{Value: 310 * 60, Limit: 4 * 3600, HasValue: true, HasLimit: true, Unit: "s", Constraint: "every", Reason: rules.ReasonOverdue}
}

// straddle puts the limit inside the interval: near it, measured, and too close to tell.
func straddle(v *rules.View) {
	v.Verdict = rules.Unknown
	z := &v.Zones[0]
	z.Persons, z.Verdict, z.Near, z.Advice = estimate(50, 3), rules.Unknown, true, rules.AdviceWait
	z.CountAsked = ago(4 * time.Minute)
	w := verdictOf(v, rules.SubjectZone, z.ID)
	w.Verdict, w.Near, w.Since = rules.Unknown, true, ago(9*time.Minute)
	w.Explanation.Value, w.Explanation.Error, w.Explanation.Reason = 50, 3, rules.ReasonNear
	w.Explanation.Low, w.Explanation.High = 47, 53
}

// closed is a building after hours.
func closed(v *rules.View) {
	v.Open, v.NextChange = false, in(17*time.Hour)
	for i := range v.Zones {
		v.Zones[i].Advice = rules.AdviceStop
	}
}

// seated shows the seats of the waiting room and a queue with a quota.
func seated(v *rules.View) {
	z := &v.Zones[0]
	for row := range 4 {
		for n := range 7 {
			seat := rules.SeatView{ID: fmt.Sprintf("%c%d", 'a'+row, n+1), X: 0.6 * float64(n), Y: 1.1 * float64(row), State: rules.SeatFree}
			switch {
			case n%2 == 1:
				seat.Blocked, seat.State = true, rules.SeatUnsensed
			case row == 3 && n == 6:
				seat.State = rules.SeatUnknown
			case (row+n)%3 == 0:
				seat.State = rules.SeatIsTaken
			}
			z.Seats = append(z.Seats, seat)
		}
	}
	for _, i := range []int{2, 3} {
		z.Seats[i].State, z.Seats[i].Wrong = rules.SeatIsTaken, true
	}
	z.Seats[2].TooClose, z.Seats[3].Blocked, z.Seats[3].TooClose = "a4", false, "a3"
	v.Intake = &rules.Intake{
		Rule: "antrean", Quota: 250, Visitors: estimate(214, 4), Left: 36, Made: v.Now, Arrivals: 19, Lately: 30, Rate: 38, Service: 30,
		Full: in(56 * time.Minute), LastTicket: in(26 * time.Minute), By: rules.ByQuota, Closes: v.NextChange,
	}
}
