package accounts

import (
	"cmp"
	"slices"
)

// Grant gives permissions at sites. The zero value gives nothing.
type Grant struct {
	May   []Permission
	Sites []string // empty: all, and what belongs to none
}

// Caller is whoever makes a request, proven. A nil Caller is a stranger: nobody.
type Caller struct {
	Account string // id; empty: there is none, as for one who came by the shared token
	Name    string // of whoever does something, for the record; never empty
	// Claimed says that the name is what the caller said of itself.
	Claimed bool
	// ByPIN says that the caller came in by a PIN on a shared phone: nothing of the account itself is his to see or change there.
	ByPIN  bool
	Grants []Grant
	// Unready says that the account must have a second factor and has none: Grants are what changes nothing, until it has one.
	Unready bool
}

// At reports whether the caller may do something at a site. An empty site is the gateway itself: what belongs to no site.
func (c *Caller) At(p Permission, site string) bool {
	return c != nil && slices.ContainsFunc(c.Grants, func(g Grant) bool {
		return slices.Contains(g.May, p) && (len(g.Sites) == 0 || site != "" && slices.Contains(g.Sites, site))
	})
}

// Everywhere reports whether the caller may do something at all sites and at the gateway itself.
func (c *Caller) Everywhere(p Permission) bool { return c.At(p, "") }

// Anywhere reports whether there is a site, or the gateway, at which the caller may do something.
func (c *Caller) Anywhere(p Permission) bool {
	return c != nil && slices.ContainsFunc(c.Grants, func(g Grant) bool { return slices.Contains(g.May, p) })
}

// Sites lists the sites at which the caller may do something, sorted; nil: at all of them, if everywhere is true, else at none.
func (c *Caller) Sites(p Permission) (sites []string, everywhere bool) {
	if c.Everywhere(p) {
		return nil, true
	}
	if c == nil {
		return nil, false
	}
	for _, g := range c.Grants {
		if slices.Contains(g.May, p) {
			sites = append(sites, g.Sites...)
		}
	}
	slices.SortFunc(sites, cmp.Compare[string])
	return slices.Compact(sites), false
}

// All gives every permission but some, everywhere.
func All(but ...Permission) []Grant {
	return []Grant{{May: slices.DeleteFunc(Permissions(), func(p Permission) bool { return slices.Contains(but, p) })}}
}
