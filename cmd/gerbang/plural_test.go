package main

import (
	"bytes"
	"strings"
	"testing"
)

// One of something is called so.
func TestOneDeviceIsNotDevices(t *testing.T) {
	var out bytes.Buffer
	if err := printStrangers(&out, []stranger{{Topic: "a", Messages: 1}, {Topic: "b", Messages: 2}}); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "a (1 message)\n") || !strings.Contains(got, "b (2 messages)\n") {
		t.Errorf("got %q", got)
	}
}
