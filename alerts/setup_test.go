package alerts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/template"

	"github.com/gerbang-iot/gerbang/rules"
)

// safeBuffer is a log that a test reads while others write.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// TestEmbeddedLogsNoSecrets plants secrets where receivers keep them, makes every receiver fail, and reads the log.
func TestEmbeddedLogsNoSecrets(t *testing.T) {
	hook := newWebhook(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bot.token"), []byte("99:canary-file-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	failed := make(chan string, 100)
	broken := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		failed <- r.URL.Path
		panic(http.ErrAbortHandler) // the client puts its URL into the error
	}))
	defer broken.Close()
	host := strings.TrimPrefix(broken.URL, "http://")
	config := fmt.Sprintf(`
route:
  receiver: people
  group_by: [site]
  group_wait: 10ms
  group_interval: 50ms
  routes:
    - {receiver: bot, continue: true}
    - {receiver: filebot, continue: true}
    - {receiver: hook, continue: true}
    - {receiver: people}
receivers:
  - name: people
    webhook_configs: [{url: %q}]
  - name: bot
    telegram_configs: [{api_url: %q, bot_token: "98:canary-token", chat_id: 1}]
  - name: filebot
    telegram_configs: [{api_url: %q, bot_token_file: %q, chat_id: 1}]
  - name: hook
    webhook_configs: [{url: "http://user:canary-password@%s/canary-path?key=canary-query"}]
`, hook.url, broken.URL, broken.URL, filepath.Join(dir, "bot.token"), host)
	log := &safeBuffer{}
	e, err := NewEmbedded(EmbeddedOptions{Config: []byte(config), DataDir: dir, StartDelay: -1,
		Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	startResender(t, e, alertOf("magetan", rules.ClassBreach, "capacity", "hall"))
	hook.next(t)
	paths := make(map[string]bool)
	for len(paths) < 3 {
		select {
		case p := <-failed:
			paths[p] = true
		case <-time.After(20 * time.Second):
			t.Fatalf("only %v were tried", paths)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	text := log.String()
	if !strings.Contains(text, "Notify") {
		t.Errorf("the log says nothing of the failures:\n%s", text)
	}
	if strings.Contains(text, "canary") {
		t.Errorf("the log contains a secret:\n%s", text)
	}
}

func TestRedact(t *testing.T) {
	tests := []struct{ in, want string }{
		{"nothing here", "nothing here"},
		{`Post "https://api.telegram.org/bot1:abc/sendMessage": EOF`, `Post "https://api.telegram.org/...": EOF`},
		{"http://user:pass@host:80/x?y=z failed", "http://host:80/... failed"},
		{"two http://a/1 and smtp://u:p@b/2", "two http://a/... and smtp://b/..."},
		{"http://host", "http://host/..."},
	}
	for _, tt := range tests {
		if got := redact(tt.in); got != tt.want {
			t.Errorf("redact(%q) is %q, want %q", tt.in, got, tt.want)
		}
	}
	var log bytes.Buffer
	slog.New(redactor{slog.NewTextHandler(&log, nil)}).With("a", "http://h/canary").WithGroup("g").
		Info("http://h/canary", "err", errors.New("http://h/canary"), slog.Group("x", "y", "http://h/canary"), "n", 1)
	if strings.Contains(log.String(), "canary") || !strings.Contains(log.String(), "g.n=1") {
		t.Errorf("log is %s, want it without paths and with g.n=1", log.String())
	}
}

func FuzzRedact(f *testing.F) {
	f.Add(`Post "https://x/`, `": EOF`)
	f.Fuzz(func(t *testing.T, before, behind string) {
		const secret = "canaryinapath"
		if got := redact(before + " https://host/" + secret + " " + behind); strings.Contains(got, secret) {
			t.Errorf("redacted to %q, want no secret", got)
		}
	})
}

func TestRefuseLinkLocal(t *testing.T) {
	for address, ok := range map[string]bool{
		"127.0.0.1:80": true, "192.168.1.10:443": true, "[::1]:80": true, "93.184.216.34:443": true,
		"169.254.169.254:80": false, "[::ffff:169.254.169.254]:80": false, "[fe80::1]:80": false, "0.0.0.0:80": false, "[::]:80": false, "224.0.0.1:80": false, "host:80": false,
	} {
		if err := refuseLinkLocal("tcp", address, nil); (err == nil) != ok {
			t.Errorf("connecting to %s: %v, want ok %v", address, err, ok)
		}
	}
	// The check sees addresses, not names: what a name resolves to, and how an address is written, makes no difference.
	if conn, err := dialNotifier(t.Context(), "tcp", "169.254.169.254:80"); err == nil {
		conn.Close()
		t.Error("a connection to 169.254.169.254 was made")
	}
}

func TestLanguageByReceiver(t *testing.T) {
	tmpl := shippedTemplates(t) // "auditor" is English
	n := notices{texts: sampleTexts(t)}
	a := samples()[0]
	x := n.of(&a, time.Now())
	for receiver, want := range map[string]string{"auditor": "Too full", "guard": "Terlalu penuh"} {
		data := &template.Data{Receiver: receiver, Alerts: template.Alerts{{Status: "firing", Labels: x.Labels, Annotations: x.Annotations}}}
		for _, name := range []string{"title", "text", "html"} {
			got, err := tmpl.ExecuteTextString(`{{ template "gerbang.`+name+`" . }}`, data)
			if err != nil || !strings.Contains(got, want) {
				t.Errorf("%s of %s is %q (%v), want %q", name, receiver, got, err, want)
			}
		}
	}
	_, err := NewEmbedded(EmbeddedOptions{Config: []byte(readFile(t, shippedConfig)), DataDir: t.TempDir(), Languages: map[string]string{"nobody": "en"}})
	if err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("a language for a receiver that does not exist: %v, want an error that names it", err)
	}
}

// TestRelativePaths: files named in a configuration are looked for beside it.
func TestRelativePaths(t *testing.T) {
	hook := newWebhook(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"own.tmpl": `{{ define "gerbang.title" }}own words{{ end }}`, "token": "abc"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config := strings.Replace(quick(hook.url, "templates: ['*.tmpl']\n"), "[{url:", "[{http_config: {authorization: {credentials_file: token}}, url:", 1)
	e, err := NewEmbedded(EmbeddedOptions{Config: []byte(config), BaseDir: dir, DataDir: t.TempDir(), Templates: []string{readFile(t, shippedTemplate)}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.setup.templates.ExecuteTextString(`{{ template "gerbang.title" . }}`, nil)
	if err != nil || got != "own words" {
		t.Errorf("the title is %q (%v), want the configuration's own words", got, err)
	}
	if got, want := e.setup.config.Receivers[0].WebhookConfigs[0].HTTPConfig.Authorization.CredentialsFile, filepath.Join(dir, "token"); got != want {
		t.Errorf("the credentials file is %q, want %q", got, want)
	}
}
