package accounts

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// Account is a person, or a post that several people hold, who may sign in.
type Account struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`          // to sign in with; unique
	Display string    `json:"display"`       // how the record calls the person
	Lang    string    `json:"language"`      // of the pages; empty: what the browser says
	Posts   []Post    `json:"posts"`         // none: the account may do nothing
	Hash    string    `json:"hash"`          // of the password; empty: there is none yet
	Off     bool      `json:"off,omitempty"` // may not sign in
	Created time.Time `json:"created"`
	Changed time.Time `json:"changed,omitzero"` // the password
	Voided  time.Time `json:"voided,omitzero"`  // links that were made before are worth nothing
}

// Post is a role at sites.
type Post struct {
	Role  Role     `json:"role"`
	Sites []string `json:"sites,omitempty"` // empty: all
}

// Grants are what an account may do.
func (a *Account) Grants() []Grant {
	var all []Grant
	for _, p := range a.Posts {
		if may := p.Role.May(); may != nil {
			all = append(all, Grant{May: may, Sites: p.Sites})
		}
	}
	return all
}

// Administers reports whether an account may change others: an administrator of all sites who may sign in.
func (a *Account) Administers() bool {
	return !a.Off && slices.ContainsFunc(a.Posts, func(p Post) bool { return p.Role == Administrator && len(p.Sites) == 0 })
}

func (a *Account) clone() *Account {
	c := *a
	c.Posts = slices.Clone(a.Posts)
	for i := range c.Posts {
		c.Posts[i].Sites = slices.Clone(c.Posts[i].Sites)
	}
	return &c
}

var accountName = regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{1,39}$`)

// CleanName is a name to sign in with as accounts have it; false: it cannot be one.
func CleanName(name string) (string, bool) {
	name = strings.ToLower(strings.TrimSpace(name))
	return name, accountName.MatchString(name)
}

// Session is one browser that is signed in.
type Session struct {
	ID      string    `json:"id"`      // hash of its secret
	Account string    `json:"account"` // empty: signed in with the shared token
	Claimed string    `json:"claimed,omitempty"`
	Token   string    `json:"token,omitempty"` // hash of that shared token: with another one the session is over
	Agent   string    `json:"agent"`           // what the browser calls itself, cut
	From    string    `json:"from"`            // address
	Began   time.Time `json:"began"`
	Seen    time.Time `json:"seen"`
	Proven  time.Time `json:"proven,omitzero"` // when the person last showed who he is, see Keeper.Fresh
	Phone   string    `json:"phone,omitempty"` // the shared phone on which somebody came in by PIN; empty: by password
}

// Limits of a session.
const (
	IdleLimit     = 3 * 24 * time.Hour  // without a request: over a weekend, not over a leave
	AbsoluteLimit = 30 * 24 * time.Hour // whatever happens
	ShiftLimit    = 14 * time.Hour      // of one by PIN: a shift, without a network for most of it
	seenStep      = 5 * time.Minute     // how exactly it is noted that somebody was here
)

// Over reports whether a session has ended by itself.
func (s *Session) Over(now time.Time) bool {
	return s.Phone != "" && now.Sub(s.Began) >= ShiftLimit || now.Sub(s.Began) >= AbsoluteLimit || now.Sub(s.Seen) >= IdleLimit
}

// Device is a browser in which somebody has signed in before: others' guesses do not lock it out.
type Device struct {
	ID      string    `json:"id"` // hash of its secret
	Account string    `json:"account"`
	Seen    time.Time `json:"seen"`
}

// Token lets a program in.
type Token struct {
	ID      string       `json:"id"` // hash of its secret
	Account string       `json:"account"`
	Name    string       `json:"name"`
	May     []Permission `json:"may"`
	Sites   []string     `json:"sites,omitempty"` // empty: all of the account's
	Created time.Time    `json:"created"`
	Expires time.Time    `json:"expires"`
	Used    time.Time    `json:"used,omitzero"`
}

// Link lets somebody in once: it makes the first administrator, or gives an account its password.
type Link struct {
	ID      string    `json:"id"`      // hash of its code
	Account string    `json:"account"` // empty: a new administrator is made
	Made    time.Time `json:"made,omitzero"`
	Expires time.Time `json:"expires"`
	// Reset says that the account's second factors go as well: only who runs the machine makes such a link.
	Reset bool `json:"reset,omitempty"`
}
