package reach

import (
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
)

// called are the accounts that a call means.
func (r *Reach) called(c *alerts.Call, site string) []*accounts.Account {
	var all []*accounts.Account
	for _, a := range r.o.People.Accounts() {
		if a.Off || c.Account != "" && a.Name != c.Account || c.Role != "" && !holds(a, accounts.Role(c.Role), site) {
			continue
		}
		all = append(all, a)
	}
	return all
}

// holds reports whether an account has a role at a site; an empty site is the gateway: the role is then one at all sites.
func holds(a *accounts.Account, role accounts.Role, site string) bool {
	return slices.ContainsFunc(a.Posts, func(p accounts.Post) bool {
		return p.Role == role && (len(p.Sites) == 0 || site != "" && slices.Contains(p.Sites, site))
	})
}

// The escalation of a site that says nothing of one: a push to its guards, and after a minute in which it was shown to nobody one to its
// managers. Faults of the gateway itself go to its administrators.
var (
	fallback = facility.Escalation{Steps: []facility.Call{
		{Role: string(accounts.Security)},
		{Role: string(accounts.Manager), After: time.Minute, Unless: facility.UntilShown},
	}}
	fallbackGateway = facility.Escalation{Steps: []facility.Call{{Role: string(accounts.Administrator)}}}
)

// Fallback is whom a site calls that says nothing of that; nil while nobody there has a phone that can be reached: then there is nothing to
// be recorded.
func (r *Reach) Fallback(site string) *facility.Escalation {
	plan := &fallback
	if site == "" {
		plan = &fallbackGateway
	}
	r.mu.Lock()
	with := make(map[string]bool, len(r.phones))
	for _, p := range r.phones {
		with[p.Account] = with[p.Account] || r.o.People.Living(p.Session)
	}
	r.mu.Unlock()
	if len(with) == 0 {
		return nil
	}
	for _, a := range r.o.People.Accounts() {
		if with[a.ID] && !a.Off && slices.ContainsFunc(plan.Steps, func(c facility.Call) bool { return holds(a, accounts.Role(c.Role), site) }) {
			return plan
		}
	}
	return nil
}

// Person is somebody whom a site may call, and how he can be reached.
type Person struct {
	Account string
	Name    string
	Roles   []accounts.Role
	Phones  []Phone
	Shown   time.Time // when a notification was last shown on one of the phones; zero: never
	Watch   time.Time // until when a page that sounds was last known to be open; zero: none
}

// Reachable reports whether the last that was heard of the person is recent enough to call it so.
func (p *Person) Reachable(now time.Time) bool {
	return now.Sub(p.Shown) < ShiftLong || now.Sub(p.Watch) < WatchLost
}

// ShiftLong is for how long a phone that has shown a notification counts as one that can be reached: a shift.
const ShiftLong = 12 * time.Hour

// Roster lists those who would be called at a site: all with a role that may acknowledge there, by name.
func (r *Reach) Roster(site string) []Person {
	var all []Person
	for _, a := range r.o.People.Accounts() {
		if a.Off {
			continue
		}
		p := Person{Account: a.ID, Name: a.Display, Phones: r.phonesOf(a.ID)}
		for _, role := range []accounts.Role{accounts.Security, accounts.Manager} {
			if holds(a, role, site) {
				p.Roles = append(p.Roles, role)
			}
		}
		if len(p.Roles) == 0 {
			continue
		}
		for i := range p.Phones {
			if p.Phones[i].Shown.After(p.Shown) {
				p.Shown = p.Phones[i].Shown
			}
		}
		p.Watch = r.watched(a.ID)
		all = append(all, p)
	}
	return all
}

// ChannelState is a channel and what became of it last.
type ChannelState struct {
	Name, Kind string
	Last       Outcome // At is zero: it was not used since the start
}

// Channels lists the channels, by name.
func (r *Reach) Channels() []ChannelState {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []ChannelState
	for name, c := range r.o.Channels {
		all = append(all, ChannelState{Name: name, Kind: c.kind(), Last: r.last[name]})
	}
	slices.SortFunc(all, func(a, b ChannelState) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return all
}
