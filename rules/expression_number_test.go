package rules

import "testing"

// The number that is the limit is the one that changes, and no other that looks like it.
func TestALimitWithinAnExpression(t *testing.T) {
	for _, tc := range []struct {
		expr  string
		limit float64
		to    float64
		want  string // empty: only a person can
	}{
		{"persons > 800.0", 800, 750.5, "persons > 750.5"},
		{"persons > 800.0", 800, 750, "persons > 750.0"},
		{"persons>800.0&&open", 800, 750, "persons>750.0&&open"},
		{"co2 > 1800.0 || persons > 800.0", 800, 750, "co2 > 1800.0 || persons > 750.0"},
		{"co2 > 800.05 || persons > 800.0", 800, 750, "co2 > 800.05 || persons > 750.0"},
		{"persons > 8e2", 800, 750, "persons > 750.0"},
		{"persons > 800.0 || co2 > 800.0", 800, 750, ""},
		{"persons > 800.0 || co2 > 8.0e2", 800, 750, ""},
		{"co2 - 800.0 > 0.0 && persons > 800.0", 800, 750, ""},
		{"temperature > -800.0 || persons > 800.0", 800, 750, "temperature > -800.0 || persons > 750.0"},
		{"temperature < -5.0", -5, -7.5, "temperature < -7.5"},
		{"temperature < -5.0", 5, 7, ""},
		{`level == "800.0" && persons > 800.0`, 800, 750, `level == "800.0" && persons > 750.0`},
		{`level == "é" && persons > 800.0`, 800, 750, `level == "é" && persons > 750.0`},
		{"// 800.0\npersons > 800.0", 800, 750, "// 800.0\npersons > 750.0"},
		{"persons > limit", 800, 750, ""},
		{"persons >", 800, 750, ""},
	} {
		p := &Expression{SubjectKind: SubjectSite, Expr: tc.expr, Limit: tc.limit}
		got, ok := p.WithLimit(tc.to)
		if ok != (tc.want != "") || got != tc.want {
			t.Errorf("%s with %v for %v: got %q, %v, want %q", tc.expr, tc.to, tc.limit, got, ok, tc.want)
		}
	}
}
