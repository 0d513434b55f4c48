package testengine

import (
	"crypto/tls"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

const mqttLimit = 10 * time.Second

func TestMosquittoKeepsSessionsUntilWiped(t *testing.T) {
	broker := Mosquitto(t, MosquittoPersistence(""), MosquittoOpenLimits())
	gateway := session("gateway", broker.URL)
	inbox := make(chan string, 10)
	gateway.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { inbox <- string(m.Payload()) })
	join := func(wantSession bool) mqtt.Client {
		t.Helper()
		client, present := connect(t, gateway)
		if present != wantSession {
			t.Fatalf("session present: got %t, want %t", present, wantSession)
		}
		return client
	}
	client := join(false)
	done(t, client.Subscribe("site/#", 1, nil))
	client.Disconnect(100)

	device, _ := connect(t, session("device", broker.URL))
	done(t, device.Publish("site/door", 1, false, "one"))
	device.Disconnect(100)
	broker.Stop()
	broker.Start()
	client = join(true)
	select {
	case got := <-inbox:
		if got != "one" {
			t.Errorf("queued message: got %q, want %q", got, "one")
		}
	case <-time.After(mqttLimit):
		t.Fatal("the message that was queued before the restart did not arrive")
	}
	client.Disconnect(100)

	broker.WipeSession()
	join(false).Disconnect(100)
	broker.Kill()
	broker.Start()
	client, _ = connect(t, gateway)
	client.Disconnect(100)
}

func TestMosquittoUsersAndACL(t *testing.T) {
	broker := Mosquitto(t,
		MosquittoUsers(map[string]string{"gateway": "pintu", "device": "suhu"}),
		MosquittoACL("user gateway\ntopic read #\nuser device\ntopic write site/device\n"))
	for name, tc := range map[string]struct {
		user, password string
		refused        bool
	}{
		"right":    {"gateway", "pintu", false},
		"wrong":    {"gateway", "suhu", true},
		"nobody":   {"", "", true},
		"stranger": {"orang", "pintu", true},
	} {
		t.Run(name, func(t *testing.T) {
			client := mqtt.NewClient(session(name, broker.URL).SetUsername(tc.user).SetPassword(tc.password))
			token := client.Connect()
			if !token.WaitTimeout(mqttLimit) {
				t.Fatal("no answer")
			}
			if refused := token.Error() != nil; refused != tc.refused {
				t.Errorf("refused: got %t (%v), want %t", refused, token.Error(), tc.refused)
			}
			client.Disconnect(100)
		})
	}
	inbox := make(chan string, 10)
	gateway, _ := connect(t, session("gateway", broker.URL).SetUsername("gateway").SetPassword("pintu"))
	defer gateway.Disconnect(100)
	done(t, gateway.Subscribe("#", 1, func(_ mqtt.Client, m mqtt.Message) { inbox <- m.Topic() }))
	device, _ := connect(t, session("device", broker.URL).SetUsername("device").SetPassword("suhu"))
	defer device.Disconnect(100)
	done(t, device.Publish("site/other", 1, false, "forged"))
	done(t, device.Publish("site/device", 1, false, "real"))
	select {
	case got := <-inbox:
		if got != "site/device" {
			t.Errorf("first message: got topic %q, want only what the list allows", got)
		}
	case <-time.After(mqttLimit):
		t.Fatal("the allowed message did not arrive")
	}
}

func TestMosquittoTLS(t *testing.T) {
	ca := NewCA(t)
	broker := Mosquitto(t, MosquittoTLS(ca.Issue("broker", time.Hour)), MosquittoClientCertificates())
	trusting := NewCA(t).Issue("gateway", time.Hour)
	trusting.CA = ca.file
	for name, tc := range map[string]struct {
		config  *tls.Config
		refused bool
	}{
		"right":         {ca.Issue("gateway", time.Hour).ClientConfig(t), false},
		"expired":       {ca.Issue("gateway", -time.Hour).ClientConfig(t), true},
		"other issuer":  {trusting.ClientConfig(t), true},
		"other trust":   {NewCA(t).Issue("gateway", time.Hour).ClientConfig(t), true},
		"no credential": {&tls.Config{RootCAs: ca.Issue("x", time.Hour).ClientConfig(t).RootCAs, MinVersion: tls.VersionTLS12}, true},
	} {
		t.Run(name, func(t *testing.T) {
			client := mqtt.NewClient(session(name, broker.URL).SetTLSConfig(tc.config))
			token := client.Connect()
			if !token.WaitTimeout(mqttLimit) {
				t.Fatal("no answer")
			}
			if refused := token.Error() != nil; refused != tc.refused {
				t.Errorf("refused: got %t (%v), want %t", refused, token.Error(), tc.refused)
			}
			client.Disconnect(100)
		})
	}
}

// session is a client that the broker remembers under its name.
func session(name, url string) *mqtt.ClientOptions {
	return mqtt.NewClientOptions().AddBroker(url).SetClientID(name).SetCleanSession(false).SetAutoReconnect(false)
}

func connect(t *testing.T, options *mqtt.ClientOptions) (_ mqtt.Client, sessionPresent bool) {
	t.Helper()
	client := mqtt.NewClient(options)
	token := client.Connect()
	done(t, token)
	return client, token.(*mqtt.ConnectToken).SessionPresent()
}

func done(t *testing.T, token mqtt.Token) {
	t.Helper()
	if !token.WaitTimeout(mqttLimit) {
		t.Fatal("the broker did not answer in time")
	}
	if err := token.Error(); err != nil {
		t.Fatalf("the broker refused: %v", err)
	}
}
