package alerts

import (
	"context"
	"errors"
	"time"
)

// Router brings alerts to people: it groups, silences, inhibits, repeats and notifies. It is told the level, not the edges:
// the same notices come again and again, and one that stops coming without having ended resolves by itself at its Ends.
//
// All methods are safe for concurrent use and return when ctx ends. An error is retryable unless it is ErrRefused.
type Router interface {
	// Send tells the present state of alerts. nil means that the router has taken all of them, not that anybody was notified.
	// ErrRefused: the router has taken those it understands and will never take the others.
	Send(ctx context.Context, notices []Notice) error
	// Silences lists the silences that are active or will be.
	Silences(ctx context.Context) ([]Silence, error)
	// SetSilence creates a silence, or replaces the one of s.ID, and gives the id it has from then on.
	SetSilence(ctx context.Context, s Silence) (id string, err error)
	// ExpireSilence ends a silence. One that is unknown or over is not an error.
	ExpireSilence(ctx context.Context, id string) error
}

// ErrRefused says that the router will not take this, however often it is sent.
var ErrRefused = errors.New("refused by the alert router")

// Notice is one alert as a router sees it.
type Notice struct {
	// Labels identify the alert: two notices with the same labels are the same alert. Their values come from the
	// configuration and from closed sets only.
	Labels map[string]string
	// Annotations are for people.
	Annotations map[string]string
	Starts      time.Time
	// Ends is when it resolved, or, in the future, when it resolves unless it is sent again.
	Ends time.Time
	// URL leads to the page about it; empty: there is none.
	URL string
}

// Silence mutes the notices that all its matchers match.
type Silence struct {
	ID       string    `json:"id"` // given by the router
	Matchers []Matcher `json:"matchers"`
	Starts   time.Time `json:"starts"` // zero: now
	Ends     time.Time `json:"ends"`
	By       string    `json:"by"`
	Comment  string    `json:"comment"`
	Pending  bool      `json:"pending"` // it has not begun
}

// Matcher compares one label. A label that is missing is the empty string.
type Matcher struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Regex bool   `json:"regex,omitempty"` // Value is a regular expression (RE2), anchored at both ends
	Not   bool   `json:"not,omitempty"`
}
