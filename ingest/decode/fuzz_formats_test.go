package decode

import (
	"reflect"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// FuzzFormats asserts of XML and of ways of counting what FuzzDecode asserts of JSON: no panic;
// observations or exactly one rejection or nothing; every reading possible; the same answer twice; the payload untouched; and
// that people are counted in one form.
func FuzzFormats(f *testing.F) {
	ways := camera()
	ways.ID, ways.Title, ways.Match = "ways", "W", []string{"ways/{device}"}
	models := []model.Model{
		{ID: "xml", Title: "X", Format: "xml", Match: []string{"xml/{device}"}, Time: &model.Time{Path: "A?.t"}, Otherwise: "ignore",
			Readings: []model.Field{{Path: "A?.c[].n", Quantity: telemetry.PeopleIn, ChannelPath: "r", Twice: "add"}}},
		ways,
	}
	site := testSite(f)
	var topics []string
	for _, m := range models {
		site.Devices = append(site.Devices, facility.Device{ID: "dev-" + m.ID, Model: m.ID, Address: "1"})
		topics = append(topics, "push/"+m.ID+"/1")
	}
	d := newDecoder(f, Options{Sites: []facility.Site{site}, Models: models})
	for i, p := range []string{
		`<A x="1"><t>2022-07-05T00:59:50Z</t><c><n>4</n><r>1</r></c><c><n>5</n><r>1</r></c></A>`,
		`{"total":7,"minute":2,"event":"cross","inside":3,"t":1656982790}`,
	} {
		f.Add(p, byte(i))
	}
	f.Fuzz(func(t *testing.T, payload string, kind byte) {
		msg := &ingest.Message{Topic: topics[int(kind)%len(topics)], Payload: []byte(payload), QoS: 1, Received: received}
		recs := d.Decode(msg, nil)
		if string(msg.Payload) != payload {
			t.Fatal("the payload was changed")
		}
		if again := d.Worker(&Arena{}).Decode(msg, nil); !reflect.DeepEqual(recs, again) {
			t.Fatalf("got %s, then %s", show(recs), show(again))
		}
		forms := make(map[model.Count]bool)
		for i := range recs {
			rec := &recs[i]
			if rec.Kind == telemetry.KindRejection {
				if len(recs) != 1 || rec.Rejection.Reason == telemetry.ReasonFault {
					t.Fatalf("got %d records with a rejection: %s", len(recs), show(recs))
				}
				checkRejection(t, rec.Rejection)
				continue
			}
			checkObservation(t, rec)
			for _, r := range rec.Observation.Readings {
				if form := model.CountOf(r.Quantity); form != "" && form != model.CountPresent && r.Value > 0 {
					forms[form] = true
				}
			}
		}
		if len(forms) > 1 {
			t.Errorf("people are counted in several forms: %s", show(recs))
		}
	})
}
