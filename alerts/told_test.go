package alerts

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// told is what a person reads: she knows the language and nothing else.
type told struct {
	lang, text string
}

// pick finds the first of the patterns, one a language, and gives its numbers; a time span is in minutes. Missing: NaN.
func (s told) pick(en, id string) []float64 {
	pattern := map[string]string{"en": en, "id": id}[s.lang]
	pattern = strings.NewReplacer("#", `(-?[0-9]+(?:[.,][0-9]+)?)`, "@", `((?:[0-9]+ (?:days?|h|min|s|hari|jam|menit|detik) ?)+)`).Replace(pattern)
	m := regexp.MustCompile(pattern).FindStringSubmatch(s.text)
	if m == nil {
		return nil
	}
	var out []float64
	for _, part := range m[1:] {
		out = append(out, s.number(part))
	}
	return out
}

func (s told) number(part string) float64 {
	if part == "" {
		return math.NaN()
	}
	if s.lang == "id" {
		part = strings.ReplaceAll(part, ",", ".")
	}
	spans := map[string]float64{"s": 1. / 60, "detik": 1. / 60, "min": 1, "menit": 1, "h": 60, "jam": 60, "day": 1440, "days": 1440, "hari": 1440}
	fields := strings.Fields(part)
	if len(fields) == 1 {
		v, err := strconv.ParseFloat(part, 64)
		if err != nil {
			panic(err)
		}
		return v
	}
	sum := 0.0
	for i := 0; i+1 < len(fields); i += 2 {
		n, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			panic(err)
		}
		sum += n * spans[fields[i+1]]
	}
	return sum
}

func (s told) has(en, id string) bool {
	return strings.Contains(s.text, map[string]string{"en": en, "id": id}[s.lang])
}

// limit computes a limit on people again from what stands in brackets.
func (s told) limit(t *testing.T, shown float64) {
	t.Helper()
	full := math.NaN()
	if m := s.pick(`# seats # m apart, # m required: 1 in # usable`, `# kursi berjarak # m, wajib # m: 1 dari # dipakai`); m != nil {
		if every := math.Ceil(m[2]/m[1] - 1e-9); every != m[3] {
			t.Errorf("%q says 1 in %v, its numbers give %v", s.text, m[3], every)
		}
		full = math.Ceil(m[0] / m[3])
	} else if m := s.pick(`\(# seats[,)]`, `\(# kursi[,)]`); m != nil {
		full = m[0]
	} else if m := s.pick(`# m² less # m² of furniture, # m² a person`, `# m² dikurangi perabot # m², # m² per orang`); m != nil {
		full = math.Floor((m[0] - m[1]) / m[2])
	} else if m := s.pick(`# m², # m² a person`, `# m², # m² per orang`); m != nil {
		full = math.Floor(m[0] / m[1])
	} else if m := s.pick(`declared capacity #`, `kapasitas yang ditetapkan #`); m != nil {
		full = m[0]
	} else if m := s.pick(`rooms: Aula # \+ Ruang bermain #`, `ruang: Aula # \+ Ruang bermain #`); m != nil {
		full = m[0] + m[1]
	}
	if m := s.pick(`level # %`, `level # %`); m != nil {
		full = math.Floor(full * m[0] / 100)
	}
	if full != shown {
		t.Errorf("%q shows a limit of %v, what it shows gives %v", s.text, shown, full)
	}
}

// verdict computes the verdict of a kind of rule again from the text alone: within, breached, near or unknown.
func (s told) verdict(t *testing.T, kind string) string {
	t.Helper()
	word := func(breached bool) string {
		if breached {
			return "breached"
		}
		return "within"
	}
	// compare reads a value against a bound in words.
	compare := func(unit string) string {
		if m := s.pick(`Measured # ?`+unit, `Terukur # ?`+unit); m != nil {
			v := m[0]
			if m := s.pick(`at most #`, `paling (?:banyak|tinggi) #`); m != nil {
				return word(v > m[0])
			} else if m := s.pick(`less than #`, `kurang dari #`); m != nil {
				return word(v >= m[0])
			} else if m := s.pick(`at least #`, `paling sedikit #`); m != nil {
				return word(v < m[0])
			} else if m := s.pick(`more than #`, `lebih dari #`); m != nil {
				return word(v <= m[0])
			}
		}
		return "unknown"
	}
	switch kind {
	case "capacity", "distancing":
		if m := s.pick(`Measured distance # m; at least # m is required`, `Jarak terukur # m; seharusnya minimal # m`); m != nil {
			in, ok := m[0] < m[1], s.pick(`# in a row too close, # make a breach`, `# berturut-turut terlalu dekat, # berarti pelanggaran`)
			return word(in && ok != nil && ok[0] >= ok[1] || ok == nil && in)
		}
		near := s.pick(`Close to the limit: #(?:–#| ± #)(?: of |, room for )# people`, `Mendekati batas: #(?:–#| ± #)(?: dari |, tempat untuk )# orang`)
		m := near
		if m == nil {
			m = s.pick(`#(?:–#)?(?: ± #)? (?:people|person) inside; (?:limit|room for) # people`, `Ada #(?:–#)?(?: ± #)? orang; (?:batas|tempat hanya untuk) # orang`)
		}
		if m == nil || s.has("unknown", "tidak diketahui") || s.has("stopped", "terhenti") {
			return "unknown"
		}
		low, high, limit := m[0], m[0], m[3]
		if !math.IsNaN(m[1]) {
			high = m[1]
		}
		if !math.IsNaN(m[2]) {
			low, high = m[0]-m[2], m[0]+m[2]
		}
		s.limit(t, limit)
		switch {
		case s.has("the upper end decides", "batas atas hitungan yang menentukan"):
			return word(high > limit)
		case low > limit:
			return "breached"
		case high <= limit:
			return "within"
		}
		if near == nil {
			t.Errorf("%q is near its limit and does not say so", s.text)
		}
		return "near"
	case "temperature":
		if m := s.pick(`implausible: outside # to #`, `masuk akal: di luar # sampai #`); m != nil {
			if v := s.pick(`Measured #`, `Terukur #`); v[0] >= m[0] && v[0] <= m[1] {
				t.Errorf("%q calls implausible what is not", s.text)
			}
			return "unknown"
		}
		if m := s.pick(`Close to the limit: # ± # °C, limit # °C`, `Mendekati batas: # ± # °C, batas # °C`); m != nil {
			if math.Abs(m[0]-m[2]) > m[1]+1e-9 {
				t.Errorf("%q is not near", s.text)
			}
			return "near"
		}
		if m := s.pick(`Measured # ± #`, `Terukur # ± #`); m != nil && !s.has("the measured value decides", "nilai terukur yang menentukan") {
			l := s.pick(`at most #`, `paling tinggi #`)
			if l == nil || math.Abs(m[0]-l[0]) <= m[1] {
				t.Errorf("%q does not say that its error is not used", s.text)
			}
		}
		return compare("(?:± [0-9.,]+ )?°C")
	case "silence":
		m := s.pick(`No data for @; promised every @, counted as silent after @`, `Tidak ada data selama @; dijanjikan tiap @, dianggap diam setelah @`)
		if m == nil || s.has("closed.", "sedang tutup") {
			return "unknown"
		}
		elapsed := m[0]
		if c := s.pick(`counted for @`, `dihitung sejak @`); c != nil {
			elapsed = min(elapsed, c[0])
		}
		if m[1] >= m[2] {
			t.Errorf("%q does not tell the promise from the tolerance", s.text)
		}
		return word(elapsed >= m[2])
	case "disinfection":
		kept := func(breached bool) string {
			if !breached && s.has("Never logged", "Belum pernah dicatat") {
				return "unknown" // it is not due yet, and nobody has ever done it
			}
			return word(breached)
		}
		grace := 0.0
		if m := s.pick(`@ grace`, `kelonggaran @`); m != nil {
			grace = m[0]
		}
		done := math.Inf(1)
		if m := s.pick(`Last done @ ago`, `Terakhir @ yang lalu`); m != nil {
			done = m[0]
		}
		if m := s.pick(`required every @`, `wajib tiap @`); m != nil {
			if c := s.pick(`counted for @`, `dihitung sejak @`); c != nil {
				done = min(done, c[0])
			}
			return kept(done >= m[0]+grace)
		}
		if m := s.pick(`before opening, at most @ ahead`, `sebelum buka, paling awal @`); m != nil {
			if o := s.pick(`opened @ ago`, `buka @ lalu`); o != nil {
				return kept(done > o[0]+m[0] && o[0] >= grace)
			}
			return kept(false) // it is not opened yet
		}
		if m := s.pick(`at most @ after closing`, `paling lambat @ setelah tutup`); m != nil {
			c := s.pick(`closed @ ago`, `tutup @ lalu`)
			return kept(done > c[0] && c[0] >= m[0]+grace)
		}
	case "expression":
		if m := s.pick(`when: not open and people inside > 20\. Now: open (?:yes|no), people inside #`, `bila: tidak buka dan orang di dalam > 20\. Kini: buka (?:ya|tidak), orang di dalam #`); m != nil {
			return word(s.has("open no", "buka tidak") && m[0] > 20)
		}
		return compare("")
	}
	return "unknown"
}
