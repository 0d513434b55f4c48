// Package influx carries the journal to InfluxDB, and reads raw history back.
//
// The Writer is a reader of the journal that stands beside the gateway's loop: it turns records, transitions and samples
// into line protocol, posts them in batches and moves its cursor only after InfluxDB has said, with a 204, that all of a
// batch is stored. Nothing that InfluxDB does or fails to do reaches the loop: what waits stays in the journal, is counted
// and shown. Writing again what was already written changes nothing, because an element of the journal always becomes the
// same points.
//
// It works with InfluxDB 1.8 (through its v2 write endpoint, token "user:password", bucket "database" or
// "database/retention-policy", no organisation) and with InfluxDB 2.x.
//
// # Schema
//
// One point for each message and measurement (and channel, if a device has several). Tags are site, zone or door, device,
// channel where there is one, and provenance where it is not a sensor; times are in nanoseconds. Counts and flags (0 or 1)
// are integers, measured values are floats, and a field never changes its type. Points without device were entered by a
// person.
//
//	people_flow       in, out                        integer  people who passed since the last message
//	people_total      in, out                        integer  running totals of a counter
//	people_present    persons                        integer
//	body_temperature  celsius                        float
//	air               temperature_c humidity_pct co2_ppm tvoc_ppb pm25_ugm3 pm10_ugm3 pressure_hpa illuminance_lx noise_db  float
//	distance          metres                         float
//	presence          occupied, motion, motions      integer
//	contact           open, opens                    integer
//	button            presses; kind                  integer; string
//	masks             worn, missing                  integer
//	supply            fill_pct; dispensed            float; integer
//	vehicles          in                             integer
//	device            battery_pct, battery_v, temperature_c; tampered   float; integer
//	task              done; agent, item, by          integer; string   tag task
//	occupancy         persons, error, limit          float    no zone: the whole site; no limit: none is set
//	verdict           state; value, error, limit; reason   integer (−1 unknown, 0 within, 1 breached); float; string   tags rule, subject (kind/id)
//
// A verdict that late data revised carries the tag late=true: a point with the revised state where the revision begins and
// one with the former state where it ends. The series without the tag is what was judged at the time.
//
// Two different values of one field that would share a series and a time are kept apart by a nanosecond each; see apart.
package influx
