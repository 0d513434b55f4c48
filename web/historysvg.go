package web

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// The measures of a drawing, in its own units.
const (
	drawWide = 960.0
	drawHigh = 240.0
	drawLeft = 40.0 // where the numbers stand
	drawFoot = 22.0 // where the times stand
	drawHead = 16.0 // where the marks stand
)

// drawing writes SVG that needs no script and prints: everything it takes is a number, or is escaped.
type drawing struct{ strings.Builder }

func num(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }

// out writes a piece; the arguments are numbers or texts that are escaped already.
func (d *drawing) out(format string, args ...any) { fmt.Fprintf(&d.Builder, format, args...) }

func (d *drawing) html() template.HTML { return template.HTML(d.String()) } //nolint:gosec // made of numbers and escaped texts

// mark is something that happened at a moment of a day.
type mark struct {
	at          telemetry.Instant
	class, text string
	link        string // empty: none
}

// axis turns times and people into places.
type axis struct {
	from, until telemetry.Instant
	top         float64
}

func (a axis) x(t telemetry.Instant) float64 {
	return drawLeft + (drawWide-drawLeft)*float64(t-a.from)/float64(a.until-a.from)
}

func (a axis) y(persons float64) float64 {
	return drawHead + (drawHigh-drawHead-drawFoot)*(1-min(persons, a.top)/a.top)
}

// farLimit is how many times the people a limit may be and still be drawn: an axis up to a far one would lay the people flat.
const farLimit = 4

// topOf is a round number above all that is drawn: the people, and the limits that are not far above them.
func topOf(days ...*day) float64 {
	people, limits := 4.0, []float64{}
	for _, d := range days {
		if d == nil {
			continue
		}
		for _, s := range d.samples {
			if s.Known {
				people = max(people, s.High, s.Persons)
			}
			if s.HasLimit {
				limits = append(limits, s.Limit)
			}
		}
		if d.peak != nil {
			people = max(people, d.peak.High, d.peak.Persons)
		}
	}
	top := people
	for _, limit := range limits {
		if limit <= farLimit*people {
			top = max(top, limit)
		}
	}
	step := math.Pow(10, math.Floor(math.Log10(top)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if m*step >= top*1.05 {
			return m * step
		}
	}
	return 10 * step
}

// dayDrawing draws the people of a day: what was known as a band, the limit as steps, what nobody knew hatched. other, if there is one, is another day
// on the same axis, as a line.
func (t *scene) dayDrawing(d, other *day, until telemetry.Instant, open []openTime, marks []mark, label string) template.HTML {
	a := axis{d.from, until, topOf(d, other)}
	var g drawing
	g.out(`<svg class="past" viewBox="0 0 %s %s" role="group" aria-label="%s">`, num(drawWide), num(drawHigh), html.EscapeString(label))
	g.out(`<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatch" x1="0" y1="0" x2="0" y2="7"/></pattern></defs>`)
	for _, o := range open {
		from, to := max(o.from, a.from), min(o.until, until)
		if from < to {
			g.out(`<rect class="open" x="%s" y="%s" width="%s" height="%s"/>`, num(a.x(from)), num(drawHead), num(a.x(to)-a.x(from)), num(drawHigh-drawHead-drawFoot))
		}
	}
	for i := range 3 {
		v := a.top * float64(i) / 2
		g.out(`<line class="grid" x1="%s" x2="%s" y1="%s" y2="%s"/><text class="axis" x="%s" y="%s" text-anchor="end">%s</text>`, num(drawLeft), num(drawWide), num(a.y(v)), num(a.y(v)), num(drawLeft-6), num(a.y(v)+4), t.Number(v, 1))
	}
	t.times(&g, a)
	known := d.runs(d.from)
	for i := range known {
		known[i] = drawn(known[i], until.Sub(a.from))
	}
	at := d.from
	gap := func(until telemetry.Instant) {
		if until > at {
			g.out(`<rect class="unknown" x="%s" y="%s" width="%s" height="%s" fill="url(#hatch)"><title>%s</title></rect>`, num(a.x(at)), num(drawHead), num(a.x(until)-a.x(at)), num(drawHigh-drawHead-drawFoot), html.EscapeString(t.T("past.unknown")))
		}
	}
	for _, r := range known {
		gap(r.samples[0].At)
		at = r.end
		g.band(a, r)
	}
	gap(d.end)
	if other != nil {
		shift := d.from - other.from
		for _, r := range other.runs(other.from) {
			for i := range r.samples {
				r.samples[i].At += shift
			}
			r.end = min(r.end+shift, until)
			g.line(a, drawn(r, until.Sub(a.from)), "compared")
		}
	}
	for _, r := range known {
		g.line(a, r, "line")
	}
	if above := g.limits(a, d, until); above > 0 {
		g.out(`<text class="axis" x="%s" y="%s" text-anchor="end">%s</text>`, num(drawWide-2), num(drawHead+13), html.EscapeString(t.T("past.limit_above", "Limit", t.Number(above, 0))))
	}
	if p := d.peak; p != nil {
		g.out(`<circle class="peak" cx="%s" cy="%s" r="4"/><text class="peaktext" x="%s" y="%s" text-anchor="%s">%s</text>`, num(a.x(p.At)), num(a.y(p.Persons)), num(a.x(p.At)+map[bool]float64{true: 8, false: -8}[a.x(p.At) < drawWide*.8]), num(a.y(p.Persons)-4),
			map[bool]string{true: "start", false: "end"}[a.x(p.At) < drawWide*.8], t.Number(p.Persons, 0))
	}
	for _, m := range marks {
		if m.at < a.from || m.at >= until {
			continue
		}
		shape := fmt.Sprintf(`<path class="mark %s" d="M%s 2l6 11h-12z"><title>%s</title></path>`, m.class, num(a.x(m.at)), html.EscapeString(m.text))
		switch m.class {
		case "task":
			shape = fmt.Sprintf(`<circle class="mark task" cx="%s" cy="8" r="5"><title>%s</title></circle>`, num(a.x(m.at)), html.EscapeString(m.text))
		case "count":
			shape = fmt.Sprintf(`<rect class="mark count" x="%s" y="3" width="10" height="10"><title>%s</title></rect>`, num(a.x(m.at)-5), html.EscapeString(m.text))
		case "change":
			shape = fmt.Sprintf(`<path class="mark change" d="M%s 1l6 7l-6 7l-6 -7z"><title>%s</title></path>`, num(a.x(m.at)), html.EscapeString(m.text))
		}
		if m.link != "" {
			shape = fmt.Sprintf(`<a href="%s" aria-label="%s">%s</a>`, html.EscapeString(m.link), html.EscapeString(m.text), shape)
		}
		g.WriteString(shape)
	}
	g.WriteString(`</svg>`)
	return g.html()
}

// times writes the times below: each third hour of a day, each ten minutes of an hour.
func (t *scene) times(g *drawing, a axis) {
	step := 3 * time.Hour
	if a.until.Sub(a.from) <= time.Hour {
		step = 10 * time.Minute
	}
	for at := a.from; at < a.until; at = at.Add(step) {
		g.out(`<text class="axis" x="%s" y="%s">%s</text>`, num(a.x(at)+2), num(drawHigh-6), at.In(t.loc).Format(t.clock))
	}
}

// band is the interval of a run, as steps.
func (d *drawing) band(a axis, r run) {
	var over, back []string
	for i, s := range r.samples {
		end := r.end
		if i+1 < len(r.samples) {
			end = r.samples[i+1].At
		}
		over = append(over, num(a.x(s.At))+","+num(a.y(s.High)), num(a.x(end))+","+num(a.y(s.High)))
		back = append(back, num(a.x(s.At))+","+num(a.y(s.Low)), num(a.x(end))+","+num(a.y(s.Low)))
	}
	for i := len(back) - 1; i > 0; i -= 2 {
		over = append(over, back[i], back[i-1])
	}
	d.out(`<polygon class="band" points="%s"/>`, strings.Join(over, " "))
}

func (d *drawing) line(a axis, r run, class string) {
	var p []string
	for i, s := range r.samples {
		end := r.end
		if i+1 < len(r.samples) {
			end = r.samples[i+1].At
		}
		p = append(p, num(a.x(s.At))+","+num(a.y(s.Persons)), num(a.x(end))+","+num(a.y(s.Persons)))
	}
	d.out(`<polyline class="%s" points="%s"/>`, class, strings.Join(p, " "))
}

// limits draws the limit, which holds whether or not anybody knows the people. above is the last one that the axis does not reach; 0: none.
func (d *drawing) limits(a axis, of *day, until telemetry.Instant) (above float64) {
	all := of.limits(of.from)
	for i, s := range all {
		if !s.HasLimit {
			continue
		}
		end := until
		if i+1 < len(all) {
			end = all[i+1].At
		}
		if s.Limit > a.top {
			above = s.Limit
			continue
		}
		d.out(`<line class="limit" x1="%s" x2="%s" y1="%s" y2="%s"/>`, num(a.x(max(s.At, a.from))), num(a.x(end)), num(a.y(s.Limit)), num(a.y(s.Limit)))
	}
	return above
}

// openTime is a time in which the building was open.
type openTime struct{ from, until telemetry.Instant }

// ribbon draws the states of a rule over a time: colour, and hatching for what nobody knew.
func ribbon(pieces []ribbonPiece, from, until telemetry.Instant, label string) template.HTML {
	var g drawing
	a := axis{from, until, 1}
	g.out(`<svg class="ribbon" viewBox="%s 0 %s 18" preserveAspectRatio="none" role="img" aria-label="%s">`, num(drawLeft), num(drawWide-drawLeft), html.EscapeString(label))
	for _, p := range pieces {
		b, e := max(p.from, from), min(p.until, until)
		if b < e {
			g.out(`<rect class="%s" x="%s" y="0" width="%s" height="18"><title>%s</title></rect>`, p.class, num(a.x(b)), num(max(a.x(e)-a.x(b), .8)), html.EscapeString(p.text))
		}
	}
	g.WriteString(`</svg>`)
	return g.html()
}

type ribbonPiece struct {
	from, until telemetry.Instant
	class, text string
}

// shadeOf is how full a stretch was, as a class: of its limit, or of the greatest number around where there is none.
func shadeOf(s *stretch, most float64) string {
	switch {
	case s.long() == 0:
		return "none"
	case s.known == 0 || !s.peak.Known:
		return "unknown"
	}
	full := most
	if s.peak.HasLimit {
		full = s.peak.Limit
		if s.over > 0 { // a peak whose interval reaches over the limit was not too many: nobody can tell
			return "over"
		}
	}
	if s.peak.Persons <= 0 || full <= 0 {
		return "s0"
	}
	return "s" + strconv.Itoa(min(5, 1+int(5*s.peak.Persons/full-1e-9)))
}

// partly reports whether nobody knew for much of a stretch.
func partly(s *stretch) bool { return s.known > 0 && s.known < s.long()*9/10 }

// mostOf is the greatest peak of some stretches.
func mostOf(all []stretch) float64 {
	most := 1.0
	for i := range all {
		if all[i].peak.Known {
			most = max(most, all[i].peak.Persons)
		}
	}
	return most
}

func peakText(t *scene, p *rules.Sample) string {
	if p.Low != p.High {
		return t.Number(p.Persons, 0) + " (" + t.Number(p.Low, 0) + "–" + t.Number(p.High, 0) + ")"
	}
	return t.Number(p.Persons, 0)
}

// fine is into how many steps a day is drawn: more would not be seen, and would be a heavy page.
const fine = 320

// drawn leaves of a run what can be seen: of each step the last number, and the widest interval.
func drawn(r run, span time.Duration) run {
	step := telemetry.Instant(span / fine)
	if step <= 0 || len(r.samples) < fine/2 {
		return r
	}
	var all []rules.Sample
	slot := telemetry.Instant(-1)
	for _, s := range r.samples {
		if n := len(all); n > 0 && s.At/step == slot {
			all[n-1].Persons, all[n-1].Low, all[n-1].High = s.Persons, min(all[n-1].Low, s.Low), max(all[n-1].High, s.High)
			continue
		}
		slot = s.At / step
		all = append(all, s)
	}
	r.samples = all
	return r
}
