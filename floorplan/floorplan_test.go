package floorplan

import (
	"math"
	"slices"
	"strings"
	"testing"
)

const head = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" viewBox="0 0 200 100">`

func drawn(t *testing.T, inner string) (*Plan, string) {
	t.Helper()
	p, err := Parse([]byte(head + inner + "</svg>"))
	if err != nil {
		t.Fatal(err)
	}
	return p, p.Draw(nil)
}

// What a program writes is drawn as it is meant, and written anew.
func TestPlanIsWrittenAnew(t *testing.T) {
	for _, x := range []struct{ in, out string }{
		{`<rect id="hall" x="10" y="20.50" width="30px" height="40"/>`, `<rect height="40" width="30" x="10" y="20.5"></rect>`},
		{`<path d="m 1,2 3,4 h5v-6 c 1 1 2 2 3 3 z"/>`, `<path d="m1 2l3 4h5v-6c1 1 2 2 3 3z"></path>`},
		{`<path d="M0 0a5 5 0 016,7"/>`, `<path d="M0 0a5 5 0 0 1 6 7"></path>`},
		{`<circle cx="5" cy="5" r="2" style="fill:#c83737;stroke-width:.5px;-inkscape-font-specification:x"/>`, `<circle cx="5" cy="5" fill="#c83737" r="2" stroke-width="0.5"></circle>`},
		{`<g transform="translate(10,20) scale(2)"><line x1="0" y1="0" x2="1" y2="1" stroke="#222"/></g>`,
			`<g transform="matrix(2 0 0 2 10 20)"><line class="s-ink" x1="0" x2="1" y1="0" y2="1"></line></g>`},
		{`<polygon points="0,0 10,0 10,10"/>`, `<polygon points="0 0 10 0 10 10"></polygon>`},
		{`<text x="1" y="2" font-size="4px">Loket <tspan dy="3" font-weight="bold">1 &amp; 2</tspan></text>`, `<text font-size="4" x="1" y="2">Loket <tspan dy="3" font-weight="bold">1 &amp; 2</tspan></text>`},
		{`<rect width="1" height="1" style="display:none"/><rect width="2" height="2"/>`, `<rect height="2" width="2"></rect>`},
		{`<a xlink:href="https://example.org/"><rect width="2" height="2"/></a>`, `<g><rect height="2" width="2"></rect></g>`},
	} {
		if _, got := drawn(t, x.in); got != x.out {
			t.Errorf("%s\n got %s\nwant %s", x.in, got, x.out)
		}
	}
}

// hostile are files that want more than to be drawn.
var hostile = []string{
	`<script>alert(1)</script>`, `<rect width="9" height="9" onload="alert(1)" onclick="alert(2)"/>`, `<a href="javascript:alert(1)" xlink:href="javascript:alert(1)"><rect width="9" height="9"/></a>`,
	`<foreignObject width="9" height="9"><body xmlns="http://www.w3.org/1999/xhtml"><iframe src="https://example.org/"/></body></foreignObject>`,
	`<image href="https://example.org/x.png" width="9" height="9"/>`, `<use href="https://example.org/x.svg#a"/>`, `<style>@import url(https://example.org/x.css);</style>`,
	`<rect width="9" height="9" style="fill:url(https://example.org/#p);background:url(javascript:alert(1))"/>`, `<rect width="9" height="9" fill="url(#a)" filter="url(#b)" class="x" style="behavior:url(x)"/>`,
	`<animate attributeName="href" values="javascript:alert(1)"/>`, `<set attributeName="onmouseover" to="alert(1)"/>`, `<text>&lt;script&gt;alert(1)&lt;/script&gt;</text>`,
	`<h:script xmlns:h="http://www.w3.org/1999/xhtml">alert(1)</h:script>`, `<rect width="9&#34; onload=&#34;alert(1)" height="9"/>`, `<path d="M0 0&#34; onload=&#34;alert(1)"/>`,
	`<rect fill="red&#34; onload=&#34;alert(1)" width="9" height="9"/>`, `<g transform="matrix(1 0 0 1 0 0)&#34; onload=&#34;alert(1)"><rect width="9" height="9"/></g>`,
	`<rect id="&#34;&gt;&lt;script&gt;" width="9" height="9"/>`, `<![CDATA[<script>alert(1)</script>]]>`, `<?xml-stylesheet href="https://example.org/x.css"?>`, `<switch><script/></switch>`,
}

// A drawing cannot do anything: of each of these nothing is left but shapes.
func TestHostilePlansAreInert(t *testing.T) {
	for _, inner := range hostile {
		_, out := drawn(t, inner+`<circle r="3"/>`)
		if bad := harm(out); bad != "" {
			t.Errorf("%s\n got %s, which has %q", inner, out, bad)
		}
		if !strings.Contains(out, `<circle r="3">`) {
			t.Errorf("%s: what stands beside it is not drawn: %s", inner, out)
		}
	}
	// A name of a site's file is a text of somebody, too.
	p, _ := drawn(t, `<rect id="hall" width="9" height="9"/><g id="room"><rect width="5" height="5"/></g>`)
	evil := `"><script>alert(1)</script>`
	out := p.Draw(func(string) (Mark, bool) { return Mark{Class: evil, Pattern: evil, To: evil, Words: evil}, true })
	if bad := harm(out); bad != "" {
		t.Errorf("names: got %s, which has %q", out, bad)
	}
}

// harm is what must not be in a drawing; empty: nothing of it is.
func harm(out string) string {
	for _, bad := range []string{"<script", "javascript:", "<foreign", "<image", "<use", "<style", "<iframe", "<animate", "<set", "xlink", "https:", " style=", "<!", "<?"} {
		if strings.Contains(strings.ToLower(out), bad) {
			return bad
		}
	}
	for tag := range strings.SplitSeq(out, "<") {
		inside, _, _ := strings.Cut(tag, ">")
		quoted := false
		for i := 0; i < len(inside); i++ {
			if inside[i] == '"' {
				quoted = !quoted
			}
			if !quoted && strings.HasPrefix(inside[i:], " on") {
				return inside[i:]
			}
		}
	}
	return ""
}

// What cannot be drawn is told, so that nobody wonders where it went.
func TestPlanTellsWhatIsLeftOut(t *testing.T) {
	p, _ := drawn(t, `<image/><style/><rect fill="url(#a)" onclick="x" width="10%" height="3"/><title>x</title><defs/><inkscape:grid/><path d="Q"/><rect fill="chartreuse" width="1" height="1"/>`)
	for _, want := range []string{"<image>", "<style>", "patterns and gradients", "on events", `width="10%" of <rect>`, "a path that is none", `colour "chartreuse"`} {
		if !slices.ContainsFunc(p.LeftOut, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("left out: got %q, want one with %q", p.LeftOut, want)
		}
	}
	if len(p.LeftOut) != 7 {
		t.Errorf("left out: got %q, want seven", p.LeftOut)
	}
}

func TestPlanThatIsNone(t *testing.T) {
	deep := strings.Repeat("<g>", MaxDepth+1) + strings.Repeat("</g>", MaxDepth+1)
	for text, want := range map[string]string{
		"": "nothing is drawn", "<html></html>": "want <svg>", `<svg viewBox="0 0 9 9"><g>`: "line 1: it is no XML", "\xff": "no UTF-8", `<svg><g/></svg>`: "the size of the drawing",
		`<svg viewBox="0 0 1000 1"></svg>`: "the size", head + deep + "</svg>": "deep", head + strings.Repeat("<g/>", MaxElements) + "</svg>": "elements",
		head + strings.Repeat(`<text>`+strings.Repeat("&amp;", 100)+`</text>`, 300) + "</svg>": "want at most 65536", strings.Repeat(" ", MaxFile+1): "want at most 262144",
		`<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>` + head + "<text>&b;</text></svg>": "it is no XML",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: got %v, want an error with %q", text, err, want)
		}
	}
}

// A named element looks as the page says, and words stand where there is room for them.
func TestPlanMarksWhatIsNamed(t *testing.T) {
	p, _ := drawn(t, `<rect id="hall" width="9" height="9" fill="#aabbcc" stroke="#000"/><g id="room"><rect width="5" height="5"/><rect width="50" height="40"/></g>
		<g id="wing"><rect width="90" height="90"/><rect id="hall-2" width="5" height="5"/></g><rect id="Zone A" width="1" height="1"/>`)
	if want := []string{"hall", "room", "hall-2", "wing"}; !slices.Equal(p.IDs, want) {
		t.Errorf("ids: got %q, want %q", p.IDs, want)
	}
	out := p.Draw(func(id string) (Mark, bool) {
		return Mark{Class: "zone " + id, Pattern: "p", To: "/zone/" + id, Words: "Aula & " + id}, id != "hall-2"
	})
	for _, want := range []string{
		`<a href="/zone/hall" aria-label="Aula &amp; hall"><title>Aula &amp; hall</title><rect height="9" width="9" class="zone hall"></rect><rect class="pattern" fill="url(#p)" height="9" width="9"></rect></a>`,
		`<a href="/zone/room" aria-label="Aula &amp; room"><title>Aula &amp; room</title><g><rect height="5" width="5"></rect><rect height="40" width="50" class="zone room"></rect>`,
		`<g><rect height="90" width="90" class="zone wing">`, // a link must not lie in a link
	} {
		if !strings.Contains(out, want) {
			t.Errorf("got  %s\nwant %s", out, want)
		}
	}
	// An L: its middle lies outside, the words in its foot.
	l, _ := drawn(t, `<g transform="translate(100 0)"><path id="l" d="M0 0H10V80H80V100H0Z"/></g>`)
	at, ok := l.Spot("l")
	if !ok || math.Abs(at.Y-90) > 5 || at.X < 110 || at.X > 170 || at.Width < 40 || at.Height > 20.1 {
		t.Errorf("the spot of an L: got %+v, %t, want one in its foot", at, ok)
	}
	// Where many places have as much room, it is the middle.
	high, _ := drawn(t, `<rect id="shaft" x="20" width="40" height="90"/>`)
	if at, _ := high.Spot("shaft"); math.Abs(at.X-40) > .1 || math.Abs(at.Y-45) > .1 {
		t.Errorf("the spot of a high room: got %+v, want its middle", at)
	}
	if _, ok := l.Spot("nothing"); ok {
		t.Error("what is not there has a spot")
	}
}

// FuzzPlan feeds anything: a plan is refused, or it is inert and small, and reading what was drawn gives the same.
func FuzzPlan(f *testing.F) {
	for _, inner := range hostile {
		f.Add(head + inner + "</svg>")
	}
	f.Add(head + `<g id="a" transform="rotate(30 1 2) skewX(4)"><path id="b" d="M1 2a3 4 5 0 1 6 7t8 9s1 2 3 4q1 2 3 4Z" style="fill:rgb(1,2,3)"/></g><text>x<tspan>y</tspan></text></svg>`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse([]byte(text))
		if err != nil {
			return
		}
		out := p.Draw(nil)
		if bad := harm(out); bad != "" || len(out) > MaxDrawn {
			t.Fatalf("%d bytes with %q: %s", len(out), bad, out)
		}
		marked := p.Draw(func(id string) (Mark, bool) {
			p.Spot(id)
			return Mark{Class: "zone", Pattern: "p", To: "/x", Words: "x"}, true
		})
		if bad := harm(marked); bad != "" {
			t.Fatalf("marked, it has %q: %s", bad, marked)
		}
		again, err := Parse([]byte(`<svg viewBox="0 0 9 9">` + out + "</svg>"))
		if err != nil {
			t.Fatalf("what was drawn cannot be read: %v\n%s", err, out)
		}
		if len(again.LeftOut) > 0 {
			t.Fatalf("what was drawn is left out: %q\n%s", again.LeftOut, out)
		}
	})
}
