// Package influx carries the journal to InfluxDB, and reads raw history back.
//
// The Writer is a reader of the journal that stands beside the gateway's loop: it turns records, transitions and samples
// into line protocol, posts them in batches and moves its cursor only after InfluxDB, proven to be it, has said that all of a
// batch is stored or will never be. What waits for long, or needs many requests, is left to a lane of its own, so that the present does
// not wait for the past. Nothing that InfluxDB does or fails to do reaches the loop: what waits stays in the journal, is counted
// and shown. Writing again what was already written changes nothing, because an element of the journal always becomes the
// same points.
//
// It works with InfluxDB 1.8 (through its v2 write endpoint, token "user:password", bucket "database" or
// "database/retention-policy", no organisation) and with InfluxDB 2.x.
//
// # Schema
//
// docs/influxdb.md is the reference: one point for each message and measurement (and channel, if a device has several), tags,
// fields and their types, which never change. A field holds the value that the engine judges, corrected by the same function;
// what the device sent stands beside it where it is something else. Points of one device and one time are kept apart by the
// number of their record; see momentOf.
package influx
