package reach

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/SherClockHolmes/webpush-go"

	"github.com/gerbang-iot/gerbang/alerts"
)

const (
	pushTimeout = 10 * time.Second
	// pushLife is how long a push service keeps a notification for a phone that is off: what is older has long gone to somebody else.
	pushLife = 10 * time.Minute
	// longestWait bounds what a push service may ask for.
	longestWait = 5 * time.Minute
	// mostRunes bounds the texts of a notification: with all else it must fit into 4 KB.
	mostRunes = 400
)

// vapid is how the gateway shows push services that it is the one to whom phones have given their address (RFC 8292). With another key all
// phones have to tell of themselves again.
type vapid struct {
	Public  string `json:"public"`
	Private string `json:"private"`
}

func newVapid() (vapid, error) {
	private, public, err := webpush.GenerateVAPIDKeys()
	if err != nil {
		return vapid{}, fmt.Errorf("making the key of pushes: %w", err)
	}
	return vapid{public, private}, nil
}

// Key is what browsers need to let the gateway send them notifications.
func (r *Reach) Key() string { return r.vapid.Public }

// token lets a notification answer. After a restart the same notification has the same.
func (v vapid) token(parts ...any) string {
	mac := hmac.New(sha256.New, []byte(v.Private))
	fmt.Fprintf(mac, "%q", parts)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:18])
}

// keyOf is what is kept of a token.
func keyOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:10])
}

// payload is a declarative push message (the Push API's web_push member): browsers that know it show it even where no script of ours runs, all
// others give it to the service worker, which shows it always. It says nothing of anybody.
type payload struct {
	WebPush      int          `json:"web_push"` // 8030, after the RFC
	Notification notification `json:"notification"`
	Mutable      bool         `json:"mutable"` // the service worker is asked too: it tells that it was shown
}

type notification struct {
	Title              string `json:"title"`
	Body               string `json:"body"`
	Navigate           string `json:"navigate"`
	Lang               string `json:"lang"`
	Dir                string `json:"dir"`
	Tag                string `json:"tag"`
	RequireInteraction bool   `json:"requireInteraction"`
	Renotify           bool   `json:"renotify"`
	Silent             bool   `json:"silent"`
	Data               told   `json:"data"`
}

// told is what the service worker answers with.
type told struct {
	Token string `json:"token"`
	Path  string `json:"path"` // of the page that it leads to, below the gateway's base
}

// pushAlert sends a phone what an alert is about.
func (r *Reach) pushAlert(ctx context.Context, p Phone, a *alerts.Alert, token string) (time.Duration, error) {
	title, body := r.o.Texts.Brief(p.Lang, a)
	return r.push(ctx, p, a.ID, notification{
		Title: clip(title), Body: clip(body), Lang: p.Lang, Tag: "alert-" + a.ID, RequireInteraction: a.Urgent(), Renotify: true,
		Data: told{token, "alert/" + url.PathEscape(a.ID)},
	})
}

// push sends one notification. It tells after how long to try again, with an error that is not for good.
func (r *Reach) push(ctx context.Context, p Phone, topic string, n notification) (time.Duration, error) {
	n.Navigate, n.Dir = strings.TrimSuffix(r.o.URL, "/")+"/"+n.Data.Path, "auto"
	body, err := json.Marshal(payload{WebPush: 8030, Notification: n, Mutable: true})
	if err != nil {
		return 0, fmt.Errorf("encoding a notification: %w", err)
	}
	if !r.o.People.Living(p.Session) { // it may have ended since the call began
		return 0, &Failure{SignedOut, 0}
	}
	if err := checkEndpoint(p.Endpoint, r.o.Private); err != nil { // the configuration may have changed
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, pushTimeout)
	defer cancel()
	res, err := webpush.SendNotificationWithContext(ctx, body, &webpush.Subscription{Endpoint: p.Endpoint, Keys: webpush.Keys{P256dh: p.P256dh, Auth: p.Auth}}, &webpush.Options{
		HTTPClient: r.client, Subscriber: r.contact(), VAPIDPublicKey: r.vapid.Public, VAPIDPrivateKey: r.vapid.Private, TTL: int(pushLife / time.Second),
		Urgency: webpush.UrgencyHigh, Topic: topic,
	})
	if err != nil {
		if refused, ok := errors.AsType[*addressError](err); ok {
			return 0, refused
		}
		// What the error says of the way is for the log: it has the phone's address.
		r.log.Debug("a push service does not answer", "err", err)
		return time.Second, &Failure{PushSilent, 0}
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 4<<10))
	return r.answered(ctx, p.ID, res)
}

// answered is what an answer of a push service means (RFC 8030, 5).
func (r *Reach) answered(ctx context.Context, phone string, res *http.Response) (time.Duration, error) {
	ctx = context.WithoutCancel(ctx)
	answers := &Failure{PushStatus, res.StatusCode}
	switch {
	case res.StatusCode >= 200 && res.StatusCode < 300:
		r.change(ctx, phone, func(p *Phone) { p.Failed = "" })
		return 0, nil
	case res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusGone:
		if err := r.dropIf(ctx, func(p *Phone) bool { return p.ID == phone }); err != nil {
			r.log.Warn("a phone that is gone is not forgotten", "err", err)
		}
		return 0, &Failure{PushGone, 0}
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500:
		r.change(ctx, phone, func(p *Phone) { p.Failed = answers.String() })
		return max(time.Second, min(retryAfter(res.Header.Get("Retry-After"), r.o.Now()), longestWait)), answers
	}
	r.change(ctx, phone, func(p *Phone) { p.Failed = answers.String() })
	return 0, answers
}

// retryAfter reads how long a server wants to be left alone: seconds, or a date.
func retryAfter(value string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(strings.TrimSpace(value)); err == nil {
		return time.Duration(min(max(n, 0), 86_400)) * time.Second
	}
	if t, err := http.ParseTime(value); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}

// contact is whom a push service may write to.
func (r *Reach) contact() string {
	contact := r.o.Contact
	if contact == "" && strings.HasPrefix(r.o.URL, "https:") {
		contact = r.o.URL
	}
	return strings.TrimPrefix(cmp.Or(contact, "https://gerbang.invalid"), "mailto:") // the library puts mailto: before what is no URL
}

// clip bounds a text.
func clip(s string) string {
	if runes := []rune(s); len(runes) > mostRunes {
		return string(runes[:mostRunes-1]) + "…"
	}
	return s
}
