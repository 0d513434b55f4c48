package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// series is a run of a real building through the engine: counters at doors of one hall, which is empty at midnight.
type series struct {
	engine *rules.Engine
	out    rules.Output
	seq    uint64
	loc    *time.Location
	raw    float64 // the balance since midnight, and the least of it
	least  float64
	day    string
	at     time.Time // of the last count, and the upper end then
	high   float64
	below  int // samples whose upper end lies below the reflected balance
	looked int
}

// newSeries configures an engine for a building around the clock.
func newSeries(zone string, interval time.Duration, doors ...string) (*series, error) {
	loc, err := facility.LoadLocation(zone)
	if err != nil {
		return nil, err
	}
	midnight := facility.TimeOfDay(0)
	def := rules.Definition{Site: facility.Site{ID: "b", Location: loc, Reset: &midnight, Zones: []facility.Zone{{ID: "hall", Capacity: 1000}}}}
	for _, id := range doors {
		def.Site.Doors = append(def.Site.Doors, facility.Door{ID: id, From: facility.Outside, To: "hall"})
		def.Site.Devices = append(def.Site.Devices, facility.Device{ID: id, Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: id}, Interval: interval})
	}
	params, err := rules.NewParams("capacity")
	if err != nil {
		return nil, err
	}
	def.Protocols = []rules.Protocol{{ID: "p", Rules: []rules.Rule{{ID: "capacity", Kind: "capacity", Params: params}}}}
	b, err := json.Marshal(def)
	if err != nil {
		return nil, err
	}
	s := &series{engine: rules.New("b"), loc: loc.Location}
	start := telemetry.InstantOf(time.Date(2005, 7, 1, 0, 0, 0, 0, s.loc))
	return s, s.apply(&telemetry.Record{Kind: telemetry.KindConfiguration, At: start, Received: start, Configuration: &telemetry.Configuration{Version: "1", Definition: b}})
}

func (s *series) apply(rec *telemetry.Record) error {
	s.seq++
	rec.Seq, rec.Site = s.seq, "b"
	s.out.Reset()
	return s.engine.Apply(rec, &s.out)
}

// count lets a door report, and compares what the engine says with the reflected balance. What is told of one time passed in no
// order that anybody knows, so the balance is looked at when all of it was told.
func (s *series) count(door string, at time.Time, readings ...telemetry.Reading) error {
	if !at.Equal(s.at) {
		s.look()
	}
	s.at = at
	i := telemetry.InstantOf(at)
	if err := s.apply(&telemetry.Record{Kind: telemetry.KindObservation, At: i, Received: i, Observation: telemetry.Observation{Device: door, Readings: readings}}); err != nil {
		return err
	}
	// What passed until midnight belongs to the day before.
	if day := at.Add(-1).In(s.loc).Format(time.DateOnly); day != s.day {
		s.day, s.raw, s.least = day, 0, 0
	}
	for _, r := range readings {
		if r.Quantity == telemetry.PeopleIn {
			s.raw += r.Value
		} else {
			s.raw -= r.Value
		}
	}
	s.high = s.engine.View().Zones[0].Persons.High
	return nil
}

// look compares the upper end after the last time with what the counts prove.
func (s *series) look() {
	if s.day == "" || s.at.Hour()+s.at.Minute() == 0 {
		return // it is empty now
	}
	s.least = min(s.least, s.raw)
	s.looked++
	if s.high < s.raw-s.least {
		s.below++
	}
}

// realSeries runs the real buildings and prints their bars; it gives the number of those missed.
func realSeries(w io.Writer, dir string) (missed int, err error) {
	dtu, closings, err := library(dir)
	if err != nil {
		return 0, err
	}
	office, err := calIt2(dir)
	if err != nil {
		return 0, err
	}
	var inside int
	var widths []float64
	for _, c := range closings {
		widths = append(widths, c.HalfWidth)
		if math.Abs(c.Residual-c.Expected) <= c.HalfWidth {
			inside++
		}
	}
	slices.Sort(widths)
	share, median := ratio(float64(inside), float64(len(closings))), widths[len(widths)/2]
	for _, b := range []bar{
		{name: fmt.Sprintf("DTU library, %d closings", len(closings)), what: "inside the predicted interval", value: share, text: fmt.Sprintf("%v to %v", leastDays, mostDays), ok: share >= leastDays && share <= mostDays},
		{name: "DTU library", what: "median half-width, people", value: median, text: fmt.Sprintf("at most %v", mostHalfWidth), ok: median <= mostHalfWidth},
		{name: fmt.Sprintf("DTU library, %d counts", dtu.looked), what: "upper end below the balance", value: float64(dtu.below), text: "0", ok: dtu.below == 0},
		{name: fmt.Sprintf("CalIt2, %d counts", office.looked), what: "upper end below the balance", value: float64(office.below), text: "0", ok: office.below == 0},
	} {
		missed += b.print(w)
	}
	return missed, nil
}

// library runs the two doors of a library and collects its closings, each as it was predicted from those before.
func library(dir string) (*series, []rules.Closing, error) {
	f, err := os.Open(filepath.Join(dir, "dtu-library", "Occu_data_library.csv"))
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }()
	c := csv.NewReader(f)
	c.Comma = ';'
	rows, err := c.ReadAll()
	if err != nil {
		return nil, nil, err
	}
	s, err := newSeries("Europe/Copenhagen", 30*time.Minute, "dtu-lyn-indgang", "dtu-lyn-boghandel")
	if err != nil {
		return nil, nil, err
	}
	var closings []rules.Closing
	for _, row := range rows[1:] {
		at, err := time.ParseInLocation(time.DateTime, row[0], s.loc)
		if err != nil {
			return nil, nil, err
		}
		in, errIn := strconv.ParseFloat(row[2], 64)
		out, errOut := strconv.ParseFloat(row[3], 64)
		if errIn != nil || errOut != nil {
			return nil, nil, fmt.Errorf("row %v", row)
		}
		if err := s.count(row[1], at, telemetry.Reading{Quantity: telemetry.PeopleIn, Value: in}, telemetry.Reading{Quantity: telemetry.PeopleOut, Value: out}); err != nil {
			return nil, nil, err
		}
		if at.Hour() == 12 && at.Minute() == 0 && row[1] == "dtu-lyn-indgang" {
			for _, counter := range s.engine.View().Doors[0].Counters {
				if n := len(counter.Closings); n > 0 && (len(closings) == 0 || closings[len(closings)-1].At < counter.Closings[n-1].At) {
					closings = append(closings, counter.Closings[n-1])
				}
			}
		}
	}
	return s, closings, nil
}

// calIt2 runs the main door of an office building.
func calIt2(dir string) (*series, error) {
	f, err := os.Open(filepath.Join(dir, "calit2", "CalIt2.data"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	s, err := newSeries("America/Los_Angeles", 30*time.Minute, "main")
	if err != nil {
		return nil, err
	}
	for scan := bufio.NewScanner(f); scan.Scan(); {
		fields := strings.Split(scan.Text(), ",")
		if len(fields) != 4 {
			return nil, fmt.Errorf("line %q: want four fields", scan.Text())
		}
		at, err := time.ParseInLocation("01/02/06 15:04:05", fields[1]+" "+fields[2], s.loc)
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseFloat(fields[3], 64)
		if err != nil {
			return nil, err
		}
		quantity := telemetry.PeopleIn
		if fields[0] == "7" {
			quantity = telemetry.PeopleOut
		}
		if err := s.count("main", at, telemetry.Reading{Quantity: quantity, Value: n}); err != nil {
			return nil, err
		}
	}
	return s, nil
}
