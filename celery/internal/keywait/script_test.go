package keywait_test

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/larder-go/larder/driver"
)

// script is a store that does at each step what the test says. It publishes nothing by itself.
type script struct {
	mu      sync.Mutex
	values  map[string]string
	reads   int              // requests for values
	fault   error            // of every read
	single  bool             // it is said of each key, and not of the request
	bad     map[string]error // of requests that name a key
	sizes   []int            // of the requests, in keys
	adds    int
	refuses func(keys []string) error // a subscription to these
	added   func()                    // called when the store has subscribed, before it says so
	read    func()                    // called with a reply under way
	removed []string                  // from the subscription
	stops   int                       // of the subscription
	tell    func(driver.Message)
}

func newScript() *script { return &script{values: map[string]string{}} }

func (s *script) set(key, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[key] = value
}

func (s *script) say(key, value string) { s.tell(driver.Message{Key: key, Value: []byte(value)}) }

// forget lets sizes begin anew.
func (s *script) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sizes = nil
}

// count is how many reads there were.
func (s *script) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

func (s *script) Get(_ context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if err := s.bad[key]; err != nil {
		return nil, err
	}
	if value, there := s.values[key]; there || s.fault != nil {
		return []byte(value), s.fault
	}
	return nil, driver.ErrMiss
}

func (s *script) GetMany(ctx context.Context, keys []string) ([]driver.Result, error) {
	results := make([]driver.Result, len(keys))
	for i, key := range keys {
		results[i].Value, results[i].Err = s.Get(ctx, key)
	}
	s.mu.Lock()
	s.reads -= len(keys) - 1
	s.sizes = append(s.sizes, len(keys))
	read, fault := s.read, s.fault
	if s.single {
		fault = nil
	}
	for _, key := range keys {
		fault = cmp.Or(fault, s.bad[key])
	}
	s.mu.Unlock()
	if read != nil {
		read()
	}
	return results, fault
}

func (s *script) Set(context.Context, string, []byte, time.Duration) error {
	return errors.ErrUnsupported
}
func (s *script) Delete(context.Context, string) (bool, error) { return false, errors.ErrUnsupported }
func (s *script) Close() error                                 { return nil }

func (s *script) SetMany(context.Context, []driver.Item, time.Duration) error {
	return errors.ErrUnsupported
}
func (s *script) DeleteMany(context.Context, []string) (int, error) { return 0, errors.ErrUnsupported }

var _ driver.Batcher = (*script)(nil)

// publishing is a script that is a driver.Notifier.
type publishing struct{ *script }

func (s publishing) SetNotify(context.Context, string, []byte, time.Duration) error {
	return errors.ErrUnsupported
}

func (s publishing) SwapNotify(context.Context, string, driver.Version, []byte, time.Duration) (bool, error) {
	return false, errors.ErrUnsupported
}

func (s publishing) Subscribe(_ context.Context, keys []string, tell func(driver.Message)) (driver.Subscription, error) {
	s.mu.Lock()
	s.tell = tell
	s.mu.Unlock()
	return s, s.Add(context.Background(), keys...)
}

func (s publishing) Add(_ context.Context, keys ...string) error {
	s.mu.Lock()
	s.adds++
	s.mu.Unlock()
	if s.refuses != nil {
		if err := s.refuses(keys); err != nil {
			return err
		}
	}
	if s.added != nil && len(keys) > 0 {
		s.added()
	}
	return nil
}

func (s publishing) Remove(keys ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removed = append(s.removed, keys...)
}

func (s publishing) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stops++
}
