package transcode

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// The binary form is a protobuf message of our own: format, session, and per device its id and metrics.
const (
	aliasesFormat  protowire.Number = 1 // aliasesVersion
	aliasesSession protowire.Number = 2
	aliasesDevice  protowire.Number = 3

	deviceID     protowire.Number = 1
	deviceMetric protowire.Number = 2

	bornName  protowire.Number = 1
	bornType  protowire.Number = 2
	bornAlias protowire.Number = 3 // repeated

	aliasesVersion = 1
)

// MarshalBinary gives the same bytes for the same knowledge.
func (a *Aliases) MarshalBinary() ([]byte, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	b := appendVarint(nil, aliasesFormat, aliasesVersion)
	if a.session.given {
		b = appendVarint(b, aliasesSession, a.session.value)
	}
	for _, id := range slices.Sorted(maps.Keys(a.devices)) {
		b = protowire.AppendTag(b, aliasesDevice, protowire.BytesType)
		b = protowire.AppendBytes(b, a.devices[id].marshal(id))
	}
	return b, nil
}

func (n *Names) marshal(id string) []byte {
	b := appendText(nil, deviceID, id)
	numbers := make(map[string][]uint64, len(n.aliases))
	for alias, name := range n.aliases {
		numbers[name] = append(numbers[name], alias)
	}
	for _, name := range slices.Sorted(maps.Keys(n.types)) {
		entry := appendVarint(appendText(nil, bornName, name), bornType, uint64(n.types[name]))
		for _, alias := range slices.Sorted(slices.Values(numbers[name])) {
			entry = appendVarint(entry, bornAlias, alias)
		}
		b = protowire.AppendTag(b, deviceMetric, protowire.BytesType)
		b = protowire.AppendBytes(b, entry)
	}
	return b
}

func appendVarint(b []byte, number protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), v)
}

func appendText(b []byte, number protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, number, protowire.BytesType), s)
}

// UnmarshalBinary takes over what MarshalBinary has written. An error changes nothing; a rebirth then mends what is missing.
func (a *Aliases) UnmarshalBinary(data []byte) error {
	version, session, devices := uint64(0), optional{}, map[string]*Names{}
	types := wireTypes{aliasesFormat: scalarField, aliasesSession: scalarField, aliasesDevice: contentField}
	err := types.fields(data, func(f wireField) error {
		switch f.number {
		case aliasesFormat:
			version = f.scalar
		case aliasesSession:
			session = optional{f.scalar, true}
		case aliasesDevice:
			id, n, err := unmarshalNames(f.content)
			if err != nil {
				return err
			}
			if _, twice := devices[id]; twice {
				return errors.New("a device twice")
			}
			devices[id] = n
		}
		return nil
	})
	if err == nil && version != aliasesVersion {
		err = errors.New("format " + strconv.FormatUint(version, 10) + ", want " + strconv.Itoa(aliasesVersion))
	}
	if err == nil {
		err = bounded(devices)
	}
	if err != nil {
		return fmt.Errorf("restoring Sparkplug aliases: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.devices, a.session = devices, session
	return nil
}

func unmarshalNames(data []byte) (id string, n *Names, err error) {
	n = newNames()
	err = wireTypes{deviceID: contentField, deviceMetric: contentField}.fields(data, func(f wireField) error {
		switch f.number {
		case deviceID:
			id = string(f.content)
		case deviceMetric:
			return n.unmarshal(f.content)
		}
		return nil
	})
	return id, n, err
}

func (n *Names) unmarshal(data []byte) error {
	var m Metric
	var aliases []uint64
	types := wireTypes{bornName: contentField, bornType: scalarField, bornAlias: scalarField}
	err := types.fields(data, func(f wireField) error {
		switch f.number {
		case bornName:
			m.Name = string(f.content)
		case bornType:
			m.Type = DataType(min(f.scalar, uint64(beyond)))
		case bornAlias:
			aliases = append(aliases, f.scalar)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if m.Name == "" || len(m.Name) > maxName || !utf8.ValidString(m.Name) {
		return errors.New("a metric without a name that can be one")
	}
	if len(aliases) == 0 {
		return n.add(m, optional{})
	}
	for _, alias := range aliases {
		if err := n.add(m, optional{alias, true}); err != nil {
			return err
		}
	}
	return nil
}
