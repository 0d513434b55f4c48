package app

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/ownca"
)

// Check says what New would say of a configuration that was read: first what the parts say of their options, then what this machine
// lacks: a data folder that can be written, addresses that are free. New begins with it, so both say the same. It changes nothing
// that lasts. The addresses of a gateway that runs with this data folder are its own and are not tried.
func Check(cfg *configs.Config) configs.Problems {
	var all configs.Problems
	if a := cfg.Alertmanager; a != nil && a.URL == "" {
		if err := alerts.CheckRoutes(embeddedOptions(cfg)); err != nil {
			all = append(all, cfg.Problem("alertmanager.config", err))
		}
	}
	here := func(path string, err error) {
		if err != nil {
			p := cfg.Problem(path, err)
			p.Machine = true
			all = append(all, p)
		}
	}
	here("data", writable(cfg.Data))
	here("http.certificate_for", vouched(cfg))
	if !runs(cfg.Data) {
		for _, a := range listens(cfg) {
			here(a.path, free(a))
		}
	}
	all.Sort()
	return all
}

// vouched fails where the gateway's own authority is there and is not for the names that are configured, or has ended.
func vouched(cfg *configs.Config) error {
	names := cfg.HTTP.CertificateFor
	if len(names) == 0 {
		return nil
	}
	cert, err := ownca.Read(AuthorityFolder(cfg))
	switch {
	case errors.Is(err, ownca.ErrNone):
		return nil // serve makes it
	case err != nil:
		return err
	}
	if err := ownca.Covers(cert, names); err != nil {
		return fmt.Errorf("%w; gerbang https --new makes another one, to be installed on every device again", err)
	}
	if time.Now().After(cert.NotAfter) {
		return fmt.Errorf("the authority has ended on %s; gerbang https --new makes another one, to be installed on every device again", cert.NotAfter.Format(time.DateOnly))
	}
	return nil
}

type listening struct{ path, address string }

// listens are the addresses that the configuration listens at.
func listens(cfg *configs.Config) []listening {
	all := []listening{{"http.listen", cfg.HTTP.Listen}}
	if e := cfg.MQTT.Embedded; e != nil {
		all = append(all, listening{"mqtt.embedded.listen", e.Listen}, listening{"mqtt.embedded.tls_listen", e.TLSListen},
			listening{"mqtt.embedded.websocket", e.WebSocket})
	}
	return all
}

// free fails where an address cannot be listened at.
func free(a listening) error {
	if a.address == "" {
		return nil
	}
	l, err := net.Listen("tcp", a.address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("another program uses that address; stop it, or change %s: %w", a.path, err)
	case err != nil:
		return err
	}
	return l.Close()
}

// runs tells whether a gateway runs with a data folder: it holds the journal's lock.
func runs(data string) bool {
	name := filepath.Join(data, "lock")
	if _, err := os.Stat(name); err != nil {
		return false
	}
	lock := flock.New(name)
	taken, err := lock.TryLock()
	if err != nil || !taken {
		return err == nil
	}
	_ = lock.Unlock()
	return false
}

// writable fails where nothing can be written in a folder, or it cannot be made. A disk that is full or may only be read is no reason:
// the gateway starts there, and says so.
func writable(folder string) error {
	there, err := folder, error(nil)
	var info fs.FileInfo
	for { // up to what is there
		if info, err = os.Stat(there); !errors.Is(err, fs.ErrNotExist) || filepath.Dir(there) == there {
			break
		}
		there = filepath.Dir(there)
	}
	if err != nil {
		return fmt.Errorf("the folder %s cannot be used: %w", folder, err)
	}
	if !info.IsDir() {
		return fmt.Errorf("the folder %s cannot be used: %s is a file", folder, there)
	}
	f, err := os.CreateTemp(there, ".gerbang-check-*")
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("the folder %s cannot be used: nothing can be written in %s", folder, there)
	}
	if err != nil {
		return nil //nolint:nilerr // that is the reason that is none
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
