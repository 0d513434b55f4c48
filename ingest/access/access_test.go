package access_test

import (
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/access"
)

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		allowed, filter string
		want            bool
	}{
		{"gerbang/v1/+/out/#", "gerbang/v1/mpp/out/zone/a", true},
		{"gerbang/v1/+/out/#", "gerbang/v1/+/out/#", true},
		{"gerbang/v1/+/out/#", "gerbang/v1/mpp/out", true},
		{"gerbang/v1/+/out/#", "gerbang/v1/+/+/#", false},
		{"gerbang/v1/+/out/#", "gerbang/#", false},
		{"gerbang/v1/+/out/#", "#", false},
		{"gerbang/v1/s/d/#", "gerbang/v1/s/d", true},
		{"gerbang/v1/s/d/#", "gerbang/v1/s/+", false},
		{"gerbang/v1/s/d/#", "gerbang/v1/s/d2", false},
		{"a/+", "a/#", false},
		{"a/+", "a/b/c", false},
		{"a/+/c", "a/+", false},
		{"#", "$SYS/broker", false},
		{"#", "any/+/thing/#", true},
	} {
		if got := access.Covers(c.allowed, c.filter); got != c.want {
			t.Errorf("Covers(%q, %q): got %v, want %v", c.allowed, c.filter, got, c.want)
		}
	}
}

func TestAccount(t *testing.T) {
	set, err := access.NewSet([]access.Credential{
		{Name: "door", Password: "p", Role: access.Device, Device: "mpp/door"},
		{Name: "lora", PasswordHash: access.HashPassword("q"), Role: access.Bridge, Devices: []string{"mpp/a", "mpp/b"}},
		{Name: "all", Password: "r", Role: access.Bridge},
		{Name: "sign", Password: "s", Role: access.Reader},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ yes, no []string }{
		"door": {[]string{"gerbang/v1/mpp/door", "gerbang/v1/mpp/door/x"},
			[]string{"gerbang/v1/mpp/door2", "gerbang/v1/mpp", "gerbang/v1/mpp/out/x", "vendor/x", "$SYS/x"}},
		"lora": {[]string{"gerbang/v1/mpp/a", "gerbang/v1/mpp/b/x", "vendor/x"}, []string{"gerbang/v1/mpp/c", "gerbang/v1/mpp/out/zone/a"}},
		"all":  {[]string{"gerbang/v1/mpp/c", "vendor/x"}, []string{"gerbang/v1/mpp/out/zone/a", "gerbang/v1/mpp/out", "$SYS/a"}},
		"sign": {nil, []string{"gerbang/v1/mpp/a", "vendor/x"}},
	} {
		a := set.Find(name)
		for _, topic := range c.yes {
			if !a.MayRelay(topic) {
				t.Errorf("%s: MayRelay(%q): got false", name, topic)
			}
		}
		for _, topic := range c.no {
			if a.MayRelay(topic) {
				t.Errorf("%s: MayRelay(%q): got true", name, topic)
			}
		}
	}
	if set.Authenticate("lora", "q") == nil || set.Authenticate("lora", "p") != nil || set.Authenticate("none", "p") != nil || set.Authenticate("door", "") != nil {
		t.Error("Authenticate accepts the wrong ones")
	}
	if !set.Find("sign").MayRead("$share/g/gerbang/v1/mpp/out/#") || set.Find("sign").MayRead("$share/g/#") || set.Find("sign").MayRead("$share/x") {
		t.Error("a shared subscription is not judged by its filter")
	}
	// A credential that did not change keeps its account, one that did does not.
	again, err := access.NewSet([]access.Credential{
		{Name: "door", Password: "p", Role: access.Device, Device: "mpp/door"},
		{Name: "all", Password: "changed", Role: access.Bridge},
	}, set)
	if err != nil {
		t.Fatal(err)
	}
	if again.Find("door") != set.Find("door") || again.Find("all") == set.Find("all") || again.Find("sign") != nil {
		t.Error("NewSet: wrong accounts were taken over")
	}
}

func TestNewSetTellsAllMistakesAndNoSecret(t *testing.T) {
	_, err := access.NewSet([]access.Credential{
		{Name: "", Password: "hunter2", Role: access.Reader},
		{Name: "a", Role: access.Reader},
		{Name: "b", Password: "hunter2", Role: "king"},
		{Name: "c", Password: "hunter2", Role: access.Device, Device: "door"},
		{Name: "d", Password: "hunter2", Role: access.Device, Device: "mpp/out"},
		{Name: "e", PasswordHash: "sha256:hunter2", Role: access.Reader},
		{Name: "f", Password: "hunter2", Role: access.Reader, Read: []string{"a/#/b"}},
		{Name: "g", Password: "hunter2", Role: access.Reader},
		{Name: "g", Password: "hunter2", Role: access.Reader},
	}, nil)
	if err == nil {
		t.Fatal("got no error")
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != 8 {
		t.Errorf("got %d mistakes, want 8: %v", n, err)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a password is in the error: %v", err)
	}
}
