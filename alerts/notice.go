package alerts

import (
	"net/url"
	"strconv"
	"time"
)

// The labels of a notice. Routes and inhibition rules of an Alertmanager configuration may rely on them.
const (
	labelName        = "alertname" // the rule's id, or the fault's name
	labelGateway     = "gateway"   // which gateway sends it
	labelSite        = "site"
	labelZone        = "zone"         // missing where the subject is in no zone
	labelSubject     = "subject"      // id of what it is about
	labelSubjectKind = "subject_kind" // site, zone, door, device, task
	labelClass       = "class"        // breach, overdue, sensor, service
	labelSeverity    = "severity"     // critical, warning, info
	labelKind        = "kind"         // the rule's kind
	labelDrill       = "drill"        // yes: an exercise
	labelEscalation  = "escalation"   // the receiver that a step of the site's escalation calls
)

// notices makes what a router sees of an alert.
type notices struct {
	gateway string
	url     string // of the pages; empty: no links
	texts   *Texts
	// ends is how long a firing alert lives in the router without being sent again.
	ends time.Duration
}

func (n *notices) of(a *Alert, now time.Time) Notice {
	out := Notice{Labels: n.labels(a), Annotations: n.annotations(a), Starts: a.Opened.Time(), Ends: now.Add(n.ends), URL: n.link(a)}
	if !a.Open() {
		out.Ends = a.Resolved.Time()
	}
	return out
}

// labels identify the alert: nothing that changes while it is open may be among them.
func (n *notices) labels(a *Alert) map[string]string {
	l := map[string]string{
		labelName: a.Rule, labelGateway: n.gateway, labelClass: string(a.Class), labelSeverity: string(a.Severity),
		labelKind: a.Kind, labelSubject: a.Subject.ID, labelSubjectKind: string(a.Subject.Kind), labelSite: a.Site,
		labelZone: a.Zone,
	}
	if a.Drill != nil {
		l[labelDrill] = "yes"
	}
	for k, v := range l {
		if v == "" {
			delete(l, k)
		}
	}
	return l
}

// escalated are the notices of an alert for the receivers that its escalation calls: the same with one label more, by which a route finds them.
func (n *notices) escalated(a *Alert, now time.Time) []Notice {
	var all []Notice
	for _, receiver := range a.calling() {
		x := n.of(a, now)
		x.Labels[labelEscalation] = receiver
		all = append(all, x)
	}
	return all
}

func (n *notices) annotations(a *Alert) map[string]string {
	out := map[string]string{
		"id": a.ID, "site_name": orID(a.SiteName, a.Site), "subject_name": orID(a.SubjectName, a.Subject.ID),
		"zone_name": orID(a.ZoneName, a.Zone), "url": n.link(a),
	}
	x := &a.Explanation
	if x.HasValue {
		out["value"] = strconv.FormatFloat(x.Value, 'f', -1, 64)
		out["error"] = strconv.FormatFloat(x.Error, 'f', -1, 64)
		out["unit"] = x.Unit
	}
	if x.HasLimit {
		out["limit"] = strconv.FormatFloat(x.Limit, 'f', -1, 64)
	}
	if x.Reason != "" {
		out["reason"] = string(x.Reason)
	}
	for _, lang := range n.texts.Languages() {
		title, text, todo := n.texts.Explain(lang, a)
		out["summary_"+lang], out["description_"+lang], out["advice_"+lang] = title, text, todo
		out["since_"+lang] = n.texts.Time(lang, a.Opened, a.Timezone)
		if !a.Open() {
			out["ended_"+lang] = n.texts.Time(lang, a.Resolved, a.Timezone)
			out["lasted_"+lang] = n.texts.Duration(lang, a.Resolved.Sub(a.Opened))
		}
	}
	for k, v := range out {
		if v == "" {
			delete(out, k)
		}
	}
	return out
}

// link leads to the page of the alert.
func (n *notices) link(a *Alert) string {
	if n.url == "" {
		return ""
	}
	card := "#alert-" + a.ID // safe in URLs
	if a.Site == "" {
		return n.url + "/status" + card
	}
	return n.url + "/site/" + url.PathEscape(a.Site) + card
}

// silence mutes exactly one alert for as long as somebody works on it or has silenced it.
func (n *notices) silence(a *Alert, why *Acknowledgement) Silence {
	s := Silence{Ends: why.Until.Time(), By: orID(why.By, "gerbang"), Comment: silenceComment(a, why)}
	l := n.labels(a)
	for _, name := range []string{labelName, labelGateway, labelSite, labelSubjectKind, labelSubject} {
		s.Matchers = append(s.Matchers, Matcher{Name: name, Value: l[name]})
	}
	return s
}

func orID(name, id string) string {
	if name != "" {
		return name
	}
	return id
}
