package larder_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/driver/drivertest"
	"github.com/larder-go/larder/memory"
)

// remote is a store as if it were outside the process, whose watch says what a test wants. What is done to its Inner is done by
// another process: nobody is told of it but by tell.
type remote struct {
	*drivertest.Faulty

	mu      sync.Mutex
	prefix  string
	said    func(driver.Event)
	refusal error // of Watch
	watches int
	delay   time.Duration // between the reading of lifetimes and the answer
	stops   int
}

func newRemote(t testing.TB) *remote {
	t.Helper()
	store, err := memory.New(memory.Options{Isolate: true})
	ok(t, err)
	return &remote{Faulty: drivertest.NewFaulty(store)}
}

// Watch begins with an Alive of now, and then says nothing of itself.
func (r *remote) Watch(_ context.Context, prefix string, tell func(driver.Event)) (func(), error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watches++
	if r.refusal != nil {
		return nil, r.refusal
	}
	r.prefix, r.said = prefix, tell
	tell(driver.Event{Kind: driver.Alive, Until: time.Now()})
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.said = func(driver.Event) {}
		r.stops++
	}, nil
}

// GetTimed reads with Get, and then asks Inspect: a gate at the first stops it before it has read, one at the second when it has.
func (r *remote) GetTimed(ctx context.Context, keys []string) ([]driver.TimedResult, error) {
	results := make([]driver.TimedResult, len(keys))
	for i, key := range keys {
		value, err := r.Get(ctx, key)
		if err != nil && !errors.Is(err, driver.ErrMiss) {
			return nil, err
		}
		results[i] = driver.TimedResult{Value: value, Err: err}
	}
	infos, err := r.Inspect(ctx, keys)
	if err != nil {
		return nil, err
	}
	for i, key := range keys {
		results[i].TTL = infos[key].TTL
	}
	time.Sleep(r.delay)
	return results, nil
}

func (r *remote) tell(e driver.Event) {
	r.mu.Lock()
	said := r.said
	r.mu.Unlock()
	said(e)
}

func (r *remote) changed(key string) { r.tell(driver.Event{Kind: driver.Changed, Key: key}) }

func (r *remote) gap() { r.tell(driver.Event{Kind: driver.Gap}) }

func (r *remote) alive() { r.tell(driver.Event{Kind: driver.Alive, Until: time.Now()}) }

// put writes as another process does.
func (r *remote) put(t testing.TB, key, value string, ttl time.Duration) {
	t.Helper()
	ok(t, r.Inner().Set(context.Background(), key, []byte(value), ttl))
}

// nearCache is a cache with a near copy on r, which watches already. Its keys begin with "k:1:".
func nearCache(t testing.TB, r *remote, opts ...larder.Option) *larder.Cache {
	t.Helper()
	opts = append([]larder.Option{larder.WithKeyPrefix("k"), larder.WithVersion("1"), larder.WithNear(larder.Near{MaxEntries: 1000})}, opts...)
	c, err := larder.New(r, opts...)
	ok(t, err)
	t.Cleanup(func() { r.Heal(); _ = c.Close() })
	ok(t, larder.AwaitNear(t.Context(), c))
	return c
}

// asked fails unless the engine was asked n times since it was asked last.
func (r *remote) asked(t testing.TB, n int) {
	t.Helper()
	if got := r.Count(drivertest.OpGet); got != n {
		t.Errorf("the engine was asked %d times; want %d", got, n)
	}
	r.ResetCounts()
}

// beginRead runs a read on a goroutine, and returns when it stands at the gate.
func beginRead[V any](t *testing.T, gate *drivertest.Gate, v *larder.View[V], key string) (end func() (V, error)) {
	t.Helper()
	type result struct {
		val V
		err error
	}
	ch := make(chan result, 1)
	go func() { val, err := v.Get(context.Background(), key); ch <- result{val, err} }()
	_, err := gate.Wait(t.Context())
	ok(t, err)
	return func() (V, error) { r := <-ch; return r.val, r.err }
}
