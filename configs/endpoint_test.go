package configs

import (
	"strings"
	"testing"
)

// Finding F3: a port that there cannot be, or no host, is a problem of the configuration in every URL that the gateway calls.
func TestF3_ImpossibleHostsAndPortsAreRefused(t *testing.T) {
	t.Setenv("GERBANG_TEST_SECRET", "x")
	for _, c := range []struct{ what, begin, end string }{
		{"broker", "mqtt: {broker: {url: 'tcp://", "'}}\n"},
		{"broker over a web socket", "mqtt: {broker: {url: 'wss://", "/mqtt'}}\n"},
		{"influxdb", "influxdb: {url: 'http://", "', org: o, bucket: b, token_env: GERBANG_TEST_SECRET}\n"},
		{"alertmanager", "alertmanager: {url: 'http://", "'}\n"},
		{"pages", "http: {external_url: 'https://", "/x/'}\n"},
		{"links", "alertmanager: {url: 'http://h', external_url: 'https://", "'}\n"},
	} {
		for _, host := range []string{"127.0.0.1:298830", "127.0.0.1:0", ":1883", "h:", "[::1]:65536"} {
			_, err := loadWith(t, c.begin+host+c.end)
			if err == nil || !strings.Contains(err.Error(), "port") && !strings.Contains(err.Error(), "host") {
				t.Errorf("%s at %s: got %v, want a word on the host or port", c.what, host, err)
			}
		}
		if _, err := loadWith(t, c.begin+"127.0.0.1:2988"+c.end); err != nil && strings.Contains(err.Error(), "port 2988") {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}
