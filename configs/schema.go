package configs

import (
	"embed"
	"fmt"
	"slices"
	"strings"
)

// The kinds of document, and of schema.
const (
	KindCalendar = "calendar"
	KindGateway  = "gerbang"
	KindSite     = "site"
	KindProtocol = "protocol"
	KindModel    = "model"
)

// DocumentKinds lists the kinds of configuration document.
func DocumentKinds() []string {
	return []string{KindGateway, KindSite, KindProtocol, KindModel, KindCalendar}
}

// schemas are generated from the types that are decoded into, by go test ./configs -update.
//
//go:embed schema
var schemas embed.FS

// Schema is the JSON Schema (draft 2020-12) of a kind of document, for editors and for checks elsewhere. A document that
// Load accepts is valid; the reverse is not so, because a schema cannot follow references.
func Schema(kind string) ([]byte, error) {
	if !slices.Contains(DocumentKinds(), kind) {
		return nil, fmt.Errorf("unknown kind of document %q, want one of %s", kind, strings.Join(DocumentKinds(), ", "))
	}
	b, err := schemas.ReadFile("schema/" + kind + ".json")
	if err != nil {
		return nil, fmt.Errorf("reading the schema of a %s: %w", kind, err)
	}
	return b, nil
}
