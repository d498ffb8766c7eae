package memory_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memory"
)

// TestNotifyBetweenHandles: handles of one name hear each other, and each hears until it is closed itself.
func TestNotifyBetweenHandles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := mustOpen(t, "memory://heard"), mustOpen(t, "memory://heard")
		var mu sync.Mutex
		told := map[string]int{}
		for name, s := range map[string]driver.Store{"a": a, "b": b} {
			_, err := s.(driver.Notifier).Subscribe(t.Context(), []string{"k"}, func(driver.Message) {
				mu.Lock()
				defer mu.Unlock()
				told[name]++
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		notify := func(s driver.Store) {
			if err := s.(driver.Notifier).SetNotify(t.Context(), "k", []byte("v"), 0); err != nil {
				t.Error(err)
			}
			synctest.Wait()
		}
		notify(a)
		notify(b)
		_ = a.Close()
		notify(b)
		if told["a"] != 2 || told["b"] != 3 {
			t.Errorf("told %v; want 2 and 3", told)
		}
		_ = b.Close()
	})
}

// TestNotifyOrder: of two values of a key that are written at once, the one that stays is told last.
func TestNotifyOrder(t *testing.T) {
	s := newStore(t, memory.Options{})
	for range 200 {
		var last string
		done := make(chan struct{})
		n := 0
		sub, err := s.(driver.Notifier).Subscribe(t.Context(), []string{"k"}, func(m driver.Message) {
			last = string(m.Value)
			if n++; n == 4 {
				close(done)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		var writers sync.WaitGroup
		for g := range 4 {
			writers.Go(func() {
				if err := s.(driver.Notifier).SetNotify(context.Background(), "k", fmt.Append(nil, g), 0); err != nil {
					t.Error(err)
				}
			})
		}
		writers.Wait()
		<-done
		sub.Stop()
		if got, err := s.Get(t.Context(), "k"); err != nil || string(got) != last {
			t.Fatalf("%s stays, %v, and %s was told last", got, err, last)
		}
	}
}

// TestMembersWeigh: a collection counts for max_bytes, and one that would not fit stays as it was.
func TestMembersWeigh(t *testing.T) { synctest.Test(t, membersWeigh) }

func membersWeigh(t *testing.T) {
	s := newStore(t, memory.Options{MaxBytes: 10_000})
	c := driver.Collection{Members: "g", Counts: [2]string{"t", "s"}}
	n := 0
	for ; ; n++ {
		got, err := s.(driver.Collector).Collect(t.Context(), c, math.Inf(1), fmt.Appendf(nil, "%0100d", n), 0)
		if errors.Is(err, driver.ErrTooLarge) {
			break
		}
		if err != nil || got.Members != n+1 {
			t.Fatal(got, err)
		}
		if n > 100 {
			t.Fatal("10,000 bytes hold more than 10,000 bytes")
		}
	}
	if n < 50 {
		t.Errorf("%d members of 100 bytes fit into 10,000", n)
	}
	members, err := s.(driver.Collector).Members(t.Context(), c)
	if err != nil || len(members) != n {
		t.Errorf("%d members are left of %d, %v", len(members), n, err)
	}
	synctest.Wait() // it may still be counting
	if b := fact(t, s, "bytes"); b < int64(100*n) {
		t.Errorf("%d members of 100 bytes weigh %d", n, b)
	}
}

// TestMembersWhileCollecting: who reads gets the members of one moment.
func TestMembersWhileCollecting(t *testing.T) {
	s := newStore(t, memory.Options{}).(driver.Collector)
	c := driver.Collection{Members: "g", Counts: [2]string{"t", "s"}}
	var readers sync.WaitGroup
	done := make(chan struct{})
	readers.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			all, err := s.Members(context.Background(), c)
			if err != nil || !slices.IsSortedFunc(all, bytes.Compare) {
				t.Errorf("Members = %q, %v", all, err)
				return
			}
		}
	})
	for i := range 300 { // to and fro, so that some are inserted and some appended
		n := 500 + i*(i%2*2-1)
		if _, err := s.Collect(t.Context(), c, float64(n), fmt.Appendf(nil, "%03d", n), 0); err != nil {
			t.Error(err)
		}
	}
	close(done)
	readers.Wait()
}
