package redact

import (
	"reflect"
	"strings"
	"unicode"

	"github.com/gerbang-iot/gerbang/ingest/decode/meaning"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Lexicon are the words that formats, models and the configuration use. What a rejected message says in other words may be about
// people, and is told by its shape. It does not change once it is made.
type Lexicon struct {
	words map[string]bool // lower case: names of members, levels of topics, words of a format
	// own are the ids and addresses of the configuration: somebody chose them for this gateway.
	own map[string]bool
	// measured are names of members whose numbers are measured.
	measured map[string]bool
	// times are names of members that may be times.
	times map[string]bool
}

// formatWords are those that the readers written in Go know, and the usual ones of envelopes.
const formatWords = `
	true false null nan inf infinity none on off open closed online offline unknown unavailable ok error
	at boot seq sequence site device devices task done agent item by name id time ts timestamp datetime date unit units value values val
	type event kind state status model version firmware direction action button data payload info attributes
	user username person people phone mobile tel card nik ktp mail email address password pin token key secret photo pic picture image face gender birthday age
	end_device_ids device_id application_ids application_id dev_eui deveui dev_addr devaddr join_eui correlation_ids received_at uplink_message session_key_id
	f_port fport f_cnt fcnt frm_payload decoded_payload rx_metadata gateway_ids gateway_id rssi snr channel_rssi uplink_token settings data_rate lora bandwidth
	spreading_factor coding_rate frequency consumed_airtime network_ids net_id tenant_id cluster_id locations latitude longitude altitude source
	deduplicationid deviceinfo tenantname tenantid applicationid applicationname deviceprofilename deviceprofileid devicename deviceclassenabled tags adr dr
	confirmed rxinfo txinfo uplinkid gatewayid location context metadata modulation object objectjson gatewayinfo
	deveui_uplink deveui_location deveui_notification payload_hex lrcid lrrid lrrlat lrrlon customerid customerdata modelcfg driverdata
	cmd eui port ack gws toa freq bat data_format
	bn bt bu bv n u v vb vs vd t ut sum
	alert alarm threshold battery voltage temperature humidity pressure in out total count line lines region zone door room floor sensor sensors channel
	serial mac ip rev hw sw uptime heap wifi ssid mqtt config set get cmnd stat tele
	double_press single double triple long short hold release press pressed released up down left right rotate stop start begin end yes no low high normal full
	empty suhu kelembapan kelembaban tekanan baterai tegangan pintu ruang orang masuk keluar jumlah waktu nama lokasi jarak cahaya nilai satuan home building join joined event events active inactive idle motion occupied vacant present absent detected clear locked unlocked charging`

// measuredWords are names whose numbers are measured, beside those of models and of quantities.
const measuredWords = `value val v rssi snr channel_rssi battery bat bat_v batv voltage uptime in out total count rate frequency fport f_port fcnt f_cnt lqi linkquality
	level percent temp t rh h p dew lux pm1 pm2_5 pm4 pm10 tvoc voc iaq aqi noise distance`

// NewLexicon is a lexicon of the words that any gateway knows: those of formats, quantities and units.
func NewLexicon() *Lexicon {
	l := &Lexicon{words: map[string]bool{}, own: map[string]bool{}, measured: map[string]bool{}, times: map[string]bool{}}
	l.learn(formatWords)
	for w := range strings.FieldsSeq(measuredWords) {
		l.measured[w] = true
		l.learn(w)
	}
	for _, q := range telemetry.Quantities() {
		l.learn(q.String())
	}
	for name := range meaning.Senses {
		l.learn(name)
	}
	for unit := range meaning.UnitWords {
		l.learn(unit)
	}
	return l
}

// LearnMember takes in the name of a member that a model reads: it may be a time, unless it tells of people.
func (l *Lexicon) LearnMember(name string) {
	l.words[name] = true
	l.times[name] = !telling(name)
}

// LearnMeasured takes in the name of a member whose number is measured.
func (l *Lexicon) LearnMeasured(name string) { l.measured[strings.ToLower(name)] = true }

// Chosen takes in an id or address of the configuration.
func (l *Lexicon) Chosen(id string) { l.own[strings.ToLower(id)] = true }

// learn takes in the words of a text.
func (l *Lexicon) learn(text string) {
	for field := range strings.FieldsSeq(strings.ToLower(text)) {
		l.words[field] = true
		for _, w := range strings.FieldsFunc(field, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' }) {
			l.words[w] = true
			for part := range strings.SplitSeq(w, "_") {
				l.words[part] = true
			}
		}
	}
	delete(l.words, "")
}

// LearnName takes in a name and the words that it is made of.
func (l *Lexicon) LearnName(name string) {
	l.learn(name)
	for _, w := range written.Words(name) {
		l.words[w] = true
	}
}

// LearnFrom takes in every text of a value, but for the members of structures that are in except.
func (l *Lexicon) LearnFrom(v reflect.Value, except map[string]bool) {
	switch v.Kind() {
	case reflect.String:
		l.LearnName(v.String())
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			l.LearnFrom(v.Elem(), except)
		}
	case reflect.Slice:
		for i := range v.Len() {
			l.LearnFrom(v.Index(i), except)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			l.LearnFrom(key, except)
			l.LearnFrom(v.MapIndex(key), except)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && !except[f.Name] {
				l.LearnFrom(v.Field(i), except)
			}
		}
	}
}

// maxNameDigits bounds the digits that a name may show: the 2 of temperature_2, and no number of a telephone in parts.
const maxNameDigits = 3

// shortWords are short ones that are not also the beginning or the end of a name.
var shortWords = written.SetOf("id", "no", "in", "on", "off", "ok", "up", "c", "f", "%", "v", "mv", "lx", "pa", "m", "cm", "mm", "db")

// knows reports whether a name is one of a format or of the configuration, or made of such words and short numbers.
func (l *Lexicon) knows(name string) bool {
	lower := strings.ToLower(name)
	switch {
	case len(name) == 0 || len(name) > written.MaxWord && !l.own[lower]:
		return false
	case l.own[lower]:
		return true
	case written.CountDigits([]byte(name)) > maxNameDigits && !l.words[lower]:
		return false
	case l.words[lower]:
		return true
	}
	if len(name) == 1 {
		return written.IsLetter(name[0])
	}
	single := 0
	for piece := range strings.FieldsFuncSeq(name, func(r rune) bool { return strings.ContainsRune("_-. ", r) }) {
		if bare := strings.Trim(piece, "0123456789"); len(bare) == 1 && written.IsLetter(bare[0]) && single < 2 {
			single++ // and no name spelt out
		} else if !l.knowsPiece(piece) {
			return false
		}
	}
	return written.Plain([]byte(name), "_-. ") && strings.Trim(name, "_-. 0123456789") != ""
}

// knowsPiece is knows of a part between separators.
func (l *Lexicon) knowsPiece(piece string) bool {
	bare := strings.Trim(strings.ToLower(piece), "0123456789")
	if bare == "" || len(bare) > 1 && l.words[bare] || l.words[strings.ToLower(piece)] {
		return true
	}
	parts := written.Words(piece)
	for _, part := range parts {
		if part = strings.Trim(part, "0123456789"); part != "" && !shortWords[part] && (len(part) < 3 || !l.words[part]) {
			return false
		}
	}
	return len(parts) > 1
}

// knowsWord reports whether a text consists of whole words of a format. A person's name is not put together of parts of them.
func (l *Lexicon) knowsWord(text string) bool {
	lower := strings.ToLower(text)
	if l.own[lower] || l.words[lower] && (len(text) > 2 || shortWords[lower]) {
		return true
	}
	if len(text) > written.MaxWord || written.CountDigits([]byte(text)) > maxNameDigits || !written.Plain([]byte(text), "_-.:+ %") {
		return false
	}
	found := false
	for piece := range strings.FieldsFuncSeq(lower, func(r rune) bool { return strings.ContainsRune("_-.:+ %", r) }) {
		bare := strings.Trim(piece, "0123456789")
		if bare != "" && !shortWords[bare] && (len(bare) < 3 || !l.words[bare] && !l.words[piece]) {
			return false
		}
		found = found || bare != ""
	}
	return found
}

// measures reports whether the numbers of a name are measured, or count or number something of the format.
func (l *Lexicon) measures(name string) bool {
	if meaning.IsQuantity(name) {
		return true
	}
	if !l.knows(name) || telling(name) {
		return false
	}
	if l.measured[name] {
		return true
	}
	_, _, ok := meaning.Of(name, "")
	return ok
}
