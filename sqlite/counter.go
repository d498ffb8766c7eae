package sqlite

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/larder-go/larder/driver"
)

// Incr adds delta to the integer at key, and returns the sum. An existing entry keeps its lifetime; an
// absent one is created as delta with the lifetime ttl.
func (s *Store) Incr(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	j := &incr{key: key, ttl: ttl}
	var sum int64
	j.add = func(text string, there bool) (string, error) {
		var err error
		if sum = delta; there {
			sum, err = driver.AddInt(text, delta)
		}
		return strconv.FormatInt(sum, 10), err
	}
	if err := s.count(ctx, j); err != nil {
		return 0, err
	}
	return sum, nil
}

// IncrFloat is Incr for any JSON number.
func (s *Store) IncrFloat(ctx context.Context, key string, delta float64, ttl time.Duration) (float64, error) {
	if math.IsNaN(delta) || math.IsInf(delta, 0) {
		return 0, fmt.Errorf("%w: the delta %v", driver.ErrNotNumber, delta)
	}
	j := &incr{key: key, ttl: ttl}
	var sum float64
	j.add = func(text string, there bool) (sumText string, err error) {
		if sum = delta; !there {
			return driver.FormatFloat(delta), nil
		}
		sum, sumText, err = driver.AddFloat(text, delta)
		return sumText, err
	}
	if err := s.count(ctx, j); err != nil {
		return 0, err
	}
	return sum, nil
}

func (s *Store) count(ctx context.Context, j *incr) error {
	if err := s.do(ctx, j); err != nil {
		return err
	}
	return j.err
}

// incr reads and writes a number within the writer's transaction, so that no other process comes between.
type incr struct {
	key string
	ttl time.Duration
	add func(text string, there bool) (sum string, err error)
	err error
}

func (j *incr) size() int { return len(j.key) + 20 }

func (j *incr) apply(s *session) error {
	old, live, err := s.find(j.key, true)
	if err != nil {
		return err
	}
	var sum string
	if sum, j.err = j.add(string(old.text), live); j.err != nil {
		return nil
	}
	if j.err = s.fits(j.key, len(sum)); j.err != nil {
		return nil
	}
	if live {
		return s.replace(old, old.expires, []byte(sum))
	}
	return s.putOver(old, j.key, []byte(sum), j.ttl)
}
