// Package accounts is who may do what: people with their roles at sites, how they prove who they are, the sessions and tokens by which they
// stay known, and the one-time links by which the first of them comes in. It knows no page and no database: pages ask a Keeper, and a Store
// keeps what the Keeper must not forget.
package accounts

import "slices"

// Permission is one thing that somebody may do. The set is closed: it is this list.
type Permission string

// The permissions.
const (
	See         Permission = "see"         // a site's pages, its zones, alerts, cases and verdicts
	Review      Permission = "review"      // how it was: compliance, history, what people entered
	Inspect     Permission = "inspect"     // what devices sent, and what of it was not understood
	Acknowledge Permission = "acknowledge" // say that an alert is being handled
	Count       Permission = "count"       // say how many people are inside
	EndCase     Permission = "case"        // say how a case of fever ended
	DoTask      Permission = "task"        // say that a task was done
	Note        Permission = "note"        // write down what there is to know about a part of a site
	Supervise   Permission = "supervise"   // the cleaning crew: print its codes and forms, type the forms in, enrol its phones
	Calibrate   Permission = "calibrate"   // give a thermometer its offset
	SetLevel    Permission = "level"       // choose the level of a site
	SetLimits   Permission = "limits"      // change the numbers by which a site is judged
	Maintain    Permission = "maintain"    // take a part of a site out of judgement for a time
	Rouse       Permission = "rouse"       // see who can be reached, and begin an alarm drill
	Operate     Permission = "operate"     // the gateway itself: send points again, listen to raw messages, add devices and replace them
	Administer  Permission = "administer"  // people, their roles, sessions and tokens
	Scrape      Permission = "scrape"      // the metrics
	Display     Permission = "display"     // the sign at a door
	Share       Permission = "share"       // open a sign to a display at which nobody signs in
	Export      Permission = "export"      // take evidence of a site along as a file, with the names of those who did something there
)

// Permissions lists all of them.
func Permissions() []Permission {
	return []Permission{See, Review, Inspect, Acknowledge, Count, EndCase, DoTask, Note, Supervise, Calibrate, SetLevel, SetLimits, Maintain, Rouse, Operate, Administer, Scrape, Display, Share, Export}
}

// Role is what a person is at a site.
type Role string

// The roles.
const (
	Manager       Role = "manager"  // runs the building
	Security      Role = "security" // stands at the door
	Cleaner       Role = "cleaner"
	Auditor       Role = "auditor"  // looks at everything and changes nothing
	Overseer      Role = "overseer" // looks at how many buildings do
	Administrator Role = "administrator"
)

// Roles lists all of them.
func Roles() []Role { return []Role{Manager, Security, Cleaner, Auditor, Overseer, Administrator} }

// may is the whole policy.
var may = map[Role][]Permission{
	Manager:       {See, Display, Review, Inspect, Acknowledge, Count, EndCase, DoTask, Note, Supervise, Calibrate, SetLevel, SetLimits, Maintain, Share, Rouse, Export},
	Security:      {See, Display, Acknowledge, Count, EndCase, Note},
	Cleaner:       {See, Display, DoTask, Note},
	Auditor:       {See, Display, Review, Inspect, Export},
	Overseer:      {See, Display, Review},
	Administrator: {See, Display, Review, Inspect, Acknowledge, Count, EndCase, DoTask, Note, Supervise, Calibrate, SetLevel, SetLimits, Maintain, Share, Rouse, Export, Operate, Administer, Scrape},
}

// May lists what a role may do at its sites.
func (r Role) May() []Permission { return slices.Clone(may[r]) }

// Known reports whether there is such a role.
func (r Role) Known() bool { return may[r] != nil }
