package recompute

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// definition is a site's definition as it is written in the journal.
type definition struct {
	Site        facility.Site                   `json:"site"`
	Protocols   []protocol                      `json:"protocols"`
	Lateness    time.Duration                   `json:"lateness"`
	MaxPassages float64                         `json:"max_passages"`
	Measures    map[string][]telemetry.Quantity `json:"measures"`
}

type protocol struct {
	ID        string             `json:"id"`
	From      facility.Date      `json:"from"`
	FromTime  facility.TimeOfDay `json:"from_time"`
	Until     facility.Date      `json:"until"`
	UntilTime facility.TimeOfDay `json:"until_time"`
	Levels    map[string]float64 `json:"levels"`
	Rules     []rule             `json:"rules"`

	begins, ends telemetry.Instant // by the site's clocks
}

type rule struct {
	ID         string          `json:"id"`
	Kind       string          `json:"kind"`
	Class      string          `json:"class"`
	Subjects   []string        `json:"subjects"`
	For        time.Duration   `json:"for"`
	KeepFiring time.Duration   `json:"keep_firing"`
	Params     json.RawMessage `json:"params"`
	protocol   *protocol
	params     params
}

// params are the parameters of all kinds of rule in one.
type params struct {
	Spacing       float64              `json:"spacing_m"`
	Grid          string               `json:"grid"`
	Hysteresis    float64              `json:"hysteresis"`
	Site          bool                 `json:"site"`
	SiteCapacity  int                  `json:"site_capacity"`
	Density       bool                 `json:"density"`
	Measured      bool                 `json:"measured"`
	Readings      int                  `json:"readings"`
	Stale         time.Duration        `json:"stale"`
	Above         float64              `json:"above"`
	Operator      string               `json:"operator"`
	Case          time.Duration        `json:"case"`
	Recheck       time.Duration        `json:"recheck"`
	Lapse         time.Duration        `json:"lapse"`
	PlausibleMin  float64              `json:"plausible_min"`
	PlausibleMax  float64              `json:"plausible_max"`
	Implausible   int                  `json:"implausible"`
	UseError      bool                 `json:"use_error"`
	Error         float64              `json:"error"`
	BeforeOpening time.Duration        `json:"before_opening"`
	AfterClosing  time.Duration        `json:"after_closing"`
	Every         time.Duration        `json:"every"`
	Grace         time.Duration        `json:"grace"`
	Press         []string             `json:"press"`
	Factor        float64              `json:"factor"`
	After         time.Duration        `json:"after"`
	Quantities    []telemetry.Quantity `json:"quantities"`
	OnlyOpen      bool                 `json:"only_open"`
	Window        time.Duration        `json:"window"`
	People        float64              `json:"people"`
	Least         float64              `json:"least"`
	Staff         int                  `json:"staff"`
	Tolerance     int                  `json:"tolerance"`
	Leave         time.Duration        `json:"leave"`
	Arrive        time.Duration        `json:"arrive"`
	Limit         float64              `json:"limit"`
	Share         float64              `json:"share"`
	Visitors      int                  `json:"visitors"`
	Service       time.Duration        `json:"service"`
	Lately        time.Duration        `json:"lately"`
	Blocked       bool                 `json:"blocked"`
	SubjectKind   string               `json:"subject"`
	Expr          string               `json:"expr"`
	Of            string               `json:"of"`
	Over          time.Duration        `json:"over"`
	Anchor        string               `json:"anchor"`
	Drift         time.Duration        `json:"drift"`
	Occupied      bool                 `json:"occupied"`
	AfterPeople   int                  `json:"after_people"`
	Agents        []string             `json:"agents"`
	Contact       time.Duration        `json:"contact"`
	Pace          time.Duration        `json:"pace"`
	Walk          time.Duration        `json:"walk"`
	Inside        time.Duration        `json:"inside"`
	Backdate      time.Duration        `json:"backdate"`
	Copies        bool                 `json:"copies"`

	Outdoor         float64 `json:"outdoor"`
	OutdoorError    float64 `json:"outdoor_error"`
	Generation      float64 `json:"generation"`
	GenerationError float64 `json:"generation_error"`
	Noise           float64 `json:"noise"`

	Empty    float64       `json:"empty"`
	Vehicles float64       `json:"vehicles"`
	Shifts   []string      `json:"shifts"`
	Before   time.Duration `json:"before"`
	Within   time.Duration `json:"within"`

	Messages       int     `json:"messages"`
	Below          float64 `json:"below"`
	Voltage        float64 `json:"voltage"`
	Days           int     `json:"days"`
	Devices        int     `json:"devices"`
	MedianMin      float64 `json:"median_min"`
	MedianMax      float64 `json:"median_max"`
	Low            float64 `json:"low"`
	LowShare       float64 `json:"low_share"`
	Spread         float64 `json:"spread"`
	SameDegree     int     `json:"same_degree"`
	Apart          float64 `json:"apart"`
	AmbientUnknown string  `json:"ambient_unknown"`
}

// config is a definition from a time on.
type config struct {
	definition
	from   telemetry.Instant
	source []byte
	days   *days
}

// moment is when a protocol begins or ends, by the clocks of the site; 1 for one that always held.
func (c *config) moment(d facility.Date, at facility.TimeOfDay) telemetry.Instant {
	switch {
	case d.IsZero():
		return 1
	case at == 0:
		return c.days.begin(d)
	}
	return shown(d, at, c.Site.Location.Location)
}

func (c *config) zone(id string) *facility.Zone {
	for i := range c.Site.Zones {
		if c.Site.Zones[i].ID == id {
			return &c.Site.Zones[i]
		}
	}
	return &facility.Zone{}
}

func (c *config) device(id string) *facility.Device {
	for i := range c.Site.Devices {
		if c.Site.Devices[i].ID == id {
			return &c.Site.Devices[i]
		}
	}
	return &facility.Device{}
}

// promises reports whether a device measures one of some quantities, by its configuration.
func (c *config) promises(id string, all ...telemetry.Quantity) bool {
	return slices.ContainsFunc(all, func(q telemetry.Quantity) bool { return slices.Contains(c.Measures[id], q) })
}

func (c *config) door(id string) *facility.Door {
	for i := range c.Site.Doors {
		if c.Site.Doors[i].ID == id {
			return &c.Site.Doors[i]
		}
	}
	return &facility.Door{}
}
