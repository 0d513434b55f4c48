package testengine

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// MosquittoOption changes the configuration with which Mosquitto starts the broker.
type MosquittoOption func(*mosquittoConfig)

type mosquittoConfig struct {
	t          testing.TB
	dir        string // of the configuration's files
	address    string
	store      string // of mosquitto.db
	persistent bool
	openLimits bool
	acl        string
	users      map[string]string
	tls        *TLSFiles
	clientCert bool
	lines      []string
}

// MosquittoPersistence keeps sessions and messages over a restart. They are saved when the broker stops and each second that
// changed something; dir holds them, or a temporary directory if it is "".
func MosquittoPersistence(dir string) MosquittoOption {
	return func(c *mosquittoConfig) {
		c.persistent = true
		if dir != "" {
			c.store = dir
		}
	}
}

// MosquittoOpenLimits lifts the limits of messages in flight and in queues, so the broker itself drops nothing.
func MosquittoOpenLimits() MosquittoOption {
	return func(c *mosquittoConfig) { c.openLimits = true }
}

// MosquittoACL gives the broker an access control list, in the words of mosquitto.conf(5).
func MosquittoACL(text string) MosquittoOption {
	return func(c *mosquittoConfig) { c.acl = text }
}

// MosquittoUsers makes the broker refuse whoever does not present one of these names with its password.
func MosquittoUsers(passwords map[string]string) MosquittoOption {
	return func(c *mosquittoConfig) { c.users = passwords }
}

// MosquittoTLS makes the broker speak TLS only, with this certificate.
func MosquittoTLS(server TLSFiles) MosquittoOption {
	return func(c *mosquittoConfig) { c.tls = &server }
}

// MosquittoClientCertificates makes a broker with MosquittoTLS refuse clients without a certificate of the same authority; the
// certificate's name is the client's user name.
func MosquittoClientCertificates() MosquittoOption {
	return func(c *mosquittoConfig) { c.clientCert = true }
}

// MosquittoLines adds lines to the configuration as they are.
func MosquittoLines(lines ...string) MosquittoOption {
	return func(c *mosquittoConfig) { c.lines = append(c.lines, lines...) }
}

// text is the broker's configuration; it writes the files that the configuration names.
func (c *mosquittoConfig) text() string {
	c.t.Helper()
	host, port, err := net.SplitHostPort(c.address)
	if err != nil {
		c.t.Fatalf("splitting the address of mosquitto: %v", err)
	}
	lines := []string{"listener " + port + " " + host, "set_tcp_nodelay true", "log_dest stderr", "log_type error", "log_type warning", "log_type notice"}
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if os.Geteuid() == 0 {
		add("user root") // else the broker changes to a user who may not read the test's files
	}
	add("persistence %t", c.persistent)
	if c.persistent {
		add("persistence_location %s/", filepath.Clean(c.store))
		add("autosave_interval 1")
	}
	if c.openLimits {
		add("max_inflight_messages 0")
		add("max_queued_messages 0")
	}
	add("allow_anonymous %t", len(c.users) == 0 && !c.clientCert)
	if len(c.users) > 0 {
		add("password_file %s", c.write("passwords", c.passwords()))
	}
	if c.acl != "" {
		add("acl_file %s", c.write("acl", c.acl))
	}
	if c.tls != nil {
		add("cafile %s", c.tls.CA)
		add("certfile %s", c.tls.Cert)
		add("keyfile %s", c.tls.Key)
		add("require_certificate %t", c.clientCert)
		add("use_identity_as_username %t", c.clientCert)
	}
	return strings.Join(append(lines, c.lines...), "\n") + "\n"
}

// passwords is the password file in the form of mosquitto_passwd: $7$, rounds of PBKDF2 with SHA-512, salt, hash.
func (c *mosquittoConfig) passwords() string {
	c.t.Helper()
	const rounds = 101
	var file strings.Builder
	for user, password := range c.users {
		salt := make([]byte, 12)
		_, _ = rand.Read(salt) // crypto/rand.Read never fails: it ends the program instead
		hash, err := pbkdf2.Key(sha512.New, password, salt, rounds, sha512.Size)
		if err != nil {
			c.t.Fatalf("hashing the password of %s: %v", user, err)
		}
		fmt.Fprintf(&file, "%s:$7$%d$%s$%s\n", user, rounds, base64.StdEncoding.EncodeToString(salt), base64.StdEncoding.EncodeToString(hash))
	}
	return file.String()
}

func (c *mosquittoConfig) write(name, text string) string {
	c.t.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		c.t.Fatalf("writing %s for mosquitto: %v", name, err)
	}
	return path
}
