package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// play reads a table with a shipped mapping into "device payload-without-identity" lines and problems.
func play(t *testing.T, mapping, table string, o Options) (lines, problems []string) {
	t.Helper()
	m, site := shipped(t, mapping)
	o.Name, o.Zone = "t.csv", site.Location.Location
	for msg, err := range Read(t.Context(), strings.NewReader(table), m, o) {
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		device, ok := strings.CutPrefix(msg.Topic, "gerbang/v1/"+m.Site+"/")
		if !ok || msg.QoS != 1 || msg.Retained {
			t.Errorf("got %s at QoS %d", msg.Topic, msg.QoS)
		}
		lines = append(lines, device+" "+string(msg.Payload))
	}
	return lines, problems
}

func TestReadShippedLayouts(t *testing.T) {
	boot := `"boot":"csv-74eccf71"`
	tests := []struct {
		mapping, table string
		lines          []string
		problems       []string
	}{
		{
			mapping: "calit2",
			table:   "7,07/24/05,00:00:00,0\n9,07/24/05,00:00:00,3\n7,07/24/05,00:30:00,1\n8,07/24/05,01:00:00,1\n9,07/24/05,01:30:00,x\n9,13/24/05,01:30:00,1\n\n9,07/24/05\n",
			lines: []string{
				`main-door {"at":"2005-07-24T07:00:00Z",` + boot + `,"seq":1,"people_out":0,"people_in":3}`,
				`main-door {"at":"2005-07-24T07:30:00Z",` + boot + `,"seq":2,"people_out":1}`,
			},
			problems: []string{
				"t.csv:4: no value in any of the mapping's columns",
				`t.csv:5: count: "x", want a number for people_in`,
				`t.csv:6: time "13/24/05 01:30:00", want it as 01/02/06 15:04:05`,
				"t.csv:8: 2 columns, want a time in column 3",
			},
		},
		{
			mapping: "dtu-library",
			table:   "\uFEFFTimestamp;Entity Name;in;out\n2021-08-02 10:00:00;dtu-lyn-boghandel;2;1\n2021-08-02 10:00:00;dtu-lyn-indgang;14;\n2021-12-02 10:00:00;Side Door;1;1\n",
			lines: []string{
				`bookshop {"at":"2021-08-02T08:30:00Z",` + boot + `,"seq":1,"people_in":2,"people_out":1}`,
				`main-entrance {"at":"2021-08-02T08:30:00Z",` + boot + `,"seq":1,"people_in":14}`,
				`side-door {"at":"2021-12-02T09:30:00Z",` + boot + `,"seq":1,"people_in":1,"people_out":1}`,
			},
		},
		{
			mapping: "mta-110528",
			table: "A002,R051,02-00-00,05-21-11,04:00:00,REGULAR,003169415,001097588,05-21-11,08:00:00,DOOR OPEN,003169431,001097607\n" +
				"A002,R051,02-00-01,05-21-11,00:00:00,REGULAR,000000007,000000000,05-21-11,00:00:00,REGULAR,000000007,000000001\nA002,R051,02-00-00,05-21-11\n",
			lines: []string{
				`a002-r051-02-00-01 {"at":"2011-05-21T04:00:00Z",` + boot + `,"seq":1,"people_in_total":7,"people_out_total":0}`,
				`a002-r051-02-00-01 {"at":"2011-05-21T04:00:00Z",` + boot + `,"seq":2,"people_in_total":7,"people_out_total":1}`,
				`a002-r051-02-00-00 {"at":"2011-05-21T08:00:00Z",` + boot + `,"seq":1,"people_in_total":3169415,"people_out_total":1097588}`,
			},
			problems: []string{"t.csv:3: 4 columns, want 3 and then groups of 5"},
		},
		{
			mapping: "mta-200328",
			table: "C/A,UNIT,SCP,STATION,LINENAME,DIVISION,DATE,TIME,DESC,ENTRIES,EXITS                    \n" +
				"A002,R051,02-00-00,59 ST,NQR456W,BMT,03/21/2020,00:00:00,REGULAR,0007411940,0002515962  \n",
			lines: []string{`a002-r051-02-00-00 {"at":"2020-03-21T04:00:00Z",` + boot + `,"seq":1,"people_in_total":7411940,"people_out_total":2515962}`},
		},
		{
			mapping: "uci-occupancy",
			table:   "\"Date\",\"Temperature\",\"Humidity\",\"Light\",\"CO2\",\"HumidityRatio\",\"Occupancy\"\n\"2015-02-02 14:19:00\",23.7,26.272,585.2,749.2,0.00476416302416414,1\n",
			lines:   []string{`office-air {"at":"2015-02-02T13:19:00Z",` + boot + `,"seq":1,"temperature":23.7,"humidity":26.272,"illuminance":585.2,"co2":749.2,"occupied":1}`},
		},
		{mapping: "dtu-library", table: "", problems: []string{"t.csv: is empty, want a header"}},
		{mapping: "dtu-library", table: "a;b\n1;2\n", problems: []string{
			"t.csv: no column \"Timestamp\" among a, b\nt.csv: no column \"Entity Name\" among a, b\nt.csv: no column \"in\" among a, b\nt.csv: no column \"out\" among a, b"}},
	}
	for _, tt := range tests {
		t.Run(tt.mapping, func(t *testing.T) {
			lines, problems := play(t, tt.mapping, tt.table, Options{})
			if !slices.Equal(lines, tt.lines) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(tt.lines, "\n"))
			}
			if !slices.Equal(problems, tt.problems) {
				t.Errorf("problems\n%s\nwant\n%s", strings.Join(problems, "\n"), strings.Join(tt.problems, "\n"))
			}
		})
	}
}

// office is a table of n minutes.
func office(n int) string {
	var b strings.Builder
	b.WriteString("Date,Temperature,Humidity,Light,CO2,HumidityRatio,Occupancy\n")
	start := time.Date(2015, 2, 2, 14, 0, 0, 0, time.UTC)
	for i := range n {
		fmt.Fprintf(&b, "%s,23.7,26.2,585.2,%d,0,1\n", start.Add(time.Duration(i)*time.Minute).Format(time.DateTime), 700+i)
	}
	return b.String()
}

func messages(t *testing.T, table string, o Options) []ingest.Message {
	t.Helper()
	m, site := shipped(t, "uci-occupancy")
	o.Name, o.Zone = "t.csv", site.Location.Location
	var all []ingest.Message
	for msg, err := range Read(t.Context(), strings.NewReader(table), m, o) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, msg)
	}
	return all
}

func TestShuffleKeepsEverythingWithinItsBound(t *testing.T) {
	const bound = 10 * time.Minute
	straight := messages(t, office(500), Options{})
	shuffled := messages(t, office(500), Options{Shuffle: bound, Seed: 7})
	again := messages(t, office(500), Options{Shuffle: bound, Seed: 7})
	other := messages(t, office(500), Options{Shuffle: bound, Seed: 8})
	payloads := func(msgs []ingest.Message) []string {
		var all []string
		for _, m := range msgs {
			all = append(all, string(m.Payload))
		}
		return all
	}
	if !slices.Equal(payloads(shuffled), payloads(again)) {
		t.Error("the same seed gives another order")
	}
	if slices.Equal(payloads(shuffled), payloads(straight)) || slices.Equal(payloads(shuffled), payloads(other)) {
		t.Error("the order is not shuffled by the seed")
	}
	due := make(map[string]telemetry.Instant)
	for _, m := range straight {
		due[string(m.Payload)] = m.Received
	}
	var last telemetry.Instant
	for _, m := range shuffled {
		want, known := due[string(m.Payload)]
		if !known || m.Received < want || m.Received.Sub(want) >= bound || m.Received < last {
			t.Fatalf("%s arrives at %v, due at %v, after %v", m.Payload, m.Received, want, last)
		}
		delete(due, string(m.Payload))
		last = m.Received
	}
	if len(due) > 0 {
		t.Errorf("%d messages were lost", len(due))
	}
}

func TestTimesAndLimit(t *testing.T) {
	got := messages(t, office(50), Options{Times: 2, Limit: 10})
	if len(got) != 20 {
		t.Fatalf("got %d messages, want 10 twice", len(got))
	}
	for i := 0; i < len(got); i += 2 {
		a, b := got[i], got[i+1]
		if string(a.Payload) != string(b.Payload) || a.Topic != b.Topic {
			t.Errorf("got %s, then %s: want a repetition", a.Payload, b.Payload)
		}
		if &a.Payload[0] == &b.Payload[0] {
			t.Error("two messages share a payload, which each receiver owns")
		}
	}
}

func TestReadEndsWithItsContext(t *testing.T) {
	m, site := shipped(t, "uci-occupancy")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	var last error
	for _, err := range Read(ctx, strings.NewReader(office(50)), m, Options{Name: "t.csv", Zone: site.Location.Location}) {
		last = err
		if n++; n == 3 {
			cancel()
		}
	}
	if !errors.Is(last, context.Canceled) || n > 5 {
		t.Errorf("ended with %v after %d", last, n)
	}
}

func TestSummary(t *testing.T) {
	var s Summary
	total := func(v float64) *telemetry.Record {
		return &telemetry.Record{Kind: telemetry.KindObservation, Site: "mta", At: 1e18, Observation: telemetry.Observation{Device: "d",
			Readings: []telemetry.Reading{{Quantity: telemetry.PeopleInTotal, Value: v}}}}
	}
	for _, v := range []float64{1000, 1010, 1010, 5, 7} { // a baseline, a step, a repetition, a reset
		s.Record(total(v))
	}
	s.Record(&telemetry.Record{Kind: telemetry.KindRejection, Rejection: &telemetry.Rejection{Reason: telemetry.ReasonField}})
	s.Problem(errors.New("t.csv:4: x"))
	if got := s.Sites[0].In; got != 17 {
		t.Errorf("in %v, want 10 + 5 + 2", got)
	}
	var b strings.Builder
	if err := s.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"5 stored with 5 readings", "1 rejected", "rejected as field: 1", "site mta: in 17, out 0", "t.csv:4: x"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("got\n%s\nwant …%s…", b.String(), want)
		}
	}
}

// FuzzRead asserts that any table gives only messages with possible times and devices, and problems with a line; that it
// does so twice alike; and that it ends.
func FuzzRead(f *testing.F) {
	m := &Mapping{
		Title: "T", Site: "s", Columns: []string{"d", "t", "k", "v"}, Repeat: &Repeat{Fixed: 1, Width: 3},
		Time:   Time{Columns: []string{"t"}, Layouts: []string{"2006-01-02 15:04", "rfc3339"}},
		Device: Device{Columns: []string{"d"}},
		Values: []Value{{Column: "v", Quantity: telemetry.PeopleIn, When: map[string][]string{"k": {"in"}}}, {Column: "v", Quantity: telemetry.CO2, When: map[string][]string{"k": {"co2"}}}},
	}
	f.Add("a,2022-07-05 08:00,in,3,2022-07-05 08:00,co2,412\n")
	f.Add("\"a\nb\",2022-07-05T08:00:00Z,in,1e400\n\"x")
	f.Add("ä ,2022-07-05 08:00,in,0x10\n,,,\n")
	f.Fuzz(func(t *testing.T, table string) {
		o := Options{Name: "t", Zone: time.UTC, Shuffle: time.Hour, Seed: 1}
		collect := func() (all []string) {
			for msg, err := range Read(t.Context(), strings.NewReader(table), m, o) {
				var row *RowError
				switch {
				case err == nil:
					device, _ := strings.CutPrefix(msg.Topic, "gerbang/v1/s/")
					if device == "" || device != deviceID(device) || msg.Received <= 0 {
						t.Fatalf("got %s at %v", msg.Topic, msg.Received)
					}
					all = append(all, msg.Topic+string(msg.Payload))
				case errors.As(err, &row) && row.Line > 0:
					all = append(all, err.Error())
				default:
					t.Fatalf("%q: %v", table, err)
				}
			}
			return all
		}
		if a, b := collect(), collect(); !slices.Equal(a, b) {
			t.Fatalf("got %q, then %q", a, b)
		}
	})
}
