package alerts

import (
	"time"

	"github.com/gerbang-iot/gerbang/rules"
)

// Fault is a state of the gateway itself, or of a service behind it, that people must know about.
type Fault struct {
	Name   FaultName
	Site   string // empty: the whole gateway
	Detail string // an address, a file, a count; never a secret and never text from a device
	Firing bool   // false: it is over
	// Since is when it began, by the machine's clock, where that is known and earlier than when it is told.
	Since time.Time
}

// FaultName is the closed set of faults: the alert's rule, a label value and the key of its texts.
type FaultName string

// The faults.
const (
	FaultInfluxDown       FaultName = "influx_down"
	FaultInfluxAuth       FaultName = "influx_auth"
	FaultInfluxBucket     FaultName = "influx_missing_bucket"
	FaultInfluxRejecting  FaultName = "influx_rejecting"
	FaultInfluxExpiring   FaultName = "influx_certificate_expiring"
	FaultInfluxSource     FaultName = "influx_source"  // the journal cannot be read for InfluxDB
	FaultInfluxWaiting    FaultName = "influx_waiting" // older readings are neither taken nor refused
	FaultBrokerDown       FaultName = "broker_down"
	FaultBrokerDeaf       FaultName = "broker_deaf"     // connected, but our own canary does not come back
	FaultBrokerRestarts   FaultName = "broker_restarts" // the connection breaks again and again
	FaultSessionLost      FaultName = "session_lost"    // the broker forgot us: messages sent meanwhile are gone
	FaultClientTakeover   FaultName = "client_takeover" // somebody else uses our client id
	FaultDiskFull         FaultName = "disk_full"
	FaultJournalRefuses   FaultName = "journal_refuses" // commits fail, for another reason than a full disk
	FaultJournalGone      FaultName = "journal_gone"    // it is not there, or not the one that was there
	FaultJournalDamaged   FaultName = "journal_damaged" // records are lost, changed or cannot be read
	FaultDiskLow          FaultName = "disk_low"
	FaultCommitSlow       FaultName = "commit_slow"
	FaultIntakeFull       FaultName = "intake_full" // messages arrive faster than they are stored
	FaultAlertmanagerDown FaultName = "alertmanager_down"
	FaultSignalsWaiting   FaultName = "signals_waiting"
	FaultClockJump        FaultName = "clock_jump"
	FaultMemory           FaultName = "memory"
	FaultConfiguration    FaultName = "configuration" // a reload was refused, wholly or for a site: what was in force there still is
	FaultRejections       FaultName = "rejections"    // many messages are not understood
	FaultSilentFeed       FaultName = "silent_feed"   // no device of the site, or of the gateway, is heard
	FaultUncleanStop      FaultName = "unclean_stop"  // the last run ended without saying goodbye
	FaultSiteStopped      FaultName = "site_stopped"  // a site is not judged any more
	FaultAudit            FaultName = "audit"         // the transparency log cannot be continued
	FaultOther            FaultName = "other"
)

var faultSeverities = map[FaultName]rules.Severity{
	FaultInfluxDown: rules.Warning, FaultInfluxAuth: rules.Warning, FaultInfluxBucket: rules.Warning,
	FaultInfluxRejecting: rules.Warning, FaultInfluxExpiring: rules.Warning, FaultInfluxSource: rules.Critical, FaultInfluxWaiting: rules.Warning,
	FaultBrokerDown: rules.Critical, FaultBrokerDeaf: rules.Critical, FaultSessionLost: rules.Warning,
	FaultBrokerRestarts: rules.Warning, FaultClientTakeover: rules.Critical,
	FaultJournalRefuses: rules.Critical, FaultJournalGone: rules.Critical, FaultJournalDamaged: rules.Critical,
	FaultDiskFull: rules.Critical, FaultDiskLow: rules.Warning, FaultCommitSlow: rules.Warning,
	FaultIntakeFull:       rules.Warning,
	FaultAlertmanagerDown: rules.Critical, FaultSignalsWaiting: rules.Warning,
	FaultClockJump: rules.Warning, FaultMemory: rules.Warning, FaultConfiguration: rules.Warning,
	FaultRejections: rules.Warning, FaultSilentFeed: rules.Critical, FaultUncleanStop: rules.Info,
	FaultSiteStopped: rules.Critical,
	FaultAudit:       rules.Critical, FaultOther: rules.Warning,
}

// FaultNames lists all of them in the order of the constants.
func FaultNames() []FaultName {
	return []FaultName{FaultInfluxDown, FaultInfluxAuth, FaultInfluxBucket, FaultInfluxRejecting, FaultInfluxExpiring, FaultInfluxSource, FaultInfluxWaiting, FaultBrokerDown,
		FaultBrokerDeaf, FaultBrokerRestarts, FaultSessionLost, FaultClientTakeover, FaultDiskFull, FaultJournalRefuses, FaultJournalGone, FaultJournalDamaged, FaultDiskLow,
		FaultCommitSlow, FaultIntakeFull,
		FaultAlertmanagerDown, FaultSignalsWaiting, FaultClockJump, FaultMemory, FaultConfiguration, FaultRejections,
		FaultSilentFeed, FaultUncleanStop, FaultSiteStopped, FaultAudit, FaultOther}
}

// Severity of the fault.
func (n FaultName) Severity() rules.Severity { return faultSeverities[n.known()] }

// known is n, or FaultOther for a name that is not of the set: an unheard-of fault is still told.
func (n FaultName) known() FaultName {
	if _, ok := faultSeverities[n]; ok {
		return n
	}
	return FaultOther
}

// KindService is the kind of every alert of ClassService.
const KindService = "service"
