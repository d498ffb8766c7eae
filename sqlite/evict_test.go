package sqlite

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
)

// weightOf is what a limit counts.
const weightOf = `SELECT coalesce(sum(length(key) + length(value) + 64), 0) FROM entries`

// entry n of these tests weighs 1000 bytes.
func put(t testing.TB, s *Store, n int) {
	t.Helper()
	key := fmt.Sprintf("%04d", n)
	mustSet(t, s, key, make([]byte, 1000-RowOverhead-len(key)), 0)
}

func holds(t testing.TB, s *Store, n int) bool {
	t.Helper()
	infos, err := s.Inspect(context.Background(), []string{fmt.Sprintf("%04d", n)})
	if err != nil {
		t.Fatal(err)
	}
	return len(infos) == 1
}

// TestEvictionBoundAndOrder: the sum never exceeds the limit, and the entries used longest ago go first: whether
// they were used by Set or by Get, and also if that use came too soon after the last to be written.
func TestEvictionBoundAndOrder(t *testing.T) {
	for _, pace := range []time.Duration{time.Second, 50 * time.Millisecond} {
		t.Run(pace.String()+"/Get", func(t *testing.T) {
			evictInOrder(t, pace, func(s *Store, n int) {
				if _, err := s.Get(t.Context(), fmt.Sprintf("%04d", n)); err != nil {
					t.Fatal(err)
				}
			})
		})
		t.Run(pace.String()+"/Set", func(t *testing.T) { evictInOrder(t, pace, func(s *Store, n int) { put(t, s, n) }) })
	}
}

func evictInOrder(t *testing.T, pace time.Duration, use func(s *Store, n int)) {
	clock := newClock()
	s := openTest(t, tempPath(t), Options{MaxBytes: 100_000}, clock.now)
	for n := range 100 {
		put(t, s, n)
		clock.add(pace)
	}
	if got := s.query(t, weightOf); got != 100_000 {
		t.Fatalf("weight %d before the limit is exceeded", got)
	}
	for n := range 5 { // the five oldest are used again
		use(s, n)
	}
	for n := 100; n < 120; n++ {
		clock.add(pace)
		put(t, s, n)
		if got := s.query(t, weightOf); got > 100_000 {
			t.Fatalf("weight %d after entry %d", got, n)
		}
	}
	eventually(t, "some of the last tenth is free", func() bool { return s.query(t, weightOf) <= 99_000 })
	if got := s.query(t, weightOf); got < 80_000 {
		t.Errorf("weight %d: more than a tenth was evicted", got)
	}
	for n := range 5 {
		if !holds(t, s, n) {
			t.Errorf("entry %d, used again, is gone", n)
		}
	}
	for n := 5; n < 25; n++ {
		if holds(t, s, n) {
			t.Errorf("entry %d, used longest ago, is there", n)
		}
	}
	for n := 40; n < 120; n++ {
		if !holds(t, s, n) {
			t.Errorf("entry %d, used lately, is gone", n)
		}
	}
}

// TestLargeValueEvictsManySmall: the bound holds with the very commit that would exceed it.
func TestLargeValueEvictsManySmall(t *testing.T) {
	s := openTest(t, tempPath(t), Options{MaxBytes: 500_000}, time.Now)
	for n := range 500 {
		put(t, s, n)
	}
	mustSet(t, s, "large", make([]byte, 400_000), 0)
	if got := s.query(t, weightOf); got > 500_000 {
		t.Errorf("weight %d", got)
	}
	if v, err := s.Get(t.Context(), "large"); len(v) != 400_000 {
		t.Errorf("Get: %d bytes, %v", len(v), err)
	}
}

// TestLoweredLimit: a file that is heavier than a new limit comes down to nine tenths of it without any write.
func TestLoweredLimit(t *testing.T) {
	path := tempPath(t)
	s := openTest(t, path, Options{}, time.Now)
	for n := range 500 {
		put(t, s, n)
	}
	limited := openTest(t, path, Options{MaxBytes: 100_000}, time.Now)
	eventually(t, "nine tenths of the limit", func() bool { return s.query(t, weightOf) == 90_000 })
	if w, err := limited.weight(); w != 90_000 {
		t.Errorf("weight %d, %v", w, err)
	}
}

// weight returns the sum that the file keeps.
func (s *Store) weight() (w int64, err error) {
	err = s.file.Load().pool.read(background, func(c *conn) error {
		row, _, err := c.one(qMeta, 1)
		if err == nil {
			w = integer(row[0])
		}
		return err
	})
	return w, err
}

// TestWeightIsKept: the stored sum is right after every kind of write, from two processes' stores of which one
// knows nothing of a limit.
func TestWeightIsKept(t *testing.T) {
	path, ctx := tempPath(t), context.Background()
	plain := openTest(t, path, Options{}, time.Now)
	mustSet(t, plain, "before", []byte("tracking"), 0)
	limited := openTest(t, path, Options{MaxBytes: 1 << 20}, time.Now)
	check := func(what string) {
		t.Helper()
		want := limited.query(t, weightOf)
		if got, err := limited.weight(); err != nil || got != want {
			t.Fatalf("after %s: weight %d, want %d, %v", what, got, want, err)
		}
	}
	check("opening")
	for _, s := range []*Store{plain, limited, plain} {
		mustSet(t, s, "k", []byte("1"), 0)
		check("Set")
		mustSet(t, s, "k", []byte("longer"), 0)
		check("Set again")
		_, v, err := s.GetVersion(ctx, "k")
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := s.Swap(ctx, "k", v, []byte("swapped"), driver.KeepTTL); !ok || err != nil {
			t.Fatal(ok, err)
		}
		check("Swap")
		_, _ = s.Add(ctx, "a", []byte("added"), 0)
		check("Add")
		for range 10 {
			_, _ = s.Incr(ctx, "n", 9, 0)
		}
		check("Incr")
		_ = s.SetMany(ctx, []driver.Item{{Key: "x1"}, {Key: "x2", Value: []byte("2")}, {Key: "x1", Value: []byte("1")}}, 0)
		check("SetMany")
		_, _ = s.Delete(ctx, "a")
		check("Delete")
		_, _ = s.DeleteMany(ctx, []string{"a", "x1", "x1"})
		check("DeleteMany")
		_, _ = s.Clear(ctx, "x")
		check("Clear")
		_, _ = s.IncrFloat(ctx, "k", 1, 0) // no number: rolled back or not, nothing changes
		check("a failed Incr")
		_ = s.file.Load().writer.queue.do(ctx, &badJob{})
		check("a rollback")
	}
	_, _ = plain.ClearAll(ctx)
	check("ClearAll")
}

// TestTooLargeForTheLimit: the key is deleted, the others stay.
func TestTooLargeForTheLimit(t *testing.T) {
	s := openTest(t, tempPath(t), Options{MaxBytes: 10_000}, time.Now)
	put(t, s, 1)
	mustSet(t, s, "k", []byte("old"), 0)
	if err := s.Set(t.Context(), "k", make([]byte, 10_000), 0); !errors.Is(err, driver.ErrTooLarge) {
		t.Errorf("Set: %v", err)
	}
	if _, err := s.Get(t.Context(), "k"); !errors.Is(err, driver.ErrMiss) {
		t.Errorf("Get: %v", err)
	}
	if !holds(t, s, 1) {
		t.Error("another entry is gone")
	}
}

// TestTooLargeForSQLite: the value is not even looked at.
func TestTooLargeForSQLite(t *testing.T) {
	s := openTest(t, tempPath(t), Options{}, time.Now)
	mustSet(t, s, "k", []byte("old"), 0)
	if err := s.Set(t.Context(), "k", make([]byte, 1_000_000_000), 0); !errors.Is(err, driver.ErrTooLarge) {
		t.Errorf("Set: %v", err)
	}
	if _, err := s.Get(t.Context(), "k"); !errors.Is(err, driver.ErrMiss) {
		t.Errorf("Get: %v", err)
	}
}

// TestUsesAreWrittenOnceAMinute: Get does not write; its use is written with a later commit, but not within a
// minute of the last.
func TestUsesAreWrittenOnceAMinute(t *testing.T) {
	clock := newClock()
	s := openTest(t, tempPath(t), Options{MaxBytes: 1 << 20}, clock.now)
	put(t, s, 1)
	start := moment(clock.now())
	used := func() int64 { return s.query(t, "SELECT used FROM entries WHERE key = ?", []byte("0001")) - start }
	use := func() {
		t.Helper()
		if _, err := s.Get(t.Context(), "0001"); err != nil {
			t.Fatal(err)
		}
		for range 2 { // a commit, and one behind it so that what the first left to do is done
			put(t, s, 2)
		}
	}
	for _, step := range []struct {
		wait time.Duration
		want int64
	}{
		{59 * time.Second, 0}, {time.Second, 60_000}, {time.Second, 60_000}, {58 * time.Second, 60_000},
		{time.Second, 120_000}, {time.Hour, 3_720_000},
	} {
		clock.add(step.wait)
		if use(); used() != step.want {
			t.Errorf("after %v: used at %d ms, want %d", step.wait, used(), step.want)
		}
	}
}

// TestUsesAreBounded: the notes do not grow with the number of keys.
func TestUsesAreBounded(t *testing.T) {
	u := newUses()
	for id := range int64(5 * maxUses) {
		u.note(id, 0, time.Hour.Milliseconds())
	}
	if n := len(u.recent) + len(u.older) + len(u.toWrite); n > 2*maxUses {
		t.Errorf("%d notes", n)
	}
	if u.last(5*maxUses-1) == 0 || u.last(0) != 0 {
		t.Error("the latest are not the ones that are kept")
	}
}
