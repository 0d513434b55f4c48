package rules

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// TestAirAgainstHeadCounts reckons the air of a room whose people were counted every 30 s (Room Occupancy Estimation, UCI 864, first 3,499
// rows; a room of 6 m by 4.6 m, whose height is not told: 2.5 m is taken). What the room is aired with does not depend on who is in
// it, so litres a second and person times persons should be the same whoever is there, and what the decay of CO₂ in the empty room says.
func TestAirAgainstHeadCounts(t *testing.T) {
	f, err := os.Open(filepath.Join(dataDir(t), "uci-room-occupancy-estimation", "Occupancy_Estimation.first3499.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	d := airRoom(t, nil)
	d.Site.Zones[0].Area, d.Site.Zones[0].Height = 27.6, 2.5
	r := newRig(t, d)
	start := r.at("2022-07-04 00:00:00")
	var people, co2 []float64
	byPeople, steady := make(map[float64][]float64), make(map[float64][]float64) // litres a second of the room, whenever so many were there all the time
	for i, row := range rows[1:] {
		c, err := strconv.ParseFloat(row[12], 64)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.ParseFloat(row[16], 64)
		if err != nil {
			t.Fatal(err)
		}
		people, co2 = append(people, n), append(co2, c)
		at := start.Add(time.Duration(i) * 30 * time.Second)
		r.apply(reading("camera", at, at, telemetry.PeoplePresent, n))
		r.apply(reading("co2", at, at, telemetry.CO2, c))
		if i < 70 || i%10 != 0 || slices.Min(people[i-65:]) != n || slices.Max(people[i-65:]) != n || n == 0 {
			continue
		}
		x := r.explanation("air", "room")
		if x.HasValue {
			byPeople[n] = append(byPeople[n], x.Value*n)
			sum := 0.0
			for _, v := range co2[i-60:] {
				sum += v
			}
			if excess := sum/61 - 430; excess > 0 {
				steady[n] = append(steady[n], 5000*n/excess)
			} else {
				steady[n] = append(steady[n], math.Inf(1))
			}
		}
	}
	// The empty room: how fast CO₂ falls to what the sensor shows at night.
	base := slices.Min(co2)
	var decay []float64
	for i := 60; i < len(co2); i += 10 {
		if slices.Max(people[i-60:i+1]) == 0 && co2[i] > base+60 {
			decay = append(decay, 27.6*2.5*1000/1800*math.Log((co2[i-60]-base)/(co2[i]-base)))
		}
	}
	low, high := quantileOf(decay, .1), quantileOf(decay, .9)
	t.Logf("decay in the empty room: %.1f L/s, 8 of 10 from %.1f to %.1f; the sensor shows %v ppm at its lowest", quantileOf(decay, .5), low, high, base)
	for n, want := range map[float64]string{1: "21.2", 2: "20.1", 3: "14.0"} {
		median := quantileOf(byPeople[n], .5)
		if got := strconv.FormatFloat(median, 'f', 1, 64); got != want || median < low || median > high {
			t.Errorf("%v persons: got %s L/s, want %s as docs/rules.md says, and what the decay says, %.1f to %.1f", n, got, want, low, high)
		}
		t.Logf("%v persons, by the steady state over 430 ppm alone: %.1f L/s", n, quantileOf(steady[n], .5))
		t.Logf("%v persons: %.1f L/s, from %.1f to %.1f, of %d", n, quantileOf(byPeople[n], .5), slices.Min(byPeople[n]), slices.Max(byPeople[n]), len(byPeople[n]))
	}
}

func quantileOf(all []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[int(q*float64(len(sorted)-1))]
}
