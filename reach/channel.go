package reach

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
	Client *http.Client           // nil: one of its own
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
		r.report(j, alerts.Delivery{Key: name, To: name, Via: alerts.ViaNobody, Failed: "there is no such channel"})
	case c.Siren != nil && a.Drill != nil && !a.Drill.Siren:
		r.report(j, alerts.Delivery{Key: name, To: name, Via: alerts.ViaSiren, Failed: "left out of this drill"})
	case c.Siren != nil: // sound has published it; a broker that is away gets it when it is back
		d := alerts.Delivery{Key: name, To: name, Via: alerts.ViaSiren, Sent: r.now()}
		r.note(&d, nil)
		r.report(j, d)
	case c.Ntfy != nil && !j.went(name):
		r.persist(ctx, j, alerts.Delivery{Key: name, To: name, Via: alerts.ViaNtfy}, func(ctx context.Context) (time.Duration, error) { return c.Ntfy.send(ctx, r, a) })
	case c.SMS != nil:
		for i, number := range c.SMS.Numbers {
			key := fmt.Sprintf("%s-%d", name, i+1) // the number itself is nobody's business
			if j.went(key) {
				continue
			}
			file := fmt.Sprintf("gerbang-%s-%d-%d", a.ID, j.call.Number, i+1)
			r.persist(ctx, j, alerts.Delivery{Key: key, To: name, Via: alerts.ViaSMS, Device: strconv.Itoa(i + 1)}, func(ctx context.Context) (time.Duration, error) {
				return c.SMS.send(ctx, file, number, r.shortMessage(a))
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
		return 0, errors.New("the server's address cannot be used")
	}
	req.Header.Set("Content-Type", "application/json")
	if n.Token != nil {
		token, err := n.Token()
		if err != nil {
			return time.Second, err
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
		return time.Second, errors.New("the server does not answer")
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 4<<10))
	switch {
	case res.StatusCode < 300:
		return 0, nil
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500:
		return max(time.Second, min(retryAfter(res.Header.Get("Retry-After"), r.o.Now()), longestWait)), fmt.Errorf("the server answers %d", res.StatusCode)
	}
	return 0, fmt.Errorf("the server answers %d", res.StatusCode)
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

// send puts a message into the folder, once: its name says which it is, and a restart finds it wherever smsd has brought it meanwhile. smsd
// leaves alone what ends in .LOCK, so it never reads half a message.
func (s *SMS) send(ctx context.Context, name, number, text string) (time.Duration, error) {
	root := filepath.Dir(s.Spool)
	found := func(folder string) bool {
		all, _ := filepath.Glob(filepath.Join(folder, name+"*")) // smsd may add something to the name
		for _, f := range all {
			if !strings.HasSuffix(f, ".LOCK") {
				return true
			}
		}
		return false
	}
	there := found(s.Spool) || found(filepath.Join(root, "checked")) || found(filepath.Join(root, "sent"))
	if found(filepath.Join(root, "failed")) {
		return 0, errors.New("the modem could not send it")
	}
	if !there {
		file := filepath.Join(s.Spool, name)
		message := "To: " + strings.TrimPrefix(number, "+") + "\nAlphabet: UTF-8\n\n" + text + "\n"
		err := os.WriteFile(file+".LOCK", []byte(message), 0o660) //nolint:gosec // the modem's program is another user of the same group
		if err == nil {
			err = os.Rename(file+".LOCK", file)
		}
		if err != nil {
			return 5 * time.Second, errors.New("the modem's folder cannot be written")
		}
	}
	if _, err := os.Stat(filepath.Join(root, "sent")); err != nil {
		return 0, nil //nolint:nilerr // nobody says what becomes of it: it was handed over
	}
	return awaitModem(ctx, found, root)
}

// awaitModem waits until smsd says that a message has gone out, or that it could not.
func awaitModem(ctx context.Context, found func(string) bool, root string) (time.Duration, error) {
	for range int(modemPatience / modemLook) {
		switch {
		case found(filepath.Join(root, "sent")):
			return 0, nil
		case found(filepath.Join(root, "failed")):
			return 0, errors.New("the modem could not send it")
		}
		timer := time.NewTimer(modemLook)
		select {
		case <-ctx.Done():
			timer.Stop()
			return 0, ctx.Err()
		case <-timer.C:
		}
	}
	return modemLook, errors.New("the modem has not sent it yet")
}

const (
	modemLook     = 2 * time.Second
	modemPatience = 40 * time.Second
)
