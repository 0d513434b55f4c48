package app

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/gerbang-iot/gerbang/configs"
)

// identityFile keeps the id of a gateway that was not given one, in its data directory: a container has another host name after each
// restart, and the broker keeps messages under the id.
const identityFile = "gateway.id"

// identify finds the id of this gateway: as configured, or as it was made at its first start: the host's name and four digits, because many
// hosts are called raspberrypi, and two gateways with one id take each other's messages. It belongs to whoever holds the data directory.
func identify(cfg *configs.Config, log *slog.Logger) (string, error) {
	if cfg.ID != "" {
		return cfg.ID, nil
	}
	path := filepath.Join(cfg.Data, identityFile)
	text, err := os.ReadFile(path)
	switch id := strings.TrimSpace(string(text)); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return "", fmt.Errorf("reading the gateway's id: %w", err)
	case id != "" && id == cleanID(id):
		return id, nil
	default:
		return "", fmt.Errorf("%s holds %.64q: expected an id of 1 to %d letters, digits, dots and dashes; delete the file, or set id: in the configuration", path, text, maxID)
	}
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	host = cleanID(host)
	id := fmt.Sprintf("%s-%04x", cmp.Or(host[:min(len(host), maxID-5)], "gerbang"), rand.N(1<<16))
	if err := os.WriteFile(path, []byte(id+"\n"), 0o600); err != nil { // the disk is full or read-only, and the gateway starts all the same
		log.Warn("the gateway's id cannot be kept: it will have another one at the next start, and the broker keeps messages under this one", "id", id, "err", err)
	}
	return id, nil
}

const maxID = 48

// cleanID is what an id may hold of a text: a level of an MQTT topic, a label, a part of a client id.
func cleanID(text string) string {
	id := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.', r == '_':
			return r
		}
		return -1
	}, text)
	return strings.TrimLeft(id[:min(len(id), maxID)], "-._")
}
