// Package dummy is the engine that stores nothing: dummy:// in a URL turns a cache off without another
// change in the program.
//
// Every read is a miss; Add, Has, Touch and Delete tell false; Incr gives delta. Values are still
// encoded, so that one that does not encode fails here as it does elsewhere. GetOrSet always loads, once
// for concurrent callers.
//
// The engine is linked into every program that imports larder.
package dummy

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"time"

	"github.com/larder-go/larder/driver"
)

func init() {
	driver.Register(driver.Engine{
		Name:    "dummy",
		Schemes: []string{"dummy"},
		Open: func(_ context.Context, c driver.Config) (driver.Store, error) {
			if len(c.URL.Hosts) > 0 || c.URL.User != "" || c.URL.HasPassword || (c.URL.Path != "" && c.URL.Path != "/") {
				return nil, errors.New("a dummy URL is dummy://, without server or path")
			}
			return New(), nil
		},
	})
}

// Store keeps nothing.
type Store struct{ closed atomic.Bool }

// New makes a store.
func New() *Store { return &Store{} }

func (s *Store) check(ctx context.Context) error {
	if s.closed.Load() {
		return driver.ErrClosed
	}
	return ctx.Err()
}

// Get gives ErrMiss.
func (s *Store) Get(ctx context.Context, _ string) ([]byte, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	return nil, driver.ErrMiss
}

// Set does nothing.
func (s *Store) Set(ctx context.Context, _ string, _ []byte, _ time.Duration) error {
	return s.check(ctx)
}

// Delete tells false.
func (s *Store) Delete(ctx context.Context, _ string) (bool, error) { return false, s.check(ctx) }

// Close ends nothing, but later calls give ErrClosed.
func (s *Store) Close() error {
	s.closed.Store(true)
	return nil
}

// GetMany gives ErrMiss for every key.
func (s *Store) GetMany(ctx context.Context, keys []string) ([]driver.Result, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	results := make([]driver.Result, len(keys))
	for i := range results {
		results[i].Err = driver.ErrMiss
	}
	return results, nil
}

// SetMany does nothing.
func (s *Store) SetMany(ctx context.Context, _ []driver.Item, _ time.Duration) error {
	return s.check(ctx)
}

// DeleteMany tells 0.
func (s *Store) DeleteMany(ctx context.Context, _ []string) (int, error) { return 0, s.check(ctx) }

// Add tells false: nothing was stored.
func (s *Store) Add(ctx context.Context, _ string, _ []byte, _ time.Duration) (bool, error) {
	return false, s.check(ctx)
}

// Touch tells false.
func (s *Store) Touch(ctx context.Context, _ string, _ time.Duration) (bool, error) {
	return false, s.check(ctx)
}

// Incr gives delta, as for a missing key.
func (s *Store) Incr(ctx context.Context, _ string, delta int64, _ time.Duration) (int64, error) {
	if err := s.check(ctx); err != nil {
		return 0, err
	}
	return delta, nil
}

// IncrFloat gives delta, as for a missing key.
func (s *Store) IncrFloat(ctx context.Context, _ string, delta float64, _ time.Duration) (float64, error) {
	if err := s.check(ctx); err != nil {
		return 0, err
	}
	return delta, nil
}

// GetVersion gives ErrMiss.
func (s *Store) GetVersion(ctx context.Context, key string) ([]byte, driver.Version, error) {
	_, err := s.Get(ctx, key)
	return nil, nil, err
}

// Swap tells false.
func (s *Store) Swap(ctx context.Context, _ string, _ driver.Version, _ []byte, _ time.Duration) (bool, error) {
	return false, s.check(ctx)
}

// Scan yields nothing.
func (s *Store) Scan(ctx context.Context, _ string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if err := s.check(ctx); err != nil {
			yield("", err)
		}
	}
}

// Clear tells 0.
func (s *Store) Clear(ctx context.Context, _ string) (int, error) { return 0, s.check(ctx) }

// ClearAll tells 0.
func (s *Store) ClearAll(ctx context.Context) (int, error) { return 0, s.check(ctx) }

// Inspect finds nothing.
func (s *Store) Inspect(ctx context.Context, _ []string) (map[string]driver.EntryInfo, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	return map[string]driver.EntryInfo{}, nil
}

// Ping tells that nothing is stored.
func (s *Store) Ping(ctx context.Context) (driver.Server, error) {
	return driver.Server{Notes: []driver.Fact{{Name: "note", Value: "stores nothing"}}}, s.check(ctx)
}

// EngineName returns "dummy".
func (s *Store) EngineName() string { return "dummy" }
