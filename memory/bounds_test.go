package memory_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memory"
)

func newStore(t *testing.T, o memory.Options) driver.Store {
	t.Helper()
	s, err := memory.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// fact returns one number of the store's report.
func fact(t *testing.T, s driver.Store, name string) int64 {
	t.Helper()
	facts, err := s.(driver.Reporter).Report(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range facts {
		switch n := f.Value.(type) {
		case int:
			if f.Name == name {
				return int64(n)
			}
		case int64:
			if f.Name == name {
				return n
			}
		}
	}
	t.Fatalf("the report has no %s: %v", name, facts)
	return 0
}

// count walks over the keys.
func count(t *testing.T, s driver.Store) (n int64) {
	t.Helper()
	for _, err := range s.(driver.Scanner).Scan(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func TestMaxEntriesIsTheBound(t *testing.T) {
	for _, limit := range []int{1, 2, 10, 1000} {
		synctest.Test(t, func(t *testing.T) {
			s := newStore(t, memory.Options{MaxEntries: limit})
			for i := range 3 * limit {
				set(t, s, fmt.Sprint(i))
			}
			synctest.Wait() // eviction may be under way
			if n := count(t, s); n != int64(limit) {
				t.Errorf("max_entries=%d: %d entries after %d writes", limit, n, 3*limit)
			}
			if n := fact(t, s, "evictions"); n != int64(2*limit) {
				t.Errorf("max_entries=%d: %d evictions reported after %d writes", limit, n, 3*limit)
			}
			if n := fact(t, s, "max_entries"); n != int64(limit) {
				t.Errorf("max_entries=%d is reported as %d", limit, n)
			}
		})
	}
}

func TestDefaultBound(t *testing.T) {
	s := newStore(t, memory.Options{})
	if n := fact(t, s, "max_entries"); n != memory.DefaultMaxEntries {
		t.Errorf("the default bound is %d", n)
	}
}

func TestMaxBytesIsTheBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 1 << 20
		s := newStore(t, memory.Options{MaxBytes: limit})
		value := []byte(strings.Repeat("v", 1000))
		for i := range 3000 {
			if err := s.Set(t.Context(), fmt.Sprintf("%04d", i), value, 0); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		each := int64(4 + 1000 + memory.EntryOverhead)
		if n := fact(t, s, "bytes"); n > limit || n < limit-each {
			t.Errorf("%d bytes are in use; want %d or a little less", n, limit)
		}
		if n := count(t, s); n != limit/each {
			t.Errorf("%d entries of %d bytes fit into %d; want %d", n, each, limit, limit/each)
		}
	})
}

// TestExactlyMaxBytes: one value that fills the store fits, one byte more does not.
func TestExactlyMaxBytes(t *testing.T) {
	const limit = 10_000
	s := newStore(t, memory.Options{MaxBytes: limit})
	fits := limit - len("k") - memory.EntryOverhead
	if err := s.Set(t.Context(), "k", make([]byte, fits), 0); err != nil {
		t.Errorf("a value that just fits: %v", err)
	}
	if !has(t, s, "k") {
		t.Error("a value that just fits was evicted")
	}
	if err := s.Set(t.Context(), "k", make([]byte, fits+1), 0); !errors.Is(err, driver.ErrTooLarge) {
		t.Errorf("a value that is one byte too large: %v; want ErrTooLarge", err)
	}
	if has(t, s, "k") {
		t.Error("a Set that failed with ErrTooLarge has left what was replaced at the origin")
	}
}

// TestCounterThatDoesNotFit: a sum that is told is a sum that is kept.
func TestCounterThatDoesNotFit(t *testing.T) {
	s := newStore(t, memory.Options{MaxBytes: memory.EntryOverhead + 2})
	counter := s.(driver.Counter)
	if n, err := counter.Incr(t.Context(), "k", 7, 0); n != 7 || err != nil {
		t.Errorf("Incr that just fits = %d, %v", n, err)
	}
	if _, err := counter.Incr(t.Context(), "k", 1000, 0); !errors.Is(err, driver.ErrTooLarge) {
		t.Errorf("Incr of a sum that does not fit: %v; want ErrTooLarge", err)
	}
	if n, err := counter.Incr(t.Context(), "k", 1, 0); n != 8 || err != nil {
		t.Errorf("Incr after one that failed = %d, %v; want 8", n, err)
	}
	if _, err := counter.Incr(t.Context(), "long key", 1, 0); !errors.Is(err, driver.ErrTooLarge) {
		t.Errorf("Incr of a new key that does not fit: %v; want ErrTooLarge", err)
	}
}

func TestBadOptions(t *testing.T) {
	for _, o := range []memory.Options{{MaxEntries: -1}, {MaxBytes: -1}, {MaxEntries: 1, MaxBytes: 1}} {
		if s, err := memory.New(o); err == nil {
			_ = s.Close()
			t.Errorf("New(%+v): no error", o)
		}
	}
}
