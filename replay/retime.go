package replay

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Retime replaces the time in a payload of Read: a recording that is played now happens now.
func Retime(payload []byte, at time.Time) ([]byte, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(payload, &fields); err != nil {
		return nil, fmt.Errorf("moving a message to the present: %w", err)
	}
	fields["at"] = strconv.AppendInt(nil, at.UnixMilli(), 10)
	// The same recording played again is not a repetition: it happens again.
	delete(fields, "boot")
	delete(fields, "seq")
	moved, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("moving a message to the present: %w", err)
	}
	return moved, nil
}
