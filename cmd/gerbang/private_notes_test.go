package main

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// said collects everything that is told to somebody outside.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) add(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.WriteString(text)
}

func (s *said) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// mailbox is a mail server that takes everything; it gives its address.
func (s *said) mailbox(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.mail(conn)
		}
	}()
	return l.Addr().String()
}

func (s *said) mail(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	answer := func(line string) { _, _ = fmt.Fprintf(conn, "%s\r\n", line) }
	answer("220 mail")
	body := false
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		line := lines.Text()
		s.add(line + "\n")
		switch {
		case body && line == ".":
			body = false
			answer("250 kept")
		case body:
		case strings.HasPrefix(line, "DATA"):
			body = true
			answer("354 go on")
		case strings.HasPrefix(line, "QUIT"):
			answer("221 bye")
			return
		default:
			answer("250 well")
		}
	}
}

// server takes requests, of an Alertmanager's webhook or those that an Alertmanager gets itself.
func (s *said) server(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.add(r.URL.String() + "\n" + string(body) + "\n")
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// Finding S6: what is told to people outside, by webhook, e-mail, an Alertmanager of their own or MQTT, has nothing of what was planted in
// payloads, topics, client ids and logins either.
func TestS6_NothingPersonalInNotifications(t *testing.T) {
	for _, how := range []string{"embedded", "external"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			hook, mail := &said{}, &said{}
			var r *rig
			if how == "external" {
				r = newRig(t, fmt.Sprintf("alertmanager: {url: %q, resend: 10s}", hook.server(t))).building()
			} else {
				r = newRig(t, "alertmanager: {config: alertmanager.yml, resend: 10s}").building()
				writeFile(t, r.dir, "alertmanager.yml", fmt.Sprintf(`route: {receiver: guard, group_by: [alertname, subject], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
receivers:
- name: guard
  webhook_configs: [{url: %q, send_resolved: true}]
  email_configs: [{to: guard@example.org, from: gerbang@example.org, smarthost: %q, require_tls: false, send_resolved: true}]
`, hook.server(t), mail.mailbox(t)))
			}
			r.serve()
			c := connect(t, "tcp://"+r.mqtt, "Budi Santoso 081299887766", nil)
			signals := watchTopics(t, connect(t, "tcp://"+r.mqtt, "listener", nil), "gerbang/v1/gedung/out/#")
			for _, payload := range []string{
				`Budi;0812-9988-7766;36.5`, `{"Budi Santoso":{"nik":3573010101010001}}`, `{"people_in":1,"people_out":-4,"name":"Budi","Santoso":1}`, `{"task":"budi-santoso","done":true,"by":"Budi"}`,
				`{"temperature":21,"unit":"Budi"}`, `{"device":"Budi","people_in":1}`, `{"pic":"dQO0dQO0","at":"Budi Santoso"}`,
				// These are readings, and raise alerts.
				`{"boot":"Budi","seq":1,"body_temperature":39.6,"name":"Budi Santoso","nik":"3573010101010001"}`, `{"boot":"081299887766","seq":2,"people_in":400,"Budi":417793}`,
				`{"at":"0812-9988-7766","body_temperature":39.7,"pic":"dQO0dQO0"}`,
			} {
				for _, topic := range []string{"gerbang/v1/gedung/hitung", "gerbang/v1/gedung/suhu", "gerbang/v1/gedung/udara", "faces/Budi Santoso/3573010101010001", "gerbang/v1/Budi/Santoso"} {
					publish(t, c, topic, payload)
				}
			}
			r.alerted("suhu")
			wants := map[*said]string{hook: "suhu"}
			if how == "embedded" {
				wants[mail] = "suhu"
			}
			for where, want := range wants {
				r.p.eventually(30*time.Second, "to tell people", func() error {
					if text := where.all(); !strings.Contains(text, want) {
						return fmt.Errorf("told: %.300q", text)
					}
					return nil
				})
			}
			time.Sleep(2 * time.Second) // other alerts follow
			told := map[string]string{"the webhook or Alertmanager": hook.all(), "the e-mail": unfolded(mail.all()), "MQTT": fmt.Sprint(signals.everything())}
			for where, text := range told {
				if where != "the e-mail" && !strings.Contains(text, "suhu") {
					t.Errorf("%s was told nothing: this tests nothing", where)
				}
				text = strings.ToLower(text)
				for _, p := range personal {
					if at := strings.Index(text, p); at >= 0 {
						t.Errorf("%s is told %q: …%.160q…", where, p, text[max(0, at-80):])
					}
				}
			}
			r.stop()
		})
	}
}

// unfolded is a mail without the line ends of its encoding.
func unfolded(text string) string { return strings.ReplaceAll(text, "=\n", "") }

// everything is all that was heard last of each topic.
func (b *board) everything() map[string]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.shown)
}
