package redis_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/redistest"
	"github.com/larder-go/larder/redis"
)

// lease gets the lease of an absent key.
func lease(t *testing.T, s *redis.Store, key string) driver.Lease {
	t.Helper()
	grants, err := s.Acquire(t.Context(), []string{key}, driver.MaxLease)
	if err != nil || grants[0].Lease == "" {
		t.Fatalf("Acquire = %+v, %v; want a lease", grants, err)
	}
	return grants[0].Lease
}

func wantNotFilled(t *testing.T, s *redis.Store, key string, l driver.Lease) {
	t.Helper()
	filled, err := s.Fill(t.Context(), []driver.Filling{{Key: key, Lease: l, Value: []byte("old")}}, 0)
	if err != nil || filled[0] {
		t.Errorf("Fill = %v, %v", filled, err)
	}
}

// TestForeignSetVoids: a program that knows nothing of leases has stored something, which is not undone.
func TestForeignSetVoids(t *testing.T) {
	db := server.FreshDB()
	s := open(t, redis.Options{Addresses: []string{server.Addr()}, DB: db})
	filled, released, renewed := lease(t, s, "a"), lease(t, s, "b"), lease(t, s, "c")
	for _, key := range []string{"a", "b", "c"} {
		server.DB(db).MustDo(t, "SET", key, "foreign")
	}
	wantNotFilled(t, s, "a", filled)
	if good, err := s.Release(t.Context(), "b", released); good || err != nil {
		t.Errorf("Release = %v, %v", good, err)
	}
	if good, err := s.Renew(t.Context(), "c", renewed, time.Second); good || err != nil {
		t.Errorf("Renew = %v, %v", good, err)
	}
	server.DB(db).MustDo(t, "DEL", "c")
	wantNotFilled(t, s, "c", renewed) // the renewal has seen it
	if got := server.DB(db).MustDo(t, "GET", "a"); got != "foreign" {
		t.Errorf("a is %q", got)
	}
}

func TestLeaseOfAForeignType(t *testing.T) {
	db := server.FreshDB()
	s := open(t, redis.Options{Addresses: []string{server.Addr()}, DB: db})
	server.DB(db).MustDo(t, "RPUSH", "list", "1")
	grants, err := s.Acquire(t.Context(), []string{"list", "free"}, driver.MaxLease)
	if err != nil || !errors.Is(grants[0].Err, driver.ErrCodec) || grants[0].Lease != "" || grants[1].Lease == "" {
		t.Errorf("Acquire = %+v, %v", grants, err)
	}
	if got := server.DB(db).MustDo(t, "LLEN", "list"); got != "1" {
		t.Errorf("the list has %s members", got)
	}
}

// TestAcquireThatNobodyHears: whose context ends while he asks has no lease; and nobody waits for him.
func TestAcquireThatNobodyHears(t *testing.T) {
	o := redis.Options{Addresses: []string{server.Addr()}, DB: server.FreshDB()}
	s, other := open(t, o), open(t, o)
	unheard := 0
	for i := range 300 {
		key := strconv.Itoa(i)
		ctx, cancel := context.WithCancel(t.Context())
		stop := time.AfterFunc(time.Duration(i)*time.Microsecond, cancel)
		grants, err := s.Acquire(ctx, []string{key}, driver.MaxLease)
		stop.Stop()
		cancel()
		if err == nil && grants[0].Lease != "" {
			continue
		}
		unheard++
		from := time.Now()
		if err := other.Await(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(from); took > time.Second {
			t.Fatalf("a lease that nobody has heard of is waited for: %v", took)
		}
	}
	t.Logf("%d of 300 were not heard", unheard)
}

// TestWithoutTheRightToLeases: such a user shares loads with nobody, and everything else works.
func TestWithoutTheRightToLeases(t *testing.T) {
	server := redistest.Start(t, redistest.User("app on >secret ~shop:* &* +@all"))
	cache, err := larder.Open(t.Context(), "redis://app:secret@"+server.Addr()+"/0?key_prefix=shop")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cache.Close() }()
	view, loads := larder.Of[int](cache, ""), 0
	for range 3 {
		got, err := view.GetOrSet(t.Context(), "k", func(context.Context) (int, error) { loads++; return 7, nil })
		if got != 7 || err != nil {
			t.Errorf("GetOrSet = %d, %v", got, err)
		}
	}
	if loads != 1 {
		t.Errorf("3 calls load %d times", loads)
	}
	if err := view.Set(t.Context(), "k", 8, larder.TTL(time.Second)); err != nil {
		t.Error(err)
	}
	if was, err := view.Delete(t.Context(), "k"); !was || err != nil {
		t.Errorf("Delete = %v, %v", was, err)
	}
}
