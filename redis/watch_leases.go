package redis

import (
	"strings"

	"github.com/larder-go/larder/driver"
)

// withoutLeases keeps from tell what concerns leases, which are no entries. Who asks for a prefix of theirs means them.
func withoutLeases(prefix string, tell func(driver.Event)) func(driver.Event) {
	if !strings.HasPrefix(leasePrefix, prefix) || prefix == leasePrefix {
		return tell
	}
	return func(e driver.Event) {
		if !strings.HasPrefix(e.Key, leasePrefix) {
			tell(e)
		}
	}
}
