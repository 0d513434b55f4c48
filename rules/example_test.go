package rules_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// An engine judges one site, and knows nothing but the records that it is given: the same records give the same verdicts.
func ExampleEngine() {
	loc, _ := facility.LoadLocation("Asia/Jakarta")
	midnight, _ := facility.ParseTimeOfDay("00:00")
	limit, _ := rules.NewParams("capacity")
	definition, _ := json.Marshal(&rules.Definition{
		Site: facility.Site{
			ID: "mpp", Name: "Mal", Location: loc, Reset: &midnight,
			Zones:   []facility.Zone{{ID: "hall", Name: "Hall", Capacity: 2}},
			Doors:   []facility.Door{{ID: "main", Name: "Main", From: facility.Outside, To: "hall"}},
			Devices: []facility.Device{{ID: "counter", Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: "main"}}},
		},
		Protocols: []rules.Protocol{{ID: "p", Title: "Protocol", Rules: []rules.Rule{{ID: "full", Kind: "capacity", Params: limit}}}},
	})
	at := func(hour, minute int) telemetry.Instant {
		return telemetry.InstantOf(time.Date(2026, 3, 2, hour, minute, 0, 0, loc.Location))
	}
	engine, out := rules.New("mpp"), rules.Output{}
	for i, record := range []telemetry.Record{
		{Kind: telemetry.KindConfiguration, At: at(0, 0), Configuration: &telemetry.Configuration{Version: "1", Definition: definition}},
		{Kind: telemetry.KindObservation, At: at(9, 0), Observation: telemetry.Observation{
			Device: "counter", Readings: []telemetry.Reading{{Quantity: telemetry.PeopleIn, Value: 5}}}},
	} {
		record.Seq, record.Site, record.Received = uint64(i+1), "mpp", record.At
		if err := engine.Apply(&record, &out); err != nil {
			fmt.Println(err)
		}
	}
	for _, v := range engine.View().Verdicts {
		fmt.Println(v.Rule, v.Subject.ID, v.Verdict, v.Explanation.Limit)
	}
	// Output: full hall breached 2
}

// What is not known of one zone does not add up with all of the others: the sides of the intervals add as independent errors do.
func ExampleTotal() {
	all := rules.Total(rules.Estimate{Persons: 10, Low: 9, High: 12, Known: true, Measured: true}, rules.Estimate{Persons: 4, Low: 4, High: 5, Known: true, Measured: true})
	fmt.Println(all.Persons, all.Low, all.High)
	// Output: 14 13 16
}
