package endpoint_test

import (
	"net/url"
	"testing"

	"github.com/gerbang-iot/gerbang/endpoint"
)

func TestF3_HostAndPortThatThereCanBe(t *testing.T) {
	for raw, good := range map[string]bool{
		"tcp://127.0.0.1:1883": true, "http://h": true, "http://[::1]:65535/x": true, "http://[::1]": true, "ws://h:1/mqtt": true,
		"tcp://127.0.0.1:298830": false, "tcp://h:0": false, "tcp://:1883": false, "tcp://h:": false, "http:///x": false, "http://[::1]:65536": false,
		"mailto:x": false, "http://u:p@:80": false, "http://h:99999999999999999999": false,
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := endpoint.Check(u); (err == nil) != good {
			t.Errorf("%s: got %v, want good: %t", raw, err, good)
		}
	}
}
