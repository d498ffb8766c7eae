package memory

import (
	"context"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/pubsub"
)

// SetNotify stores a copy of value and publishes it.
func (s *store) SetNotify(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	_, err := s.space.notify(key, driver.Bytes(value), func() (bool, error) {
		return true, s.set(key, driver.Bytes(value), ttl)
	})
	return err
}

// SwapNotify stores value and publishes it if the entry is still in version v, or if there is none and v is nil.
func (s *store) SwapNotify(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	if err := s.check(ctx); err != nil {
		return false, err
	}
	fresh := driver.Bytes(value)
	return s.space.notify(key, fresh, func() (bool, error) {
		if v == nil {
			return s.add(key, fresh, ttl)
		}
		old, ok := v.(driver.Value)
		if !ok {
			return false, nil
		}
		return s.swap(key, old, fresh, ttl)
	})
}

// notify publishes what write has stored. One at a time: of two values of a key, the one that stays is told last. It is told
// after it has been stored, because otter shows an entry to readers only at the end of a write.
func (s *space) notify(key string, v driver.Bytes, write func() (bool, error)) (bool, error) {
	s.notifying.Lock()
	defer s.notifying.Unlock()
	done, err := write()
	if done && err == nil && s.book.Has(key) {
		s.book.Publish(key, []byte(v))
	}
	return done && err == nil, err
}

// Subscribe tells of what any handle of these data publishes.
func (s *store) Subscribe(ctx context.Context, keys []string, tell func(driver.Message)) (driver.Subscription, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	sub := &subscription{store: s, line: pubsub.NewLine(tell)}
	if !s.lines.Join(sub.line) {
		return nil, driver.ErrClosed
	}
	s.space.book.Add(sub.line, keys)
	sub.line.Until(ctx, sub.end)
	return sub, nil
}

// subscription is one of a handle.
type subscription struct {
	store *store
	line  *pubsub.Line
}

// Add subscribes to more keys.
func (s *subscription) Add(ctx context.Context, keys ...string) error {
	if err := s.store.check(ctx); err != nil {
		return err
	}
	if _, ok := s.store.space.book.Add(s.line, keys); !ok {
		return driver.ErrClosed
	}
	return nil
}

// Remove ends the subscription to keys.
func (s *subscription) Remove(keys ...string) { s.store.space.book.Remove(s.line, keys) }

// Stop ends the subscription and waits for the last call of tell.
func (s *subscription) Stop() {
	s.end()
	s.line.Wait()
}

func (s *subscription) end() {
	s.store.space.book.Close(s.line)
	s.store.lines.Leave(s.line)
}

// closeLines ends the handle's subscriptions.
func (s *store) closeLines() {
	lines := s.lines.Close()
	for _, l := range lines {
		s.space.book.Close(l)
	}
	for _, l := range lines {
		l.Wait()
	}
}
