package alerts

import (
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/rules"
)

// What is wrong with a device is said with its numbers, in both languages.
func TestHealthOfADeviceIsSaid(t *testing.T) {
	texts := sampleTexts(t)
	in := func(name string, v float64) rules.Input { return rules.Input{Name: name, Value: v} }
	for _, c := range []struct {
		kind   string
		x      rules.Explanation
		id, en string
	}{
		{"battery", rules.Explanation{Value: 12, Limit: 20, HasValue: true, HasLimit: true, Unit: "%", Constraint: "battery", Bound: rules.AtLeast},
			"Baterai 12 %; minimal 20 %.", "Battery at 12 %; at least 20 % is required."},
		{"battery", rules.Explanation{Value: 5, Limit: 14, HasValue: true, HasLimit: true, Unit: "d", Constraint: "trend", Bound: rules.AtLeast},
			"Dengan laju ini baterai lemah dalam 5 hari; harus diketahui 14 hari sebelumnya.", "At this rate the battery is low in 5 days; 14 days ahead is required."},
		{"clock", rules.Explanation{Value: 7, Limit: 3, HasValue: true, HasLimit: true, Unit: "1", Constraint: "clock", Bound: rules.Below,
			Inputs: []rules.Input{in(rules.InputMessages, 40), in(rules.InputWindow, 1440), in(rules.InputClockOff, -120)}},
			"Waktu pada 7 dari 40 pesan tidak dipercaya dalam 1 hari; 3 berarti rusak; terakhir 2 jam terlambat.", "The time of 7 of 40 messages was not believed in 1 day; 3 are a fault; last it was 2 h behind."},
		{"dead_counter", rules.Explanation{Value: 0, Limit: 12, HasValue: true, HasLimit: true, Unit: "1", Constraint: "dead_counter", Bound: rules.AtLeast,
			Inputs: []rules.Input{in(rules.InputWindow, 120), in(rules.InputExpected, 39.1), in(rules.InputElsewhere, 96)}},
			"Tidak menghitung siapa pun selama 2 jam; sekitar 39 orang seharusnya lewat, karena 96 melewati penghitung lain.",
			"Counted nobody for 2 h; about 39 people should have passed, for 96 passed the other counters."},
		{"frozen", rules.Explanation{Value: 1500, Limit: 1440, HasValue: true, HasLimit: true, Unit: "min", Constraint: "frozen", Bound: rules.Below,
			Inputs: []rules.Input{{Name: "temperature", Value: 24.2, Unit: "Cel"}}},
			"Persis sama selama 1 hari 1 jam pada 24,2 °C (suhu udara); dianggap macet setelah 1 hari.", "Exactly the same for 1 day 1 h at 24.2 °C (air temperature); stuck after 1 day."},
		{"lost", rules.Explanation{Value: 12.5, Limit: 10, HasValue: true, HasLimit: true, Unit: "%", Constraint: "lost", Inputs: []rules.Input{in(rules.InputBad, 20), in(rules.InputWindow, 1440)}},
			"12,5 % pesan dalam 1 hari hilang (20); paling banyak 10 %.", "12.5 % of the messages of 1 day are missing (20); at most 10 % is allowed."},
		{"outage", rules.Explanation{Value: 40, Limit: 37, HasValue: true, HasLimit: true, Unit: "1", Constraint: "outage", Bound: rules.Below, Inputs: []rules.Input{in(rules.InputBehind, 41)}},
			"40 dari 41 perangkat di belakangnya diam bersamaan.", "40 of 41 devices behind it fell silent together."},
		{"rejected", rules.Explanation{Value: 50, Limit: 20, HasValue: true, HasLimit: true, Unit: "%", Constraint: "rejected", Inputs: []rules.Input{in(rules.InputBad, 6), in(rules.InputWindow, 360)}},
			"50 % pesan dalam 6 jam tidak terbaca (6); paling banyak 20 %.", "50 % of the messages of 6 h were not understood (6); at most 20 % is allowed."},
		{"tamper", rules.Explanation{Constraint: "tampered"}, "Perangkat melaporkan bahwa ia dibuka atau dilepas.", "The device says that it was opened or removed."},
	} {
		v := rules.VerdictView{Rule: "r", Kind: c.kind, Class: rules.ClassSensor, Verdict: rules.Breached, Subject: rules.Subject{Kind: rules.SubjectDevice, ID: "d"}, Explanation: c.x}
		for lang, want := range map[string]string{"id": c.id, "en": c.en} {
			if _, text, todo := texts.ExplainVerdict(lang, &v, rules.AdviceFor(&rules.Rule{Kind: c.kind})); text != want || todo == "" {
				t.Errorf("%s %s: got %q (%q), want %q", lang, c.kind, text, todo, want)
			}
		}
	}
	explained := rules.VerdictView{Kind: "silence", Class: rules.ClassSensor, Verdict: rules.Breached, Subject: rules.Subject{Kind: rules.SubjectDevice, ID: "d"},
		Explanation: rules.Explanation{Value: 20, Limit: 15, HasValue: true, HasLimit: true, Unit: "min", Reason: rules.ReasonParent, Detail: "switch"}}
	title, text, _ := texts.ExplainVerdict("en", &explained, nil)
	if !strings.HasPrefix(title, "Device sends no data") || !strings.Contains(text, "(switch) fell silent") {
		t.Errorf("silence that a parent explains: got %q, %q", title, text)
	}
}
