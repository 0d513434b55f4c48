package testengine

import "time"

// begun stands in for processor time where a system does not tell it.
var begun = time.Now()
