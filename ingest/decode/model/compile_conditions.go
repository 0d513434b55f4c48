package model

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// filter compiles a When.
func (c *Compiler) filter(at string, def *When) document.Filter {
	return document.Filter{Process: c.conditions(at+".process", def.Process), Ignore: c.conditions(at+".ignore", def.Ignore)}
}

func (c *Compiler) conditions(at string, defs []Condition) []document.Condition {
	var ready []document.Condition
	for i := range defs {
		def, where := &defs[i], fmt.Sprintf("%s[%d]", at, i)
		cond := document.Condition{Exists: def.Exists, Not: def.Not}
		switch def.Path {
		case "":
			c.Fail(where+".path", errors.New("missing"))
		case "@":
			cond.Self = true
		default:
			cond.Path = c.Path(where+".path", def.Path, true)
		}
		set := 0
		if def.Equals != nil {
			set++
			cond.In = c.literals(where+".equals", []any{def.Equals})
		}
		if def.In != nil {
			set++
			cond.In = c.literals(where+".in", def.In)
		}
		if def.NotIn != nil {
			set++
			cond.NotIn = c.literals(where+".not_in", def.NotIn)
		}
		if def.Like != "" {
			set++
			cond.Like = strings.ToLower(def.Like)
		}
		if def.Exists != nil {
			set++
		}
		if set != 1 {
			c.Fail(where, errors.New("want exactly one of equals, in, not_in, like and exists"))
		}
		c.word(cond.Path)
		ready = append(ready, cond)
	}
	return ready
}

// literals takes texts, numbers and booleans as YAML gives them.
func (c *Compiler) literals(at string, values []any) []document.Literal {
	var ready []document.Literal
	for i, v := range values {
		var l document.Literal
		switch v := v.(type) {
		case string:
			l.Text = v
			// YAML leaves 0xFFFF to its reader.
			if hex, err := strconv.ParseUint(v, 0, 64); err == nil && strings.HasPrefix(v, "0x") {
				l.Number, l.Numeric = float64(hex), true
			}
		case bool:
			l.Text = strconv.FormatBool(v)
		case int, int64, uint64:
			l.Text = fmt.Sprint(v)
			l.Number, l.Numeric = toFloat(v), true
		case float64:
			l.Text = strconv.FormatFloat(v, 'g', -1, 64)
			l.Number, l.Numeric = v, true
		default:
			c.Fail(fmt.Sprintf("%s[%d]", at, i), fmt.Errorf("%v: want a text, number or boolean", v))
		}
		ready = append(ready, l)
	}
	return ready
}

func toFloat(v any) float64 {
	switch v := v.(type) {
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	}
	return 0
}

func (c *Compiler) sample(at string, s *Sample) {
	if s.Name == "" {
		c.Fail(at+".name", errors.New("missing"))
	}
	outcomes := 0
	for _, set := range []bool{len(s.Expect) > 0, s.Ignored, s.Rejected != ""} {
		if set {
			outcomes++
		}
	}
	if outcomes != 1 {
		c.Fail(at, errors.New("want exactly one of expect, ignored and rejected"))
	}
	if s.Refused != "" && (len(s.Expect) == 0 || !slices.Contains(telemetry.Reasons(), s.Refused)) {
		c.Fail(at+".refused", fmt.Errorf("%q: want a reason, beside what is expected", s.Refused))
	}
	if s.Rejected != "" && !slices.Contains(telemetry.Reasons(), s.Rejected) {
		c.Fail(at+".rejected", fmt.Errorf("unknown reason %q", s.Rejected))
	}
	for _, text := range append([]string{s.Received}, expectedTimes(s.Expect)...) {
		if _, err := time.Parse(time.RFC3339, text); text != "" && err != nil {
			c.Fail(at, fmt.Errorf("%q: want RFC 3339", text))
		}
	}
}

func expectedTimes(expected []Expected) []string {
	var all []string
	for _, e := range expected {
		all = append(all, e.At)
	}
	return all
}
