package pubsub

// The bounds of a queue.
const (
	MaxMessages = maxMessages
	MaxBytes    = maxBytes
)
