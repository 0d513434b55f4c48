package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Promise 10: a mistake in the file of one site concerns that site alone, at a reload and at a start: it goes on with what was in
// force for it, and where nothing was its messages are kept as rejections.
func TestBrokenSiteFileHarmsNoOther(t *testing.T) {
	r := newRig(t).building()
	r.replace("protocols/uji.yaml", "above: 37.3", "above: 37.3, case: 1s, recheck: 1s, lapse: 4s")
	writeFile(t, r.dir, "sites/lain.yaml", strings.Replace(gedung, "id: gedung", "id: lain", 1))
	r.serve()
	c := connect(t, "tcp://"+r.mqtt, "bridge", nil)
	seq := 0
	// judged sends a fever and its end to a device of a site and waits for the alert.
	judged := func(site string) {
		t.Helper()
		for _, celsius := range []float64{39.4, 36.4} {
			seq++
			publish(t, c, "gerbang/v1/"+site+"/suhu", fmt.Sprintf(`{"boot":"a","seq":%d,"body_temperature":%v}`, seq, celsius))
			r.p.eventually(10*time.Second, "to judge "+site, func() error {
				var list struct {
					Items []struct{ Site, Rule string }
				}
				if err := r.get("/api/v1/alerts", &list); err != nil {
					return err
				}
				open := false
				for _, a := range list.Items {
					open = open || a.Site == site && a.Rule == "suhu"
				}
				if open != (celsius > 38) {
					return fmt.Errorf("alerts: %+v", list.Items)
				}
				return nil
			})
		}
	}
	judged("gedung")
	judged("lain")

	// A reload: the good change of the good site comes into force, the bad site stays as it was.
	r.replace("sites/lain.yaml", "from: outside", "from: ruang-hantu")
	r.replace("sites/gedung.yaml", "capacity: 100}", "capacity: 40}")
	r.reload()
	if a := r.alerted("configuration"); a.Class != "service" || !strings.Contains(a.Explanation.Detail, "lain.yaml") {
		t.Errorf("alert: got %+v, want one that names the file", *a)
	}
	r.showsZones(seenZone{"aula", 40})
	// Finding B5: the log says of which part that is.
	if log := r.p.out.String(); !strings.Contains(log, "the new configuration is in force, except for the sites whose files have problems") {
		t.Errorf("B5: the log does not say that the others have the new configuration:\n%s", log)
	}
	// Finding B6: the alert shows the mistake of now.
	r.replace("gerbang.yaml", "\nmqtt:", "\nmqtt: {")
	r.reload()
	r.p.eventually(10*time.Second, "to tell the second mistake", func() error {
		if a := r.alerted("configuration"); !strings.Contains(a.Explanation.Detail, "gerbang.yaml:") {
			return fmt.Errorf("alert: %q", a.Explanation.Detail)
		}
		return nil
	})
	if log := r.p.out.String(); !strings.Contains(log, "the new configuration is refused: the old one stays in force") {
		t.Errorf("B5: the log does not say that all stays as it was:\n%s", log)
	}
	r.replace("gerbang.yaml", "\nmqtt: {", "\nmqtt:")
	judged("gedung")
	judged("lain")

	// A start.
	r.stop()
	r.serve()
	c = connect(t, "tcp://"+r.mqtt, "bridge", nil)
	r.alerted("configuration")
	var ready struct {
		Services []struct{ Name, State, Detail string }
	}
	if err := r.get("/readyz", &ready); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(fmt.Sprint(ready.Services), "site lain") {
		t.Errorf("readyz does not name the site: %+v", ready.Services)
	}
	judged("gedung")
	judged("lain")

	// Mended, all is as the files say.
	r.replace("sites/lain.yaml", "from: ruang-hantu", "from: outside")
	r.reload()
	r.resolved("configuration", 10*time.Second)
	judged("lain")
	r.stop()
	if code, out, errs := run(t, "", "journal", "check", "--data", r.data()); code != 0 {
		t.Errorf("journal check: code %d: %s%s", code, out, errs)
	}

	// A site that the journal does not know, in a file that cannot even be read.
	if err := os.RemoveAll(filepath.Join(r.dir, "data")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, r.dir, "sites/lain.yaml", "id: [")
	r.serve()
	c = connect(t, "tcp://"+r.mqtt, "bridge", nil)
	judged("gedung")
	publish(t, c, "gerbang/v1/lain/suhu", `{"boot":"a","seq":1,"body_temperature":36.5}`)
	r.p.eventually(10*time.Second, "to keep the rejection", func() error {
		n, err := r.counters()
		if err == nil && n.rejected != 1 {
			err = fmt.Errorf("counters: %+v", n)
		}
		return err
	})
	r.stop()
	if code, _, _ := run(t, "", "check", r.config()); code != 1 {
		t.Errorf("check of the broken file: code %d, want 1", code)
	}
}
