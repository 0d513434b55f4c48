package configs

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/reach"
	"github.com/gerbang-iot/gerbang/rules"
)

// escalationDoc is whom the site calls about an alert, one after another, until somebody acknowledges it or it ends.
type escalationDoc struct {
	// About are the severities of the alerts that it is for; empty: critical and warning.
	About []rules.Severity `yaml:"about" single:"yes" enum:"critical warning info"`
	// Steps are taken in their order.
	Steps []callDoc `yaml:"steps" required:"yes" want:"a list of steps, such as - role: security"`
	// Repeat is how long after the last step it begins again; empty: never.
	Repeat time.Duration `yaml:"repeat" min:"30s" max:"1d"`
}

// Wanted says what a configuration takes.
func (escalationDoc) Wanted() string { return "an escalation (steps, about, repeat)" }

// callDoc is one step. Exactly one of role, account, receiver and channel says who is called.
type callDoc struct {
	// Role calls the phones of all accounts with this role at the site.
	Role accounts.Role `yaml:"role" enum:"manager security cleaner auditor overseer administrator"`
	// Account calls the phones of the account that signs in with this name.
	Account string `yaml:"account"`
	// Receiver is one of Alertmanager's: an alert with the label escalation, which a route leads to it.
	Receiver string `yaml:"receiver"`
	// Channel is one of reach.channels: an ntfy topic, an SMS modem, a siren.
	Channel string `yaml:"channel"`
	// After is how long the step waits behind the one before it, or behind the moment at which the alert was raised.
	After time.Duration `yaml:"after" max:"1d"`
	// Unless is what must not have happened by then: shown on a device, or acknowledged (default). What is acknowledged calls nobody in any case.
	Unless facility.Attention `yaml:"unless" enum:"shown acknowledged"`
}

// Wanted says what a configuration takes.
func (callDoc) Wanted() string {
	return "a step (one of role, account, receiver, channel; after, unless)"
}

// escalation makes the plain value; nil: there is none.
func (d *escalationDoc) escalation() *facility.Escalation {
	if d == nil {
		return nil
	}
	e := &facility.Escalation{Repeat: d.Repeat}
	for _, s := range d.About {
		e.About = append(e.About, string(s))
	}
	for i := range d.Steps {
		c := &d.Steps[i]
		e.Steps = append(e.Steps, facility.Call{Role: string(c.Role), Account: c.Account, Receiver: c.Receiver, Channel: c.Channel, After: c.After, Unless: c.Unless})
	}
	return e
}

// target is who a step calls, as one word; empty: nobody, or more than one.
func (d *callDoc) target() string {
	var all []string
	for kind, name := range map[string]string{"role": string(d.Role), "account": d.Account, "receiver": d.Receiver, "channel": d.Channel} {
		if name != "" {
			all = append(all, kind+" "+name)
		}
	}
	if len(all) != 1 {
		return ""
	}
	return all[0]
}

// checkEscalations checks whom the sites call against what there is.
func (l *loader) checkEscalations(c *Config) {
	for _, s := range l.sites {
		d := s.doc.Escalation
		if d == nil {
			continue
		}
		if len(d.Steps) == 0 {
			s.at("escalation.steps", "no step, want at least one")
		}
		before := ""
		for i := range d.Steps {
			step, path := &d.Steps[i], item("escalation.steps", i)
			target := step.target()
			switch {
			case target == "" && s.places.At(path+".role") != s.places.At(path) && step.Role == "":
				// there is no such role, which is told
			case target == "" && step.Role == "" && step.Account == "" && step.Receiver == "" && step.Channel == "":
				s.at(path, "the step calls nobody, want one of role, account, receiver and channel")
			case target == "":
				s.at(path, "the step calls several, want exactly one of role, account, receiver and channel, and a step for each")
			case target == before && step.After == 0:
				s.at(path, "the step calls %s again at once, want after", target)
			}
			before = target
			if step.After < 0 {
				s.at(path+".after", "after is %v, want 0s or more", step.After)
			}
			if step.Account != "" {
				if name, ok := accounts.CleanName(step.Account); !ok || name != step.Account {
					s.at(path+".account", "account %q cannot be one, want the name that the account signs in with", step.Account)
				}
			}
			switch {
			case step.Channel != "" && len(c.Reach.Channels) == 0:
				s.at(path+".channel", "channel %q does not exist: there is none, want it in reach.channels of the configuration", step.Channel)
			case step.Channel != "" && !c.Reach.Channels.has(step.Channel):
				s.at(path+".channel", "channel %q does not exist, %s", step.Channel, strict.Suggestion(step.Channel, c.Reach.Channels.ids()))
			}
			if step.Receiver != "" {
				l.checkReceiver(c, s, path+".receiver", step.Receiver)
			}
		}
	}
}

// checkReceiver checks that a step's receiver gets what the step sends.
func (l *loader) checkReceiver(c *Config, s *siteFile, path, name string) {
	switch {
	case c.Alertmanager == nil:
		s.at(path, "receiver %q: there is no alertmanager, want one in gerbang.yaml, or a role, account or channel", name)
	case l.receivers != nil && !slices.Contains(l.receivers, name):
		s.at(path, "receiver %q is not in %s, %s", name, c.Alertmanager.Config, strict.Suggestion(name, l.receivers))
	case l.receivers != nil && !slices.Contains(l.escalated, name):
		s.at(path, "no route of %s leads to receiver %q, want one there with matchers: ['escalation=\"%s\"']", c.Alertmanager.Config, name, name)
	}
}

// Reach is how people are called beside Alertmanager.
type Reach struct {
	// Push are notifications on phones (Web Push).
	Push WebPush `yaml:"push"`
	// Channels are other ways, by id, which the steps of a site's escalation name.
	Channels table[ReachChannel] `yaml:"channels"`
}

// WebPush sends notifications through the push services of the browsers' makers, or one of one's own. It says nothing of anybody, and is encrypted
// for the phone.
type WebPush struct {
	// Contact is whom a push service may write to about the gateway's notifications. Empty: http.external_url, where that is https.
	Contact string `yaml:"contact" pattern:"^(mailto:[^\\s@]+@[^\\s@]+|https://\\S+)$" want:"mailto: and an address, or https://"`
	// Private are push services in networks of one's own, as host or host:port. A browser tells where its push service is: all others must be on
	// the Internet.
	Private []string `yaml:"private_hosts"`
	// TLS is for such push services, with an authority of your own.
	TLS *TLSClient `yaml:"tls"`
}

// ReachChannel is a way to call whoever is near. Exactly one of its keys says what it is.
type ReachChannel struct {
	// Ntfy is a topic of an ntfy server.
	Ntfy *NtfyChannel `yaml:"ntfy"`
	// SMS is a modem that SMS Server Tools 3 (smsd) drives.
	SMS *SMSChannel `yaml:"sms"`
	// Siren is something that sounds while an MQTT topic says so.
	Siren *SirenChannel `yaml:"siren"`
}

// Wanted says what a configuration takes.
func (ReachChannel) Wanted() string { return "a channel (one of ntfy, sms, siren)" }

// NtfyChannel is a topic of an ntfy server, best one of your own. Whoever knows the topic can read it.
type NtfyChannel struct {
	// URL of the server.
	URL string `yaml:"url" required:"yes" private:"yes" pattern:"^https?://[^/@\\s]+/?$" want:"a URL such as http://ntfy.local"`
	// Topic is where the phones listen.
	Topic string `yaml:"topic" required:"yes" pattern:"^[-_A-Za-z0-9]{1,64}$" want:"letters, digits, - and _"`
	// Token is the gateway's own there.
	Token Secret `yaml:"token"`
}

// SMSChannel puts messages into the outgoing folder of smsd, one for each number.
type SMSChannel struct {
	// Spool is that folder. Where folders sent and failed lie beside it, the gateway looks there for what became of a message.
	Spool string `yaml:"spool" required:"yes" want:"a folder such as /var/spool/sms/outgoing"`
	// Numbers are those that are called.
	Numbers []string `yaml:"numbers" required:"yes" private:"yes" pattern:"^\\+[0-9]{6,15}$" want:"numbers such as +6281234567890"`
}

// SirenChannel is an MQTT topic that says, retained, whether a siren or a lamp is on: while an alert that has called it is open and nobody has
// acknowledged it.
type SirenChannel struct {
	// Topic, in which {site} stands for the site. Empty: gerbang/v1/{site}/out/siren/ and the channel's id.
	Topic string `yaml:"topic" pattern:"^[^+#\\x00]{1,200}$" want:"a topic without + and #"`
	// On and Off are what is published.
	On  string `yaml:"on"`
	Off string `yaml:"off"`
}

// SetDefaults says ON and OFF.
func (s *SirenChannel) SetDefaults() { s.On, s.Off = "ON", "OFF" }

// checkReach checks the ways by which people are called.
func (l *loader) checkReach(c *Config) {
	for i, name := range c.Reach.Push.Private {
		if err := reach.CheckPrivate(name); err != nil {
			l.at(item("reach.push.private_hosts", i), "private_hosts: %v", err)
		}
	}
	l.clientTLS("reach.push.tls", c.Reach.Push.TLS)
	topics := map[string]string{}
	for i := range c.Reach.Channels {
		r := &c.Reach.Channels[i]
		path, ch := "reach.channels."+r.ID, &r.Value
		given := 0
		for _, is := range []bool{ch.Ntfy != nil, ch.SMS != nil, ch.Siren != nil} {
			if is {
				given++
			}
		}
		if given != 1 {
			l.at(path, "channel %q: want exactly one of ntfy, sms and siren", r.ID)
			continue
		}
		switch {
		case ch.Ntfy != nil:
			l.secret(path+".ntfy.token", &ch.Ntfy.Token)
			l.external(path+".ntfy.url", ch.Ntfy.URL)
		case ch.SMS != nil:
			ch.SMS.Spool = l.folder.resolve(ch.SMS.Spool)
			if len(ch.SMS.Numbers) == 0 {
				l.at(path+".sms.numbers", "no number, want at least one")
			}
		case ch.Siren != nil:
			topic := ch.Siren.Topic
			if other, twice := topics[topic]; twice && topic != "" {
				l.at(path+".siren.topic", "topic %q is that of channel %q already, want one for each", topic, other)
			}
			topics[topic] = r.ID
			if strings.HasPrefix(topic, "gerbang/") && !strings.HasPrefix(topic, "gerbang/v1/{site}/out/") {
				l.at(path+".siren.topic", "topic %q is read by the gateway itself, want another one", topic)
			}
			if ch.Siren.On == ch.Siren.Off {
				l.at(path+".siren", "on and off are both %q, want two", ch.Siren.On)
			}
		}
	}
}

// ReachChannels are the channels as they are used. The error is of a secret.
func (c *Config) ReachChannels() map[string]reach.Channel {
	all := map[string]reach.Channel{}
	for i := range c.Reach.Channels {
		r := &c.Reach.Channels[i]
		v := r.Value
		switch {
		case v.Ntfy != nil:
			all[r.ID] = reach.Channel{Ntfy: &reach.Ntfy{URL: v.Ntfy.URL, Topic: v.Ntfy.Topic, Token: func() (string, error) {
				token, err := v.Ntfy.Token.Reveal()
				if err != nil {
					err = fmt.Errorf("the token of channel %s cannot be read", r.ID)
				}
				return token, err
			}, Client: reach.LocalClient()}}
		case v.SMS != nil:
			all[r.ID] = reach.Channel{SMS: &reach.SMS{Spool: v.SMS.Spool, Numbers: v.SMS.Numbers}}
		case v.Siren != nil:
			all[r.ID] = reach.Channel{Siren: &reach.Siren{Topic: v.Siren.Topic, On: v.Siren.On, Off: v.Siren.Off}}
		}
	}
	return all
}

// Sirens are the channels that sites call, by site.
func (c *Config) Sirens() []reach.Place {
	var all []reach.Place
	sites := c.AllSites()
	for i := range sites {
		if e := sites[i].Escalation; e != nil {
			for _, step := range e.Steps {
				if step.Channel != "" {
					all = append(all, reach.Place{Site: sites[i].ID, Channel: step.Channel})
				}
			}
		}
	}
	return all
}
