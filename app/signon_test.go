package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oauth2-proxy/mockoidc"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/ownca"
)

// A gateway with a certificate and a provider as the configuration says: a device that trusts its authority trusts its pages, the log-in offers the provider,
// and a reload brings another one, or none. What a check says of an authority for other names is what the start says.
func TestCertificateAndProviderOfTheConfiguration(t *testing.T) {
	mock, err := mockoidc.Run()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mock.Server.Close() }()
	r := &running{t: t, dir: t.TempDir()}
	write := func(names, oidc string) {
		r.write("gerbang.yaml", "data: data\nhttp: {listen: \"127.0.0.1:0\", certificate_for: ["+names+"]}\n"+oidc+
			"mqtt: {embedded: {listen: \"127.0.0.1:0\", credentials: [{name: jembatan, password_file: before, bridge: true}]}}\nsites: sites/\n")
	}
	provider := func(name string) string {
		return "oidc: {issuer: \"" + mock.Issuer() + "\", client_id: " + mock.ClientID + ", client_secret_file: oidc, name: " + name + ", roles: [{group: satpam, role: security, sites: gedung}]}\n"
	}
	r.write("before", "a-secret")
	r.write("oidc", mock.ClientSecret)
	r.write("sites/gedung.yaml", reloadSite)
	write("127.0.0.1", provider("Pegawai"))
	load := func() (*configs.Config, error) { return configs.Load(filepath.Join(r.dir, "gerbang.yaml")) }
	cfg, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if r.app, err = New(t.Context(), cfg, Options{Version: "test", Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.app.Run(ctx) }()
	stop := func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if _, err := r.app.keeper.Follow(t.Context(), r.app.keeper.FirstCode(), "tujuh sendok di laci", accounts.Person{Name: "sari"}, accounts.Attempt{}); err != nil {
		t.Fatal(err)
	}
	cert, err := ownca.Read(AuthorityFolder(cfg))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	get := func(path string) (int, string) {
		t.Helper()
		resp, err := client.Get(strings.TrimSuffix(r.app.URL(), "/") + path) //nolint:noctx // a test
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body)
	}
	if _, page := get("/ca"); !strings.Contains(page, ownca.Fingerprint(cert)) {
		t.Error("the page of the authority has no fingerprint")
	}
	if _, page := get("/login?lang=en"); !strings.Contains(page, "Sign in with Pegawai") {
		t.Error("the log-in offers no provider")
	}
	for _, oidc := range []string{provider("Lain"), ""} {
		write("127.0.0.1", oidc)
		if err := r.app.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, page := get("/login?lang=en"); strings.Contains(page, "Sign in with Lain") != (oidc != "") || strings.Contains(page, "Pegawai") {
			t.Errorf("after a reload to %q the log-in is another", oidc)
		}
	}
	r.write("oidc", "") // a secret that is gone is no configuration
	write("127.0.0.1", provider("Lain"))
	if err := r.app.Reload(t.Context()); err == nil {
		t.Error("without its secret the provider is taken")
	}
	stop()
	r.write("oidc", mock.ClientSecret)
	write("gerbang.lan", provider("Pegawai"))
	if cfg, err = load(); err != nil {
		t.Fatal(err)
	}
	if problems := Check(cfg); len(problems) != 1 || !problems[0].Machine || !strings.Contains(problems[0].Text, "gerbang https --new") || problems[0].Line != 2 {
		t.Errorf("an authority for other names: got %v, want to be told what to do", problems)
	}
}
