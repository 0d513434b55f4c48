package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/gerbang-iot/gerbang/testengine"
)

// Finding A4: two gateways at one broker leave each other alone: each stores what is about its own sites, says by itself that it is
// there, and is told apart by those who get its alerts.
func TestA4_TwoGatewaysAtOneBroker(t *testing.T) {
	t.Parallel()
	m := testengine.Mosquitto(t)
	said := map[string]string{}
	var mu sync.Mutex
	watcher := connect(t, m.URL, "watcher", nil)
	token := watcher.Subscribe("gerbang/v1/_gateway/out/status/+", 1, func(_ paho.Client, msg paho.Message) {
		mu.Lock()
		defer mu.Unlock()
		said[filepath.Base(msg.Topic())] = string(msg.Payload())
	})
	if !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	gateways := map[string]*rig{}
	for id, site := range map[string]string{"satu": "gedung", "dua": "balai"} {
		r := newRig(t, fmt.Sprintf("id: %s\nmqtt: {broker: {url: %q}}", id, m.URL)).building()
		if site != "gedung" {
			r.replace("sites/gedung.yaml", "id: gedung", "id: "+site)
			if err := os.Rename(filepath.Join(r.dir, "sites/gedung.yaml"), filepath.Join(r.dir, "sites", site+".yaml")); err != nil {
				t.Fatal(err)
			}
		}
		gateways[id] = r.serve()
		r.brokerHeard(true, 30*time.Second)
	}
	is := func(want map[string]string) {
		t.Helper()
		gateways["satu"].p.eventually(20*time.Second, fmt.Sprintf("to say %v", want), func() error {
			mu.Lock()
			defer mu.Unlock()
			if fmt.Sprint(said) != fmt.Sprint(want) {
				return fmt.Errorf("said: %v", said)
			}
			return nil
		})
	}
	is(map[string]string{"satu": "online", "dua": "online"})
	for id, r := range gateways { // each knows the other
		r.p.eventually(20*time.Second, "to know the other gateway", func() error {
			known, err := metric(r.web, "gerbang_ingest_neighbours")
			if err == nil && known != 1 {
				err = fmt.Errorf("%s knows %v others", id, known)
			}
			return err
		})
	}
	const each = 50
	for i := range each {
		for _, site := range []string{"gedung", "balai"} {
			publish(t, watcher, "gerbang/v1/"+site+"/hitung", fmt.Sprintf(`{"boot":"a","seq":%d,"people_in":1}`, i))
		}
	}
	publish(t, watcher, "gerbang/v1/gedunk/hitung", `{"people_in":1}`) // nobody's: both tell of the mistake
	for id, r := range gateways {
		r.p.eventually(20*time.Second, "to store its own", func() error {
			c, err := r.counters()
			if err == nil && (c.stored != each || c.rejected != 1) {
				err = fmt.Errorf("%s: %+v: want %d stored, 1 rejected", id, c, each)
			}
			return err
		})
	}
	gateways["dua"].p.kill()
	is(map[string]string{"satu": "online", "dua": "offline"})
	gateways["satu"].stop()
}
