package memory

import (
	"context"
	"strconv"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/larder-go/larder/driver"
)

// Incr adds to an integer.
func (s *store) Incr(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	if err := s.check(ctx); err != nil {
		return 0, err
	}
	sum := delta
	err := s.compute(key, ttl, strconv.FormatInt(delta, 10), func(old string) (string, error) {
		var err error
		sum, err = driver.AddInt(old, delta)
		return strconv.FormatInt(sum, 10), err
	})
	return sum, err
}

// IncrFloat adds to a number.
func (s *store) IncrFloat(ctx context.Context, key string, delta float64, ttl time.Duration) (float64, error) {
	if err := s.check(ctx); err != nil {
		return 0, err
	}
	sum := delta
	err := s.compute(key, ttl, driver.FormatFloat(delta), func(old string) (text string, err error) {
		sum, text, err = driver.AddFloat(old, delta)
		return text, err
	})
	return sum, err
}

// compute replaces the text at key by what add makes of it, or creates it as first with ttl, in one step.
func (s *store) compute(key string, ttl time.Duration, first string, add func(old string) (string, error)) error {
	var failed error
	s.space.cache.Compute(key, func(old entry, found bool) (entry, otter.ComputeOp) {
		sum, ttl, err := first, ttl, error(nil)
		if found {
			ttl = driver.KeepTTL
			sum, err = addTo(old.value, add)
		}
		if err == nil && s.space.tooLarge(len(key), driver.Bytes(sum)) {
			err = driver.ErrTooLarge
		}
		if failed = err; err != nil {
			return old, otter.CancelOp
		}
		return entry{driver.Bytes(sum), ttl}, otter.WriteOp
	})
	return failed
}

func addTo(v driver.Value, add func(old string) (string, error)) (string, error) {
	text, err := v.Encode()
	if err != nil {
		return "", err
	}
	return add(string(text))
}
