// Package configs reads the configuration: gerbang.yaml with the components' options, and beside it the sites, protocols
// and device models. It is strict, reports every problem at once with file, line and column, and keeps nothing of a
// configuration: a reload loads a whole new Config and swaps it in, or keeps the old one.
//
// The examples in this folder are embedded and run as they are; REFERENCE.md and schema/ are generated from the doc
// comments of the types below (go test ./configs -update).
package configs

import (
	"time"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/floorplan"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/rules"
)

// Config is everything the gateway is told from outside. A Config is never changed after it was loaded.
type Config struct {
	// File is where it was read from; empty for what is embedded.
	File string `yaml:"-"`

	// ID tells this gateway apart from others at the same broker and Alertmanager: in its status topic, its client id and the label
	// "gateway" of its alerts. Empty: the host's name at the first start and four digits, kept in the data folder.
	ID string `yaml:"id" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]{0,47}$" want:"1 to 48 letters, digits, dots and dashes"`
	// Data is the folder of the journal and of everything else that must survive. Relative paths start at the
	// configuration file.
	Data string `yaml:"data"`
	// Language of pages and notifications for whom nothing else is known.
	Language string `yaml:"language" enum:"id en"`
	Log      Log    `yaml:"log"`
	HTTP     HTTP   `yaml:"http"`
	// OIDC lets people sign in with an account of another house; without it there are the gateway's own accounts.
	OIDC *OIDC `yaml:"oidc"`
	// Accounts is what is asked of people who sign in.
	Accounts Accounts `yaml:"accounts"`
	// Push lets devices and vendors' servers send by HTTP; without it that door is closed.
	Push *Push `yaml:"push"`
	MQTT MQTT  `yaml:"mqtt"`
	// Influx writes everything to InfluxDB; without it raw history is what the journal still holds.
	Influx *Influx `yaml:"influxdb"`
	// Alertmanager routes alerts to people; without it alerts are shown on the pages and over MQTT only.
	Alertmanager *Alertmanager `yaml:"alertmanager"`
	// Reach is how people are called beside that: on their phones, by ntfy, by SMS, by a siren.
	Reach     Reach     `yaml:"reach"`
	Retention Retention `yaml:"retention"`
	Ingest    Ingest    `yaml:"ingest"`

	// SiteFiles, ProtocolFiles and ModelFiles are folders or patterns, from the configuration file's folder. A folder means
	// every *.yaml file in it. The models and protocols that come with the gateway are always there; a file with the same
	// id replaces one.
	SiteFiles     []string `yaml:"sites" single:"yes" required:"yes" want:"a folder or a list of files, such as sites/"`
	ProtocolFiles []string `yaml:"protocols" single:"yes"`
	ModelFiles    []string `yaml:"models" single:"yes"`

	// CalendarFiles are folders or patterns of calendars: *.yaml and *.ics. The public holidays of Indonesia come with the gateway.
	CalendarFiles []string `yaml:"calendars" single:"yes"`

	// Sites, Protocols and Models are what the files say, sorted by id.
	Sites     []facility.Site  `yaml:"-"`
	Protocols []rules.Protocol `yaml:"-"`
	Models    []decode.Model   `yaml:"-"`
	// Plans are the floor plans of those sites that have one, by site.
	Plans map[string]*floorplan.Plan `yaml:"-"`

	// LeftOut are the sites whose files have problems, by id: only LoadServing leaves any out. Kept are the definitions that are
	// in force for some of them; see Keep.
	LeftOut []string           `yaml:"-"`
	Kept    []rules.Definition `yaml:"-"`

	places    *strict.Places    // of File's values
	siteFiles map[string]string // by site, the file it was read from
	texts     map[string]string // versions of all files that were read, by their names

	leftOutFiles []string // the files of LeftOut, by name

	// Warnings are what is allowed and probably not meant, where it stands.
	Warnings Problems `yaml:"-"`
}

// SetDefaults fills in what runs without being told anything.
func (c *Config) SetDefaults() {
	c.Data = "data"
	c.Language = "id"
	c.Log = Log{Level: "info", Format: "text"}
	c.HTTP.SetDefaults()
	c.Retention = Retention{Records: 90 * day, MaxSize: 8 * GiB, Rollups: 5 * 365 * day}
	c.Ingest = Ingest{
		Linger: 8 * time.Millisecond, Queue: 16_384, MaxPayload: 256 * KiB, Lateness: rules.DefaultLateness,
		ClockPast: 7 * day, ClockFuture: 2 * time.Minute, DuplicateWindow: 1 << 19,
		MaxPassages: rules.DefaultPassages,
	}
}

const day = 24 * time.Hour

// Log is how the gateway speaks about itself, on standard error.
type Log struct {
	// Level is the least important that is written.
	Level string `yaml:"level" enum:"debug info warn error"`
	// Format is for people (text) or for machines (json).
	Format string `yaml:"format" enum:"text json"`
}

// HTTP is the door for browsers, the API and monitoring.
type HTTP struct {
	// Listen is the address, host:port. Only a loopback address may go without TLS unless behind_proxy is set. Whoever comes signs in with an
	// account; only where nobody but this computer can come is everybody let in until there is one.
	Listen string `yaml:"listen" pattern:"^\\S*:\\d{1,5}$" want:"host:port, such as 127.0.0.1:8080"`
	// TLS serves HTTPS; without it plain HTTP.
	TLS *TLSServer `yaml:"tls"`
	// CertificateFor are the names and addresses that people type, such as gerbang.lan or 192.168.10.5, for which the gateway makes its own
	// certificate and renews it by itself: for a building without a domain, instead of tls. Devices trust it once its authority is installed there,
	// which the page /ca helps with. docs/https.md says more.
	CertificateFor []string `yaml:"certificate_for" single:"yes" want:"a name or an address, such as gerbang.lan or 192.168.10.5"`
	// BehindProxy says that a reverse proxy in front ends TLS and sets X-Forwarded-For.
	BehindProxy bool `yaml:"behind_proxy"`
	// AccessToken is a shared token from before there were accounts: scripts use the API with Authorization: Bearer TOKEN, for everything but
	// administering people. People log in with it until the first account is made. New scripts get tokens of their own, on the account's page.
	AccessToken Secret `yaml:"access_token"`
	// ExternalURL is the address under which people reach the pages, with a path where a reverse proxy serves them below
	// one: links in notifications and on pages start with it. Empty: made from listen.
	ExternalURL string `yaml:"external_url" private:"yes" pattern:"^https?://[^/@\\s]+(/[^@\\s]*)?$" want:"a URL, such as https://gerbang.example.go.id"`
	// PublicSigns shows the signs at the doors (/sign/SITE/ZONE) to whoever reaches the gateway, as whoever stands before the door sees them.
	// With false a display needs a link with a key of its own, which the page Displays of a site makes and ends.
	PublicSigns bool `yaml:"public_signs"`
}

// SetDefaults listens on this machine only, and shows the signs to whoever gets there.
func (h *HTTP) SetDefaults() { h.Listen, h.PublicSigns = "127.0.0.1:8080", true }

// TLSServer is what a server shows.
type TLSServer struct {
	// Cert and Key are PEM files; they are read again when they change.
	Cert string `yaml:"cert" required:"yes" want:"a PEM file"`
	Key  string `yaml:"key" required:"yes" want:"a PEM file"`
	// ClientCA are the authorities of client certificates; with it every client needs one.
	ClientCA string `yaml:"client_ca" want:"a PEM file"`
}

// TLSClient is what a client checks and shows.
type TLSClient struct {
	// CA are the authorities to trust; empty: the system's.
	CA string `yaml:"ca" want:"a PEM file"`
	// Cert and Key are the client's own certificate.
	Cert string `yaml:"cert" want:"a PEM file"`
	Key  string `yaml:"key" want:"a PEM file"`
	// ServerName is the name in the server's certificate, where it differs from the address.
	ServerName string `yaml:"server_name"`
}

// Push is the HTTP door for vendors that only push by HTTP: POST /ingest/{model}.
type Push struct {
	// Credentials are who may push: HTTP basic authentication, or the password as a bearer token.
	Credentials []Credential `yaml:"credentials" required:"yes" want:"a list of credentials"`
	// Limits are what one credential may take of this door.
	Limits PushLimits `yaml:"limits"`
}

// SetDefaults fills in what fits a building.
func (p *Push) SetDefaults() { p.Limits = PushLimits{Requests: 64, Rate: 1000} }

// MQTT is where messages come from: an external broker, the embedded one, or both.
type MQTT struct {
	Broker   *Broker         `yaml:"broker"`
	Embedded *EmbeddedBroker `yaml:"embedded"`
}

// Broker is an external MQTT broker that the gateway subscribes at.
type Broker struct {
	// URL is mqtt://host:1883, mqtts://host:8883, ws:// or wss://.
	URL string `yaml:"url" required:"yes" private:"yes" pattern:"^(mqtts?|tcp|ssl|wss?)://[^/@\\s]+(/[^@\\s]*)?$" want:"a URL such as mqtts://broker:8883, without user name and password"`
	// ClientID must be the same after a restart and belong to this gateway alone: the broker keeps messages under it. Empty: "gerbang-"
	// and the gateway's id.
	ClientID string `yaml:"client_id" pattern:"^\\S{1,64}$" want:"1 to 64 characters without spaces"`
	// Username and Password are the gateway's own at the broker.
	Username string `yaml:"username"`
	Password Secret `yaml:"password"`
	// TLS is for mqtts:// and wss://.
	TLS *TLSClient `yaml:"tls"`
	// Topics to subscribe to; empty: those of the models that the sites' devices have.
	Topics []string `yaml:"topics"`
	// KeepAlive is how soon a dead connection is noticed.
	KeepAlive time.Duration `yaml:"keep_alive" min:"5s" max:"10m"`
}

// SetDefaults fills in the rest of a broker that has a URL.
func (b *Broker) SetDefaults() { b.KeepAlive = 30 * time.Second }

// EmbeddedBroker is the MQTT broker inside the gateway. A device's PUBACK means that its message is on disk.
type EmbeddedBroker struct {
	// Listen is for plain MQTT, "" for none; TLSListen for MQTT over TLS, WebSocket for MQTT over WebSocket (with TLS if tls
	// is set).
	Listen    string `yaml:"listen" pattern:"^(\\S*:\\d{1,5})?$" want:"host:port, such as 127.0.0.1:1883, or \"\" for none"`
	TLSListen string `yaml:"tls_listen" pattern:"^\\S*:\\d{1,5}$" want:"host:port, such as :8883"`
	WebSocket string `yaml:"websocket" pattern:"^\\S*:\\d{1,5}$" want:"host:port, such as :9001"`
	// TLS is needed by tls_listen.
	TLS *TLSServer `yaml:"tls"`
	// Credentials are who may connect.
	Credentials []Credential `yaml:"credentials"`
	// Anonymous clients may publish for every device (allow) or not at all (deny).
	Anonymous string `yaml:"anonymous" enum:"deny allow"`
	// MaxClients is the most connections at a time. When there are so many, a credential that has few takes the place of a
	// connection of the one that has most.
	MaxClients int `yaml:"max_clients" min:"1" max:"100000"`
	// Limits are what one credential, and everybody without one, may take of this door.
	Limits BrokerLimits `yaml:"limits"`
	// Origins are those of web pages that may use websocket, besides pages of its own host and port and http.external_url: a
	// browser lets any page try.
	Origins []string `yaml:"websocket_origins" pattern:"^https?://[^/@\\s]+$" want:"scheme and host, such as https://dashboard.example.go.id"`
}

// SetDefaults listens on this machine only and lets nobody in unknown.
func (b *EmbeddedBroker) SetDefaults() {
	b.Listen, b.Anonymous, b.MaxClients = "127.0.0.1:1883", "deny", 1000
	b.Limits = BrokerLimits{
		Connecting: 256, Sessions: 50, Subscriptions: 1000, Queue: 8 * MiB, RetainedTopics: 1000, Retained: 4 * MiB, Rate: 1000,
	}
}

// Credential is a name and a password with what it may do: speak for one device, be a bridge for several, or read.
type Credential struct {
	// Name is the user name, Password its password.
	Name     string `yaml:"name" required:"yes"`
	Password Secret `yaml:"password"`
	// PasswordHash is what gerbang password makes (sha256:…) instead of a password. It is for generated passwords, which
	// nobody can guess.
	PasswordHash Hash `yaml:"password_hash" private:"yes" pattern:"^sha256:[0-9a-f]{32}:[0-9a-f]{64}$" want:"a hash as made by gerbang password"`
	// Device is site/device: the credential of this one device, for its own topics.
	Device string `yaml:"device" pattern:"^[a-z0-9][a-z0-9_-]*/[a-z0-9][a-z0-9_-]*$" want:"site/device"`
	// Bridge speaks for several devices in any format: a LoRaWAN server, another broker.
	Bridge bool `yaml:"bridge"`
	// Devices are those of a bridge, as site/device; empty: all.
	Devices []string `yaml:"devices" pattern:"^[a-z0-9][a-z0-9_-]*/[a-z0-9][a-z0-9_-]*$" want:"site/device"`
	// Role of a credential that only reads: reader sees everything, display the signals of the gateway.
	Role string `yaml:"role" enum:"reader display"`
}

// Influx is an InfluxDB, version 2 (org, bucket, token) or 1.8 (database, username, password). docs/influxdb.md
// lists what is written.
type Influx struct {
	// URL of the server.
	URL string `yaml:"url" required:"yes" private:"yes" pattern:"^https?://[^/@\\s]+(/[^@\\s]*)?$" want:"a URL such as http://127.0.0.1:8086"`
	// Org, Bucket and Token are for version 2 and Cloud.
	Org    string `yaml:"org"`
	Bucket string `yaml:"bucket"`
	Token  Secret `yaml:"token"`
	// Database (optionally database/retention-policy), Username and Password are for version 1.8.
	Database string `yaml:"database"`
	Username string `yaml:"username"`
	Password Secret `yaml:"password"`
	// TLS is for https:// with an authority of your own.
	TLS *TLSClient `yaml:"tls"`
	// Timeout of one request.
	Timeout time.Duration `yaml:"timeout" min:"1s" max:"5m"`
	// Batch is the most points in one request.
	Batch int `yaml:"batch" min:"1" max:"50000"`
}

// SetDefaults fills in the rest.
func (i *Influx) SetDefaults() { i.Timeout, i.Batch = 10*time.Second, 5000 }

// Alertmanager routes alerts: the one inside the gateway, or one by URL.
type Alertmanager struct {
	// Config is Alertmanager's own configuration file, for the embedded one: routes, receivers, inhibition.
	Config string `yaml:"config" want:"a file, such as alertmanager.yml"`
	// Text is what that file said when it was loaded, Templates the texts of the templates that come with the gateway.
	Text      []byte   `yaml:"-"`
	Templates []string `yaml:"-"`
	// URL of an Alertmanager of your own, instead of the embedded one.
	URL string `yaml:"url" private:"yes" pattern:"^https?://[^/@\\s]+(/[^@\\s]*)?$" want:"a URL such as http://127.0.0.1:9093"`
	// Username and Password, or a bearer Token, and TLS are for URL.
	Username string     `yaml:"username"`
	Password Secret     `yaml:"password"`
	Token    Secret     `yaml:"token"`
	TLS      *TLSClient `yaml:"tls"`
	// Resend is how often a firing alert is sent again; it resolves by itself after four times that.
	Resend time.Duration `yaml:"resend" min:"10s" max:"1h"`
	// Languages are the languages of receivers, by receiver; others get the gateway's language.
	Languages map[string]string `yaml:"languages" enum:"id en"`
	// ExternalURL is where links in notifications lead; empty: http.external_url.
	ExternalURL string `yaml:"external_url" private:"yes" pattern:"^https?://[^/@\\s]+(/[^@\\s]*)?$" want:"a URL, such as https://gerbang.example.go.id"`
}

// SetDefaults fills in the rest.
func (a *Alertmanager) SetDefaults() { a.Resend = time.Minute }

// Retention is how long things are kept. The compliance history (transitions, entries, alerts) is never deleted.
type Retention struct {
	// Records are the readings as they came.
	Records time.Duration `yaml:"records" min:"1d"`
	// MaxSize of the journal; beyond it the oldest records go before their time. Messages that were not understood have at most a tenth of it.
	MaxSize Size `yaml:"max_size"`
	// Rollups are the condensed values behind the charts.
	Rollups time.Duration `yaml:"rollups" min:"7d"`
}

// Ingest is how messages are taken in.
type Ingest struct {
	// Linger is how long a commit waits for more messages. Alerts, and people who enter something, never wait.
	Linger time.Duration `yaml:"linger" max:"1s"`
	// Queue is the most messages that wait for a commit; then the front doors wait.
	Queue int `yaml:"queue" min:"1" max:"1000000"`
	// MaxPayload is the largest message.
	MaxPayload Size `yaml:"max_payload"`
	// Lateness is how far behind its receipt a reading may lie and still raise an alert.
	Lateness time.Duration `yaml:"lateness" min:"1s" max:"1d"`
	// ClockPast and ClockFuture bound how far a device's clock is believed; beyond, the time of receipt counts. Within them the
	// device's time counts for everything, also for silence: a device whose clock is an hour behind has its newest data an hour
	// ago, whenever they come. A smaller ClockPast finds such a clock, and costs backlogs their times.
	ClockPast   time.Duration `yaml:"clock_past" min:"1m" max:"365d"`
	ClockFuture time.Duration `yaml:"clock_future" min:"1s" max:"1d"`
	// DuplicateWindow is among how many of the newest messages a repeated one is recognised. Each takes about 16 bytes of
	// memory.
	DuplicateWindow int `yaml:"duplicate_window" min:"1000" max:"10000000"`
	// MaxPassages is the most people that can pass one counter in a minute: a running total that steps further is not
	// believed, and what a counter that began again adds is bounded by it. A metre of way carries 82 people a minute at the
	// most, a door leaf so 74 to 98; a wider door says so itself.
	MaxPassages float64 `yaml:"max_passages" above:"0" max:"1000000"`
}
