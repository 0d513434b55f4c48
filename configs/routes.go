package configs

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/common/model"

	"github.com/gerbang-iot/gerbang/configs/strict"
)

// readRoutes reads Alertmanager's own configuration and lets Alertmanager judge it.
func (l *loader) readRoutes(a *Alertmanager) {
	a.Config = l.folder.resolve(a.Config)
	text, err := l.folder.read(a.Config)
	if err != nil {
		l.at("alertmanager.config", "config: file %s cannot be read (%v)", a.Config, plain(err))
		return
	}
	a.Text = text
	parsed, err := config.Load(string(text))
	if err != nil {
		l.problems = append(l.problems, routeProblems(filepath.ToSlash(a.Config), err)...)
		return
	}
	known := map[string]bool{}
	l.receivers = []string{}
	routes := dispatch.NewRoute(parsed.Route, nil)
	for _, r := range parsed.Receivers {
		known[r.Name] = true
		l.receivers = append(l.receivers, r.Name)
		for _, to := range routes.Match(model.LabelSet{"escalation": model.LabelValue(r.Name), "severity": "critical", "class": "breach"}) {
			if to.RouteOpts.Receiver == r.Name {
				l.escalated = append(l.escalated, r.Name)
			}
		}
	}
	for name := range a.Languages {
		if !known[name] {
			l.at("alertmanager.languages."+name, "receiver %q is not in %s", name, a.Config)
		}
	}
	templates, err := fs.Glob(examples, "templates/*.tmpl")
	if err != nil {
		return // the pattern is ours
	}
	for _, name := range templates {
		if b, err := examples.ReadFile(name); err == nil {
			a.Templates = append(a.Templates, string(b))
		}
	}
}

var (
	routeLine  = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)
	routeValue = regexp.MustCompile("`[^`]*`")
	routeURL   = regexp.MustCompile(`"[^"]*"`)
)

// routeProblems takes the YAML library's message apart. It quotes values, and a value of this file can be a password.
func routeProblems(file string, err error) Problems {
	var problems Problems
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimSpace(line)
		if line == "yaml: unmarshal errors:" {
			continue
		}
		at := strict.Position{File: file}
		if m := routeLine.FindStringSubmatch(line); m != nil {
			if n, err := strconv.Atoi(m[1]); err == nil {
				at.Line, at.Col, line = n, 1, m[2]
			}
		}
		line = routeValue.ReplaceAllString(line, "a value")
		if strings.Contains(line, "URL") || strings.Contains(line, "parse") {
			line = routeURL.ReplaceAllString(line, "…") // a webhook's URL is its password
		}
		problems.Add(at, "not what Alertmanager takes: %s", line)
	}
	return problems
}
