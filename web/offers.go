package web

import (
	"strings"

	"github.com/gerbang-iot/gerbang/accounts"
)

// may is what somebody may do, for templates: nothing is offered that would be refused. Without a word in it nothing is.
type may map[string]bool

// mayAt is what a caller may do at a site; an empty one is the gateway itself.
func mayAt(c *accounts.Caller, site string) may {
	m := may{}
	for _, p := range accounts.Permissions() {
		if c.At(p, site) {
			m[string(p)] = true
		}
	}
	return m
}

// words are those of some permissions that are there, in one text: the same for all who may the same.
func (m may) words(of ...accounts.Permission) string {
	var all []string
	for _, p := range of {
		if m[string(p)] {
			all = append(all, string(p))
		}
	}
	return strings.Join(all, " ")
}

// mayOf reads what words wrote.
func mayOf(words string) may {
	m := may{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// siteList is at which sites a caller may do something, between commas; empty: at all.
func siteList(c *accounts.Caller, p accounts.Permission) string {
	sites, all := c.Sites(p)
	if all {
		return ""
	}
	return "," + strings.Join(sites, ",") + ","
}

// listed reports whether a site is in what siteList gave.
func listed(list, site string) bool { return list == "" || strings.Contains(list, ","+site+",") }
