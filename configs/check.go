package configs

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/endpoint"
	"github.com/gerbang-iot/gerbang/influx"
	"github.com/gerbang-iot/gerbang/ingest/mqtt"
	"github.com/gerbang-iot/gerbang/keyfile"
	"github.com/gerbang-iot/gerbang/ownca"
	"github.com/gerbang-iot/gerbang/web"
)

// item is the path of an element of a list.
func item(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// at records a problem at a path of the configuration file.
func (l *loader) at(path, format string, args ...any) {
	l.problems.Add(l.places.At(path), format, args...)
}

// checkComponents checks what one field cannot know about another, and makes paths usable.
func (l *loader) checkComponents(c *Config) {
	l.checkHTTP(&c.HTTP)
	if c.MQTT.Broker == nil && c.MQTT.Embedded == nil && c.Push == nil {
		l.at("mqtt", "nothing can send: want mqtt.broker, mqtt.embedded or push")
	}
	if b := c.MQTT.Broker; b != nil {
		l.secret("mqtt.broker.password", &b.Password)
		l.clientTLS("mqtt.broker.tls", b.TLS)
		if b.Password.IsSet() && b.Username == "" {
			l.at("mqtt.broker", "a password without username, want both or none")
		}
		secure := strings.HasPrefix(b.URL, "mqtts:") || strings.HasPrefix(b.URL, "ssl:") || strings.HasPrefix(b.URL, "wss:")
		if host, ok := brokerHost(b.URL); ok && !secure && b.Password.IsSet() && !loopback(host) {
			c.Warnings.Add(l.places.At("mqtt.broker.url"), "url is not encrypted: the gateway's password can be read on the way, want mqtts:// or wss://")
		}
		if b.TLS != nil && b.URL != "" && !secure {
			l.at("mqtt.broker.tls", "tls is given but url is not encrypted, want mqtts:// or wss://")
		}
		if b.URL != "" {
			l.component("mqtt.broker.url", mqtt.CheckURL(b.URL))
		}
		for i, topic := range b.Topics {
			if err := mqtt.CheckTopic(b.Topics, i); err != nil {
				l.at(item("mqtt.broker.topics", i), "topic %q: %v", topic, err)
			}
		}
	}
	if b := c.MQTT.Embedded; b != nil {
		l.serverTLS("mqtt.embedded.tls", b.TLS)
		l.listen("mqtt.embedded.listen", b.Listen)
		l.listen("mqtt.embedded.tls_listen", b.TLSListen)
		l.listen("mqtt.embedded.websocket", b.WebSocket)
		switch {
		case b.Listen == "" && b.TLSListen == "" && b.WebSocket == "":
			l.at("mqtt.embedded", "the broker listens nowhere, want listen, tls_listen or websocket")
		case b.TLSListen != "" && b.TLS == nil:
			l.at("mqtt.embedded.tls_listen", "tls_listen without tls, want tls: {cert, key}")
		}
		l.checkLimits("mqtt.embedded.limits", &b.Limits)
		l.checkOpenDoors(c, b)
		if b.Anonymous == "deny" && len(b.Credentials) == 0 {
			l.at("mqtt.embedded", "nobody may connect: want credentials, or anonymous: allow")
		}
	}
	if i := c.Influx; i != nil {
		l.checkInflux(i)
	}
	if a := c.Alertmanager; a != nil {
		l.checkAlertmanager(c, a)
	}
	if c.Ingest.MaxPayload < KiB || c.Ingest.MaxPayload > 256*MiB {
		l.at("ingest.max_payload", "max_payload is %v, want 1KiB to 256MiB", c.Ingest.MaxPayload)
	}
	if c.Retention.MaxSize < 16*MiB {
		l.at("retention.max_size", "max_size is %v, want at least 16MiB", c.Retention.MaxSize)
	}
}

func (l *loader) checkHTTP(h *HTTP) {
	l.serverTLS("http.tls", h.TLS)
	l.secret("http.access_token", &h.AccessToken)
	l.checkCertificateFor(h)
	if _, err := web.BasePath(h.ExternalURL); err != nil {
		l.at("http.external_url", "external_url: %v", err)
	} else {
		l.external("http.external_url", h.ExternalURL)
	}
	if _, ok := l.listen("http.listen", h.Listen); ok {
		l.component("http.listen", web.GuardDoor(web.Exposure{Addr: h.Listen, TLS: h.TLS != nil || len(h.CertificateFor) > 0, Proxy: h.BehindProxy, Token: h.AccessToken.String(), Accounts: true}))
	}
	if token, err := h.AccessToken.Reveal(); err == nil && token != "" && (h.AccessToken.file == "" || h.AccessToken.env == "") {
		l.here("http.access_token", web.GuardToken(token))
	}
}

// checkCertificateFor sees that the gateway can make a certificate for what people type.
func (l *loader) checkCertificateFor(h *HTTP) {
	switch {
	case len(h.CertificateFor) == 0:
		return
	case h.TLS != nil:
		l.at("http.certificate_for", "both tls (files) and certificate_for (the gateway's own) are given, want one of them")
	case h.BehindProxy:
		l.at("http.certificate_for", "the proxy has the certificate that browsers see, want certificate_for or behind_proxy, not both")
	}
	for i, name := range h.CertificateFor {
		if err := ownca.CheckName(name); err != nil {
			l.at(item("http.certificate_for", i), "%v", err)
		}
	}
}

func (l *loader) checkInflux(i *Influx) {
	l.secret("influxdb.token", &i.Token)
	l.secret("influxdb.password", &i.Password)
	l.clientTLS("influxdb.tls", i.TLS)
	if i.URL != "" {
		l.component("influxdb.url", influx.CheckURL(i.URL))
	}
	switch {
	case i.Database != "" && (i.Org != "" || i.Bucket != "" || i.Token.IsSet()):
		l.at("influxdb", "both version 1.8 (database) and version 2 (org, bucket, token) are given, want one of them")
	case i.Database != "":
		if i.Password.IsSet() && i.Username == "" {
			l.at("influxdb", "a password without username, want both or none")
		}
	case i.Org == "" || i.Bucket == "" || !i.Token.IsSet():
		l.at("influxdb", "want org, bucket and token_file or token_env (version 2), or database (version 1.8)")
	case i.Username != "" || i.Password.IsSet():
		l.at("influxdb", "username and password belong to version 1.8 (database), want a token")
	}
}

func (l *loader) checkAlertmanager(c *Config, a *Alertmanager) {
	l.secret("alertmanager.password", &a.Password)
	l.secret("alertmanager.token", &a.Token)
	l.clientTLS("alertmanager.tls", a.TLS)
	if a.URL != "" {
		l.component("alertmanager.url", alerts.CheckURL(a.URL))
	}
	l.external("alertmanager.external_url", a.ExternalURL)
	if a.ExternalURL == "" {
		a.ExternalURL = c.HTTP.ExternalURL
	}
	switch {
	case a.Config != "" && a.URL != "":
		l.at("alertmanager", "both config (embedded) and url (external) are given, want one of them")
	case a.Config == "" && a.URL == "":
		l.at("alertmanager", "want config, a file for the embedded Alertmanager, or url")
	case a.URL == "" && (a.Username != "" || a.Password.IsSet() || a.Token.IsSet() || a.TLS != nil):
		l.at("alertmanager", "username, password, token and tls belong to url, the embedded Alertmanager has none")
	case a.Password.IsSet() && a.Token.IsSet():
		l.at("alertmanager", "both password and token are given, want one of them")
	case a.Password.IsSet() != (a.Username != ""):
		l.at("alertmanager", "want username and password together, or none")
	}
	if a.Config == "" {
		return
	}
	l.readRoutes(a)
}

// secret makes the file of a secret usable and sees that there is something in it.
func (l *loader) secret(path string, s *Secret) {
	if s.file != "" {
		s.file = l.folder.resolve(s.file)
		path += "_file"
	} else {
		path += "_env"
	}
	if err := s.check(); err != nil {
		l.here(path, fmt.Errorf("%s: %w", lastKey(path), err))
	}
}

// here records what is wrong on this machine at a path of the configuration file; nil: nothing.
func (l *loader) here(path string, err error) {
	if err != nil {
		l.machine = append(l.machine, Problem{Position: l.places.At(path), Text: err.Error(), Machine: true})
	}
}

// component records what a component says of its own options, unless the same value has a problem already; nil: nothing.
func (l *loader) component(path string, err error) {
	place := l.places.At(path)
	if slices.ContainsFunc(l.problems, func(p Problem) bool { return p.Position == place }) {
		return
	}
	for _, err := range flatten(err) {
		l.problems.Add(place, "%v", err)
	}
}

// serverTLS makes the files usable and sees that there are certificates and a key in them.
func (l *loader) serverTLS(path string, t *TLSServer) {
	if t == nil {
		return
	}
	before := len(l.machine)
	l.file(path+".cert", &t.Cert)
	l.file(path+".key", &t.Key)
	l.file(path+".client_ca", &t.ClientCA)
	if t.Cert != "" && t.Key != "" && len(l.machine) == before {
		_, err := t.Load()
		l.here(path, err)
	}
}

func (l *loader) clientTLS(path string, t *TLSClient) {
	if t == nil {
		return
	}
	before := len(l.machine)
	l.file(path+".ca", &t.CA)
	l.file(path+".cert", &t.Cert)
	l.file(path+".key", &t.Key)
	switch {
	case (t.Cert == "") != (t.Key == ""):
		l.at(path, "want cert and key together, or none")
	case len(l.machine) == before:
		_, err := t.Load()
		l.here(path, err)
	}
}

// file makes a file's path usable and sees that it can be read.
func (l *loader) file(path string, name *string) {
	if *name == "" {
		return
	}
	*name = l.folder.resolve(*name)
	if _, err := keyfile.Read(*name); err != nil {
		l.here(path, fmt.Errorf("%s: file %s cannot be read (%w)", lastKey(path), *name, plain(err)))
	}
}

// listen checks an address to listen at.
func (l *loader) listen(path, address string) (host string, ok bool) {
	if address == "" {
		return "", false
	}
	host, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil {
		l.at(path, "%s is %q, want host:port, such as 127.0.0.1:8080", strings.TrimSuffix(lastKey(path), "[0]"), address)
		return "", false
	}
	return host, true
}

// external checks where links lead: people follow them to a host and a port.
func (l *loader) external(path, raw string) {
	u, err := url.Parse(raw)
	if raw == "" || err != nil {
		return
	}
	if err := endpoint.Check(u); err != nil {
		l.at(path, "external_url: %v", err)
	}
}

// splitHost is the host of an address that listen has found good.
func splitHost(address string) (host string, ok bool) {
	host, _, err := net.SplitHostPort(address)
	return host, address != "" && err == nil
}

// brokerHost is the host of a broker's URL.
func brokerHost(raw string) (host string, ok bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "", false
	}
	return u.Hostname(), true
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// checkCredentials checks who may send: each has a secret and exactly one thing it may do, for devices that exist.
func (l *loader) checkCredentials(c *Config) {
	if c.Push != nil {
		l.credentials("push.credentials", c.Push.Credentials)
	}
	if c.MQTT.Embedded != nil {
		l.credentials("mqtt.embedded.credentials", c.MQTT.Embedded.Credentials)
	}
}

func (l *loader) credentials(path string, all []Credential) {
	known := map[string]bool{}
	var names []string
	for _, s := range l.sites {
		for _, d := range s.doc.Devices {
			known[s.doc.ID+"/"+d.ID] = true
			names = append(names, s.doc.ID+"/"+d.ID)
		}
	}
	seen := map[string]bool{}
	device := func(path, id string) {
		// Without any site one problem is told already.
		if id != "" && !known[id] && !l.unread && len(l.sites) > 0 {
			l.at(path, "device %q does not exist, %s", id, strict.Suggestion(id, names))
		}
	}
	for i := range all {
		cr, p := &all[i], item(path, i)
		if cr.Name != "" && seen[cr.Name] {
			l.at(p+".name", "credential %q is there already, want every name once", cr.Name)
		}
		seen[cr.Name] = true
		l.secret(p+".password", &cr.Password)
		roles := 0
		for _, given := range []bool{cr.Device != "", cr.Bridge, cr.Role != ""} {
			if given {
				roles++
			}
		}
		if roles != 1 {
			l.at(p, "credential %q: want exactly one of device, bridge and role", cr.Name)
		} else if cr.Name != "" {
			if err := cr.described().Validate(); err != nil {
				l.component(p, fmt.Errorf("credential %q: %w", cr.Name, err))
			}
		}
		device(p+".device", cr.Device)
		for j, id := range cr.Devices {
			device(item(p+".devices", j), id)
		}
	}
}
