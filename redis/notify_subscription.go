package redis

import (
	"context"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/pubsub"
)

// Subscribe shares one connection with all other subscriptions of the store.
func (s *Store) Subscribe(ctx context.Context, keys []string, tell func(driver.Message)) (driver.Subscription, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	sub := &subscription{hub: s.hub, line: pubsub.NewLine(tell)}
	if !s.hub.lines.Join(sub.line) {
		return nil, driver.ErrClosed
	}
	if err := sub.Add(ctx, keys...); err != nil {
		sub.Stop()
		return nil, err
	}
	sub.line.Until(ctx, sub.end)
	return sub, nil
}

type subscription struct {
	hub  *hub
	line *pubsub.Line
}

// Add subscribes to more keys.
func (s *subscription) Add(ctx context.Context, keys ...string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.hub.add(ctx, s.line, keys)
}

// Remove ends the subscription to keys.
func (s *subscription) Remove(keys ...string) { s.hub.remove(s.line, keys) }

// Stop ends the subscription and waits for the last call of tell.
func (s *subscription) Stop() {
	s.end()
	s.line.Wait()
}

func (s *subscription) end() { s.hub.end(s.line) }
