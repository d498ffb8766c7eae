package memcached_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
)

// TestFillAgainstDelete: a loader reads the origin under a lease and fills, while others change the origin and delete the key. Once a
// Delete has returned, nobody reads anything older.
func TestFillAgainstDelete(t *testing.T) {
	o := emptied(t, server)
	const keys = 8
	var origin [keys]atomic.Int64
	end := time.Now().Add(3 * time.Second)
	var all sync.WaitGroup
	var fills, stale atomic.Int64
	for g := range 4 {
		s := open(t, o)
		all.Go(func() { // loaders
			for i := g; time.Now().Before(end); i++ {
				key := strconv.Itoa(i % keys)
				grants, err := s.Acquire(t.Context(), []string{key}, time.Second)
				if err != nil {
					t.Error(err)
					return
				}
				if grants[0].Lease == "" {
					continue
				}
				loaded := strconv.FormatInt(origin[i%keys].Load(), 10)
				filled, err := s.Fill(t.Context(), []driver.Filling{{Key: key, Lease: grants[0].Lease, Value: []byte(loaded)}}, time.Hour)
				if err != nil {
					t.Error(err)
					return
				}
				if filled[0] {
					fills.Add(1)
				}
			}
		})
	}
	for g := range 2 {
		s := open(t, o)
		all.Go(func() { // writers, each of keys of its own
			for i := g; time.Now().Before(end); i += 2 {
				key := strconv.Itoa(i % keys)
				now := origin[i%keys].Add(1)
				if _, err := s.Delete(t.Context(), key); err != nil {
					t.Error(err)
					return
				}
				value, err := s.Get(t.Context(), key)
				if errors.Is(err, driver.ErrMiss) {
					continue
				}
				if n, _ := strconv.ParseInt(string(value), 10, 64); err != nil || n < now {
					stale.Add(1)
					t.Errorf("after the Delete of %d: %s, %v", now, value, err)
				}
			}
		})
	}
	all.Wait()
	t.Logf("%d fills, %d stale", fills.Load(), stale.Load())
	if fills.Load() < 100 {
		t.Errorf("%d fills prove nothing", fills.Load())
	}
}

// TestOneLoadOfFourCaches: 4 caches as 4 processes have them, each with 250 goroutines that all want one key.
func TestOneLoadOfFourCaches(t *testing.T) {
	o := emptied(t, server)
	var loads atomic.Int64
	var all sync.WaitGroup
	for range 4 {
		c, err := larder.New(open(t, o))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		v := larder.Of[int](c, "")
		for range 250 {
			all.Go(func() {
				got, err := v.GetOrSet(t.Context(), "cold", func(context.Context) (int, error) {
					loads.Add(1)
					time.Sleep(100 * time.Millisecond) // a slow origin
					return 42, nil
				})
				if got != 42 || err != nil {
					t.Error(got, err)
				}
			})
		}
	}
	all.Wait()
	if n := loads.Load(); n != 1 {
		t.Errorf("%d loads", n)
	}
}

// TestForeignReadersSeeNoLease: another program that gets a leased key finds nothing.
func TestForeignReadersSeeNoLease(t *testing.T) {
	s := open(t, emptied(t, server))
	for i := range 100 {
		key := fmt.Sprint("k", i)
		if _, err := s.Acquire(t.Context(), []string{key}, time.Second); err != nil {
			t.Fatal(err)
		}
		if _, _, there := server.Value(t, key); there {
			t.Fatalf("%s is there", key)
		}
	}
}
