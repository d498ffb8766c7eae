//go:build unix

package larder_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
)

// noFault is a mutant that is none: the others are not seen for what they all lack.
const noFault = "no fault"

// mutable is what engines have that processes share. A mutant of it has nothing else.
type mutable interface {
	driver.Store
	driver.Adder
	driver.Toucher
	driver.Counter
	driver.Leaser
}

// linearMutants are engines with a fault that calls one after the other do not show.
var linearMutants = map[string]func(mutable) driver.Store{
	noFault:                          func(s mutable) driver.Store { return struct{ mutable }{s} },
	"Add looks, and then sets":       func(s mutable) driver.Store { return mutantAdd{s} },
	"Incr reads, and then sets":      func(s mutable) driver.Store { return mutantIncr{s} },
	"Delete looks, and then deletes": func(s mutable) driver.Store { return mutantDelete{s} },
	"Fill does not ask the lease":    func(s mutable) driver.Store { return mutantFill{s} },
}

type mutantAdd struct{ mutable }

func (m mutantAdd) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if _, err := m.Get(ctx, key); !errors.Is(err, driver.ErrMiss) {
		return false, err
	}
	return true, m.Set(ctx, key, value, ttl)
}

type mutantIncr struct{ mutable }

func (m mutantIncr) Incr(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	old, err := m.Get(ctx, key)
	if err != nil && !errors.Is(err, driver.ErrMiss) {
		return 0, err
	}
	if err != nil {
		old = []byte("0")
	}
	sum, err := driver.AddInt(string(old), delta)
	if err != nil {
		return 0, err
	}
	return sum, m.Set(ctx, key, fmt.Append(nil, sum), ttl)
}

type mutantDelete struct{ mutable }

func (m mutantDelete) Delete(ctx context.Context, key string) (bool, error) {
	if _, err := m.Get(ctx, key); err != nil {
		if errors.Is(err, driver.ErrMiss) {
			err = nil
		}
		return false, err
	}
	_, err := m.mutable.Delete(ctx, key)
	return true, err
}

type mutantFill struct{ mutable }

func (m mutantFill) Fill(ctx context.Context, fillings []driver.Filling, ttl time.Duration) ([]bool, error) {
	filled := make([]bool, len(fillings))
	for i, f := range fillings {
		if err := m.Set(ctx, f.Key, f.Value, ttl); err != nil {
			return nil, err
		}
		filled[i] = true
	}
	return filled, nil
}

// wantMutantsSeen runs mutants of an engine until they are seen, and fails if one is not.
func wantMutantsSeen(t *testing.T, url func(t *testing.T) string) {
	t.Helper()
	for name := range linearMutants {
		t.Run(name, func(t *testing.T) {
			h := processHistory{URL: url(t), Rounds: 1000, Mutant: name}
			if name == noFault {
				h.Rounds = linearRounds
			}
			problem := h.check(t)
			first, _, _ := strings.Cut(problem, "\n")
			t.Log(first)
			if strings.Contains(problem, "no order of these calls") == (name == noFault) {
				t.Error("this mutant is seen, or is not seen, for the wrong reason:", problem)
			}
		})
	}
}
