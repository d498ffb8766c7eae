package redis_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/redistest"
	"github.com/larder-go/larder/redis"
)

// lowLimit is the lowest that a server takes, and tooLarge is beyond it.
const lowLimit = "proto-max-bulk-len 1mb"

var tooLarge = bytes.Repeat([]byte("x"), 1<<20+1)

// TestLoweredLimit: what the server would hang up on is not sent. The key is deleted where its value has been replaced at the origin, and
// the connection and everybody else's calls are as they were.
func TestLoweredLimit(t *testing.T) {
	own := redistest.Start(t, redistest.Config(lowLimit))
	s := openURL(t, own.URL(0))
	before := connectionOf(t, s)
	largest := tooLarge[:1<<20]
	if err := s.Set(t.Context(), "k", largest, 0); err != nil {
		t.Errorf("Set of what just fits: %v", err)
	}
	for name, call := range oversized {
		if err := s.Set(t.Context(), "k", []byte("old"), 0); err != nil {
			t.Fatal(err)
		}
		if err := call.do(t.Context(), s); !errors.Is(err, driver.ErrTooLarge) {
			t.Errorf("%s: %v; want ErrTooLarge", name, err)
		}
		if left := own.MustDo(t, "EXISTS", "k") == "1"; left != call.keeps {
			t.Errorf("%s: the key is there: %t", name, left)
		}
	}
	if after := connectionOf(t, s); after != before {
		t.Errorf("the connection is number %d now; it was %d", after, before)
	}
	if v, err := s.Get(t.Context(), "other"); string(v) != "1" || err != nil {
		t.Errorf("SetMany: the other key is %q, %v", v, err)
	}
}

// oversized are calls with a value that is too large for the key k.
var oversized = map[string]struct {
	keeps bool
	do    func(context.Context, *redis.Store) error
}{
	"Set": {false, func(ctx context.Context, s *redis.Store) error { return s.Set(ctx, "k", tooLarge, time.Minute) }},
	"SetMany": {false, func(ctx context.Context, s *redis.Store) error {
		err := s.SetMany(ctx, []driver.Item{{Key: "k", Value: tooLarge}, {Key: "other", Value: []byte("1")}}, 0)
		if failed := (driver.KeyErrors{}); errors.As(err, &failed) && len(failed) == 1 {
			return failed["k"]
		}
		return err
	}},
	"Add": {true, func(ctx context.Context, s *redis.Store) error { _, err := s.Add(ctx, "k", tooLarge, 0); return err }},
	"Swap": {true, func(ctx context.Context, s *redis.Store) error {
		_, v, err := s.GetVersion(ctx, "k")
		if err == nil {
			_, err = s.Swap(ctx, "k", v, tooLarge, 0)
		}
		return err
	}},
	"SetNotify": {false, func(ctx context.Context, s *redis.Store) error { return s.SetNotify(ctx, "k", tooLarge, 0) }},
	"SwapNotify": {true, func(ctx context.Context, s *redis.Store) error {
		_, err := s.SwapNotify(ctx, "k", nil, tooLarge, 0)
		return err
	}},
	"Fill": {false, func(ctx context.Context, s *redis.Store) error {
		if _, err := s.Delete(ctx, "k"); err != nil {
			return err
		}
		grants, err := s.Acquire(ctx, []string{"k"}, time.Second)
		if err != nil {
			return err
		}
		_, err = s.Fill(ctx, []driver.Filling{{Key: "k", Lease: grants[0].Lease, Value: tooLarge}}, 0)
		return err
	}},
}

// TestLoweredLimitOfALazyStore: it is known before the first value is sent.
func TestLoweredLimitOfALazyStore(t *testing.T) {
	own := redistest.Start(t, redistest.Config(lowLimit))
	for name, call := range oversized {
		s := open(t, redis.Options{Addresses: []string{own.Addr()}, Lazy: true})
		own.MustDo(t, "SET", "k", "old")
		if err := call.do(t.Context(), s); !errors.Is(err, driver.ErrTooLarge) {
			t.Errorf("%s: %v; want ErrTooLarge", name, err)
		}
	}
}

// TestLoweredLimitOfACluster: the lowest of its servers' counts.
func TestLoweredLimitOfACluster(t *testing.T) {
	c := redistest.StartCluster(t, 3, 0)
	c.Nodes()[2].ConfigSet(t, "proto-max-bulk-len", "1mb")
	s := openURL(t, c.URL())
	for _, key := range []string{"a", "b", "c", "d", "e", "f"} {
		if err := s.Set(t.Context(), key, tooLarge, 0); !errors.Is(err, driver.ErrTooLarge) {
			t.Errorf("Set of %s: %v", key, err)
		}
	}
}

// TestUnknownLimit: who may not ask takes the server to be as it comes.
func TestUnknownLimit(t *testing.T) {
	own := redistest.Start(t, redistest.User("app on >secret ~* &* +@all -config"), redistest.User("bare on >secret ~* &* +@all -@dangerous"))
	for _, user := range []string{"app", "bare"} {
		s := openURL(t, "redis://"+user+":secret@"+own.Addr())
		if err := s.Set(t.Context(), "k", tooLarge, 0); err != nil {
			t.Errorf("%s: %v", user, err)
		}
	}
}

// connectionOf returns the number that the server gave to the store's connection.
func connectionOf(t *testing.T, s *redis.Store) int64 {
	t.Helper()
	var client rueidis.Client
	if !s.Unwrap(&client) {
		t.Fatal("there is no client")
	}
	n, err := client.Do(t.Context(), client.B().ClientId().Build()).ToInt64()
	if err != nil {
		t.Fatal(err)
	}
	return n
}
