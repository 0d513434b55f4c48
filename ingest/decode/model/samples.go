package model

import "time"

// sampleTime is when samples without any time are received.
var sampleTime = time.Date(2022, 7, 5, 1, 0, 0, 0, time.UTC)

// Receipt is when the sample arrives: soon after the newest time it holds.
func (s *Sample) Receipt() time.Time {
	if t, err := time.Parse(time.RFC3339, s.Received); err == nil {
		return t
	}
	now := time.Time{}
	for _, e := range s.Expect {
		if t, err := time.Parse(time.RFC3339, e.At); err == nil && t.After(now) {
			now = t
		}
	}
	if now.IsZero() {
		return sampleTime
	}
	return now.Add(time.Second)
}
