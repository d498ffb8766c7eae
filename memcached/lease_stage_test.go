package memcached

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/memcached/internal/meta"
)

// Here the steps of a fill and those of others come in an order that the test says. Each is one that loses something if a step is left
// out, or done by another rule: see lease_void.go.

// stage is a key "k" of one server, whose lease somebody has.
type stage struct {
	*testing.T
	server *memcachetest.Server
	store  *Store
	fill   *fill
	key    *target
}

func newStage(t *testing.T) *stage {
	t.Helper()
	server := memcachetest.Start(t)
	s := &stage{T: t, server: server, store: dial(t, server.Addr())}
	key, err := s.store.find(t.Context(), "k")
	s.ok(err)
	s.key = &key
	s.fill = s.newFill()
	return s
}

func dial(t *testing.T, addr string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Addresses: []string{addr}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// newFill is one of "old", under a lease of its own.
func (s *stage) newFill() *fill {
	s.Helper()
	grants, err := s.store.Acquire(s.Context(), []string{"k"}, 10*time.Second)
	s.ok(err)
	if grants[0].Lease == "" {
		s.Fatalf("no lease: %+v", grants)
	}
	parts := s.store.split([]string{"k"}, nil)
	parts[0].line = s.key.line
	return &fill{part: parts[0], fillings: []driver.Filling{{Key: "k", Lease: grants[0].Lease, Value: []byte("old")}}, failed: map[int]error{}}
}

func (s *stage) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// mark takes the first step of the fill.
func (s *stage) mark() []marked {
	s.Helper()
	all, err := s.fill.mark(s.Context())
	s.ok(err)
	if len(all) != 1 {
		s.Fatal("the lease is not good")
	}
	return all
}

// finish takes the others, and fails unless it comes to what is wanted.
func (s *stage) finish(all []marked, filled bool) {
	s.Helper()
	s.ok(s.fill.store(s.Context(), s.fill.storing(all), all))
	if (len(s.fill.filled) == 1) != filled || len(s.fill.failed) > 0 {
		s.Errorf("filled %v, failed %v; want %t", s.fill.filled, s.fill.failed, filled)
	}
}

// add takes only the second step of it.
func (s *stage) add() *meta.Reply {
	s.Helper()
	call := meta.NewCall()
	call.Set(s.fill.keys[0], meta.Item{Data: s.fill.fillings[0].Value, Mode: meta.Add, Tell: true})
	s.ok(s.fill.do(s.Context(), call))
	return call.Reply(0)
}

func (s *stage) set(value string) {
	s.Helper()
	s.ok(s.store.Set(s.Context(), "k", []byte(value), 0))
}

// want fails unless this is what is there; "": nothing.
func (s *stage) want(value string) {
	s.Helper()
	got, err := s.store.Get(s.Context(), "k")
	if errors.Is(err, driver.ErrMiss) {
		err = nil
	}
	if string(got) != value || err != nil {
		s.Errorf("%q, %v; want %q", got, err, value)
	}
}

// deletion is a Delete that waits for the fill.
type deletion struct {
	was bool
	err error
}

// deletes begins one, and returns when it has done its step and waits.
func (s *stage) deletes(key func(context.Context) (bool, error)) <-chan deletion {
	s.Helper()
	before := s.lease().CAS
	done := make(chan deletion, 1)
	go func() {
		was, err := key(s.Context())
		done <- deletion{was, err}
	}()
	s.eventually("the lease is void", func() bool { return s.lease().CAS != before })
	select {
	case d := <-done:
		s.Fatalf("it has not waited: %+v", d)
	default:
	}
	return done
}

func (s *stage) lease() meta.Reply {
	s.Helper()
	lease, err := s.key.lease(s.Context())
	s.ok(err)
	return lease
}

func (s *stage) eventually(what string, is func() bool) {
	s.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.Fatalf("never: %s", what)
		}
	}
}

func (s *stage) wantDeleted(done <-chan deletion, was bool) {
	s.Helper()
	select {
	case d := <-done:
		if d.was != was || d.err != nil {
			s.Errorf("Delete = %t, %v; want %t", d.was, d.err, was)
		}
	case <-time.After(6 * time.Second): // sooner than a lease that nobody drops
		s.Fatal("the Delete does not end")
	}
}

// wantFree fails unless the next one gets the lease.
func (s *stage) wantFree() {
	s.Helper()
	if lease := s.lease(); isLease(&lease) {
		s.Errorf("the lease is there: %+v", lease)
	}
}
