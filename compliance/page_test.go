package compliance

import (
	"encoding/csv"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// exampleDay is the day of docs/compliance.md.
func exampleDay(t testing.TB) *Input {
	const zone = "Asia/Jakarta"
	at := func(s string) telemetry.Instant { return local(t, zone, "2022-03-28 "+s) }
	change := func(rule, when string, to rules.Verdict, reason rules.Reason) rules.Transition {
		return rules.Transition{Site: "office", Rule: rule, Subject: hall, At: at(when), Told: at(when), To: to, Near: reason == rules.ReasonNear, Idle: reason.Idle(), Explanation: rules.Explanation{Reason: reason}}
	}
	return &Input{
		Site: "office", From: at("00:00:00"), Until: at("00:00:00").Add(24 * time.Hour), Terms: []Term{{1, office(t, zone, nil)}},
		Transitions: []rules.Transition{
			change("crowd", "07:30:00", rules.Within, ""),
			change("crowd", "09:00:00", rules.Breached, ""),
			change("crowd", "09:20:00", rules.Unknown, rules.ReasonNear),
			change("crowd", "09:30:00", rules.Within, ""),
			change("crowd", "11:00:00", rules.Unknown, rules.ReasonSilent),
			change("crowd", "11:30:00", rules.Within, ""),
			change("crowd", "15:55:00", rules.Breached, ""),
			change("crowd", "16:10:00", rules.Within, ""),
		},
		Gaps: []Gap{{at("14:00:00"), at("14:15:00")}},
	}
}

// The lines of docs/compliance.md are those of the day, and give its figures by the page's own arithmetic.
func TestTheExampleOfThePage(t *testing.T) {
	page, err := os.ReadFile("../docs/compliance.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "```csv\n")
	text, rest, found := strings.Cut(text, "```")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || !found {
		t.Fatal(err)
	}
	r, err := Compute(exampleDay(t), Total)
	if err != nil {
		t.Fatal(err)
	}
	crowd := &r.Measures[1]
	var open []Piece
	for _, p := range r.Pieces(crowd) {
		if p.Open {
			open = append(open, p)
		}
	}
	if len(open) != len(rows)-1 {
		t.Fatalf("%d intervals, the page has %d", len(open), len(rows)-1)
	}
	sums := map[string]int{}
	for i, row := range rows[1:] {
		from, err := time.Parse(time.RFC3339, row[4])
		seconds, err2 := strconv.Atoi(row[6])
		if p := open[i]; err != nil || err2 != nil || p.From != telemetry.InstantOf(from) || p.Until.Sub(p.From) != time.Duration(seconds)*time.Second || p.State.String() != row[8] || string(p.Reason) != row[9] {
			t.Errorf("line %d of the page is %v, want %v for %v, %s %s", i+1, row, p.From.In(r.Location), p.Until.Sub(p.From), p.State, p.Reason)
		}
		sums[row[8]] += seconds
	}
	observed := sums["within"] + sums["breached"] + sums["near"]
	kept, share := float64(sums["within"])/float64(observed), float64(observed)/float64(observed+sums["unknown"])
	if k, _ := crowd.Times.Kept(); k != kept || r.Figure.Kept != kept {
		t.Errorf("kept %v, by hand %v, the figure %v", k, kept, r.Figure.Kept)
	}
	if s, _ := crowd.Times.Share(); s != share || r.Figure.Observed != share/2 {
		t.Errorf("observed %v, by hand %v, the figure %v", s, share, r.Figure.Observed)
	}
	for _, want := range []string{"**90.6 %**", "**89.2 %**", "44.6 %", "together 25,200"} {
		if !strings.Contains(rest, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}
