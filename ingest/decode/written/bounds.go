package written

// The bounds of what is taken from a message in words, in bytes.
const (
	// MaxTopic bounds a topic; MQTT itself allows 65,535 bytes.
	MaxTopic = 512
	// MaxAddress bounds how a device is named.
	MaxAddress = 128
	// MaxDetail bounds what a rejection says, MaxShown how much of one foreign name it repeats.
	MaxDetail = 400
	MaxShown  = 80
	// MaxWord bounds a name or a word that is kept.
	MaxWord = 40
	// MaxText bounds a word that people chose, MaxBoot what tells the starts of a device apart.
	MaxText = 64
	MaxBoot = 64
)
