package app

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/gerbang-iot/gerbang/configs"
)

// needsRestart fails if next differs from the running configuration in something that only a restart brings into force.
// Half a reload would be worse than none: whoever changed an address would believe that it is in use.
func needsRestart(running, next *configs.Config) error {
	before, after := fixed(running), fixed(next)
	var changed []string
	for i := range before {
		if !reflect.DeepEqual(before[i].value, after[i].value) {
			changed = append(changed, before[i].key)
		}
	}
	if len(changed) > 0 {
		return fmt.Errorf("%s: changed, which needs a restart; nothing was reloaded", strings.Join(changed, ", "))
	}
	return nil
}

type setting struct {
	key   string
	value any
}

// fixed is what a running gateway cannot change, by the keys of the configuration. Copies, because what can be changed is
// cleared in them.
func fixed(c *configs.Config) []setting {
	embedded, push, router, ingest := c.MQTT.Embedded, c.Push, c.Alertmanager, c.Ingest
	if embedded != nil {
		e := *embedded
		e.Credentials = nil
		embedded = &e
	}
	if push != nil {
		p := *push
		p.Credentials = nil
		push = &p
	}
	if router != nil {
		r := *router
		r.Text = nil
		router = &r
	}
	// What the decoder and the rules are made from comes with every reload.
	ingest.Lateness, ingest.ClockPast, ingest.ClockFuture, ingest.MaxPassages = 0, 0, 0, 0
	return []setting{
		{"id", c.ID}, {"data", c.Data}, {"language", c.Language}, {"log", c.Log}, {"http", c.HTTP}, {"push", push}, {"mqtt.broker", c.MQTT.Broker},
		{"mqtt.embedded", embedded}, {"influxdb", c.Influx}, {"alertmanager", router}, {"reach", c.Reach}, {"retention", c.Retention}, {"ingest", ingest},
	}
}
