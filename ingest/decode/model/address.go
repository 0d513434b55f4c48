package model

import (
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// Read reads an address that may be made of several members.
func (a *address) Read(doc *document.Document, from document.Found) (string, bool) {
	var parts []string
	for i := range a.parts {
		at, ok := a.parts[i].FirstFrom(doc, from)
		if !ok {
			return "", false
		}
		n := &doc.Nodes[at]
		part := strings.TrimRight(string(n.Raw), ":/")
		if n.Kind != '"' && n.Kind != '0' || part == "" {
			return "", false
		}
		parts = append(parts, written.Bounded(part, written.MaxAddress))
	}
	name := strings.Join(parts, "/")
	if a.behind != 0 {
		name = name[strings.LastIndexByte(name, a.behind)+1:]
	}
	return name, name != ""
}

// address is a way to name a device: the values of some paths, joined by /.
type address struct {
	parts []document.Path
	// behind is a sign up to whose last place a value is dropped; 0: none.
	behind byte
}

// addresses parses the ways to name a device.
func (c *Compiler) addresses(at, text string) []address {
	if text == "" {
		return nil
	}
	var ready []address
	for _, way := range document.Alternatives(text) {
		var a address
		if last := len(way) - 1; last > 0 && (way[last] == '/' || way[last] == ':') {
			a.behind, way = way[last], way[:last]
		}
		a.parts = c.joined(at, way)
		ready = append(ready, a)
	}
	return ready
}
