package redis

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/redis/internal/conn"
)

// Name is the engine's name, in errors and logs.
const Name = "redis"

// Store is a connection to a server or a group of them. It is safe for concurrent use.
type Store struct {
	options Options
	logger  *slog.Logger
	link    conn.Link
	leases  *leaseBook
	hub     *hub // of subscriptions
	closing sync.Once
	life    context.Context // ends when the store is closed
	end     context.CancelFunc
	mu      sync.Mutex     // is held while life ends
	largest atomic.Int64   // size of a value
	running sync.WaitGroup // what Close waits for
}

// Open connects within ctx, unless o.Lazy. The store does not depend on ctx afterwards.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{options: o, logger: o.Logger, leases: newLeaseBook()}
	if s.logger == nil {
		s.logger = slog.Default()
	}
	s.largest.Store(maxValue)
	s.life, s.end = context.WithCancel(context.Background())
	s.hub = newHub(s)
	s.link.Dial, s.link.Timeout = s.dial, orDefault(o.DialTimeout, defaultDialTimeout)
	if o.Lazy {
		return s, nil
	}
	if _, err := s.client(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// client returns the client, connecting if there is none yet.
func (s *Store) client(ctx context.Context) (*conn.Client, error) {
	c, err := s.link.Client(ctx)
	return c, explain(err)
}

// dial makes the client, and begins to listen to what is told of leases.
func (s *Store) dial(d *conn.Dialer) (rueidis.Client, error) {
	client, err := connect(s.options, d)
	if err == nil {
		s.learnLimit(client)
	}
	if err == nil && s.begin() == nil {
		go func() {
			defer s.running.Done()
			s.followLeases()
		}()
	}
	return client, err
}

// begin counts a goroutine that Close waits for.
func (s *Store) begin() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.orClosed(); err != nil {
		return err
	}
	s.running.Add(1)
	return nil
}

// orClosed returns ErrClosed if the store is.
func (s *Store) orClosed() error {
	if s.life.Err() != nil {
		return driver.ErrClosed
	}
	return nil
}

// Close ends every connection and goroutine. A second Close does nothing.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.mu.Lock()
		s.end()
		s.mu.Unlock()
		s.hub.close()
		s.link.Close()
		s.running.Wait()
	})
	return nil
}

// EngineName returns Name.
func (*Store) EngineName() string { return Name }

// Unwrap knows rueidis.Client. It is false before a lazy store has connected.
func (s *Store) Unwrap(target any) bool {
	client, ok := target.(*rueidis.Client)
	if !ok {
		return false
	}
	c := s.link.Current()
	if c == nil {
		return false
	}
	*client = c.Client
	return true
}
