package web

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// caseSection are the people of a site who were too warm today, or still wait; without any it is hidden.
type caseSection struct {
	Site    string
	May     bool // who looks may say how one ended
	Open    []caseCard
	Closed  []caseCard // of today, the newest first
	Summary string     // how today's ended, in numbers
}

// caseCard is one of them. It has no name.
type caseCard struct {
	ID, Door    string
	Chip        chip
	Temperature string
	Clock       string // when the second check is due, or how it ended
	Second      string // what it showed; empty: nothing yet
	Words       int
	Buttons     []preset
}

func caseSectionOf(sc *scene) caseSection {
	v := sc.view
	sec := caseSection{Site: v.Site, May: sc.may[string(accounts.EndCase)]}
	day := facility.DateOf(sc.now.In(sc.loc))
	today := casesOf(v, day, sc.loc)
	for i := range v.Cases {
		if c := &v.Cases[i]; c.Open() {
			sec.Open = append(sec.Open, sc.caseCard(c))
		}
	}
	for i := range slices.Backward(today) {
		if c := &today[i]; !c.Open() {
			sec.Closed = append(sec.Closed, sc.caseCard(c))
		}
	}
	// Who is to be turned away, or was forgotten, before those who wait.
	slices.SortStableFunc(sec.Open, func(a, b caseCard) int { return cmp.Compare(caseOrder[a.Chip.Class], caseOrder[b.Chip.Class]) })
	if n := countCases(today, v, day); n.Opened > 0 {
		sec.Summary = sc.T("cases.summary", "Opened", n.Opened, "Open", n.Open, "Cleared", n.Cleared, "Refused", n.Refused, "Unmeasured", n.Unmeasured, "Unsaid", n.Unsaid)
	}
	return sec
}

var caseOrder = map[string]int{"breached": 0, "unknown": 1, "near": 2}

// caseLook is how a state looks: a class for the colour and an icon.
var caseLook = map[rules.CaseState][2]string{
	rules.CaseWaiting: {"near", "clock"}, rules.CaseDue: {"near", "near"}, rules.CaseOverdue: {"unknown", "unknown"},
	rules.CaseConfirmed: {"breached", "breached"}, rules.CaseClosed: {"closed", "closed"},
}

func (t *scene) caseCard(c *rules.CaseView) caseCard {
	look := caseLook[c.State]
	card := caseCard{
		ID: c.ID, Door: t.subjectName(cmp.Or(c.Door, c.Device)), Temperature: t.Degrees(c.Value) + " °C", Words: c.Words,
		Chip: chip{Class: look[0], Icon: look[1], Word: t.T("case." + string(c.State))},
	}
	if c.Checked != 0 {
		card.Second = t.T("case.second", "Value", t.Degrees(c.Second)+" °C", "When", t.when(c.Checked))
	}
	if c.Open() {
		card.Clock = t.T("case.clock", "Opened", t.when(c.Opened), "Due", t.when(c.Due))
	} else {
		card.Clock = t.T("case.ended", "Opened", t.when(c.Opened), "Closed", t.when(c.Closed))
		card.Chip.Word = t.T("outcome." + cmp.Or(string(c.Outcome), "unsaid"))
		if c.Outcome == rules.Cleared {
			card.Chip.Class, card.Chip.Icon = "within", "within"
		}
	}
	for _, o := range []rules.Outcome{rules.Cleared, rules.Refused, rules.Unmeasured} {
		if c.Open() || o != c.Outcome {
			card.Buttons = append(card.Buttons, preset{string(o), t.T("outcome.say_" + string(o))})
		}
	}
	return card
}

// endCase takes a tap that says how a case ended. What is tapped twice is said once: the entry's id follows from who says what of
// which case, and how often that was said before.
func (s *Server) endCase(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	outcome, _ := rules.ParseOutcome(r.PostForm.Get("outcome"))
	words, err := strconv.Atoi(r.PostForm.Get("words"))
	if err != nil || words < 0 {
		return errBadForm
	}
	e := entered{kind: telemetry.EntryOutcome, site: r.PathValue("site"), caseID: r.PathValue("case"), outcome: outcome, author: s.access.author(r)}
	e.id = uuidOf(e.site, e.caseID, string(outcome), e.author, strconv.Itoa(words))
	if _, err := s.enter(r.Context(), &e); err != nil {
		return err
	}
	http.Redirect(w, r, "/site/"+e.site+"#site-cases", http.StatusSeeOther)
	return nil
}

// uuidOf is a UUID (version 8) that follows from some words.
func uuidOf(words ...string) string {
	h := sha256.New()
	for _, w := range words {
		_, _ = h.Write([]byte(w + "\x00")) // cannot fail
	}
	b := h.Sum(nil)[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
