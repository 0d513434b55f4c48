package facility

// Maintenance is planned work during which rules judge nothing of what it is about: nobody is called, and nobody is said to keep a rule.
// What sensors say stays visible.
type Maintenance struct {
	// Scope is what it is about; empty: the whole site.
	Scope Scope `json:"scope,omitzero"`
	// By does it, for Reason.
	By     string `json:"by,omitempty"`
	Reason string `json:"reason"`
	// When it is, once or again; its Name is not used.
	When Event `json:"when"`
}

// Scope names a part of a site, or a rule.
type Scope struct {
	Kind ScopeKind `json:"kind,omitempty"`
	ID   string    `json:"id,omitempty"`
}

// ScopeKind is the closed set of what a scope can be.
type ScopeKind string

// The kinds of scope.
const (
	OfSite   ScopeKind = "" // all of the site
	OfZone   ScopeKind = "zone"
	OfDoor   ScopeKind = "door"
	OfDevice ScopeKind = "device"
	OfRule   ScopeKind = "rule"
)

// Holds reports whether a scope holds what a rule judges: the rule itself; a subject by its id and kind ("zone", "door", "device", "task"); what lies
// in a zone or at a door, such as devices, tasks and zones in zones.
func (s *Site) Holds(scope Scope, rule string, kind ScopeKind, id string) bool {
	switch scope.Kind {
	case OfSite:
		return true
	case OfRule:
		return rule == scope.ID
	}
	if kind == scope.Kind && id == scope.ID {
		return true
	}
	at := func(p Place) bool {
		if p.Kind == AtTask {
			t, _ := s.Task(p.ID)
			p = t.Place
		}
		if p.Kind == AtZone && scope.Kind == OfZone {
			return s.within(p.ID, scope.ID)
		}
		return string(p.Kind) == string(scope.Kind) && p.ID == scope.ID
	}
	switch kind {
	case OfZone:
		return scope.Kind == OfZone && s.within(id, scope.ID)
	case OfDevice:
		d, ok := s.Device(id)
		return ok && at(d.Place)
	case "task":
		t, ok := s.Task(id)
		return ok && at(t.Place)
	}
	return false
}

// within reports whether a zone is another one or lies in it.
func (s *Site) within(id, in string) bool {
	for range len(s.Zones) + 1 {
		if id == in {
			return true
		}
		z, ok := s.Zone(id)
		if !ok || z.Parent == "" {
			return false
		}
		id = z.Parent
	}
	return false
}

// Has reports whether a scope names what the site has. Rules are not the site's: they are taken as they are.
func (s *Site) Has(scope Scope) bool {
	ok := scope.ID != ""
	switch scope.Kind {
	case OfSite:
		return scope.ID == ""
	case OfZone:
		_, ok = s.Zone(scope.ID)
	case OfDoor:
		_, ok = s.Door(scope.ID)
	case OfDevice:
		_, ok = s.Device(scope.ID)
	case OfRule:
	default:
		return false
	}
	return ok
}
