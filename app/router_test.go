package app

import "testing"

// Finding N7: links in notifications have one slash where one belongs, and keep the path of the address that is configured.
func TestN7_LinksBeginWithTheExternalAddress(t *testing.T) {
	for base, want := range map[string]string{
		"http://127.0.0.1:8080/": "http://127.0.0.1:8080", "https://x.example/gerbang/": "https://x.example/gerbang", "https://x.example/gerbang": "https://x.example/gerbang",
	} {
		if got := linkBase("", base); got != want {
			t.Errorf("%s: got %s, want %s", base, got, want)
		}
		if got := linkBase("https://own.example/a/", base); got != "https://own.example/a" {
			t.Errorf("alertmanager.external_url: got %s", got)
		}
	}
}
