package alerts

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/config/receiver"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/alertmanager/timeinterval"
	commoncfg "github.com/prometheus/common/config"
)

// setup is all that is made of an Alertmanager configuration, and all of it that can fail.
type setup struct {
	config    *config.Config
	templates *template.Template
	routes    *dispatch.Route
	receivers map[string][]notify.Integration
	intervals *timeinterval.Intervener
}

// build makes a setup and touches nothing that runs.
func (e *Embedded) build(raw []byte) (*setup, error) {
	c, err := config.Load(string(raw))
	if err != nil {
		return nil, fmt.Errorf("reading the Alertmanager configuration: %w", err)
	}
	resolvePaths(c, e.o.BaseDir)
	s := &setup{config: c, routes: dispatch.NewRoute(c.Route, nil), receivers: make(map[string][]notify.Integration)}
	if s.templates, err = e.templates(c.Templates); err != nil {
		return nil, err
	}
	used := make(map[string]bool)
	s.routes.Walk(func(r *dispatch.Route) { used[r.RouteOpts.Receiver] = true })
	for _, r := range c.Receivers {
		if !used[r.Name] {
			continue
		}
		integrations, err := receiver.BuildReceiverIntegrations(r, s.templates, e.log, commoncfg.WithDialContextFunc(dialNotifier))
		if err != nil {
			return nil, fmt.Errorf("making receiver %q of the Alertmanager configuration: %w", r.Name, err)
		}
		s.receivers[r.Name] = integrations
	}
	for name := range e.o.Languages {
		if !slices.ContainsFunc(c.Receivers, func(r config.Receiver) bool { return r.Name == name }) {
			return nil, fmt.Errorf("language of receiver %q: the Alertmanager configuration has no such receiver", name)
		}
	}
	s.intervals = timeinterval.NewIntervener(timeIntervals(c))
	return s, nil
}

func timeIntervals(c *config.Config) map[string][]timeinterval.TimeInterval {
	all := make(map[string][]timeinterval.TimeInterval, len(c.MuteTimeIntervals)+len(c.TimeIntervals))
	for _, t := range c.MuteTimeIntervals {
		all[t.Name] = t.TimeIntervals
	}
	for _, t := range c.TimeIntervals {
		all[t.Name] = t.TimeIntervals
	}
	return all
}

// templates reads the built-in templates, then the choice of language by receiver, then the configuration's own files:
// what comes later replaces what has the same name.
func (e *Embedded) templates(files []string) (*template.Template, error) {
	t, err := template.FromGlobs(nil)
	if err != nil {
		return nil, fmt.Errorf("reading Alertmanager's own templates: %w", err)
	}
	builtIn := e.o.Templates
	if len(builtIn) > 0 {
		builtIn = append(slices.Clone(builtIn), languageTemplate(e.o.Language, e.o.Languages))
	}
	for i, text := range builtIn {
		if err := t.Parse(strings.NewReader(text)); err != nil {
			return nil, fmt.Errorf("reading built-in template %d: %w", i+1, err)
		}
	}
	for _, f := range files {
		if err := t.FromGlob(f); err != nil {
			return nil, fmt.Errorf("reading template %q: %w", f, err)
		}
	}
	t.ExternalURL = e.externalURL
	return t, nil
}

// languageTemplate defines gerbang.title, gerbang.text and gerbang.html as those of the receiver's language.
func languageTemplate(lang string, receivers map[string]string) string {
	var b strings.Builder
	for _, name := range []string{"title", "text", "html"} {
		fmt.Fprintf(&b, "{{ define %q }}", "gerbang."+name)
		for r, l := range receivers {
			fmt.Fprintf(&b, "{{ if eq .Receiver %q }}{{ template %q . }}{{ else }}", r, "gerbang."+name+"."+l)
		}
		fmt.Fprintf(&b, "{{ template %q . }}%s{{ end }}\n", "gerbang."+name+"."+lang, strings.Repeat("{{ end }}", len(receivers)))
	}
	return b.String()
}

// resolvePaths makes the relative paths of a configuration relative to dir, as Alertmanager does for a file.
func resolvePaths(c *config.Config, dir string) {
	if dir == "" {
		return
	}
	for i, t := range c.Templates {
		if !filepath.IsAbs(t) {
			c.Templates[i] = filepath.Join(dir, t)
		}
	}
	if c.Global.HTTPConfig != nil {
		c.Global.HTTPConfig.SetDirectory(dir)
	}
	// Every kind of receiver is a list of pointers to structs with an HTTPConfig; going over them by reflection also
	// finds the kinds that a later version adds.
	for i := range c.Receivers {
		r := reflect.ValueOf(&c.Receivers[i]).Elem()
		for _, field := range r.Fields() {
			if field.Kind() != reflect.Slice {
				continue
			}
			for j := range field.Len() {
				setDirectory(field.Index(j), dir)
			}
		}
	}
}

func setDirectory(integration reflect.Value, dir string) {
	v := reflect.Indirect(integration)
	if v.Kind() != reflect.Struct {
		return
	}
	f := v.FieldByName("HTTPConfig")
	if !f.IsValid() || !f.CanInterface() {
		return
	}
	if h, ok := reflect.TypeAssert[*commoncfg.HTTPClientConfig](f); ok && h != nil {
		h.SetDirectory(dir)
	}
}

// dialNotifier connects to a receiver. Link-local addresses are refused when the name has been resolved: no receiver lives
// there, and cloud machines hand out credentials there (169.254.169.254) to whoever asks.
func dialNotifier(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: 10 * time.Second, Control: refuseLinkLocal}
	return d.DialContext(ctx, network, address)
}

func refuseLinkLocal(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("connecting to a receiver: %w", err)
	}
	if ip := a.Addr().Unmap(); ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() {
		return fmt.Errorf("connecting to a receiver: %s is a link-local address, want one that is routed", ip)
	}
	return nil
}
