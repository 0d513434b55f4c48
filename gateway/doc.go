// Package gateway is the one loop in the middle: it turns arriving messages into committed records, verdicts, alerts and
// signals.
//
// Everything that a message causes (its record, transitions, alert changes, signals owed, rollups) is one transaction of the
// journal, so what is in memory and what is on disk never differ, and a message is acknowledged only when all of it is durable.
// A Gateway is a synchronous machine driven with explicit times, which a replay drives on a virtual clock; a Loop drives it
// with real messages and the real clock. Web pages, the InfluxDB writer and the alert router read beside the loop and cannot
// hold it up.
package gateway
