package model

import (
	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/meaning"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// ReadField is Field made ready.
type ReadField struct {
	Path     document.Path
	Quantity telemetry.Quantity
	// Auto: the quantity is found by name, at NamePath or the member's own.
	Auto     bool
	NamePath document.Path
	// Counted is false for a form of counting people that the model does not count.
	Counted bool
	// Way is the place of Way in the model's Prefer; -1: it counts nobody who passes.
	Way         int
	Swap        bool              // for auto
	UnitNames   map[string]string // for auto: UCUM by lower-case word
	ByUnit      map[string]telemetry.Quantity
	Unit        meaning.Linear
	Own         meaning.Linear // scale and offset, before any unit
	Unitless    bool           // a temperature of which the model names no unit
	UnitPath    document.Path
	Units       map[string]meaning.Linear // by lower-case word
	Words       map[string]float64
	Kinds       map[string]string
	Suffix      []string
	Value       *float64
	Min, Max    *float64
	When        []document.Condition
	Invalid     []document.Literal
	Twice       string
	Channel     string
	ChannelPath []document.Path
}

// The words of Field.Twice.
const (
	TwiceAdd  = "add"
	TwiceLast = "last"
)
