package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

const (
	// wholeSite stands for the building where a zone is asked for. No zone can have this id.
	wholeSite = "_site"
	// maxCount bounds a count and the size of a correction, in persons.
	maxCount = 100_000
	// countPast is how far back a count may lie: the engine revises no more. countFuture forgives a phone's clock.
	countPast   = 7 * 24 * time.Hour
	countFuture = 2 * time.Minute
	// entryPatience bounds the wait for the disk, showPatience the wait until the pages show what was entered.
	entryPatience = 10 * time.Second
	showPatience  = 2 * time.Second
)

// entered is what somebody says about the people in a zone, of how a case ended, or of what a thermometer is off by.
type entered struct {
	kind           telemetry.EntryKind
	site, zone     string // zone: wholeSite for the building
	id             string // UUID: the key for doing it only once
	value          float64
	author, reason string
	proven         bool      // the author is the name of an account
	at             time.Time // zero: now
	// Of one that takes an earlier count or correction back: its ID, and by how much the number was off before, a deviation in people.
	ends string
	off  float64
	// What it changes, and into what, where it is about now: as the pages showed it..
	before, after string
	// Of an outcome: the case, and how it ended.
	caseID  string
	outcome rules.Outcome
	// Of a calibration, or of what is accepted of a counter: the device, or device/channel, and what it rests on.
	device, basis string
	wrong         error // what is wrong with the pairs of a calibration; nil: nothing

	// Of a task that was done.
	task, item, agent string
	began             time.Time // zero: not said
	// Of one that a phone kept until it could be sent: what it says of its clock, and since when it may have been, see whenDone.
	phone    telemetry.PhoneClock
	earliest telemetry.Instant
	// Of one that was copied from a paper form: its date, who copied it, and the hash of a photo.
	paper, typist, photo string
}

// The problems of an entry: keys of sentences, "entry." before them.
const (
	badID         = "id"
	badCount      = "count"
	badChange     = "change"
	noAuthor      = "author"
	noReason      = "reason"
	inFuture      = "future"
	tooOld        = "old"
	uncountable   = "uncountable"
	tooFew        = "too_few"
	usedOtherwise = "conflict"
	noItem        = "item"
	noTick        = "tick"
	noText        = "text"
	badBegin      = "began"
	notStored     = "stored"
	badOutcome    = "outcome"
	beforeCase    = "before_case"
	badPairs      = "pairs"
	badAccuracy   = "accuracy"
	badDrift      = "drift"
	badDirection  = "direction"
)

// problem says what is wrong with an entry, and with which field of it; empty: nothing.
func (e *entered) problem(now time.Time) (field, key string) {
	whole := e.value == math.Trunc(e.value) && math.Abs(e.value) <= maxCount // false for NaN
	switch {
	case !isUUID(e.id):
		return "id", badID
	case e.kind == telemetry.EntryCount && (!whole || e.value < 0):
		return "value", badCount
	case e.kind == telemetry.EntryCorrection && (!whole || e.value == 0):
		return "value", badChange
	case e.kind == telemetry.EntryOutcome && e.outcome == "":
		return "outcome", badOutcome
	case e.kind == telemetry.EntryCalibration && (e.basis == "" || !(math.Abs(e.value) <= facility.MaxOffset)):
		return "pairs", badPairs
	case e.kind == telemetry.EntryAccuracy && !(e.value >= facility.LeastAccuracy && e.value <= 1):
		return "accuracy", badAccuracy
	case e.kind == telemetry.EntryDrift && !(math.Abs(e.value) <= facility.MostBias):
		return "drift_per_100", badDrift
	case e.kind == telemetry.EntryDirection && e.value != 0 && e.value != 1:
		return "swap", badDirection
	case e.author == "":
		return "author", noAuthor
	case e.kind == telemetry.EntryCorrection && e.reason == "":
		return "reason", noReason
	case !e.at.IsZero() && e.at.After(now.Add(countFuture)):
		return "at", inFuture
	case !e.at.IsZero() && e.at.Before(now.Add(-countPast)):
		return "at", tooOld
	}
	return "", ""
}

// deed is something that a person does and that becomes an entry.
type deed interface {
	// entry is what becomes a record of the site; its ID is as it was given.
	entry() (site string, e telemetry.Entry)
	// moment is when it was so; 0: now.
	moment() telemetry.Instant
	// signed says who does it: of somebody with an account the name is his, whatever else was said.
	signed(c *accounts.Caller)
	// acceptable says why it cannot be entered now; nil: it can.
	acceptable(s *Server) error
	// made reports whether a record is what this deed became, and not another one under the same id.
	made(rec *telemetry.Record) bool
}

// enter makes an entry durable and waits a little until it shows. One that was made before is answered with its record before
// anything else is asked: who got no answer sends it again, maybe when it would be accepted no more, because its time is too far back
// by now or its zone is gone. The error is a *fault with a sentence for people.
func (s *Server) enter(ctx context.Context, d deed) (telemetry.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, entryPatience)
	defer cancel()
	rec, done, err := telemetry.Record{}, false, error(nil)
	d.signed(callerOf(ctx))
	site, e := d.entry()
	e.ID = strings.ToLower(e.ID)
	if isUUID(e.ID) {
		rec, done, err = s.opts.Entries.Entered(ctx, site, e.ID)
	}
	if err == nil && !done {
		if err = d.acceptable(s); err == nil {
			err = s.mayEnter(ctx, site, e.Kind)
		}
		if err != nil {
			return telemetry.Record{}, err
		}
		_, now := d.entry() // with what there was to be changed
		now.ID = e.ID
		rec, err = s.opts.Entries.Enter(ctx, site, now, d.moment())
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return telemetry.Record{}, refused(http.StatusServiceUnavailable, notStored, err)
	case err != nil:
		return telemetry.Record{}, fmt.Errorf("entering a %s: %w", e.Kind, err)
	case !d.made(&rec):
		return telemetry.Record{}, refused(http.StatusConflict, usedOtherwise, fmt.Errorf("record %d of site %q has the id of another entry", rec.Seq, rec.Site))
	}
	s.untilShown(ctx, site, rec.Seq)
	return rec, nil
}

func (e *entered) acceptable(s *Server) error {
	v, ok := s.opts.Live.Outline(e.site)
	if !ok {
		return errNoPage
	}
	if e.kind == telemetry.EntryOutcome {
		i := slices.IndexFunc(v.Cases, func(c rules.CaseView) bool { return c.ID == e.caseID })
		if i < 0 {
			return errNoPage
		}
		if !e.at.IsZero() && telemetry.InstantOf(e.at) < v.Cases[i].Opened {
			return refused(http.StatusUnprocessableEntity, beforeCase, errors.New("field at of an outcome"))
		}
		if field, key := e.problem(s.opts.Now()); key != "" {
			return refused(http.StatusUnprocessableEntity, key, fmt.Errorf("field %s of an outcome", field))
		}
		return nil
	}
	if e.kind == telemetry.EntryCalibration {
		if !isThermometer(v, e.device) {
			return errNoPage
		}
		if e.wrong != nil && isUUID(e.id) {
			return refusedPairs(e.wrong)
		}
		if field, key := e.problem(s.opts.Now()); key != "" {
			return refused(http.StatusUnprocessableEntity, key, fmt.Errorf("field %s of a calibration", field))
		}
		return nil
	}
	if e.kind == telemetry.EntryAccuracy || e.kind == telemetry.EntryDrift || e.kind == telemetry.EntryDirection {
		if !isCounter(v, e.device) {
			return errNoPage
		}
		if field, key := e.problem(s.opts.Now()); key != "" {
			return refused(http.StatusUnprocessableEntity, key, fmt.Errorf("field %s of what is accepted of a counter", field))
		}
		return nil
	}
	if e.kind == telemetry.EntryTask {
		return s.taskAcceptable(v, e)
	}
	people := v.Persons
	if e.zone != wholeSite {
		z, ok := zoneByID(v, e.zone)
		if !ok {
			return errNoPage
		}
		people = z.Persons
	}
	if field, key := e.problem(s.opts.Now()); key != "" {
		return refused(http.StatusUnprocessableEntity, key, fmt.Errorf("field %s of an entry", field))
	}
	if uncounted(people) {
		return refused(http.StatusUnprocessableEntity, uncountable, nil)
	}
	// Of a time that is past nobody knows here how many were inside then.
	if now := e.at.IsZero() || s.opts.Now().Sub(e.at) < countFuture; e.kind == telemetry.EntryCorrection && now && people.Known && -e.value > people.High {
		err := refused(http.StatusUnprocessableEntity, tooFew, fmt.Errorf("%v of at most %v people taken away", -e.value, people.High))
		err.args = []any{"Change", -e.value, "High", people.High}
		return err
	}
	if e.ends != "" {
		if err := s.canTakeBack(e, &people); err != nil {
			return err
		}
	}
	if e.at.IsZero() {
		e.before, e.after = e.changes(&people)
	}
	return nil
}

func refused(status int, key string, cause error) *fault {
	return &fault{status: status, key: "entry." + key, cause: cause}
}

func (e *entered) signed(c *accounts.Caller) {
	if e.paper != "" { // who did it is whom the paper names
		return
	}
	if c != nil && !c.Claimed {
		e.author, e.proven = c.Name, true
	}
}

// entry is what becomes a record.
func (e *entered) entry() (string, telemetry.Entry) {
	n := telemetry.Entry{ID: strings.ToLower(e.id), Kind: e.kind, Author: e.author, Claimed: !e.proven, Reason: e.reason, Value: e.value}
	switch {
	case e.kind == telemetry.EntryOutcome:
		n.Subject, n.Text = e.caseID, string(e.outcome)
	case e.kind == telemetry.EntryCalibration, e.kind == telemetry.EntryAccuracy, e.kind == telemetry.EntryDrift, e.kind == telemetry.EntryDirection:
		n.Subject, n.Text = e.device, e.basis
	case e.zone != wholeSite:
		n.Subject = e.zone
	}
	if e.kind == telemetry.EntryCount || e.kind == telemetry.EntryCorrection {
		n.Before, n.After, n.Ends = e.before, e.after, e.ends
		if e.off > 0 {
			n.Text = strconv.FormatFloat(e.off, 'f', 2, 64)
		}
	}
	if e.kind == telemetry.EntryTask {
		n.Subject, n.Item, n.Text = e.task, e.item, e.agent
		n.Phone, n.Earliest, n.Paper, n.Typist, n.Photo = e.phone, e.earliest, e.paper, e.typist, e.photo
		if !e.began.IsZero() {
			n.Began = telemetry.InstantOf(e.began)
		}
	}
	return e.site, n
}

func (e *entered) moment() telemetry.Instant {
	if e.at.IsZero() {
		return 0
	}
	return telemetry.InstantOf(e.at)
}

// made: what was entered as now, or a little ahead of the gateway's clock, has the time of receipt. What a phone sends again it sends later
// than before: it is the same if the phone's clock says that it was done at the same time.
func (e *entered) made(rec *telemetry.Record) bool {
	at := e.moment()
	if at == 0 {
		at = rec.Received
	}
	_, is := e.entry()
	was := rec.Entry
	return was != nil && was.Kind == is.Kind && was.Subject == is.Subject && was.Value == is.Value && was.Author == is.Author && was.Reason == is.Reason &&
		was.Item == is.Item && was.Text == is.Text && was.Ends == is.Ends && was.Began == is.Began && was.Phone.Done == is.Phone.Done &&
		was.Paper == is.Paper && was.Typist == is.Typist && was.Photo == is.Photo &&
		(is.Phone.Done != 0 || rec.At == min(at, rec.Received))
}

// untilShown waits until the site's view has applied a record, so that whoever entered it sees what it changed.
func (s *Server) untilShown(ctx context.Context, site string, record uint64) {
	changed, cancel := s.opts.Live.Subscribe()
	defer cancel()
	late := time.NewTimer(showPatience)
	defer late.Stop()
	for {
		if v, ok := s.opts.Live.Outline(site); !ok || v.Record >= record {
			return
		}
		select {
		case <-changed:
		case <-late.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// uncounted reports whether nothing counts the people: then there is no number, and nothing is wrong.
func uncounted(e rules.Estimate) bool { return !e.Measured && !e.Known }

// newUUID is a random UUID (version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// isUUID reports whether s is a UUID in its usual form.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
		if dash != (c == '-') || !dash && !hex {
			return false
		}
	}
	return true
}
