// Package testengine starts the real engines that the tests of the gateway talk to: influxd, mosquitto, Alertmanager and a
// headless Chromium, and a TCP proxy that breaks the wire between any two of them. Only tests import it.
//
// Every engine listens on a loopback port below the ephemeral range, keeps its files in the test's temporary directory and ends
// with the test, also when the test process is killed. An engine that is not installed fails the test in CI (CI=true in the
// environment) and skips it elsewhere, with a word on how to get it.
package testengine
