package web

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/rules"
)

// The page of a site says which protocols are in force, until when, who issued them under which number, and which level is chosen.
func TestSitePageShowsTheProtocolsInForce(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	for lang, want := range map[string][]string{
		"en": {
			"Health protocol in public places", "Ministry of Health of Indonesia · KMK HK.01.07/MENKES/382/2020", "since 19 Jun 2020 · for ID · read it",
			"Kemendagri · Inmendagri 33/2022", "5 Jul 2022 until 30 Dec 2022 18:00 · for ID-JI, ID-JK", "PPKM level two: 75 %", "Tingkat gedung not yet in force", "from 2 Jan 2023 on",
		},
		"id": {
			"Protokol kesehatan tempat umum", "Kementerian Kesehatan RI · KMK HK.01.07/MENKES/382/2020", "sejak 19 Jun 2020 · untuk ID · baca",
			"5 Jul 2022 sampai 30 Des 2022 18.00 · untuk ID-JI, ID-JK", "PPKM tingkat dua: 75 %", "Tingkat gedung belum berlaku", "mulai 2 Jan 2023",
		},
	} {
		page := r.get("/site/mpp-magetan?lang=" + lang).body
		got := one(t, page, "section#site-protocols")
		for _, part := range want {
			if !strings.Contains(got, part) {
				t.Errorf("%s: got %q, want %q in it", lang, got, part)
			}
		}
		for _, part := range []string{": 75 %</strong>", `<a href="#site-protocols">` + want[0] + " · PPKM</a>"} {
			if strings.Count(page, part) != 1 {
				t.Errorf("%s: %d times %q in the page, want it once", lang, strings.Count(page, part), part)
			}
		}
	}
	f.change("mpp-magetan", func(v *rules.View) { v.InForce, v.Coming, v.Protocols = nil, nil, nil })
	if got := one(t, r.get("/site/mpp-magetan?lang=en").body, "section#site-protocols"); !strings.Contains(got, "No protocol is in force: nothing is judged.") {
		t.Errorf("without a protocol: got %q, want it said", got)
	}
}

func TestAPITellsTheProtocolsInForce(t *testing.T) {
	r := start(t, newFleet(), nil)
	var got struct {
		LevelName map[string]string `json:"level_name"`
		InForce   []struct {
			ID, Legal, From, Until string
			Authority              map[string]string
			Area                   []string
			Levels                 map[string]float64
		} `json:"in_force"`
		Coming []struct{ ID, From string }
	}
	if err := json.Unmarshal([]byte(r.get("/api/v1/sites/mpp-magetan").body), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.InForce) != 2 || len(got.Coming) != 1 {
		t.Fatalf("got %+v, want two protocols in force and one that comes", got)
	}
	first, second := got.InForce[0], got.InForce[1]
	if first.Legal != "KMK HK.01.07/MENKES/382/2020" || first.From != "2020-06-18T17:00:00Z" || first.Until != "" || first.Authority["en"] == "" {
		t.Errorf("the first: got %+v", first)
	}
	if second.Until != "2022-12-30T11:00:00Z" || second.Levels["2"] != .75 || len(second.Area) != 2 || got.LevelName["en"] != "PPKM level two" {
		t.Errorf("the second: got %+v, level %v", second, got.LevelName)
	}
	if got.Coming[0].ID != "gedung" || got.Coming[0].From == "" {
		t.Errorf("what comes: got %+v", got.Coming[0])
	}
}
