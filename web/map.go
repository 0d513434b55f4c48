package web

import (
	"cmp"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/rules"
)

const (
	// maxBox bounds the text of an extent in an address, in bytes.
	maxBox = 80
	// clusterAt is how near two marks may be in the drawing before they are one.
	clusterAt = 27
	// mapRows is how many sites stand beside the map.
	mapRows = 50
	// mapLabels is how many marks may have their name beside them.
	mapLabels = 40
)

// mapPage shows where the sites are. It asks no server but this one for the land.
type mapPage struct {
	livePage
	Views fleetViews
}

func (s *Server) fleetMap(w http.ResponseWriter, r *http.Request) error {
	lang := s.tongues.choose(r)
	what := s.topicOf("map", r, callerOf(r.Context()))
	if _, ok := extentOf(what.box); what.box != "" && !ok {
		return misasked("box", what.box, "choose")
	}
	chunks, err := s.compose(what)
	if err != nil {
		return err
	}
	p := mapPage{livePage{s.frame(r, lang, lang.T("map.title")), join(chunks)}, s.fleetViews(r, "map", s.viewsFor(r.Context(), accounts.See))}
	p.Live = what.path()
	return s.render(w, http.StatusOK, lang, "map", p)
}

// mapLand is what lies below the marks.
type mapLand struct {
	Width, Height string
	Land, Grid    string
}

// mapMarks are the sites in the drawing.
type mapMarks struct {
	Width, Height string
	Marks         []mapMark
}

// mapMark is a site, or several that lie close together.
type mapMark struct {
	X, Y, R   string
	Class     string
	Icon      string
	IconX     string // corner of the icon
	IconY     string
	IconSize  string
	Count     string // of several: how many
	CountX    string
	To        string
	Words     string // what it says aloud
	Label     string // beside it; empty: no room for it
	LabelX    string
	LabelY    string
	LabelFrom string // how it stands to its place: a class; empty: it begins there

	x, y  float64
	sites []standingSite
}

// mapList are the sites beside the map.
type mapList struct {
	Rows    []mapRow
	More    int    // that are not listed
	List    string // where all of them are
	Nowhere int    // that do not say where they lie
	Whole   string // the whole map; empty: it is shown
}

type mapRow struct {
	Name, Place, To string
	Chip            chip
}

// composeMap draws the sites of a part, as far as they say where they lie.
func (s *Server) composeMap(c *composer, what topic) {
	p, views := what.part, s.opts.Live.Views()
	if what.sites != "" {
		views = slices.DeleteFunc(views, func(v rules.View) bool { return !listed(what.sites, v.Site) })
	}
	all := standingsOf(views, s.opts.Now())
	c.add("map-states", "map-states", statesOf(all, p, "/map"))
	box, boxed := extentOf(what.box)
	var shown []standingSite
	list := mapList{List: "/" + p.query("?")}
	if boxed || p.narrowed() {
		list.Whole = "/map"
	}
	first, around := true, extent{}
	for i := range all {
		v := all[i].view
		switch {
		case !p.fits(&all[i]):
		case !located(v):
			list.Nowhere++
		case boxed && !(extent{v.Longitude, v.Latitude, v.Longitude, v.Latitude}).within(box):
		default:
			if first {
				around, first = extent{v.Longitude, v.Latitude, v.Longitude, v.Latitude}, false
			}
			around = around.with(v.Longitude, v.Latitude)
			shown = append(shown, all[i])
		}
	}
	if first {
		around = landKnown
	}
	slices.SortStableFunc(shown, func(a, b standingSite) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.gravity, b.gravity), cmp.Compare(a.view.Name, b.view.Name))
	})
	to := projected(around.around(.12, .3))
	width, height := tenth(to.width), tenth(to.height)
	c.add("", "map-open", nil)
	c.add("map-land", "map-land", mapLand{width, height, to.outlines(), to.grid()})
	marks := clusters(&to, shown)
	name(c.lang, &to, marks, p)
	c.add("map-marks", "map-marks", mapMarks{width, height, marks})
	c.add("", "map-between", nil)
	for i := range shown[:min(len(shown), mapRows)] {
		x := &shown[i]
		list.Rows = append(list.Rows, mapRow{x.view.Name, placeOf(x.view, p.region != ""), "/site/" + x.view.Site, s.standingChip(c.lang, x)})
	}
	list.More = len(shown) - len(list.Rows)
	c.add("map-list", "map-list", list)
	c.add("", "map-close", nil)
}

// standingChip is how a site looks where several are listed.
func (s *Server) standingChip(t *tongue, x *standingSite) chip {
	if x.rank == rankSilent {
		return chip{Class: "silent", Icon: "dead", Word: t.T("overview.silent_chip")}
	}
	return t.siteChip(x.view)
}

// clusters puts sites that would cover each other into one mark, which looks like the worst of them.
func clusters(to *projection, sites []standingSite) (marks []mapMark) {
	for i := range sites {
		x, y := to.at(sites[i].view.Longitude, sites[i].view.Latitude)
		k := slices.IndexFunc(marks, func(m mapMark) bool { return math.Hypot(m.x-x, m.y-y) < clusterAt })
		if k < 0 {
			marks = append(marks, mapMark{x: x, y: y})
			k = len(marks) - 1
		}
		marks[k].sites = append(marks[k].sites, sites[i])
	}
	return marks
}

// name says what each mark is, and where it leads: a site to its page, several to a map of them.
func name(t *tongue, to *projection, marks []mapMark, p part) {
	var taken [][4]float64
	free := func(x, y, w float64) bool {
		box := [4]float64{x, y - 8, x + w, y + 8}
		meets := func(o [4]float64) bool { return box[0] < o[2] && o[0] < box[2] && box[1] < o[3] && o[1] < box[3] }
		return x >= 0 && x+w <= to.width && y > 10 && y < to.height-10 && !slices.ContainsFunc(taken, meets)
	}
	for i := range marks {
		taken = append(taken, [4]float64{marks[i].x - 15, marks[i].y - 15, marks[i].x + 15, marks[i].y + 15})
	}
	labels := 0
	for i := range marks {
		m := &marks[i]
		worst := &m.sites[0]
		m.Class = siteStates[worst.rank]
		r := 12.
		m.Words = worst.view.Name + ": " + t.T("overview."+m.Class)
		m.To, m.Icon = "/site/"+worst.view.Site, chipIcon(m.Class)
		if n := len(m.sites); n > 1 {
			r = min(12+3*math.Log10(float64(n))*2, 24)
			m.Count, m.Icon, m.To = strconv.Itoa(n), "", boxAround(m.sites, p)
			m.Words = t.T("map.cluster", "Count", n, "Worst", strconv.Itoa(countOf(m.sites, worst.rank))+" "+t.T("overview."+m.Class))
		}
		m.X, m.Y, m.R = tenth(m.x), tenth(m.y), tenth(r)
		m.IconX, m.IconY, m.IconSize = tenth(m.x-8), tenth(m.y-8), "16"
		m.CountX = tenth(m.x)
		if text := worst.view.Name; m.Count == "" && labels < mapLabels {
			w := 7.4 * float64(len([]rune(text)))
			for _, at := range []struct {
				x, y, left float64
				from       string
			}{{m.x + r + 5, m.y, 0, ""}, {m.x - r - 5, m.y, w, "ends"}, {m.x, m.y + r + 12, w / 2, "middle"}, {m.x, m.y - r - 12, w / 2, "middle"}} {
				if free(at.x-at.left, at.y, w) {
					m.Label, m.LabelX, m.LabelY, m.LabelFrom = text, tenth(at.x), tenth(at.y), at.from
					taken = append(taken, [4]float64{at.x - at.left, at.y - 8, at.x - at.left + w, at.y + 8})
					break
				}
			}
			if m.Label != "" {
				labels++
			}
		}
	}
	// Those that need somebody are drawn last, above the others.
	slices.Reverse(marks)
}

func countOf(sites []standingSite, rank int) (n int) {
	for i := range sites {
		if sites[i].rank == rank {
			n++
		}
	}
	return n
}

// boxAround is the address of a map of some sites.
func boxAround(sites []standingSite, p part) string {
	v := sites[0].view
	e := extent{v.Longitude, v.Latitude, v.Longitude, v.Latitude}
	for i := range sites {
		e = e.with(sites[i].view.Longitude, sites[i].view.Latitude)
	}
	e = e.around(0, .02)
	mark := "?"
	address := "/map" + p.first(func(*part) {}).query("?")
	if strings.Contains(address, "?") {
		mark = "&"
	}
	return address + mark + "box=" + e.text()
}

// text is an extent as an address has it.
func (e extent) text() string {
	var words []string
	for _, v := range []float64{e.west, e.south, e.east, e.north} {
		words = append(words, strconv.FormatFloat(v, 'f', 3, 64))
	}
	return strings.Join(words, ",")
}

// extentOf reads what text writes; false: it is none.
func extentOf(text string) (e extent, ok bool) {
	words := strings.Split(text, ",")
	if len(words) != 4 {
		return e, false
	}
	for i, to := range []*float64{&e.west, &e.south, &e.east, &e.north} {
		v, err := strconv.ParseFloat(words[i], 64)
		if err != nil || math.IsNaN(v) || math.Abs(v) > 180 {
			return extent{}, false
		}
		*to = v
	}
	return e, e.west < e.east && e.south < e.north && e.south >= -90 && e.north <= 90
}
