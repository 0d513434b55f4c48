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
