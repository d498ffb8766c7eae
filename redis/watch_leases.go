package redis

import "github.com/larder-go/larder/driver"

// withoutLeases keeps from tell what concerns leases, which are no entries.
func withoutLeases(tell func(driver.Event)) func(driver.Event) {
	return func(e driver.Event) {
		if e.Kind != driver.Changed || !isLease(e.Key) {
			tell(e)
		}
	}
}
