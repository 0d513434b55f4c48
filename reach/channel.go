package reach

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
)

// Channel is a way by which a building calls whoever is near, without the Internet. Exactly one of its fields is set.
type Channel struct {
	Ntfy  *Ntfy
	SMS   *SMS
	Siren *Siren
}

// Ntfy is a topic of an ntfy server (ntfy.sh, hosted by oneself): an app on the phones listens to it.
type Ntfy struct {
	URL    string // of the server
	Topic  string
	Token  func() (string, error) // nil: none
	Client *http.Client           // nil: http.DefaultClient
}

// SMS is an SMS modem: messages are put into the outgoing folder of SMS Server Tools 3 (smsd), which sends them.
type SMS struct {
	Spool   string // the outgoing folder
	Numbers []string
}

// Siren is something that makes a noise while an MQTT topic says so.
type Siren struct {
	Topic   string // {site} stands for the site; empty: SirenTopic
	On, Off string
}

// SirenTopic is where a siren of a site listens that has no topic of its own.
func SirenTopic(site, channel string) string { return "gerbang/v1/" + site + "/out/siren/" + channel }

// topic of the siren of a site.
func (s *Siren) topic(site, channel string) string {
	if s.Topic == "" {
		return SirenTopic(site, channel)
	}
	return strings.ReplaceAll(s.Topic, "{site}", site)
}

func (c *Channel) kind() string {
	switch {
	case c.Ntfy != nil:
		return alerts.ViaNtfy
	case c.SMS != nil:
		return alerts.ViaSMS
	}
	return alerts.ViaSiren
}

// byChannel calls a channel.
func (r *Reach) byChannel(ctx context.Context, j *job) {
	name := j.call.Channel
	c, ok := r.o.Channels[name]
	a := &j.alert
	switch {
	case !ok:
		r.report(j, alerts.Delivery{Key: name, To: name, Via: alerts.ViaNobody, Failed: NoChannel})
	case c.Siren != nil && a.Drill != nil && !a.Drill.Siren:
		r.report(j, alerts.Delivery{Key: name, To: name, Via: alerts.ViaSiren, Failed: LeftOut})
	case c.Siren != nil: // sound has published it; a broker that is away gets it when it is back
		d := alerts.Delivery{Key: name, To: name, Via: alerts.ViaSiren, Sent: r.now()}
		r.note(&d, nil)
		r.report(j, d)
	case c.Ntfy != nil && !j.went(name):
		r.persist(ctx, j, alerts.Delivery{Key: name, To: name, Via: alerts.ViaNtfy}, func(ctx context.Context) (time.Duration, error) { return c.Ntfy.send(ctx, r, a) }, nil)
	case c.SMS != nil:
		var wg sync.WaitGroup
		defer wg.Wait()
		for i, number := range c.SMS.Numbers {
			key := fmt.Sprintf("%s-%d", name, i+1) // the number itself is nobody's business
			if j.went(key) {
				continue
			}
			file := fmt.Sprintf("gerbang-%s-%d-%d", a.ID, j.call.Number, i+1)
			d := alerts.Delivery{Key: key, To: name, Via: alerts.ViaSMS, Device: strconv.Itoa(i + 1)}
			wg.Go(func() { // a number that the modem is stuck at keeps no other from being written
				r.persist(ctx, j, d, func(context.Context) (time.Duration, error) { return c.SMS.hand(file, number, r.shortMessage(a)) },
					func(ctx context.Context) (time.Duration, error) { return c.SMS.confirm(ctx, file) })
			})
		}
	}
}

// ntfyPriority is how loud an alert is there: 5 is the loudest.
func ntfyPriority(a *alerts.Alert) int {
	if a.Urgent() {
		return 5
	}
	return 4
}

// send publishes as JSON: headers cannot hold every text.
func (n *Ntfy) send(ctx context.Context, r *Reach, a *alerts.Alert) (time.Duration, error) {
	title, body := r.o.Texts.Brief(r.o.Language, a)
	message, err := json.Marshal(map[string]any{
		"topic": n.Topic, "title": clip(title), "message": clip(body), "priority": ntfyPriority(a), "tags": []string{"rotating_light"}, "click": r.link(a),
	})
	if err != nil {
		return 0, fmt.Errorf("encoding a message: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, pushTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.URL, bytes.NewReader(message))
	if err != nil {
		return 0, &Failure{NtfyAddress, 0}
	}
	req.Header.Set("Content-Type", "application/json")
	if n.Token != nil {
		token, err := n.Token()
		if err != nil {
			r.log.Warn("the token of an ntfy server cannot be read", "err", err)
			return time.Second, &Failure{NtfyToken, 0}
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
	}
	client := n.Client
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		r.log.Debug("an ntfy server does not answer", "err", err)
		return time.Second, &Failure{NtfySilent, 0}
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 4<<10))
	switch {
	case res.StatusCode < 300:
		return 0, nil
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500:
		return max(time.Second, min(retryAfter(res.Header.Get("Retry-After"), r.o.Now()), longestWait)), &Failure{NtfyStatus, res.StatusCode}
	}
	return 0, &Failure{NtfyStatus, res.StatusCode}
}

// link leads to the page of an alert.
func (r *Reach) link(a *alerts.Alert) string {
	return strings.TrimSuffix(r.o.URL, "/") + "/alert/" + a.ID
}

// shortMessage is an alert in one SMS or two: what and where, and the page.
func (r *Reach) shortMessage(a *alerts.Alert) string {
	title, _ := r.o.Texts.Brief(r.o.Language, a)
	if runes := []rune(title); len(runes) > 160 {
		title = string(runes[:159]) + "…"
	}
	return strings.Join(strings.Fields(title), " ") + " " + r.link(a)
}

// found reports whether a folder beside the outgoing one, or that itself, has a message. smsd may add something to the name, but no digit: those
// tell it from other messages.
func (s *SMS) found(folder, name string) bool {
	all, _ := os.ReadDir(folder)
	for _, f := range all {
		rest, ok := strings.CutPrefix(f.Name(), name)
		if ok && (rest == "" || rest[0] < '0' || rest[0] > '9') && !strings.HasSuffix(rest, ".LOCK") {
			return true
		}
	}
	return false
}

// beside is a folder in which smsd keeps what it has taken from the outgoing one.
func (s *SMS) beside(folder string) string { return filepath.Join(filepath.Dir(s.Spool), folder) }

// hand puts a message into the folder, once: its name says which it is, and a restart finds it wherever smsd has brought it meanwhile. smsd
// leaves alone what ends in .LOCK, so it never reads half a message.
func (s *SMS) hand(name, number, text string) (time.Duration, error) {
	there := s.found(s.Spool, name) || s.found(s.beside("checked"), name) || s.found(s.beside("sent"), name)
	switch {
	case s.found(s.beside("failed"), name):
		return 0, &Failure{ModemFailed, 0}
	case there:
		return 0, nil
	}
	file := filepath.Join(s.Spool, name)
	message := "To: " + strings.TrimPrefix(number, "+") + "\nAlphabet: UTF-8\n\n" + text + "\n"
	err := os.WriteFile(file+".LOCK", []byte(message), 0o660) //nolint:gosec // the modem's program is another user of the same group
	if err == nil {
		err = os.Rename(file+".LOCK", file)
	}
	if err != nil {
		return 5 * time.Second, &Failure{ModemFolder, 0}
	}
	return 0, nil
}

// confirm waits until smsd says that a message has gone out, or that it could not.
func (s *SMS) confirm(ctx context.Context, name string) (time.Duration, error) {
	if _, err := os.Stat(s.beside("sent")); err != nil {
		return 0, nil //nolint:nilerr // nobody says what becomes of it: it was handed over
	}
	for range int(modemPatience / modemLook) {
		switch {
		case s.found(s.beside("sent"), name):
			return 0, nil
		case s.found(s.beside("failed"), name):
			return 0, &Failure{ModemFailed, 0}
		}
		timer := time.NewTimer(modemLook)
		select {
		case <-ctx.Done():
			timer.Stop()
			return 0, ctx.Err()
		case <-timer.C:
		}
	}
	return modemLook, &Failure{ModemWaits, 0}
}

const (
	modemLook     = 2 * time.Second
	modemPatience = 40 * time.Second
)
