package configs

// BrokerLimits are what one credential, and everybody without one, may take of the embedded broker. The defaults fit a building;
// /metrics shows by credential what is used and what was refused (gerbang_broker_credential_…).
type BrokerLimits struct {
	// Connecting is the most connections that have not logged in. One more takes the place of the oldest of the address that has
	// most of them.
	Connecting int `yaml:"connecting" min:"16" max:"10000"`
	// Sessions is the most sessions of one credential, open or asleep. One more takes the place of the one that has slept
	// longest; if none sleeps it is refused.
	Sessions int `yaml:"sessions" min:"1" max:"100000"`
	// Subscriptions is the most of all sessions of one credential.
	Subscriptions int `yaml:"subscriptions" min:"1" max:"1000000"`
	// Queue is the most memory for messages that wait for the sessions of one credential. What does not fit is not queued.
	Queue Size `yaml:"queue"`
	// RetainedTopics and Retained are the most retained messages of one credential, in number and memory. What does not fit is
	// passed on without being retained.
	RetainedTopics int  `yaml:"retained_topics" min:"1" max:"1000000"`
	Retained       Size `yaml:"retained"`
	// Rate is the most messages a second of a device's credential; more have to wait.
	Rate float64 `yaml:"rate" above:"0" max:"1000000"`
}

// PushLimits are what one credential may take of the HTTP door.
type PushLimits struct {
	// Requests is the most requests of one credential that are under way. One more takes the place of the one whose body has been
	// coming for longest; if all are there already it is answered with 429.
	Requests int `yaml:"requests" min:"1" max:"10000"`
	// Rate is the most messages a second of a device's credential; more are answered with 429.
	Rate float64 `yaml:"rate" above:"0" max:"1000000"`
}

// checkLimits checks what has a unit.
func (l *loader) checkLimits(path string, b *BrokerLimits) {
	for _, size := range []struct {
		key   string
		value Size
	}{{"queue", b.Queue}, {"retained", b.Retained}} {
		if size.value < 64*KiB || size.value > GiB {
			l.at(path+"."+size.key, "%s is %v, want 64KiB to 1GiB", size.key, size.value)
		}
	}
}

// checkOpenDoors says which doors of the embedded broker let people in, or others listen, who should not: anonymous clients may
// speak for every device, and a password in plain text is everybody's on that network.
func (l *loader) checkOpenDoors(c *Config, b *EmbeddedBroker) {
	for _, door := range []struct {
		key, address string
		encrypted    bool
	}{{"listen", b.Listen, false}, {"tls_listen", b.TLSListen, true}, {"websocket", b.WebSocket, b.TLS != nil}} {
		host, ok := splitHost(door.address)
		if !ok || loopback(host) {
			continue
		}
		if b.Anonymous == "allow" {
			l.at("mqtt.embedded.anonymous", "anonymous: allow while %s %q is open to the network: anybody there could speak for every device, want credentials and anonymous: deny, or a loopback address such as 127.0.0.1:1883", door.key, door.address)
		}
		if !door.encrypted {
			c.Warnings.Add(l.places.At("mqtt.embedded."+door.key), "%s %q is open to the network without encryption: passwords and readings can be read on the way, want tls_listen (or tls for websocket) for all devices that can", door.key, door.address)
		}
	}
}
