package web

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// protocolCard is a protocol as the page of a site tells of it.
type protocolCard struct {
	Title  string
	Basis  string // authority and legal number
	Source string // where it can be read; empty: not said
	Valid  string
	Area   string
	Levels []levelWord
	Coming bool // it begins later
}

// levelWord is a level with its share of the full limits.
type levelWord struct {
	Word string
	Now  bool
}

// protocolCards are the protocols in force, then those that begin later.
func protocolCards(sc *scene) []protocolCard {
	cards := make([]protocolCard, 0, len(sc.view.InForce)+len(sc.view.Coming))
	for i := range sc.view.InForce {
		cards = append(cards, protocolCardOf(sc, &sc.view.InForce[i], false))
	}
	for i := range sc.view.Coming {
		cards = append(cards, protocolCardOf(sc, &sc.view.Coming[i], true))
	}
	return cards
}

func protocolCardOf(sc *scene, p *rules.ProtocolView, coming bool) protocolCard {
	c := protocolCard{Title: sc.protocolTitle(p), Source: p.Source, Area: strings.Join(p.Area, ", "), Coming: coming}
	c.Basis = strings.Join(slices.DeleteFunc([]string{sc.note(p.Authority), p.Legal}, func(s string) bool { return s == "" }), " · ")
	from, until := sc.turn(p.From), sc.turn(p.Until)
	switch {
	case p.From == 0 && p.Until == 0:
		c.Valid = sc.T("protocols.always")
	case p.Until == 0 && coming:
		c.Valid = sc.T("protocols.begins", "From", from)
	case p.Until == 0:
		c.Valid = sc.T("protocols.from", "From", from)
	case p.From == 0:
		c.Valid = sc.T("protocols.until", "Until", until)
	default:
		c.Valid = sc.T("protocols.between", "From", from, "Until", until)
	}
	for _, level := range slices.SortedFunc(maps.Keys(p.Levels), func(a, b string) int {
		return cmp.Or(cmp.Compare(p.Levels[b], p.Levels[a]), cmp.Compare(a, b))
	}) {
		word := cmp.Or(sc.note(p.LevelNames[level]), level)
		c.Levels = append(c.Levels, levelWord{
			Word: sc.T("protocols.level", "Level", word, "Share", sc.Number(100*p.Levels[level], 0)), Now: level == sc.view.Level && !coming,
		})
	}
	return c
}

// protocolTitle is what people call a protocol.
func (t *tongue) protocolTitle(p *rules.ProtocolView) string {
	return cmp.Or(t.note(p.Titles), p.Title)
}

// turn writes when a protocol begins or ends: a day, and the time where it is not midnight.
func (t *scene) turn(at telemetry.Instant) string {
	if at == 0 {
		return ""
	}
	local := at.In(t.loc)
	if midnight := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, t.loc); local.Equal(midnight) {
		return t.Date(local)
	}
	return t.Date(local) + " " + local.Format(t.clock)
}

// levelName is what people call the level now; empty: none is chosen.
func (t *scene) levelName() string {
	if name := t.note(t.view.LevelName); name != "" || t.view.Level == "" {
		return name
	}
	return t.T("site.level", "Level", t.view.Level)
}

// protocolTitles are what is in force, in one line.
func (t *scene) protocolTitles() string {
	if len(t.view.InForce) == 0 {
		return strings.Join(t.view.Protocols, " · ")
	}
	titles := make([]string, len(t.view.InForce))
	for i := range t.view.InForce {
		titles[i] = t.protocolTitle(&t.view.InForce[i])
	}
	return strings.Join(titles, " · ")
}

// apiWords are a text by language; under an empty language one that is the same in all.
type apiWords map[string]string

type apiProtocol struct {
	ID        string              `json:"id" example:"kmk-382-2020"`
	Title     string              `json:"title" example:"Protokol kesehatan di tempat dan fasilitas umum"`
	Titles    apiWords            `json:"titles,omitempty" doc:"The title by language, where there are several"`
	Authority apiWords            `json:"authority,omitempty" doc:"Who issued it, by language; under an empty language the same for all"`
	Legal     string              `json:"legal,omitempty" example:"KMK HK.01.07/MENKES/382/2020"`
	Source    string              `json:"source,omitempty" doc:"Where the regulation can be read"`
	Area      []string            `json:"area,omitempty" doc:"Countries (ISO 3166-1), provinces (ISO 3166-2) or places in them where it applies; absent: anywhere"`
	From      time.Time           `json:"from,omitzero" doc:"Its first moment; absent: it has always been in force"`
	Until     time.Time           `json:"until,omitzero" doc:"The first moment after it; absent: it has no end"`
	Levels    map[string]float64  `json:"levels,omitempty" doc:"Shares of the full limits, by level"`
	Names     map[string]apiWords `json:"level_names,omitempty" doc:"What people call the levels, by level and language"`
}

func apiProtocolsOf(all []rules.ProtocolView) []apiProtocol {
	list := make([]apiProtocol, 0, len(all))
	for i := range all {
		p := &all[i]
		a := apiProtocol{
			ID: p.ID, Title: p.Title, Titles: p.Titles, Authority: p.Authority, Legal: p.Legal, Source: p.Source, Area: p.Area, Levels: p.Levels,
		}
		if p.From != 0 {
			a.From = p.From.Time()
		}
		if p.Until != 0 {
			a.Until = p.Until.Time()
		}
		for level, name := range p.LevelNames {
			if a.Names == nil {
				a.Names = map[string]apiWords{}
			}
			a.Names[level] = name
		}
		list = append(list, a)
	}
	return list
}
