package driver

import (
	"context"
	"time"
)

// Message is what was published on the channel of a key. A Lost message says that others may have been missed: who waits
// for a key looks for itself.
type Message struct {
	Key   string
	Value []byte
	Lost  bool
}

// Notifier stores a value and tells those who wait for it, in one atomic step: no writer that dies leaves a value that
// nobody has been told of. The channel's name is the key, the message is the value.
type Notifier interface {
	// SetNotify is Set that publishes.
	SetNotify(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// SwapNotify stores value with ttl and publishes it if the entry is there in version v as Swapper.GetVersion
	// returned it, or with v nil if there is no entry. It tells whether it did.
	SwapNotify(ctx context.Context, key string, v Version, value []byte, ttl time.Duration) (bool, error)
	// Subscribe calls tell for each message on the channels of the keys, until stop is called, ctx ends or the store is
	// closed. What is published after Subscribe has returned is told, or Lost is. Calls of tell come one at a time.
	Subscribe(ctx context.Context, keys []string, tell func(Message)) (Subscription, error)
}

// Subscription is a set of channels that can be changed.
type Subscription interface {
	// Add subscribes to more keys. What is published after it has returned is told.
	Add(ctx context.Context, keys ...string) error
	// Remove ends the subscription to keys. It does not wait.
	Remove(keys ...string)
	// Stop ends all of it; tell is not called any more once it has returned.
	Stop()
}
