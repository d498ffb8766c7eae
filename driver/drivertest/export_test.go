package drivertest

import "time"

// SetPatience makes cases give up sooner on what hangs.
func SetPatience(d time.Duration) { patience = d }
