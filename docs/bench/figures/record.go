package figures

import (
	"encoding/json"
	"fmt"
	"os"
)

// Record is one measurement: one load on one consumer.
type Record struct {
	Row  string // what was measured: broker and rate
	Side string // who was measured: floor, gerbang, old, new

	// Values by the key of a column; what was not measured is absent. CPU of others than the consumer is there, too: cpu_broker,
	// cpu_influxd, cpu_load.
	Values map[string]float64
}

// AppendTo writes the record as a line of JSON to the end of a file.
func (r Record) AppendTo(path string) error {
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("writing a measurement: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("writing a measurement: %w", err)
	}
	if _, err := file.Write(append(line, '\n')); err != nil {
		_ = file.Close() // the first error counts
		return fmt.Errorf("writing a measurement: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("writing a measurement: %w", err)
	}
	return nil
}
