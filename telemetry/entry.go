package telemetry

import "hash/fnv"

// Entry is something a person did.
type Entry struct {
	ID     string // unique; the key for doing it only once
	Kind   EntryKind
	Author string // the account or role, never a visitor
	// Claimed says that Author is what the client said of itself: nobody has checked it.
	Claimed bool `json:",omitempty"`
	Reason  string
	// Subject names what it is about: a zone, door, device, task or alert id, by the kind of entry.
	Subject string
	Value   float64 // a count, by the kind of entry
	Text    string  // a level's name, an agent, an outcome, by the kind of entry
	Until   Instant // when an acknowledgement, level or maintenance ends; 0: open
	// From is when a level or maintenance begins, where that is later than when it was chosen; 0: at once.
	From Instant `json:",omitempty"`
	// Legal is the number of the order behind a level, as the person gave it.
	Legal string `json:",omitempty"`
	// Ends is the ID of the entry of the same kind and site that this one takes back: from At on that one holds no longer.
	Ends string `json:",omitempty"`
	// Item is what of the task was done, Began when that began (it was finished at the record's time). Empty, 0: all of it, not said.
	Item  string  `json:",omitempty"`
	Began Instant `json:",omitempty"`
	// Earliest is since when a task may have been done, where the clock of the phone that says so cannot be trusted: at some time from
	// then to the record's time. 0: at the record's time.
	Earliest Instant `json:",omitempty"`
	// Phone is what a phone said of its clock that kept the entry until it could be sent. Zero: it was entered as it happened.
	Phone PhoneClock `json:",omitzero"`
	// Paper is the date (2006-01-02) of the paper form that the entry was copied from, Typist who did: Author is who did the task, as
	// the paper says. Photo is the hash of a photo of it. Empty: there is no paper, or no photo.
	Paper  string `json:",omitempty"`
	Typist string `json:",omitempty"`
	Photo  string `json:",omitempty"`
	// Before and After are what was changed, and into what, in words. Empty: nothing was, or is.
	Before string `json:",omitempty"`
	After  string `json:",omitempty"`
	// Asked is a hash of what was asked for, where the other fields do not say all of it: an entry with the same ID and another Asked is
	// another one. Empty: nobody compares it.
	Asked string `json:",omitempty"`
}

// Identity recognises the entry when it is sent again: entries of a site with one ID are the same. 0: it has no ID.
func (e *Entry) Identity(site string) uint64 {
	if e.ID == "" {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte("entry\x00" + site + "\x00" + e.ID)) // cannot fail
	return ContentIdentity(h.Sum64())
}

// EntryKind is the closed set of things a person can do.
type EntryKind string

// The kinds of entry.
const (
	EntryCount       EntryKind = "count"       // Value people were counted in zone Subject (or in the site, empty): an anchor
	EntryCorrection  EntryKind = "correction"  // Value people are added to zone Subject. With Ends: the count or correction of that ID is taken back, and where it was a count the number is as unsure again as before, by the deviation Text in people
	EntryTask        EntryKind = "task"        // task Subject was done (Value 1) with agent Text
	EntryAcknowledge EntryKind = "acknowledge" // alert Subject is being handled, until Until
	EntryLevel       EntryKind = "level"       // the site's level is Text from From on, or the one of Ends no longer holds
	EntryMaintenance EntryKind = "maintenance" // the part of the site that Subject names (empty: all; "zone:hall", "rule:air") is maintained from From until Until, or that of Ends is over
	EntryCalibration EntryKind = "calibration" // Value Cel are added to what device Subject (or device/channel) reads of bodies, from receipt on; Text: what it rests on
	EntryOutcome     EntryKind = "outcome"     // case Subject ended as Text
	EntryAccount     EntryKind = "account"     // who may do what, of no site: Text happened to account Subject, from address Item; Value log-ins were refused
	EntryAccuracy    EntryKind = "accuracy"    // people counter Subject (or device/channel) counts with accuracy Value, a share, from receipt on
	EntryDrift       EntryKind = "drift"       // people counter Subject (or device/channel) misses Value people of a passage going in more than going out, from receipt on; Text: since when that shows
	EntryDirection   EntryKind = "direction"   // people counter Subject (or device/channel) takes in for out (Value 1) or does not (0), whatever is configured, from receipt on; Text: what was configured, and since when it was counted the wrong way
	EntryComment     EntryKind = "comment"     // Reason is what somebody has to say about alert Subject
	EntryAssign      EntryKind = "assign"      // alert Subject is given to the person Text; an empty one: to nobody
	EntryHandover    EntryKind = "handover"    // the shift is handed over: all alerts of the site that are open are given to the person Text. With Subject, the ID of another one: Text has taken over what that one handed over
	EntrySilence     EntryKind = "silence"     // alert Subject, and those of its rule about the same, notify nobody until Until, or the silence of Ends is over
	EntryPaper       EntryKind = "paper"       // Photo, of the paper form of day Paper, is kept outside the journal; or the photo of the entry of Ends was erased, for Reason
	EntryNote        EntryKind = "note"        // Reason is what somebody has to say about the part of the site that Subject names (empty: all; "zone:hall", "task:wipe")
	EntryFile        EntryKind = "file"        // the site's file was changed: of what Subject names ("device:counter-1", "zone:hall"), Before became After. Empty Before: it is new
	EntryLimit       EntryKind = "limit"       // number Item of the part of the site that Subject names ("zone:hall", "rule:air") is After and no longer Before, as the site's files say from then on; Text tells it apart from others
	EntryExport      EntryKind = "export"      // evidence of the time Item was taken along, as a file whose SHA-256 is Text
	EntryDrill       EntryKind = "drill"       // an alarm drill about zone Subject (empty: the site) until Until, with the siren where Item is siren; or that of Ends is over
)

// EntryKinds lists all of them.
func EntryKinds() []EntryKind {
	return []EntryKind{EntryCount, EntryCorrection, EntryTask, EntryAcknowledge, EntryLevel, EntryMaintenance, EntryCalibration, EntryOutcome, EntryAccuracy, EntryDrift, EntryDirection,
		EntryComment, EntryAssign, EntryHandover, EntrySilence, EntryNote, EntryPaper, EntryLimit, EntryDrill, EntryExport, EntryFile, EntryAccount}
}

// Configuration is a site's definition as it came into force: everything a replay needs to judge the records behind it.
type Configuration struct {
	Version string // hash of Definition
	Author  string // who changed it; "file" when it was read at start or on reload
	// Definition is the canonical JSON of a rules.Definition: the site and its protocols.
	Definition []byte
}
