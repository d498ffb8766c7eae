package driver

import (
	"context"
	"time"
)

// Message is what was published on the channel of a key, or (Lost) that something may have been.
type Message struct {
	// Key is the channel. It is empty when Lost.
	Key string
	// Value is what was published. It is never modified by anyone.
	Value []byte
	// Lost: messages on any of the subscription's channels may have been missed; from now on they are told again. Who waits
	// for a key now looks for itself.
	Lost bool
}

// Notifier stores a value and tells those who wait for it, in one atomic step: no writer that dies leaves a value that
// nobody has been told of. The channel's name is the key, the message is the value. No other write publishes anything.
//
// Where channels are wider than the store's data (Redis: those of all databases of a server are the same) a subscription is
// told of other stores' keys of the same name. Other programs may publish too, without storing anything.
type Notifier interface {
	// SetNotify is Set that publishes. When it fails with ErrTooLarge the key is deleted, and nothing is published.
	SetNotify(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// SwapNotify stores value with ttl and publishes it if the entry is there in version v as Swapper.GetVersion
	// returned it, or with v nil if there is no entry. It tells whether it did. ttl is as for Swap, and not KeepTTL where v is
	// nil. ErrTooLarge leaves the entry as it is.
	SwapNotify(ctx context.Context, key string, v Version, value []byte, ttl time.Duration) (bool, error)
	// Subscribe calls tell for each message on the channels of the keys, until Stop is called, ctx ends or the store is
	// closed. What is published after Subscribe has returned is told, or Lost is; what was published shortly before may be.
	// Without keys it subscribes to none yet. An error means that there is no subscription.
	//
	// Calls of tell come one at a time, on a goroutine of their own, those for one key in the order of publication, those for
	// different keys in any. When a message is told its value has been stored. tell may use the store and call Remove, but not Add, Stop
	// or Close. A tell that is slower for long than what comes in costs messages, which Lost says.
	//
	// A subscription does not end when its connection is lost: it is made again, and then Lost is told.
	Subscribe(ctx context.Context, keys []string, tell func(Message)) (Subscription, error)
}

// Subscription is a set of channels that can be changed, by many goroutines at once.
type Subscription interface {
	// Add subscribes to more keys; those that are there already stay. What is published after it has returned is told, or
	// Lost is. After an error, none of the keys that it would have added is there. After Stop it is ErrClosed.
	Add(ctx context.Context, keys ...string) error
	// Remove ends the subscription to keys. It does not wait: a message of theirs may just be told.
	Remove(keys ...string)
	// Stop ends all of it; tell is not called any more once it has returned. A second Stop does nothing.
	Stop()
}
