package configs

import (
	"maps"
	"slices"

	"github.com/gerbang-iot/gerbang/configs/strict"
)

// nativeModel is the gateway's own format, which needs no file.
const nativeModel = "native"

// modelFile is a device model with where its values stand.
type modelFile struct {
	places *strict.Places
}

func modelIDs(models map[string]*modelFile) []string {
	return append(slices.Sorted(maps.Keys(models)), nativeModel)
}

func (l *loader) readModels(c *Config) {}
