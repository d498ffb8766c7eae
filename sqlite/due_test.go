package sqlite

import (
	"context"
	"fmt"
	"testing"
	"time"

	msqlite "modernc.org/sqlite"
	"pgregory.net/rapid"

	"github.com/larder-go/larder/driver"
)

// late are the entries that would outlive their end, because nobody looks at them in time.
const late = `SELECT count(*) FROM entries WHERE expires IS NOT NULL AND (due IS NULL OR due > expires)`

// TestDueIsNeverLate: whatever is done to entries in whatever order, each one with an expiry is due by then, and so
// is removed.
func TestDueIsNeverLate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		clock := newClock()
		o := Options{MaxBytes: rapid.SampledFrom([]int64{0, 1 << 20}).Draw(rt, "max_bytes")}
		s := openTest(t, tempPath(t), o, clock.now)
		defer func() { _ = s.Close() }()
		ttls := rapid.SampledFrom([]time.Duration{0, 1, time.Millisecond, time.Second, time.Minute, time.Hour})
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			key := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "key")
			verb := rapid.SampledFrom(verbs).Draw(rt, "verb")
			if err := verb.do(s, key, ttls.Draw(rt, "ttl")); err != nil {
				rt.Fatalf("%s: %v", verb.name, err)
			}
			if n := s.query(t, late); n != 0 {
				rt.Fatalf("after %s of %s %d entries are due late", verb.name, key, n)
			}
			clock.add(rapid.SampledFrom([]time.Duration{0, 1, time.Second, time.Minute, 2 * time.Hour}).Draw(rt, "wait"))
		}
		clock.add(2 * time.Hour)
		for range 2 { // what was due too early is put off, and is then due again
			if err := s.sweep(); err != nil {
				rt.Fatal(err)
			}
		}
		if n := s.query(t, "SELECT count(*) FROM entries WHERE expires IS NOT NULL OR due IS NOT NULL"); n != 0 {
			rt.Fatalf("%d entries have an end and were not removed", n)
		}
	})
}

// verbs are all that give a lifetime or keep one.
var verbs = []struct {
	name string
	do   func(s *Store, key string, ttl time.Duration) error
}{
	{"Set", func(s *Store, key string, ttl time.Duration) error {
		return s.Set(context.Background(), key, []byte("1"), ttl)
	}},
	{"SetMany", func(s *Store, key string, ttl time.Duration) error {
		return s.SetMany(context.Background(), []driver.Item{{Key: key, Value: []byte("1")}, {Key: key, Value: []byte("2")}}, ttl)
	}},
	{"Add", func(s *Store, key string, ttl time.Duration) error {
		_, err := s.Add(context.Background(), key, []byte("1"), ttl)
		return err
	}},
	{"Touch", func(s *Store, key string, ttl time.Duration) error {
		_, err := s.Touch(context.Background(), key, ttl)
		return err
	}},
	{"Incr", func(s *Store, key string, ttl time.Duration) error {
		_, err := s.Incr(context.Background(), key, 1, ttl)
		return err
	}},
	{"Swap", func(s *Store, key string, ttl time.Duration) error { return swapNow(s, key, []byte("2"), ttl) }},
	{"Swap, KeepTTL", func(s *Store, key string, _ time.Duration) error {
		return swapNow(s, key, []byte("2"), driver.KeepTTL)
	}},
	{"Delete", func(s *Store, key string, _ time.Duration) error {
		_, err := s.Delete(context.Background(), key)
		return err
	}},
}

func swapNow(s *Store, key string, value []byte, ttl time.Duration) error {
	if _, version, err := s.GetVersion(context.Background(), key); err == nil {
		_, err = s.Swap(context.Background(), key, version, value, ttl)
		return err
	}
	return nil
}

// inWriter is a job that does as it is told.
type inWriter func(*session) error

func (inWriter) size() int                 { return 1 }
func (do inWriter) apply(s *session) error { return do(s) }

// sweep does now what the writer does once a tick.
func (s *Store) sweep() error {
	return s.do(context.Background(), inWriter(func(s *session) error {
		s.purging = true
		return nil
	}))
}

// TestPutOff: an entry that does not end when it is due stays, and is due when it does end; the others go then. Also if
// there are more of the first than the sweeper looks at in one transaction.
func TestPutOff(t *testing.T) {
	for _, o := range []Options{{}, {MaxBytes: 1 << 30}} {
		clock := newClock()
		s := openTest(t, tempPath(t), o, clock.now)
		var many []driver.Item
		for i := range purgeBatch + 10 {
			many = append(many, driver.Item{Key: fmt.Sprint(i)})
		}
		set := func(ttl time.Duration, keys ...string) {
			t.Helper()
			for _, key := range keys {
				mustSet(t, s, key, nil, ttl)
			}
		}
		touch := func(key string, ttl time.Duration) {
			t.Helper()
			if ok, err := s.Touch(t.Context(), key, ttl); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
		for _, ttl := range []time.Duration{time.Minute - 1, 2 * time.Minute} {
			if err := s.SetMany(t.Context(), many, ttl); err != nil {
				t.Fatal(err)
			}
		}
		set(time.Minute, "longer", "touched longer", "for ever", "touched for ever", "plain")
		set(time.Hour, "shorter", "touched shorter")
		set(2*time.Minute, "longer")
		touch("touched longer", 2*time.Minute)
		set(0, "for ever")
		touch("touched for ever", 0)
		set(time.Minute, "shorter")
		touch("touched shorter", time.Minute)

		clock.add(time.Minute)
		eventually(t, "what has ended is gone", func() bool {
			return s.query(t, "SELECT count(*) FROM entries") == int64(len(many)+4)
		})
		eventually(t, "the others are due when they end", func() bool {
			return s.query(t, "SELECT count(*) FROM entries WHERE due IS NOT expires") == 0
		})
		clock.add(time.Minute)
		eventually(t, "what had longer is gone too", func() bool { return s.query(t, "SELECT count(*) FROM entries") == 2 })
		if n := s.query(t, "SELECT count(*) FROM entries WHERE CAST(key AS TEXT) LIKE '%for ever' AND due IS NULL"); n != 2 {
			t.Errorf("%d of the two without an end are there", n)
		}
		if w, err := s.weight(); o.MaxBytes > 0 && w != s.query(t, weightOf) {
			t.Errorf("weight %d, %v", w, err)
		}
	}
}

// TestDueIsNotExpired: what is due and has not ended counts as an entry.
func TestDueIsNotExpired(t *testing.T) {
	clock := newClock()
	s := openTest(t, tempPath(t), Options{}, clock.now)
	for _, ttl := range []time.Duration{time.Second, time.Hour} {
		mustSet(t, s, "k", nil, ttl)
	}
	clock.add(time.Minute)
	facts, err := s.Report(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range facts {
		if want := map[string]int64{"entries": 1, "expired": 0}; f.Name == "entries" || f.Name == "expired" {
			if f.Value != want[f.Name] {
				t.Errorf("%s: %v", f.Name, f.Value)
			}
		}
	}
	if n, err := s.ClearAll(t.Context()); n != 1 || err != nil {
		t.Errorf("ClearAll: %d, %v", n, err)
	}
}

// TestReplacedEntryWritesOnePage: no index is touched when an entry is replaced and ends later.
func TestReplacedEntryWritesOnePage(t *testing.T) {
	value := make([]byte, 100)
	for _, o := range []Options{{}, {MaxBytes: 1 << 30}} {
		for name, replace := range map[string]func(s *Store, key string) error{
			"Set":           func(s *Store, key string) error { return s.Set(t.Context(), key, value, time.Hour) },
			"Set for ever":  func(s *Store, key string) error { return s.Set(t.Context(), key, value, 0) },
			"Swap":          func(s *Store, key string) error { return swapNow(s, key, value, time.Hour) },
			"Swap, KeepTTL": func(s *Store, key string) error { return swapNow(s, key, value, driver.KeepTTL) },
			"Touch":         func(s *Store, key string) error { _, err := s.Touch(t.Context(), key, time.Hour); return err },
		} {
			clock := newClock()
			s := openTest(t, tempPath(t), o, clock.now)
			var items []driver.Item
			for i := range 2000 {
				items = append(items, driver.Item{Key: benchKey(i), Value: value})
			}
			if err := s.SetMany(t.Context(), items, time.Hour); err != nil {
				t.Fatal(err)
			}
			clock.add(time.Second)
			before := s.written(t)
			for i := 0; i < len(items); i += 20 {
				if err := replace(s, benchKey(i)); err != nil {
					t.Fatal(err)
				}
			}
			if n := s.written(t) - before; n > 110 { // now and then one finds its page full
				t.Errorf("%s, %+v: 100 calls wrote %d pages", name, o, n)
			}
		}
	}
}

// written returns how many pages the writer has written.
func (s *Store) written(t *testing.T) (n int) {
	t.Helper()
	err := s.do(t.Context(), inWriter(func(s *session) (err error) {
		n, _, err = s.c.raw.Status(msqlite.DBStatusCacheWrite, false)
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestEvictionPutsOffLittle: entries that are due and have not ended make no room, so a commit that needs some
// does not go through all of them.
func TestEvictionPutsOffLittle(t *testing.T) {
	clock := newClock()
	const n = 4000
	s := openTest(t, tempPath(t), Options{MaxBytes: n * 100}, clock.now)
	items := make([]driver.Item, n)
	for i := range items {
		items[i] = driver.Item{Key: fmt.Sprintf("%06d", i), Value: make([]byte, 100-RowOverhead-6)}
	}
	for _, ttl := range []time.Duration{time.Second, time.Hour} {
		if err := s.SetMany(t.Context(), items, ttl); err != nil {
			t.Fatal(err)
		}
	}
	clock.add(time.Minute)
	var left int64
	err := s.do(t.Context(), inWriter(func(s *session) error {
		if err := s.put("one more", make([]byte, 1000), 0); err != nil {
			return err
		}
		if err := s.evict(); err != nil {
			return err
		}
		row, _, err := s.c.one(qMeta, 1)
		if err != nil || row[0] == nil {
			return fmt.Errorf("no weight: %w", err)
		}
		v, err := s.c.pragma(background, "SELECT count(*) FROM entries WHERE due < expires")
		left = integer(v)
		return err
	}))
	if err != nil || left < n/2 {
		t.Errorf("%d of %d are still to be put off, %v", left, n, err)
	}
}

// TestUseAfterTheClockWasSetBack: an entry does not count as just used until the clock is where it was.
func TestUseAfterTheClockWasSetBack(t *testing.T) {
	clock := newClock()
	s := openTest(t, tempPath(t), Options{MaxBytes: 1 << 20}, clock.now)
	put(t, s, 1)
	clock.add(-time.Hour)
	put(t, s, 1)
	if used := s.query(t, "SELECT used FROM entries"); used != moment(clock.now()) {
		t.Errorf("used at %d, now it is %d", used, moment(clock.now()))
	}
}
