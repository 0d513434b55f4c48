package access

import (
	"errors"
	"strings"
)

// Prefix begins every topic of the native format.
const Prefix = "gerbang/v1/"

// Reserved reports whether only the gateway itself publishes on the topic: gerbang/v1/{site}/out and below, and what
// begins with a dollar sign.
func Reserved(topic string) bool {
	if strings.HasPrefix(topic, "$") {
		return true
	}
	rest, ok := strings.CutPrefix(topic, Prefix)
	if !ok {
		return false
	}
	_, rest, _ = strings.Cut(rest, "/")
	return rest == "out" || strings.HasPrefix(rest, "out/")
}

// MayRelay reports whether a message of this account may go on to other subscribers and be retained. It is stricter than
// what the decoder accepts: a topic that does not name a device in the native way is only relayed for a bridge.
func (a *Account) MayRelay(topic string) bool {
	if Reserved(topic) {
		return false
	}
	rest, ok := strings.CutPrefix(topic, Prefix)
	if !ok {
		return a.Role == Bridge
	}
	if a.Role == Device {
		return topic == a.own || len(topic) > len(a.own) && topic[len(a.own)] == '/' && strings.HasPrefix(topic, a.own)
	}
	if a.Role != Bridge || a.Sender.Devices == nil {
		return a.Role == Bridge
	}
	site, rest, _ := strings.Cut(rest, "/")
	device, _, _ := strings.Cut(rest, "/")
	return a.Sender.Devices[site+"/"+device]
}

// MayRead reports whether the account may subscribe to the filter, which may also be a plain topic. A bridge reads what it may
// publish as well: Zigbee2MQTT, and whatever else has a vendor's topics of its own, subscribes to them when it connects, and ends
// where that is refused.
func (a *Account) MayRead(filter string) bool {
	if len(filter) > 7 && strings.EqualFold(filter[:7], "$share/") {
		_, shared, ok := strings.Cut(filter[7:], "/")
		if !ok {
			return false
		}
		filter = shared
	}
	for _, allowed := range a.read {
		if Covers(allowed, filter) {
			return true
		}
	}
	return a.Role == Bridge && !touchesNative(filter)
}

// touchesNative reports whether a filter can match a topic of the native format, or one that begins with a dollar sign.
func touchesNative(filter string) bool {
	if strings.HasPrefix(filter, "$") {
		return true
	}
	for level := range strings.SplitSeq(strings.TrimSuffix(Prefix, "/"), "/") {
		first, rest, more := strings.Cut(filter, "/")
		switch {
		case first == "#":
			return true
		case first != "+" && first != level, !more:
			return false
		}
		filter = rest
	}
	return true
}

// Covers reports whether every topic that matches filter also matches allowed.
func Covers(allowed, filter string) bool {
	if strings.HasPrefix(filter, "$") != strings.HasPrefix(allowed, "$") {
		return false // wildcards do not match topics that begin with a dollar sign
	}
	for {
		a, restA, moreA := strings.Cut(allowed, "/")
		f, restF, moreF := strings.Cut(filter, "/")
		switch {
		case a == "#":
			return true
		case f == "#", a != "+" && a != f:
			return false
		case !moreF:
			return !moreA || restA == "#" // a/# also matches a
		case !moreA:
			return false
		}
		allowed, filter = restA, restF
	}
}

func validFilter(f string) bool { return CheckFilter(f) == nil }

// CheckFilter says what is wrong with an MQTT topic filter; nil: nothing.
func CheckFilter(f string) error {
	switch {
	case f == "":
		return errors.New("want a topic filter, such as gerbang/v1/+/+")
	case strings.ContainsRune(f, 0):
		return errors.New("want a topic filter without a null character")
	}
	levels := strings.Split(f, "/")
	for i, l := range levels {
		switch {
		case l == "#" && i < len(levels)-1:
			return errors.New("want # only as the last level")
		case l != "#" && l != "+" && strings.ContainsAny(l, "#+"):
			return errors.New("want + and # only as whole levels")
		}
	}
	return nil
}
