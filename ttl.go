package larder

import (
	"fmt"
	"time"

	"github.com/larder-go/larder/driver"
)

// MaxTTL is the longest lifetime that can be asked for: 100 years of 365 days.
const MaxTTL = driver.MaxTTL

// checkTTL refuses what is no lifetime. Zero never means "for ever".
func checkTTL(d time.Duration) error {
	switch {
	case d <= 0:
		return fmt.Errorf("%w: %v is not above zero (larder.NoExpiry says never)", ErrBadTTL, d)
	case d > MaxTTL:
		return fmt.Errorf("%w: %v is more than 100 years (larder.NoExpiry says never)", ErrBadTTL, d)
	}
	return nil
}
