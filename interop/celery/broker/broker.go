package broker

import (
	"context"

	"github.com/redis/rueidis"
)

// Broker is a Redis database that messages go through: Celery's broker_url.
type Broker struct{ client rueidis.Client }

// pollSeconds is how long a Receive waits at the server before it looks whether its context has ended: a call
// that is given up while it waits there might lose the message.
const pollSeconds = 0.2

// prioritySteps are the queues in which kombu has messages of a priority, the most urgent first.
var prioritySteps = []string{"", "\x06\x163", "\x06\x166", "\x06\x169"}

// Open connects to the broker at a redis:// URL.
func Open(url string) (*Broker, error) {
	options, err := rueidis.ParseURL(url)
	if err != nil {
		return nil, err
	}
	options.DisableCache = true
	client, err := rueidis.NewClient(options)
	if err != nil {
		return nil, err
	}
	return &Broker{client}, nil
}

// Close disconnects.
func (b *Broker) Close() { b.client.Close() }

// Publish sends a task to a queue. Workers that listen there, in Python or Go, run it.
func (b *Broker) Publish(ctx context.Context, queue string, m Message) error {
	text, err := m.encode(queue)
	if err != nil {
		return err
	}
	return b.client.Do(ctx, b.client.B().Lpush().Key(queue).Element(string(text)).Build()).Error()
}

// Receive waits for a task in a queue, and takes it: nobody else will get it, even if this program dies.
func (b *Broker) Receive(ctx context.Context, queue string) (Message, error) {
	keys := make([]string, len(prioritySteps))
	for i, step := range prioritySteps {
		keys[i] = queue + step
	}
	for ctx.Err() == nil {
		reply, err := b.client.Do(ctx, b.client.B().Brpop().Key(keys...).Timeout(pollSeconds).Build()).AsStrSlice()
		if rueidis.IsRedisNil(err) {
			continue
		}
		if err != nil {
			return Message{}, err
		}
		return decode([]byte(reply[1]))
	}
	return Message{}, ctx.Err()
}
