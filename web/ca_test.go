package web

import (
	"crypto/x509"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ownca"
)

// The page that helps to install the gateway's own authority is for everybody, says its fingerprint and gives the file; where there is none it is not
// there. With such a certificate no browser is told to refuse everything else for a year.
func TestTheOwnAuthorityIsInstalledByAPage(t *testing.T) {
	cert, err := ownca.Make(t.TempDir(), []string{"gerbang.lan", "192.168.10.5"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	r := staffed(t, newFleet(), func(o *Options) { o.OwnCA = cert })
	stranger := r.another()
	for lang, want := range map[string]string{"en": "Certificate Trust Settings", "id": "Pengaturan Kepercayaan Sertifikat"} {
		page := stranger.get("/ca?lang=" + lang)
		wants(t, "the page in "+lang, page.body, want, ownca.Fingerprint(cert), "gerbang.lan", "192.168.10.5", "Android", "iPhone", "Windows", `href="/ca/gerbang.crt"`)
	}
	file := stranger.get("/ca/gerbang.crt")
	if got, err := x509.ParseCertificate([]byte(file.body)); err != nil || !got.Equal(cert) || file.Header.Get("Content-Type") != "application/x-x509-ca-cert" {
		t.Errorf("the file: %v, %s", err, file.Header.Get("Content-Type"))
	}
	if got := stranger.get("/login").Header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("a certificate of one's own: browsers are told %q, which cannot be taken back", got)
	}
	plain := staffed(t, newFleet(), nil)
	for _, path := range []string{"/ca", "/ca/gerbang.crt"} {
		if got := plain.get(path).StatusCode; got != http.StatusNotFound {
			t.Errorf("%s without an authority: got %d, want 404", path, got)
		}
	}
	// What a browser gives at the address at which it is, the account's page says.
	wants(t, "the account's page at a number", plain.get("/account?lang=en").body, "For passkeys a browser wants a name")
	at, _ := url.Parse(plain.url)
	session := plain.client.Jar.Cookies(at)[0].String()
	if body := plain.get("/account?lang=en", "Host", "gerbang.lan:8080", "Cookie", session).body; !strings.Contains(body, "This address is not encrypted") {
		t.Error("the account's page at a name without encryption does not say what is missing")
	}
}
