package telemetry

// Service is what the gateway says about itself to each site: when nobody could hear the devices, and that its clock was set.
// Who judges must know both, or takes his own deafness for the silence of devices.
type Service struct {
	// Since is since when nobody listened, up to the record's Received; 0: somebody listened all the time.
	Since Instant `json:"since,omitempty"`
	// Deaf: nobody listens from then on, until the next record of this kind.
	Deaf bool `json:"deaf,omitempty"`
	// Set: the clock was set. The record's Received is the first by the new clock, and may lie far before or behind that of
	// the record before it. What happened in between has no time of its own.
	Set bool `json:"set,omitempty"`
	// Door is the way in that heard nothing: "gateway" where it did not run, "broker" where it had no connection or got nothing
	// through it. Empty: the note is about the clock.
	Door string `json:"door,omitempty"`
}

// DeafSince is since when nobody listens from a note on that was received at a time; 0: somebody does.
func (s *Service) DeafSince(received Instant) Instant {
	switch {
	case !s.Deaf:
		return 0
	case s.Since != 0:
		return min(s.Since, received)
	}
	return received
}
