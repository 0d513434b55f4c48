package neighbours

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/gerbang-iot/gerbang/ingest/access"
)

// topic is where a gateway tells its sites, retained; its id follows.
const topic = access.Prefix + "_gateway/out/sites/"

// Filter is what a gateway subscribes to, to hear of others.
const Filter = topic + "+"

// Topic is where the gateway with an id tells its sites.
func Topic(id string) string { return topic + id }

// document is the payload.
type document struct {
	Sites []string `json:"sites"`
}

// Claim is the retained payload for Topic. The doors of other gateways cut what is longer than their ingest.max_payload (256 KiB: about 10,000
// sites); they do not understand it then.
func Claim(sites []string) []byte {
	b, err := json.Marshal(document{slices.Compact(slices.Sorted(slices.Values(sites)))})
	if err != nil {
		panic("neighbours: encoding a list of texts: " + err.Error())
	}
	return b
}

// sitesOf reads a claim: different sites, sorted. What cannot be the id of one is an error, which quotes nothing of it.
func sitesOf(payload []byte) ([]string, error) {
	var d document
	if err := json.Unmarshal(payload, &d); err != nil {
		return nil, fmt.Errorf(`%d bytes that are not {"sites": ["…"]}`, len(payload))
	}
	for i, s := range d.Sites {
		if !isID(s) {
			return nil, fmt.Errorf("sites[%d], of %d bytes, is no id of a site", i, len(s))
		}
	}
	slices.Sort(d.Sites)
	return slices.Compact(d.Sites), nil
}

// isID reports whether a text can be the id of a site or gateway: letters, digits, "-", "_", "." and at most 64 of them.
func isID(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return s != "" && len(s) <= 64
}
