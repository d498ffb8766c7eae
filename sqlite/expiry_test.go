package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
)

// TestExpiredRowsAreRemoved: in the background, in batches, and only they.
func TestExpiredRowsAreRemoved(t *testing.T) {
	for _, o := range []Options{{}, {MaxBytes: 1 << 30}} {
		clock := newClock()
		s := openTest(t, tempPath(t), o, clock.now)
		var items []driver.Item
		for i := range 5 * purgeBatch {
			items = append(items, driver.Item{Key: fmt.Sprint(i)})
		}
		if err := s.SetMany(t.Context(), items, time.Minute); err != nil {
			t.Fatal(err)
		}
		mustSet(t, s, "stays", nil, 0)
		mustSet(t, s, "longer", nil, time.Minute+Resolution)
		clock.add(time.Minute)
		eventually(t, "the expired rows are gone", func() bool { return s.query(t, "SELECT count(*) FROM entries") == 2 })
		if w, err := s.weight(); o.MaxBytes > 0 && w != s.query(t, weightOf) {
			t.Errorf("weight %d, %v", w, err)
		}
	}
}

// TestPurgeUsesTheIndex: looking for expired rows costs nothing where there are none.
func TestPurgeUsesTheIndex(t *testing.T) {
	s := openTest(t, tempPath(t), Options{MaxBytes: 1 << 20}, time.Now)
	for q, index := range map[query]string{qDue: "entries_due", qOldest: "entries_used", qCountExpired: "entries_due"} {
		err := s.file.Load().pool.read(t.Context(), func(c *conn) error {
			rows, err := c.raw.QueryContext(background, "EXPLAIN QUERY PLAN "+strings.ReplaceAll(sqlText[q], "?", "1"), nil)
			if err != nil {
				return err
			}
			defer func() { _ = rows.Close() }()
			if err := rows.Next(c.row[:4]); err != nil {
				return err
			}
			if plan := fmt.Sprint(c.row[3]); !strings.Contains(plan, index) {
				t.Errorf("%s\nuses %s, want %s", sqlText[q], plan, index)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// TestExpiredIsAbsent: for every method, although the row is still there.
func TestExpiredIsAbsent(t *testing.T) {
	for _, o := range []Options{{}, {MaxBytes: 1 << 20}} {
		clock, ctx := newClock(), context.Background()
		s := openTest(t, tempPath(t), o, clock.now)
		keys := []string{"get", "add", "incr", "touch", "delete", "scan", "swap"}
		for _, k := range keys {
			mustSet(t, s, k, []byte("5"), time.Second)
		}
		_, version, err := s.GetVersion(ctx, "swap")
		if err != nil {
			t.Fatal(err)
		}
		clock.add(time.Second - 1)
		if infos, err := s.Inspect(ctx, keys); len(infos) != len(keys) || infos["get"].TTL != 1 {
			t.Errorf("a nanosecond before: %v, %v", infos, err)
		}
		clock.add(1)
		if _, err := s.Get(ctx, "get"); !errors.Is(err, driver.ErrMiss) {
			t.Errorf("Get: %v", err)
		}
		if ok, err := s.Touch(ctx, "touch", time.Hour); ok || err != nil {
			t.Errorf("Touch: %v, %v", ok, err)
		}
		if ok, err := s.Delete(ctx, "delete"); ok || err != nil {
			t.Errorf("Delete: %v, %v", ok, err)
		}
		if ok, err := s.Swap(ctx, "swap", version, nil, 0); ok || err != nil {
			t.Errorf("Swap: %v, %v", ok, err)
		}
		for k, err := range s.Scan(ctx, "") {
			t.Errorf("Scan: %q, %v", k, err)
		}
		if infos, err := s.Inspect(ctx, keys); len(infos) != 0 || err != nil {
			t.Errorf("Inspect: %v, %v", infos, err)
		}
		if ok, err := s.Add(ctx, "add", []byte("1"), 0); !ok || err != nil {
			t.Errorf("Add: %v, %v", ok, err)
		}
		if n, err := s.Incr(ctx, "incr", 2, time.Hour); n != 2 || err != nil {
			t.Errorf("Incr: %d, %v", n, err)
		}
		if n, err := s.Clear(ctx, "s"); n != 0 || err != nil {
			t.Errorf("Clear: %d, %v", n, err)
		}
		if n, err := s.ClearAll(ctx); n != 2 || err != nil {
			t.Errorf("ClearAll: %d, %v", n, err)
		}
	}
}

func TestExpiryIsRoundedUp(t *testing.T) {
	at := time.Unix(0, 1_000_000_500) // half a millisecond past a full one
	for ttl, want := range map[time.Duration]any{0: nil, 1: int64(1001), Resolution: int64(1002),
		Resolution + 1: int64(1002), Resolution - 500: int64(1001), time.Hour: int64(3601001)} {
		if got := expiry(at, ttl); got != want {
			t.Errorf("ttl %v: %v, want %v", ttl, got, want)
		}
	}
	if got, ok := expiry(at, driver.MaxTTL).(int64); !ok || got < 3e12 {
		t.Errorf("MaxTTL: %v", got)
	}
}
