package configs

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/endpoint"
	"github.com/gerbang-iot/gerbang/signon"
)

// OIDC lets people sign in with an account of another house, by OpenID Connect: Keycloak, Entra ID, Google, Authentik. There is always an administrator
// with a password of the gateway's own beside it. docs/access.md says how it is set up. It can be reloaded.
type OIDC struct {
	// Issuer is the provider's address, exactly as it names itself: what stands before /.well-known/openid-configuration.
	Issuer string `yaml:"issuer" required:"yes" private:"yes" pattern:"^https?://[^/@\\s]+(/[^@\\s?#]*)?$" want:"a URL, such as https://login.example.go.id/realms/mpp"`
	// ClientID is what the provider calls the gateway.
	ClientID string `yaml:"client_id" required:"yes"`
	// ClientSecret is what the provider gave with it. It is read at each log-in. Without one the client is public, and PKCE alone protects it.
	ClientSecret Secret `yaml:"client_secret"`
	// Name is what the button says: "Sign in with NAME". Empty: the host of issuer.
	Name string `yaml:"name"`
	// Scopes are asked for beside openid and profile; some providers tell groups only for one of them, such as groups.
	Scopes []string `yaml:"scopes" single:"yes" want:"a word, such as groups"`
	// GroupsClaim is where a token has the groups; dots lead into objects: realm_access.roles.
	GroupsClaim string `yaml:"groups_claim"`
	// Roles are what groups are at sites. Whoever is in none of them is not let in.
	Roles []GroupRole `yaml:"roles" required:"yes" want:"a list of {group, role, sites}"`
	// Session is how long a session lasts at most: whoever loses a group keeps its role until then.
	Session time.Duration `yaml:"session" min:"10m" max:"30d"`
	// CA are the authorities of the provider's certificate, where it is one of your own.
	CA string `yaml:"ca" want:"a PEM file"`
}

// SetDefaults fills in what most providers do.
func (o *OIDC) SetDefaults() { o.GroupsClaim, o.Session = "groups", signon.DefaultSession }

// GroupRole gives a group of the provider's a role at sites.
type GroupRole struct {
	// Group is its name, exactly as the token has it.
	Group string `yaml:"group" required:"yes"`
	// Role is what its members are.
	Role string `yaml:"role" required:"yes" enum:"manager security cleaner auditor overseer administrator"`
	// Sites are ids of sites, or "*" for all of them.
	Sites []string `yaml:"sites" required:"yes" single:"yes" want:"ids of sites, or \"*\" for all"`
}

const everySite = "*"

// checkOIDC sees that people can be sent to the provider and come back, and that groups lead somewhere.
func (l *loader) checkOIDC(c *Config) {
	o := c.OIDC
	if o == nil {
		return
	}
	l.secret("oidc.client_secret", &o.ClientSecret)
	l.file("oidc.ca", &o.CA)
	if u, err := url.Parse(o.Issuer); err == nil && o.Issuer != "" {
		if err := endpoint.Check(u); err != nil {
			l.at("oidc.issuer", "issuer: %v", err)
		} else if u.Scheme == "http" && !loopback(u.Hostname()) {
			l.at("oidc.issuer", "issuer is not encrypted: whoever is on the way could sign in as anybody, want https://")
		}
		if strings.HasSuffix(u.Path, "/.well-known/openid-configuration") {
			l.at("oidc.issuer", "issuer is the address of the provider's document, want what stands before /.well-known/openid-configuration")
		}
	}
	host, _, _ := net.SplitHostPort(c.HTTP.Listen)
	switch external := c.HTTP.ExternalURL; {
	case external == "" && !loopback(host):
		l.at("oidc", "the provider sends people back to http.external_url, which is missing: want the address under which they reach the pages, such as https://gerbang.example.go.id")
	case strings.HasPrefix(external, "http://"):
		if u, err := url.Parse(external); err == nil && !loopback(u.Hostname()) {
			l.at("oidc", "the provider sends people back to http.external_url, which is not encrypted: want https://")
		}
	}
	if len(o.Roles) == 0 {
		l.component("oidc.roles", errors.New("no group has a role, so nobody could sign in, want a list of {group, role, sites}"))
	}
	known := make([]string, 0, len(l.sites))
	for _, s := range l.sites {
		known = append(known, s.doc.ID)
	}
	seen := map[string]int{}
	for i := range o.Roles {
		r := &o.Roles[i]
		path := item("oidc.roles", i)
		key := r.Group + "\x00" + r.Role
		if before, twice := seen[key]; twice && r.Group != "" && r.Role != "" {
			l.at(path+".group", "group %q is %s already in roles[%d], want its sites in one list", r.Group, r.Role, before)
		}
		seen[key] = i
		for j, id := range r.Sites {
			switch {
			case id == everySite && len(r.Sites) > 1:
				l.at(item(path+".sites", j), `"*" means all sites, want it alone, or ids of sites`)
			case id == everySite || l.unread || slices.Contains(known, id):
			default:
				l.at(item(path+".sites", j), "site %q does not exist, %s", id, strict.Suggestion(id, known))
			}
		}
	}
}

// RedirectURL is where a provider sends people back, which is registered there.
func (c *Config) RedirectURL() string {
	base := strings.TrimSuffix(cmp.Or(c.HTTP.ExternalURL, "http://"+c.HTTP.Listen), "/")
	if c.HTTP.ExternalURL == "" && (c.HTTP.TLS != nil || len(c.HTTP.CertificateFor) > 0) {
		base = "https://" + c.HTTP.Listen
	}
	return base + "/login/oidc/callback"
}

// Options are those of the provider. The error is of the file of its authorities.
func (o *OIDC) Options(redirect string) (signon.Options, error) {
	s := signon.Options{
		Issuer: o.Issuer, ClientID: o.ClientID, Secret: o.ClientSecret.Reveal, Redirect: redirect, Name: o.Name, Scopes: o.Scopes, GroupsClaim: o.GroupsClaim,
		Session: o.Session,
	}
	for _, r := range o.Roles {
		m := signon.Mapping{Group: r.Group, Role: accounts.Role(r.Role)}
		if !slices.Contains(r.Sites, everySite) {
			m.Sites = r.Sites
		}
		s.Roles = append(s.Roles, m)
	}
	if o.CA != "" {
		t, err := (&TLSClient{CA: o.CA}).Load()
		if err != nil {
			return s, fmt.Errorf("reading the authorities of the provider: %w", err)
		}
		s.Client = &http.Client{Timeout: signon.AskFor, Transport: &http.Transport{TLSClientConfig: t, Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}}
	}
	return s, nil
}
