package broker_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/access"
	"github.com/gerbang-iot/gerbang/ingest/broker"
)

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// Finding S6: who types a name or a number where a login or a client id stands does not find it in the log.
func TestS6_RefusedLoginsAreNotInTheLog(t *testing.T) {
	var log lines
	b := start(t, broker.Options{Credentials: []access.Credential{door, lora}, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelInfo}))}, make(inbox, 1))
	for _, l := range []login{
		{id: "081299887766", user: "Budi.Santoso", password: "p"}, {id: "Budi Santoso", user: "door", password: "wrong"}, {id: "x", user: "3573010101010001", password: "Santoso"},
		{id: "Budi\x1b[2J", user: "door\nlevel=ERROR", password: "p"},
	} {
		if _, code, _ := connect(t, dial(t, b), l); code != 5 {
			t.Errorf("%+v: got code %d, want 5", l, code)
		}
	}
	text := log.String()
	if !strings.Contains(text, "refused") {
		t.Errorf("the log says nothing of refused logins: %s", text)
	}
	for _, m := range []string{"Budi", "Santoso", "0812", "357301", "\x1b", "[2J", "level=ERROR"} {
		if strings.Contains(text, m) {
			t.Errorf("%q is in the log: %s", m, text)
		}
	}
}
