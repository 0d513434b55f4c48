package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/simulate"
)

// demoFault is something that goes wrong in the demo on purpose, and what it is to show.
type demoFault struct {
	site string
	name string            // for the console
	text map[string]string // for the note on the site's page, by language
	make func(o *simulate.Options, begun time.Time)
}

// demoFeverEvery is how often somebody with fever comes while the demo is watched; in the history it is a few a day.
const (
	demoFeverEvery   = 8 * time.Minute
	historyFeverEach = 150 * time.Minute
)

var demoFaults = []demoFault{
	{
		site: "mpp-kota-probolinggo",
		name: "a dead counter: Penghitung pintu parkir has said nothing since yesterday; nobody can tell how many are inside",
		text: map[string]string{
			"id": "Penghitung pintu parkir mati sejak kemarin: jumlah orang di dalam tidak diketahui.",
			"en": "The counter of the car-park door has been dead since yesterday: nobody can tell how many people are inside.",
		},
		make: func(o *simulate.Options, begun time.Time) {
			o.Dead = map[string]time.Time{"pintu-parkir-hitung": begun.Add(-23 * time.Hour)}
		},
	},
	{
		site: "mpp-tabalong",
		name: "a late spraying: the waiting room is sprayed two hours after opening instead of before, on every day that it is open",
		text: map[string]string{
			"id": "Ruang tunggu selalu disemprot sekitar dua jam setelah buka, bukan sebelumnya.",
			"en": "The waiting room is always sprayed about two hours after opening instead of before.",
		},
		make: func(o *simulate.Options, _ time.Time) {
			o.Late = map[string]time.Duration{"semprot-ruang": 135 * time.Minute}
		},
	},
	{
		site: "mpp-banjar",
		name: "fevers: somebody with 38 °C comes to Pintu pasar every few minutes while it is open and you watch, is measured twice and sent home",
		text: map[string]string{
			"id": "Selama buka, setiap beberapa menit seseorang dengan suhu 38 °C lebih datang ke pintu pasar, diukur dua kali, lalu pulang.",
			"en": "While it is open, every few minutes somebody with 38 °C or more comes to the market door, is measured twice and goes home.",
		},
		make: func(o *simulate.Options, _ time.Time) {
			o.Fevers = map[string]time.Duration{"pintu-pasar-suhu": historyFeverEach}
		},
	},
	{
		site: "mpp-gresik",
		name: "a hall near its limit: guards hold the queue outside Ruang tunggu utama, just below the limit, all morning",
		text: map[string]string{
			"id": "Petugas menahan antrean di luar: sepanjang pagi ruang tunggu utama terisi hampir sampai batasnya.",
			"en": "Guards hold the queue outside: all morning the hall is filled nearly to its limit.",
		},
		make: func(o *simulate.Options, _ time.Time) { o.Guards = map[string]int{"ruang-tunggu": 79} },
	},
	{
		site: "mpp-bojonegoro",
		name: "a door that drifts: Penghitung pintu utama overlooks one in eight who leave; the engine has learned it from the closings of the week",
		text: map[string]string{
			"id": "Penghitung pintu utama melewatkan satu dari delapan orang yang keluar; mesin aturan mempelajarinya dari penutupan setiap hari.",
			"en": "The counter of the main door overlooks one in eight people who leave; the engine learns that from the closing of every day.",
		},
		make: func(o *simulate.Options, _ time.Time) {
			o.Misses = map[string]simulate.Miss{"pintu-utama-hitung": {Out: 0.125}}
		},
	},
}

// demoNote is the note on a site's page: that it is simulated, how its hours came about, and what is wrong on purpose.
func demoNote(p *demoPlan, s *facility.Site) map[string]string {
	note := map[string]string{
		"id": "Demo: pengunjung, petugas, alat, dan jam pelayanan gedung ini disimulasikan; penghitungan, aturan, dan peringatannya sungguhan.",
		"en": "Demo: the visitors, staff, devices and opening hours of this building are simulated; counting, rules and alerts are real.",
	}
	if p.Shift != nil {
		note["id"] += fmt.Sprintf(" Jamnya disetel ke UTC%+d agar tampak sedang buka.", clockOf(p, s))
		note["en"] += fmt.Sprintf(" Its clock is set to UTC%+d so that you see it at work.", clockOf(p, s))
	}
	for _, f := range demoFaults {
		if f.site == s.ID {
			note["id"] += " Sengaja salah: " + f.text["id"]
			note["en"] += " Wrong on purpose: " + f.text["en"]
		}
	}
	return note
}

func clockOf(p *demoPlan, s *facility.Site) int {
	_, seconds := p.Begun.In(s.Location.Location).Zone()
	return seconds / 3600
}

// sayDemo tells what is shown, what of it is simulated, and what is wrong on purpose.
func sayDemo(w io.Writer, p *demoPlan, sites []facility.Site, now time.Time) error {
	var b strings.Builder
	b.WriteString("Visitors, staff (of the past), devices and opening hours are simulated; broker, decoding, counting, rules, alerts and journal are real.\n")
	if p.Shift != nil {
		fmt.Fprintf(&b, "It was night or evening in Indonesia at the first start: the buildings' clocks are set to UTC%+d (%s now).\n", p.offset(),
			now.UTC().Add(time.Duration(p.offset())*time.Hour).Format("15:04"))
	}
	open := 0
	for _, point := range demoPoints {
		for i := range sites {
			s := &sites[i]
			if d, ok := p.day(s.ID); ok && s.ID == point.site {
				state := point.words()
				_, isOpen := s.Hours.At(now, s.Location.Location)
				if isOpen {
					open++
				}
				if now.Sub(p.Begun) > time.Hour {
					state = map[bool]string{true: "open", false: "closed"}[isOpen]
				}
				fmt.Fprintf(&b, "  %-34s %s-%s  %s\n", s.Name, d.Open, d.Close, state)
			}
		}
	}
	b.WriteString("Wrong on purpose (also in the note on the site's page):\n")
	for _, f := range demoFaults {
		fmt.Fprintf(&b, "  %-22s %s\n", f.site, f.name)
	}
	if open < len(demoPoints)/2 {
		b.WriteString("Most of them are closed now. For buildings in the middle of their day: gerbang demo --new\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
