package broker

import "strings"

// subscription is one filter of one session.
type subscription struct {
	session     *session
	filter      string // as the client wrote it: $share/group/filter where it is shared
	id          int    // of MQTT 5, told with each message; 0: none
	qos         byte
	noLocal     bool
	asPublished bool // the retain flag stays as it was published
}

// shared takes a filter apart: the group that shares it, "" if none does, and what topics are compared with.
func shared(filter string) (group, rest string) {
	if len(filter) > 7 && strings.EqualFold(filter[:7], "$share/") {
		group, rest, _ = strings.Cut(filter[7:], "/")
		return group, rest
	}
	return "", filter
}

// level is a place in the tree of subscriptions: below it hang the filters that go on with a next level, wildcards included.
// (The library has such a tree, but its "+/#" does not match the parent, its overlapping subscriptions lose which of them is
// noLocal or asPublished, and its groups choose by chance among members that may be away.)
type level struct {
	next   map[string]*level
	single map[*session]*subscription
	groups map[string]*group
}

// group shares a subscription: each message goes to one member.
type group struct {
	members []*subscription
	turn    int
}

// add puts a subscription in, in the place of the session's earlier one with the same filter. existed: there was one.
func (l *level) add(s *subscription) (existed bool) {
	name, filter := shared(s.filter)
	for more := true; more; {
		var key string
		key, filter, more = strings.Cut(filter, "/")
		n := l.next[key]
		if n == nil {
			n = &level{}
			if l.next == nil {
				l.next = map[string]*level{}
			}
			l.next[key] = n
		}
		l = n
	}
	if name == "" {
		if l.single == nil {
			l.single = map[*session]*subscription{}
		}
		_, existed = l.single[s.session]
		l.single[s.session] = s
		return existed
	}
	g := l.groups[name]
	if g == nil {
		g = &group{}
		if l.groups == nil {
			l.groups = map[string]*group{}
		}
		l.groups[name] = g
	}
	for i, m := range g.members {
		if m.session == s.session {
			g.members[i] = s
			return true
		}
	}
	g.members = append(g.members, s)
	return false
}

// remove takes a session's subscription out, and the levels that nobody needs any more.
func (l *level) remove(s *session, filter string) {
	name, filter := shared(filter)
	l.prune(s, name, filter)
}

// prune reports whether nothing is left.
func (l *level) prune(s *session, name, filter string) (empty bool) {
	key, rest, more := strings.Cut(filter, "/")
	n := l.next[key]
	if n == nil {
		return false
	}
	switch {
	case more:
		if !n.prune(s, name, rest) {
			return false
		}
	case name == "":
		delete(n.single, s)
	default:
		if g := n.groups[name]; g != nil && g.leave(s) {
			delete(n.groups, name)
		}
	}
	if len(n.next)+len(n.single)+len(n.groups) > 0 {
		return false
	}
	delete(l.next, key)
	return len(l.next)+len(l.single)+len(l.groups) == 0
}

// leave reports whether no member is left.
func (g *group) leave(s *session) bool {
	for i, m := range g.members {
		if m.session == s {
			g.members = append(g.members[:i], g.members[i+1:]...)
			break
		}
	}
	return len(g.members) == 0
}

// choose returns the member whose turn it is: of those that are connected, if any is.
func (g *group) choose() *subscription {
	n := len(g.members)
	for i := range n {
		if m := g.members[(g.turn+i)%n]; m.session.out.connected() {
			g.turn = (g.turn + i + 1) % n
			return m
		}
	}
	g.turn %= n
	m := g.members[g.turn]
	g.turn++
	return m
}

// match calls hit with each level whose filters match a topic. Wildcards on the first level do not match topics that begin
// with a dollar sign.
func (l *level) match(topic string, hit func(*level)) {
	l.find(topic, !strings.HasPrefix(topic, "$"), hit)
}

func (l *level) find(topic string, wild bool, hit func(*level)) {
	if wild {
		if rest := l.next["#"]; rest != nil {
			hit(rest)
		}
	}
	key, topic, more := strings.Cut(topic, "/")
	l.next[key].descend(topic, more, hit)
	if wild {
		l.next["+"].descend(topic, more, hit)
	}
}

func (l *level) descend(topic string, more bool, hit func(*level)) {
	switch {
	case l == nil:
	case more:
		l.find(topic, true, hit)
	default:
		hit(l)
		if rest := l.next["#"]; rest != nil { // a/# matches a
			hit(rest)
		}
	}
}
