package codec

import (
	"slices"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() {
	register("terabee", "Terabee: People Counting L-XL and M, People Occupancy Counting", terabee)
}

// Ports of Terabee. The other ports carry answers to commands: they begin with the command's number, or with 0xFF where the
// command is merely acknowledged. Sources: the maker's decoders of People Counting L-XL (pcl), M (pcm) and occupancy (poc).
const (
	terabeeFlow      = 1  // L-XL: totals in and out of 4 bytes each, flags
	terabeeFlowM     = 82 // M: the same with another meaning of the flags
	terabeeOccupancy = 83 // flags, people in view, people in zones 0 to 7
)

var (
	terabeeAnswers = []uint8{2, 3, 4, 5, 6, 7, 8, 100, 101, 102}

	// While a device is stopped or stuck it does not count.
	terabeeFlagsXL   = [...]string{"TPC_STOPPED", "TPC_STUCK", "MULTI_DEV_ISSUE", "WIFI_AP_ENABLED"}
	terabeeFlagsM    = [...]string{"TPC_STOPPED", "TPC_STUCK", "NETWORK_ON"}
	terabeeFlagsZone = [...]string{"STOPPED", "STUCK", "WIFI_ACCESS_POINT_ON", "WARMUP"}

	terabeeZones = [...]string{"zone_0", "zone_1", "zone_2", "zone_3", "zone_4", "zone_5", "zone_6", "zone_7"}
)

const terabeeNoZone = 255 // people in a zone that is not set

// terabee reads the people counters of Terabee. An answer to a command carries nothing, also where it repeats the totals: the
// next report has them.
func terabee(up Uplink, out *object.Writer) error {
	f := frame{bytes: up.Bytes}
	port := up.Port
	// The lengths of the two kinds of counters differ: without a port, as over HTTP, they tell.
	if port == 0 {
		switch len(up.Bytes) {
		case 9:
			port = terabeeFlow
		case 10:
			port = terabeeOccupancy
		}
	}
	switch port {
	case terabeeFlow, terabeeFlowM:
		out.Int("count_in", f.big(4))
		out.Int("count_out", f.big(4))
		names := terabeeFlagsXL[:]
		if port == terabeeFlowM {
			names = terabeeFlagsM[:]
		}
		terabeeFlags(f.byte(), names, out)
	case terabeeOccupancy:
		terabeeFlags(f.byte(), terabeeFlagsZone[:], out)
		out.Int("zone_global", f.big(1))
		for _, name := range terabeeZones {
			if n := f.big(1); n != terabeeNoZone {
				out.Int(name, n)
			} else {
				out.Null(name)
			}
		}
	default:
		if !slices.Contains(terabeeAnswers, port) {
			return frameUnknownPort("Terabee", up.Port)
		}
		f.take(1)
		return f.err
	}
	return f.end()
}

// terabeeFlags writes the flags that are set, as 1.
func terabeeFlags(b byte, names []string, out *object.Writer) {
	out.Object("flags")
	for i, name := range names {
		if b>>i&1 == 1 {
			out.Int(name, 1)
		}
	}
	out.End()
}
