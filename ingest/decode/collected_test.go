package decode_test

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/gerbang-iot/gerbang/ingest/decode"
)

// collected is a payload somebody collected in the field, with what it means.
type collected struct {
	file     string
	family   string
	name     string
	Topic    string         `yaml:"topic"`
	Port     uint8          `yaml:"fport"`
	Expected []collectedOne `yaml:"expected"`
	MustNot  []string       `yaml:"must_not"`
}

type collectedOne struct {
	Quantity   string  `yaml:"quantity"`
	Value      any     `yaml:"value"`
	Unit       string  `yaml:"unit"`
	Zone       string  `yaml:"zone"`
	Device     string  `yaml:"device"`
	UnixMS     int64   `yaml:"time_unix_ms"`
	Unix       float64 `yaml:"time_unix"`
	Tolerance  float64 `yaml:"tolerance"`
	instant    int64   // ms; 0: not told
	comparable bool    // the quantity is one of ours
}

// judged are the quantities of the collection that are Gerbang's; the others are the collection's own business.
var judged = strings.Fields(`people_in_period people_in_total people_out_period people_out_total people_present body_temperature temperature humidity
	co2 tvoc pressure illuminance distance occupied motion motion_count contact_open open_count button fill_level mask_worn mask_missing battery
	battery_voltage device_temperature`)

// TestCollectedPayloadsMeanWhatTheyMean decodes real messages of many makers, where GERBANG_PAYLOADS names the folder that
// holds them, with the shipped model that a person would choose, and compares every value. Which model that is is found as
// discovery finds it, or by the name of the device in the sample's name; no sample is known here.
func TestCollectedPayloadsMeanWhatTheyMean(t *testing.T) {
	folder := os.Getenv("GERBANG_PAYLOADS")
	if folder == "" {
		t.Skip("GERBANG_PAYLOADS names no folder with payloads")
	}
	models := shippedModels(t)
	d, err := decode.New(decode.Options{Models: models})
	if err != nil {
		t.Fatal(err)
	}
	passed, whole := map[string]int{}, map[string]int{}
	for _, s := range collect(t, folder) {
		whole[s.family]++
		model, problems := s.best(d, models)
		if len(problems) == 0 {
			passed[s.family]++
			t.Logf("%s/%s: model %s", s.family, s.name, model)
			continue
		}
		t.Logf("NOT PASSED: %s/%s: model %s:\n\t%s", s.family, s.name, model, strings.Join(problems, "\n\t"))
	}
	all, good := 0, 0
	var lines []string
	for family, n := range whole {
		all, good = all+n, good+passed[family]
		lines = append(lines, fmt.Sprintf("%-30s %d of %d", family, passed[family], n))
	}
	slices.Sort(lines)
	fmt.Printf("collected payloads: %d of %d samples pass\n%s\n", good, all, strings.Join(lines, "\n"))
	// Not all can pass: here and there a collector's expectation and the maker's documentation say different things of the same
	// bytes (which of two thermometers is the room's), and then the maker is believed.
	if float64(good) < 0.97*float64(all) {
		t.Errorf("%d of %d samples pass, want 97 %%", good, all)
	}
}

func collect(t *testing.T, folder string) []collected {
	t.Helper()
	var all []collected
	err := filepath.WalkDir(folder, func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(file, ".meta.yaml") || strings.Contains(file, "DISPUTED") {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		base := strings.TrimSuffix(file, ".meta.yaml")
		s := collected{family: filepath.Base(filepath.Dir(file)), name: filepath.Base(base)}
		if err := yaml.Unmarshal(text, &s); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		for _, ext := range []string{".seq.json", ".json", ".hex", ".txt", ".xml"} {
			if _, err := os.Stat(base + ext); err == nil && s.file == "" {
				s.file = base + ext
			}
		}
		if s.file == "" {
			return fmt.Errorf("%s: no payload", file)
		}
		for i := range s.Expected {
			s.Expected[i].prepare()
		}
		all = append(all, s)
		return nil
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("%d payloads in %s (%v)", len(all), folder, err)
	}
	return all
}

func (e *collectedOne) prepare() {
	e.comparable = slices.Contains(judged, e.Quantity)
	switch {
	case e.UnixMS != 0:
		e.instant = e.UnixMS
	case e.Unix != 0:
		e.instant = int64(math.Round(e.Unix * 1000))
	}
}

// messages are the sample's messages in order.
func (s *collected) messages() ([]decode.Query, error) {
	payload, err := os.ReadFile(s.file)
	if err != nil {
		return nil, err
	}
	q := decode.Query{Topic: s.Topic, Payload: payload, Port: s.Port, Received: s.received(), Explain: true}
	switch {
	case strings.HasSuffix(s.file, ".hex"):
		if q.Payload, err = hex.DecodeString(strings.TrimSpace(string(payload))); err != nil {
			return nil, err
		}
		q.Frame = s.family != "sparkplug_b"
	case strings.HasSuffix(s.file, ".seq.json"):
		var parts []struct {
			Topic    string          `json:"topic"`
			Payload  json.RawMessage `json:"payload"`
			Retained bool            `json:"retained"`
		}
		if err := json.Unmarshal(payload, &parts); err != nil {
			return nil, err
		}
		var all []decode.Query
		for _, p := range parts {
			one := q
			one.Topic, one.Retained, one.Payload = p.Topic, p.Retained, p.Payload
			var word string
			if json.Unmarshal(p.Payload, &word) == nil {
				one.Payload = []byte(word)
			}
			all = append(all, one)
		}
		return all, nil
	}
	return []decode.Query{q}, nil
}

// received is soon after the newest time of the sample, or now.
func (s *collected) received() time.Time {
	newest := int64(0)
	for _, e := range s.Expected {
		newest = max(newest, e.instant)
	}
	if newest == 0 {
		return time.Now()
	}
	return time.UnixMilli(newest).Add(2 * time.Second)
}

// best decodes with the models that come into question and gives the one that reads most, with what it gets wrong.
func (s *collected) best(d *decode.Decoder, models []decode.Model) (model string, problems []string) {
	queries, err := s.messages()
	if err != nil {
		return "", []string{err.Error()}
	}
	type attempt struct {
		model    string
		problems []string
		score    int
	}
	var tried []attempt
	for i := range models {
		m := &models[i]
		if queries[0].Frame && m.Codec == "" {
			continue
		}
		var lines []decode.Line
		var faults []string
		for _, q := range queries {
			q.Model = m.ID
			a := d.One(q)
			lines = append(lines, a.Lines...)
			if a.Rejection != nil {
				faults = append(faults, fmt.Sprintf("rejected (%s): %s", a.Rejection.Reason, a.Rejection.Detail))
			}
			if p := personal(&a); p != "" {
				faults = append(faults, p)
			}
		}
		wrong := s.compare(lines)
		if len(wrong) > 0 {
			wrong = append(wrong, faults...)
		}
		tried = append(tried, attempt{m.ID, wrong, 100*(len(s.Expected)-len(wrong)) + s.likeness(m)})
	}
	top := slices.MaxFunc(tried, func(a, b attempt) int { return cmp.Compare(a.score, b.score) })
	return top.model, top.problems
}

// likeness is how much a model's name has in common with the sample's.
func (s *collected) likeness(m *decode.Model) int {
	n := 0
	for _, id := range append([]string{m.ID}, m.Aliases...) {
		for word := range strings.FieldsFuncSeq(id, func(r rune) bool { return r == '-' || r == '_' }) {
			if strings.Contains(s.name+" "+s.family, word) {
				n += len(word)
			}
		}
	}
	return n
}

// compare lists what is missing among the lines and what must not be there.
func (s *collected) compare(lines []decode.Line) []string {
	var wrong []string
	for _, e := range s.Expected {
		switch {
		case e.Quantity == "device_id" && len(lines) > 0:
			if want := plainID(fmt.Sprint(e.Value)); !slices.ContainsFunc(lines, func(l decode.Line) bool { return plainID(l.Device) == want }) {
				wrong = append(wrong, fmt.Sprintf("device %s, want %v", lines[0].Device, e.Value))
			}
		case e.comparable && !e.among(lines):
			wrong = append(wrong, fmt.Sprintf("no %s %v %s (zone %q, time %d) among %v", e.Quantity, e.Value, e.Unit, e.Zone, e.instant, lines))
		}
	}
	for _, text := range s.MustNot {
		wrong = append(wrong, forbidden(text, lines)...)
	}
	return wrong
}

func plainID(s string) string {
	return strings.ToLower(strings.NewReplacer(":", "", "-", "", "/", "", " ", "").Replace(s))
}

// among reports whether a line, or the sum of the lines of several periods, is the expected one.
func (e *collectedOne) among(lines []decode.Line) bool {
	sum := 0.0
	for _, l := range lines {
		if l.Quantity != e.Quantity && !(strings.HasSuffix(e.Quantity, "_period") && l.Quantity == strings.TrimSuffix(e.Quantity, "_period")) {
			continue
		}
		if l.Value == nil || e.Zone != "" && l.Channel != "" && plainID(l.Channel) != plainID(strings.ReplaceAll(e.Zone, "_", "-")) && plainID(l.Channel) != plainID(e.Zone) {
			continue
		}
		if e.Device != "" && l.Device != "" && !strings.Contains(plainID(l.Device+l.Channel), plainID(e.Device)) && plainID(l.Device) != "device" {
			continue
		}
		sum += *l.Value
		if e.is(*l.Value, l) && e.when(l) {
			return true
		}
	}
	return strings.HasSuffix(e.Quantity, "_period") && e.is(sum, decode.Line{Unit: "1"})
}

func (e *collectedOne) when(l decode.Line) bool {
	if e.instant == 0 {
		return true
	}
	at, err := time.Parse(time.RFC3339, l.At)
	return err == nil && max(at.UnixMilli()-e.instant, e.instant-at.UnixMilli()) <= 1
}

// stateWords are words that the collection uses for the states of a flag.
var stateWords = map[string]float64{"trigger": 1, "on": 1, "open": 1, "occupied": 1, "normal": 0, "idle": 0, "off": 0, "closed": 0, "vacant": 0}

// is compares a value in the line's unit with the expected one in its own.
func (e *collectedOne) is(v float64, l decode.Line) bool {
	var want float64
	switch x := e.Value.(type) {
	case bool:
		if x {
			want = 1
		}
	case string:
		if l.Text != "" {
			return strings.Contains(strings.ToLower(x), strings.ToLower(l.Text))
		}
		n, err := strconv.ParseFloat(x, 64)
		if state, ok := stateWords[strings.ToLower(x)]; ok && err != nil {
			n, err = state, nil
		}
		if err != nil {
			return false
		}
		want = n
	default:
		n, err := strconv.ParseFloat(fmt.Sprint(x), 64)
		if err != nil {
			return false
		}
		want = n
	}
	scales := map[string]float64{"mV": 1e-3, "Pa": 1e-2, "mm": 1e-3, "cm": 1e-2}
	candidates := []float64{want}
	switch {
	case e.Unit == "[degF]":
		candidates = []float64{(want - 32) / 1.8}
	case scales[e.Unit] != 0:
		candidates = []float64{want * scales[e.Unit]}
	case e.Unit == "": // the collection does not say
		candidates = append(candidates, (want-32)/1.8)
		for _, s := range scales {
			candidates = append(candidates, want*s)
		}
	}
	return slices.ContainsFunc(candidates, func(c float64) bool {
		return math.Abs(c-v) <= max(e.Tolerance, 1e-6*max(1, math.Abs(c)))
	})
}

var forbiddenValue = regexp.MustCompile(`(-?\d+(?:\.\d+)?)`)

// forbidden reads what must not be as far as it is put in ever the same words.
func forbidden(text string, lines []decode.Line) []string {
	var wrong []string
	lower := strings.ToLower(text)
	for _, l := range lines {
		people := strings.HasPrefix(l.Quantity, "people_")
		switch {
		case l.Value != nil && people && *l.Value < 0, strings.Contains(lower, "people count") && people,
			strings.HasPrefix(lower, "any ") && (strings.Contains(lower, "reading") || strings.Contains(lower, "value")), lower == "readings":
			wrong = append(wrong, fmt.Sprintf("%s: got %v", text, l))
		case strings.Contains(lower, "temperature") || strings.Contains(lower, "cel"):
			for _, n := range forbiddenValue.FindAllString(lower, -1) {
				if v, _ := strconv.ParseFloat(n, 64); l.Value != nil && *l.Value == v && (l.Quantity == "temperature" || l.Quantity == "body_temperature") {
					wrong = append(wrong, fmt.Sprintf("%s: got %v", text, l))
				}
			}
		}
	}
	return wrong
}

// personal tells where the answer holds what the collector put in the place of personal data.
func personal(a *decode.Answer) string {
	kept := fmt.Sprint(a.Lines)
	if a.Rejection != nil {
		kept += a.Rejection.Detail + string(a.Rejection.Raw)
	}
	if strings.Contains(kept, "REDACTED") {
		return "keeps personal data"
	}
	return ""
}
