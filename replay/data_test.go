package replay

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// TestRecordedData plays the public data sets through the decoder, where GERBANG_DATA names the folder that holds them, and
// compares with what was counted in the files by other means.
func TestRecordedData(t *testing.T) {
	folder := os.Getenv("GERBANG_DATA")
	if folder == "" {
		t.Skip("GERBANG_DATA names no folder with the data sets")
	}
	tests := []struct {
		mapping, file            string
		messages, readings, rows uint64 // rows: those with problems
		in, out                  float64
	}{
		{mapping: "calit2", file: "calit2/CalIt2.data", messages: 5040, readings: 10080, in: 19597, out: 18837},
		{mapping: "dtu-library", file: "dtu-library/Occu_data_library.csv", messages: 10721, readings: 21442, in: 146968, out: 147735},
		{mapping: "mta-110528", file: "mta-turnstile/turnstile_110528.part.txt"},
		{mapping: "mta-200328", file: "mta-turnstile/turnstile_200328.head10.txt"},
		{mapping: "uci-occupancy", file: "uci-occupancy-detection/datatraining.txt", messages: 8143, readings: 5 * 8143},
		{mapping: "uci-occupancy", file: "uci-occupancy-detection/datatest.txt", messages: 2665, readings: 5 * 2665},
		{mapping: "uci-occupancy", file: "uci-occupancy-detection/datatest2.txt", messages: 9752, readings: 5 * 9752},
	}
	for _, tt := range tests {
		t.Run(filepath.Base(tt.file), func(t *testing.T) {
			m, site := shipped(t, tt.mapping)
			d, err := decode.New(decode.Options{Sites: []facility.Site{site}})
			if err != nil {
				t.Fatal(err)
			}
			file, err := os.Open(filepath.Join(folder, tt.file))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = file.Close() }()
			var s Summary
			seen := make(map[uint64]bool)
			var recs []telemetry.Record
			for msg, err := range Read(t.Context(), file, m, Options{Name: tt.file, Zone: site.Location.Location}) {
				if _, ok := errors.AsType[*RowError](err); ok {
					s.Problem(err)
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				s.Messages++
				recs = d.Decode(&msg, recs[:0])
				if len(recs) != 1 || recs[0].Rejection != nil || recs[0].Observation.Flags != 0 {
					t.Fatalf("%s %s: got %+v", msg.Topic, msg.Payload, recs)
				}
				if id := recs[0].Identity; id == 0 || seen[id] {
					t.Fatalf("%s %s: identity %d is none or not its own", msg.Topic, msg.Payload, id)
				}
				seen[recs[0].Identity] = true
				s.Record(&recs[0])
			}
			if s.Messages == 0 || s.Problems != tt.rows || s.Rejections != 0 || s.Stored != s.Messages {
				t.Errorf("%d messages, %d stored, %d rejected, problems %v", s.Messages, s.Stored, s.Rejections, s.FirstProblems)
			}
			if tt.messages > 0 && (s.Messages != tt.messages || s.Readings != tt.readings) {
				t.Errorf("got %d messages with %d readings, want %d with %d", s.Messages, s.Readings, tt.messages, tt.readings)
			}
			if tt.in > 0 && (s.Sites[0].In != tt.in || s.Sites[0].Out != tt.out) {
				t.Errorf("got in %v, out %v; want %v, %v", s.Sites[0].In, s.Sites[0].Out, tt.in, tt.out)
			}
			t.Logf("%d messages, in %v, out %v, %v to %v", s.Messages, s.Sites[0].In, s.Sites[0].Out, s.First, s.Last)
		})
	}
}
