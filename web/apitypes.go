package web

import (
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
)

// The API has types of its own: times are RFC 3339 (an engine's nanoseconds do not survive JavaScript's numbers), what is
// not known is absent, and the engine may change without breaking a script.

type apiEstimate struct {
	Counted bool      `json:"counted" doc:"False: nothing counts people here. Then nothing is known, nothing is judged, and nothing is wrong"`
	Known   bool      `json:"known" doc:"False: nobody knows how many people are inside; persons, error, low and high are absent then"`
	Persons *float64  `json:"persons,omitempty" example:"42"`
	Low     *float64  `json:"low,omitempty" example:"39" doc:"At least so many, in whole people, at 90 % confidence"`
	High    *float64  `json:"high,omitempty" example:"45" doc:"At most so many"`
	Error   *float64  `json:"error,omitempty" example:"3" doc:"Half of high − low"`
	Reason  string    `json:"reason,omitempty" example:"gap" doc:"Why it is unknown or odd"`
	Anchor  time.Time `json:"anchor,omitzero" doc:"When the count was last known to be right"`
}

func estimateOf(e rules.Estimate) apiEstimate {
	a := apiEstimate{Counted: !uncounted(e), Known: e.Known, Reason: string(e.Reason), Anchor: e.Anchor.Time()}
	if !a.Counted {
		return apiEstimate{}
	}
	if e.Known {
		a.Persons, a.Error, a.Low, a.High = &e.Persons, &e.Error, &e.Low, &e.High
	}
	return a
}

type apiSite struct {
	ID         string         `json:"id" example:"mpp-gresik"`
	Name       string         `json:"name" example:"MPP Kabupaten Gresik"`
	Timezone   string         `json:"timezone" example:"Asia/Jakarta"`
	Region     string         `json:"region,omitempty" example:"Jawa Timur" doc:"What it is grouped by on the overview"`
	City       string         `json:"city,omitempty" example:"Gresik"`
	Latitude   *float64       `json:"latitude,omitempty" example:"-7.164" doc:"Absent: the site does not say where it lies"`
	Longitude  *float64       `json:"longitude,omitempty" example:"112.628"`
	State      string         `json:"state" enum:"breached,silent,near,unknown,within,closed" doc:"What the overview counts it as. silent: nothing at all is heard of it"`
	Open       bool           `json:"open"`
	NextChange time.Time      `json:"next_change,omitzero" doc:"When it opens or closes next"`
	Level      string         `json:"level,omitempty" example:"2"`
	LevelName  apiWords       `json:"level_name,omitempty" doc:"What people call the level, by language; under an empty language the same for all. Absent: by its id"`
	Protocols  []string       `json:"protocols" doc:"Titles of the protocols in force"`
	InForce    []apiProtocol  `json:"in_force" doc:"The protocols in force, in the order in which the site lists them"`
	Coming     []apiProtocol  `json:"coming,omitempty" doc:"Protocols of the site that begin later, the soonest first"`
	Verdict    string         `json:"verdict" enum:"within,breached,unknown" doc:"The worst of all verdicts. Unknown is never compliant"`
	Near       bool           `json:"near" doc:"It is unknown because a value is near its limit: measured, and too close to tell"`
	Persons    apiEstimate    `json:"persons"`
	Alerts     map[string]int `json:"alerts" doc:"Open alerts by class"`
	Devices    int            `json:"devices" example:"14"`
	Silent     int            `json:"silent_devices" example:"1" doc:"Devices that were never heard, or that a rule finds silent or implausible"`
	LastSeen   time.Time      `json:"last_seen,omitzero" doc:"When any device was last heard"`
	Intake     *apiIntake     `json:"intake,omitempty" doc:"Today's visitors and the queue; absent: no rule asks for them"`
	Record     uint64         `json:"record" example:"184233" doc:"Journal record this state rests on"`
}

func apiSiteOf(x *standingSite, open []alerts.Alert) apiSite {
	v := x.view
	a := apiSite{
		Region: v.Region, City: v.City, State: siteStates[x.rank],
		ID: v.Site, Name: v.Name, Timezone: v.Zone, Open: v.Open, NextChange: v.NextChange.Time(), Level: v.Level, Near: nearSite(v),
		Protocols: append([]string{}, v.Protocols...), Verdict: v.Verdict.String(), Persons: estimateOf(v.Persons),
		Alerts: map[string]int{}, Devices: len(v.Devices), Record: v.Record,
		LevelName: v.LevelName, InForce: apiProtocolsOf(v.InForce), Coming: apiProtocolsOf(v.Coming),
	}
	for i := range open {
		if open[i].Site == v.Site && open[i].Drill == nil {
			a.Alerts[string(open[i].Class)]++
		}
	}
	if located(v) {
		a.Latitude, a.Longitude = &v.Latitude, &v.Longitude
	}
	a.Silent = len(v.Unheard())
	a.LastSeen, a.Intake = x.heard.Time(), apiIntakeOf(v.Intake)
	return a
}

type apiZone struct {
	ID       string       `json:"id" example:"waiting-room"`
	Name     string       `json:"name" example:"Ruang tunggu"`
	Persons  apiEstimate  `json:"persons"`
	Limit    *float64     `json:"limit,omitempty" example:"50" doc:"Absent: nothing limits the zone. 0: nobody may be in"`
	Binding  string       `json:"binding,omitempty" example:"seats" doc:"The constraint that set the limit"`
	Verdict  string       `json:"verdict,omitempty" enum:"within,breached,unknown" doc:"The worst of all rules about the zone, its air as well as its people; absent: no rule judges it"`
	Near     bool         `json:"near" doc:"The verdict about its people is unknown because they are near the limit: counted, and too close to tell"`
	Asked    time.Time    `json:"count_asked,omitzero" doc:"Since when a manual count would pay; absent: it would not"`
	Advice   string       `json:"advice,omitempty" enum:"go,wait,stop" doc:"What a display at its entrance says. stop: the building is closed, people are at the limit or above, or a critical rule is breached about the zone (or about the building, where a door leads in from outside). wait: nobody knows how many are inside, they are at nine tenths of the limit or more, or a rule of the severity warning is breached. Absent: nothing counts people here and no critical rule is breached"`
	Held     string       `json:"held,omitempty" example:"co2-tindakan" doc:"The rule that the advice follows, where it is another than the one about people"`
	In       *float64     `json:"in_today,omitempty" example:"210" doc:"Absent: no counter stands at its doors"`
	Out      *float64     `json:"out_today,omitempty" example:"168"`
	Readings []apiReading `json:"readings"`
	Seats    []apiSeat    `json:"seats,omitempty" doc:"Absent: there is no map that a rule looks at"`
}

type apiReading struct {
	Quantity string    `json:"quantity" example:"co2"`
	Channel  string    `json:"channel,omitempty"`
	Value    float64   `json:"value" example:"742"`
	Unit     string    `json:"unit" example:"ppm" doc:"UCUM"`
	At       time.Time `json:"at"`
	Device   string    `json:"device" example:"air-1"`
}

func readingsOf(values []rules.LastValue) []apiReading {
	all := make([]apiReading, 0, len(values))
	for _, r := range values {
		all = append(all, apiReading{r.Quantity.String(), r.Channel, r.Value, r.Unit, r.At.Time(), r.Device})
	}
	return all
}

func apiZonesOf(v *rules.View) []apiZone {
	all := make([]apiZone, 0, len(v.Zones))
	for i := range v.Zones {
		z := &v.Zones[i]
		a := apiZone{
			ID: z.ID, Name: z.Name, Persons: estimateOf(z.Persons), Binding: z.Binding, Near: z.Near, Asked: z.CountAsked.Time(),
			Readings: readingsOf(z.Readings), Seats: apiSeatsOf(z.Seats),
		}
		if judged(v, rules.SubjectZone, z.ID) {
			a.Verdict = z.Verdict.String()
		}
		if a.Persons.Counted || z.Advice == rules.AdviceStop && v.Open {
			a.Advice, a.Held = string(z.Advice), z.Held
		}
		if passed(v, z) {
			a.In, a.Out = &z.InToday, &z.OutToday
		}
		if z.HasLimit {
			a.Limit = &z.Limit
		}
		all = append(all, a)
	}
	return all
}

type apiSubject struct {
	Kind string `json:"kind" enum:"site,zone,door,device,task"`
	ID   string `json:"id" example:"waiting-room"`
	Name string `json:"name,omitempty" example:"Ruang tunggu"`
}

type apiExplanation struct {
	Sentence   string        `json:"sentence" example:"52 ± 3 people, limit 50 (seats at the required distance)." doc:"In the language of Accept-Language"`
	Value      *float64      `json:"value,omitempty" example:"52" doc:"Where reason says that nobody knows any more (silent, gap, unlistened) the last one that was known: no number of the present"`
	Error      *float64      `json:"error,omitempty" example:"3"`
	Low        *float64      `json:"low,omitempty" example:"49" doc:"Of a count of people: at least so many"`
	High       *float64      `json:"high,omitempty" example:"55" doc:"At most so many"`
	Limit      *float64      `json:"limit,omitempty" example:"50"`
	Bound      string        `json:"bound,omitempty" enum:"below,at_least,above,apart" doc:"How the value must stand to the limit; absent: at most the limit"`
	Condition  string        `json:"condition,omitempty" doc:"The expression (CEL) on which the rule is breached, where value and limit do not decide alone"`
	Inputs     []apiInput    `json:"inputs,omitempty" doc:"What limit and condition were computed from"`
	Unit       string        `json:"unit,omitempty" example:"1" doc:"UCUM"`
	Constraint string        `json:"constraint,omitempty" example:"seats"`
	Reason     string        `json:"reason,omitempty" example:"near"`
	Detail     string        `json:"detail,omitempty"`
	Share      float64       `json:"share,omitempty" example:"0.5"`
	Evidence   []apiEvidence `json:"evidence" doc:"The readings it rests on, newest last"`
}

type apiInput struct {
	Name  string  `json:"name" example:"seats"`
	Value float64 `json:"value" example:"100"`
	Unit  string  `json:"unit,omitempty" example:"m" doc:"UCUM"`
	Text  string  `json:"text,omitempty" doc:"Of what: a room, a level"`
}

type apiEvidence struct {
	Device   string    `json:"device" example:"counter-1"`
	Quantity string    `json:"quantity,omitempty" example:"people_in"`
	Value    float64   `json:"value" example:"1"`
	At       time.Time `json:"at"`
	Record   uint64    `json:"record" example:"184233"`
}

func apiExplanationOf(sentence string, e *rules.Explanation) apiExplanation {
	a := apiExplanation{
		Sentence: sentence, Unit: e.Unit, Bound: string(e.Bound), Condition: e.Condition, Constraint: e.Constraint, Reason: string(e.Reason),
		Detail: e.Detail, Share: e.Share, Evidence: make([]apiEvidence, 0, len(e.Evidence)),
	}
	if e.HasValue {
		a.Value, a.Error = &e.Value, &e.Error
	}
	if e.HasRange {
		a.Low, a.High = &e.Low, &e.High
	}
	if e.HasLimit {
		a.Limit = &e.Limit
	}
	for _, in := range e.Inputs {
		a.Inputs = append(a.Inputs, apiInput(in))
	}
	for _, v := range e.Evidence {
		a.Evidence = append(a.Evidence, apiEvidence{v.Device, v.Quantity.String(), v.Value, v.At.Time(), v.Record})
	}
	return a
}

type apiVerdict struct {
	Rule        string         `json:"rule" example:"capacity"`
	Title       string         `json:"title" example:"Capacity" doc:"What people call the rule, in the language of Accept-Language"`
	Kind        string         `json:"kind" example:"capacity"`
	Class       string         `json:"class" example:"breach"`
	Severity    string         `json:"severity,omitempty" example:"critical"`
	Subject     apiSubject     `json:"subject"`
	Verdict     string         `json:"verdict" enum:"within,breached,unknown"`
	Near        bool           `json:"near" doc:"Unknown because the value is near its limit: measured, and too close to tell"`
	Since       time.Time      `json:"since,omitzero"`
	Phase       string         `json:"phase" enum:"quiet,pending,firing" doc:"What is asked of people: nothing, nothing yet, something"`
	PhaseSince  time.Time      `json:"phase_since,omitzero"`
	AlarmDue    time.Time      `json:"alarm_due,omitzero" doc:"Pending only: when it will ask people if nothing changes"`
	Explanation apiExplanation `json:"explanation"`
	Legal       string         `json:"legal,omitempty" example:"KMK 382/2020"`
}

func apiVerdictsOf(sc *scene) []apiVerdict {
	all := make([]apiVerdict, 0, len(sc.view.Verdicts))
	for i := range sc.view.Verdicts {
		v := &sc.view.Verdicts[i]
		all = append(all, apiVerdict{
			Rule: v.Rule, Title: sc.ruleName(v), Kind: v.Kind, Near: v.Near, Phase: v.Phase.String(), PhaseSince: v.PhaseSince.Time(),
			AlarmDue: v.AlarmDue.Time(), Class: string(v.Class), Severity: string(v.Severity),
			Subject: apiSubject{string(v.Subject.Kind), v.Subject.ID, v.SubjectName}, Verdict: v.Verdict.String(),
			Since: v.Since.Time(), Explanation: apiExplanationOf(sc.finding(v), &v.Explanation), Legal: v.Legal,
		})
	}
	return all
}

type apiDoor struct {
	ID       string       `json:"id" example:"main"`
	Name     string       `json:"name" example:"Pintu utama"`
	From     string       `json:"from" example:"outside"`
	To       string       `json:"to" example:"hall"`
	In       *float64     `json:"in_today,omitempty" example:"210" doc:"Absent: no counter stands there"`
	Out      *float64     `json:"out_today,omitempty" example:"168"`
	Screened *float64     `json:"screened_today,omitempty" example:"204" doc:"Absent: no thermometer stands there"`
	TooWarm  *float64     `json:"too_warm_today,omitempty" example:"1"`
	Last     time.Time    `json:"last_count,omitzero"`
	Verdict  string       `json:"verdict,omitempty" enum:"within,breached,unknown" doc:"Absent: no rule judges the door"`
	Counters []apiCounter `json:"counters" doc:"What was learned of its people counters"`
}

type apiDevice struct {
	ID       string       `json:"id" example:"counter-1"`
	Name     string       `json:"name,omitempty" example:"Penghitung pintu utama"`
	Model    string       `json:"model" example:"native"`
	Place    apiPlace     `json:"place"`
	LastSeen time.Time    `json:"last_seen,omitzero" doc:"Absent: never"`
	Messages uint64       `json:"messages" example:"5120"`
	Verdict  string       `json:"verdict" enum:"within,breached,unknown"`
	Readings []apiReading `json:"readings"`
	// Calibrations are of thermometers.
	Offset       *float64         `json:"offset_cel,omitempty" example:"1.3" doc:"Added to its body temperatures now, by the newest calibration, else by the configuration; absent: it has shown none"`
	Calibrations []apiCalibration `json:"calibrations,omitempty" doc:"The oldest first; each holds for what is measured from its time on"`
}

type apiPlace struct {
	Kind string `json:"kind" enum:"zone,door,task"`
	ID   string `json:"id" example:"main"`
}

type apiTask struct {
	ID        string    `json:"id" example:"spray-hall"`
	Name      string    `json:"name" example:"Penyemprotan ruang layanan"`
	Place     apiPlace  `json:"place"`
	LastDone  time.Time `json:"last_done,omitzero" doc:"When all of it was: of a task with things, when the one that waits longest was done. Absent: never. With last_since: at the latest"`
	LastSince time.Time `json:"last_since,omitzero" doc:"Nobody knows when exactly it was done last: since when that may have been, up to last_done. Absent: it was at last_done"`
	NextDue   time.Time `json:"next_due,omitzero" doc:"At the latest, without the grace of the rule; in the past: overdue. Absent: nothing is due"`
	Verdict   string    `json:"verdict,omitempty" enum:"within,breached,unknown" doc:"Absent: no rule judges the task"`
}

func apiDoorsOf(v *rules.View) []apiDoor {
	all := make([]apiDoor, 0, len(v.Doors))
	for i := range v.Doors {
		d := &v.Doors[i]
		a := apiDoor{ID: d.ID, Name: d.Name, From: d.From, To: d.To, Last: d.LastCount.Time(), Counters: apiCountersOf(d)}
		if d.LastCount != 0 {
			a.In, a.Out = &d.InToday, &d.OutToday
		}
		if screens(v, d) {
			a.Screened, a.TooWarm = &d.Screened, &d.TooWarm
		}
		if judged(v, rules.SubjectDoor, d.ID) {
			a.Verdict = d.Verdict.String()
		}
		all = append(all, a)
	}
	return all
}

func apiDevicesOf(v *rules.View) []apiDevice {
	all := make([]apiDevice, 0, len(v.Devices))
	for _, d := range v.Devices {
		offset, calibrations := apiCalibrationsOf(&d)
		all = append(all, apiDevice{
			d.ID, d.Name, d.Model, apiPlace{string(d.Place.Kind), d.Place.ID}, d.LastSeen.Time(), d.Messages, d.Verdict.String(), readingsOf(d.Readings), offset, calibrations,
		})
	}
	return all
}

func apiTasksOf(v *rules.View) []apiTask {
	all := make([]apiTask, 0, len(v.Tasks))
	for _, t := range v.Tasks {
		a := apiTask{t.ID, t.Name, apiPlace{string(t.Place.Kind), t.Place.ID}, t.LastDone.Time(), t.LastSince.Time(), t.NextDue.Time(), t.Verdict.String()}
		if !judged(v, rules.SubjectTask, t.ID) {
			a.Verdict = ""
		}
		all = append(all, a)
	}
	return all
}

type apiRejection struct {
	Received time.Time `json:"received"`
	Site     string    `json:"site,omitempty"`
	Device   string    `json:"device,omitempty"`
	Topic    string    `json:"topic" example:"gerbang/v1/mpp-gresik/counter-1"`
	Reason   string    `json:"reason" example:"syntax"`
	Detail   string    `json:"detail"`
	Size     int       `json:"size" example:"93"`
	Raw      string    `json:"raw" doc:"The beginning of the payload; bytes that are not text are escaped as \\xNN"`
	Record   uint64    `json:"record"`
	More     uint64    `json:"more,omitempty" doc:"How many further messages like it this stands for, which came within an hour and are only counted"`
}

type apiStatus struct {
	Ready    bool         `json:"ready"`
	Version  string       `json:"version"`
	Started  time.Time    `json:"started,omitzero"`
	Counters apiCounters  `json:"counters" doc:"received = stored + duplicate + rejected + ignored, always"`
	Journal  apiJournal   `json:"journal"`
	Broker   apiBroker    `json:"broker"`
	Lags     []apiLag     `json:"lags"`
	Services []apiService `json:"services"`
}

type apiCounters struct {
	Received  uint64 `json:"received"`
	Stored    uint64 `json:"stored"`
	Duplicate uint64 `json:"duplicate"`
	Rejected  uint64 `json:"rejected"`
	Ignored   uint64 `json:"ignored"`
	Balanced  bool   `json:"balanced"`
}

type apiJournal struct {
	Writable bool   `json:"writable"`
	Reason   string `json:"reason,omitempty"`
	Records  uint64 `json:"records"`
	Bytes    int64  `json:"bytes"`
}

type apiBroker struct {
	Heard  bool      `json:"heard"`
	Last   time.Time `json:"last,omitzero"`
	Reason string    `json:"reason,omitempty"`
}

type apiLag struct {
	Name    string  `json:"name" example:"influx"`
	Waiting uint64  `json:"waiting"`
	Oldest  float64 `json:"oldest_seconds,omitempty" doc:"Missing: nothing waits, or it is not known since when"`
}

type apiService struct {
	Name   string    `json:"name" example:"influx"`
	State  string    `json:"state" enum:"off,ok,waiting,failing"`
	Detail string    `json:"detail,omitempty"`
	Since  time.Time `json:"since,omitzero"`
}

func apiStatusOf(st Status) apiStatus {
	n := st.Counters
	a := apiStatus{
		Ready: st.Ready(), Version: st.Version, Started: st.Started,
		Counters: apiCounters{n.Received, n.Stored, n.Duplicate, n.Rejected, n.Ignored, n.Balanced()},
		Journal:  apiJournal{st.Journal.Writable, st.Journal.Reason, st.Journal.Records, st.Journal.Bytes},
		Broker:   apiBroker{st.Broker.Heard, st.Broker.Last, st.Broker.Reason},
		Lags:     make([]apiLag, 0, len(st.Lags)), Services: make([]apiService, 0, len(st.Services)),
	}
	for _, l := range st.Lags {
		a.Lags = append(a.Lags, apiLag{l.Name, l.Waiting, l.Oldest.Seconds()})
	}
	for _, s := range st.Services {
		a.Services = append(a.Services, apiService{s.Name, string(s.State), s.Detail, s.Since})
	}
	return a
}

type apiStranger struct {
	Topic    string     `json:"topic"`
	Why      string     `json:"why" doc:"Why nothing is read of it"`
	First    time.Time  `json:"first"`
	Last     time.Time  `json:"last"`
	Messages uint64     `json:"messages"`
	Guesses  []apiGuess `json:"guesses" doc:"Models that it may be of, the likeliest first"`
}

type apiGuess struct {
	Model      string   `json:"model"`
	Title      string   `json:"title"`
	Address    string   `json:"address"`
	Quantities []string `json:"quantities"`
	Detail     string   `json:"detail,omitempty"`
	YAML       string   `json:"yaml" doc:"The entry for the devices of a site's file"`
}

func apiStrangerOf(x *Stranger) apiStranger {
	a := apiStranger{x.Topic, x.Why, x.First, x.Last, x.Messages, make([]apiGuess, 0, len(x.Guesses))}
	for _, g := range x.Guesses {
		a.Guesses = append(a.Guesses, apiGuess{g.Model, g.Title, g.Address, append([]string{}, g.Quantities...), g.Detail, g.YAML})
	}
	return a
}
