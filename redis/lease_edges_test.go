package redis_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/redistest"
	"github.com/larder-go/larder/redis"
)

// A key that begins like a lease's is an entry like any other, unless it is exactly one.
func TestEntriesNamedLikeLeases(t *testing.T) {
	s := open(t, redis.Options{Addresses: []string{server.Addr()}, DB: server.FreshDB()})
	told := make(chan driver.Event, 1000)
	stop, err := s.Watch(t.Context(), "larder:", func(e driver.Event) { told <- e })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	const key = "larder:lease:x"
	if err := s.Set(t.Context(), key, []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	for e := range told {
		if e.Kind == driver.Changed && e.Key == key {
			break
		}
	}
	var keys []string
	for k, err := range s.Scan(t.Context(), "larder:") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	if !slices.Equal(keys, []string{key}) {
		t.Errorf("Scan = %q", keys)
	}
}

// TestShortTouchVoids: the entry kept a load from being stored as long as it stood; now that it is to go soon, the lease goes first.
func TestShortTouchVoids(t *testing.T) {
	db := server.FreshDB()
	s := open(t, redis.Options{Addresses: []string{server.Addr()}, DB: db})
	grants, err := s.Acquire(t.Context(), []string{"k"}, time.Second)
	if err != nil || grants[0].Lease == "" {
		t.Fatal(grants, err)
	}
	server.DB(db).MustDo(t, "SET", "k", "new")
	if ok, err := s.Touch(t.Context(), "k", time.Millisecond); !ok || err != nil {
		t.Fatal(ok, err)
	}
	for server.DB(db).MustDo(t, "EXISTS", "k") == "1" {
		continue
	}
	filled, err := s.Fill(t.Context(), []driver.Filling{{Key: "k", Lease: grants[0].Lease, Value: []byte("old")}}, 0)
	if err != nil || filled[0] {
		t.Errorf("Fill = %v, %v: what was loaded before a write is stored after it", filled, err)
	}
}

// TestWithoutRightsToLeases: such a user has no leases, and everything else.
func TestWithoutRightsToLeases(t *testing.T) {
	acl := redistest.Start(t, redistest.User("app on >s3cret +@all ~shop:* &*"))
	s := open(t, redis.Options{Addresses: []string{acl.Addr()}, User: "app", Password: "s3cret"})
	for want := int64(1); want <= 2; want++ {
		if n, err := s.Incr(t.Context(), "shop:n", 1, 0); n != want || err != nil {
			t.Errorf("Incr = %d, %v; want %d", n, err, want)
		}
	}
	if _, err := s.IncrFloat(t.Context(), "shop:n", 0.5, time.Minute); err != nil {
		t.Error("IncrFloat:", err)
	}
	if ok, err := s.Touch(t.Context(), "shop:n", time.Second); !ok || err != nil {
		t.Error("Touch:", ok, err)
	}
}

// TestRefusedIncrIsNotDone: a user who may not delete leases gets an error, and nothing is counted.
func TestRefusedIncrIsNotDone(t *testing.T) {
	acl := redistest.Start(t, redistest.User("app on >s3cret +@all -unlink ~* &*"))
	s := open(t, redis.Options{Addresses: []string{acl.Addr()}, User: "app", Password: "s3cret"})
	done := 0
	for range 3 {
		if _, err := s.Incr(t.Context(), "n", 1, 0); err == nil {
			done++
		}
	}
	got := "0"
	if b, err := s.Get(t.Context(), "n"); err == nil {
		got = string(b)
	}
	if got != strconv.Itoa(done) {
		t.Errorf("%d increments were acknowledged, the counter is %s", done, got)
	}
}
