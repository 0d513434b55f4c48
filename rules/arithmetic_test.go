package rules

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// sketch writes a random expression of the given depth about a door or a zone.
type sketch struct {
	random  *rand.Rand
	numbers []string
}

func (s *sketch) pick(of ...string) string { return of[s.random.IntN(len(of))] }

func (s *sketch) number(depth int) string {
	if depth == 0 || s.random.IntN(4) == 0 {
		return s.pick(append(s.numbers, "0.0", "1.0", "2.5", "-3.0", "1e308")...)
	}
	switch s.random.IntN(6) {
	case 0:
		return fmt.Sprintf("(%s ? %s : %s)", s.truth(depth-1), s.number(depth-1), s.number(depth-1))
	case 1:
		return fmt.Sprintf("-(%s)", s.number(depth-1))
	}
	return fmt.Sprintf("(%s %s %s)", s.number(depth-1), s.pick("+", "-", "*", "/"), s.number(depth-1))
}

func (s *sketch) truth(depth int) string {
	if depth == 0 {
		return s.pick("open", "true", "false")
	}
	switch s.random.IntN(5) {
	case 0:
		return fmt.Sprintf("(%s && %s)", s.truth(depth-1), s.truth(depth-1))
	case 1:
		return fmt.Sprintf("(%s || %s)", s.truth(depth-1), s.truth(depth-1))
	case 2:
		return fmt.Sprintf("!(%s)", s.truth(depth-1))
	}
	if s.random.IntN(4) == 0 {
		return fmt.Sprintf("(%s %s %s)", s.number(depth-1), s.pick("<", "<=", ">", ">="), s.pick("0", "5", "-7"))
	}
	return fmt.Sprintf("(%s %s %s)", s.number(depth-1), s.pick("<", "<=", ">", ">=", "==", "!="), s.number(depth-1))
}

// What arithmetic makes of an expression is what CEL makes of it, errors included.
func FuzzArithmetic(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, int64(seed), int64(20), 0.5)
	}
	f.Fuzz(func(t *testing.T, seed uint64, in, screened int64, gauge float64) {
		s := sketch{random: rand.New(rand.NewPCG(seed, 1))}
		kind := SubjectDoor
		j := &expressionJudge{door: &doorState{}}
		s.numbers = []string{"in_today", "out_today", "screened_today", "too_warm_today", "minutes_since_open"}
		if seed%2 == 0 {
			kind = SubjectZone
			j = &expressionJudge{zone: &zoneState{}}
			j.zone.today.in = people(in)
			s.numbers = []string{"in_today", "out_today", "persons", "error", "limit", "co2", "minutes_since_open"}
		} else {
			j.door.today.in, j.door.screened = people(in), uint64(screened)
		}
		a := &activation{judge: j, moment: moment{t: telemetry.Instant(time.Hour), open: seed%3 == 0, limit: gauge}}
		if seed%5 != 0 { // else CEL has no such value
			a.gauge = make([]gauged, telemetry.CO2+1)
			a.gauge[telemetry.CO2] = gauged{v: gauge, ok: true}
		}

		condition := s.truth(4)
		p, err := compileProgram(kind, condition, true)
		if err != nil {
			t.Fatalf("compiling %s: %v", condition, err)
		}
		if p.logical == nil {
			t.Fatalf("%s: got CEL, want closures", condition)
		}
		want, wantErr := p.booleanByCEL(a)
		if got, err := p.boolean(a); got != want || !errors.Is(err, wantErr) {
			t.Errorf("%s with %d, %d, %v: got %v, %v, want %v, %v", condition, in, screened, gauge, got, err, want, wantErr)
		}

		value := s.number(4)
		if p, err = compileProgram(kind, value, false); err != nil {
			t.Fatalf("compiling %s: %v", value, err)
		}
		if p.numeric == nil {
			t.Fatalf("%s: got CEL, want closures", value)
		}
		number, wantErr := p.numberByCEL(a)
		if got, err := p.number(a); math.Float64bits(got) != math.Float64bits(number) || !errors.Is(err, wantErr) {
			t.Errorf("%s with %d, %d, %v: got %v, %v, want %v, %v", value, in, screened, gauge, got, err, number, wantErr)
		}
	})
}

func TestArithmeticLeavesTheRestToCEL(t *testing.T) {
	for _, expr := range []string{
		`level == "75"`, `age_minutes["co2"] > 5.0`, `[1.0, 2.0].exists(x, x > persons)`, `int(persons) % 2 == 0`, `size(level) > 2`,
	} {
		p, err := compileProgram(SubjectZone, expr, true)
		if err != nil {
			t.Fatalf("compiling %s: %v", expr, err)
		}
		if p.logical != nil {
			t.Errorf("%s: got closures, want CEL", expr)
		}
	}
}
