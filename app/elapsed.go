package app

import "time"

// started is when the program was started, by the monotonic clock as well.
var started = time.Now()
