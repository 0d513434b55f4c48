package broker

// Limits bound what one credential, and everybody without one, may take of the broker. Each has a default that fits a building.
type Limits struct {
	// Connecting bounds the connections that have not logged in. One more takes the place of the oldest of the address that has
	// most of them, so a device, which logs in at once, always finds one. Default 256.
	Connecting int
	// Sessions bounds those of one credential, open or asleep. One more takes the place of the one that has slept longest; if
	// none sleeps it is refused. Default 50.
	Sessions int
	// Subscriptions bounds those of all sessions of one credential. Default 1,000.
	Subscriptions int
	// Queue bounds what waits for all sessions of one credential, bytes of memory: each session may always have its share of it,
	// and more while there is more. What does not fit is not queued, and counted. Default 8 MiB.
	Queue int64
	// RetainedTopics and Retained bound the retained messages of one credential, in number and bytes. Default 1,000, 4 MiB.
	RetainedTopics int
	Retained       int64
}

// What nobody needs more of, whatever the configuration says.
const (
	maxClientID = 256      // bytes of a client id
	maxTopic    = 1024     // bytes of a filter, and of a topic that is retained or has an alias
	maxLevels   = 32       // of them: each is a node in memory
	maxConnect  = 32 << 10 // bytes of a CONNECT, with its will
	maxAliases  = 64       // topic aliases of a connection

	maxUnreleased = 4096 // messages of QoS 2 of a session that it has not released

	// uncommitted bounds the bytes of one credential's large messages that wait for their commit: the intake counts messages, which
	// holds small ones in bounds, and has none of its own for large ones.
	uncommitted = 16 << 20
	large       = 4 << 10

	queueOfAll    = 128 << 20 // bytes that wait for all sessions together
	retainedOfAll = 64 << 20  // bytes of all retained messages of devices

	// What a queued or retained message takes beside its payload and topic, and what its properties take beside their text: bytes.
	perMessage    = 400
	perProperties = 400
)

func (l *Limits) setDefaults() {
	l.Connecting = orDefault(l.Connecting, 256)
	l.Sessions = orDefault(l.Sessions, 50)
	l.Subscriptions = orDefault(l.Subscriptions, 1000)
	l.Queue = orDefault(l.Queue, 8<<20)
	l.RetainedTopics = orDefault(l.RetainedTopics, 1000)
	l.Retained = orDefault(l.Retained, 4<<20)
}
