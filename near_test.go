package larder_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/driver/drivertest"
)

func TestNearKeepsWhatIsRead(t *testing.T) {
	r := newRemote(t)
	c := nearCache(t, r)
	r.put(t, "k:1:p", `{"X":1,"Y":2,"Label":"a"}`, 0)
	r.put(t, "k:1:u", `{"Name":"ada","Tags":["x"]}`, 0)
	points, users := larder.Of[point](c, ""), larder.Of[user](c, "")
	for range 3 {
		want(t, points, "p", point{1, 2, "a"})
		want(t, users, "u", user{Name: "ada", Tags: []string{"x"}})
		wantMiss(t, points, "absent")
	}
	r.asked(t, 3)
	if s := c.Stats(); s.Hits != 6 || s.Near.Hits != 4 || s.Misses != 3 {
		t.Errorf("%+v", s)
	}
	r.changed("k:1:p")
	r.changed("k:1:absent")
	r.put(t, "k:1:p", `{"X":5}`, 0)
	r.put(t, "k:1:absent", `{"X":6}`, 0)
	want(t, points, "p", point{X: 5})
	want(t, points, "absent", point{X: 6})
	r.asked(t, 2)
	if r.prefix != "k:" {
		t.Errorf("the near copy watches %q; want all versions of its key prefix", r.prefix)
	}
}

// TestNearValuesAreApart: who modifies a value does not modify the copy.
func TestNearValuesAreApart(t *testing.T) {
	r := newRemote(t)
	c := nearCache(t, r)
	cloned, err := larder.NewView(c, "", larder.Policy[user]{Clone: func(u user) user {
		u.Tags = append([]string(nil), u.Tags...)
		return u
	}})
	ok(t, err)
	for name, v := range map[string]*larder.View[user]{"encoded": larder.Of[user](c, ""), "cloned": cloned} {
		r.put(t, "k:1:"+name, `{"Name":"ada","Tags":["x"]}`, 0)
		for range 3 {
			got, err := v.Get(t.Context(), name)
			ok(t, err)
			if got.Tags[0] != "x" {
				t.Errorf("%s: somebody else's change shows", name)
			}
			got.Tags[0] = "changed"
		}
	}
	r.asked(t, 2)
	shared, err := larder.NewView(c, "", larder.Policy[*user]{Shared: true})
	ok(t, err)
	r.put(t, "k:1:shared", `{"Name":"ada"}`, 0)
	first, err := shared.Get(t.Context(), "shared")
	ok(t, err)
	if again, _ := shared.Get(t.Context(), "shared"); again != first {
		t.Error("a shared value is not the same for all")
	}
}

// TestNearCopyOfAnotherType: what one view has decoded lacks what its type does not know, and another view does not get that.
func TestNearCopyOfAnotherType(t *testing.T) {
	r := newRemote(t)
	c := nearCache(t, r)
	r.put(t, "k:1:a", `{"X":1,"More":"of it"}`, 0)
	want(t, larder.Of[point](c, ""), "a", point{X: 1})
	want(t, larder.Of[map[string]any](c, ""), "a", map[string]any{"X": json.Number("1"), "More": "of it"})
	want(t, larder.Of[point](c, ""), "a", point{X: 1})
	if _, err := larder.Of[[]int](c, "").Get(t.Context(), "a"); !errors.Is(err, larder.ErrCodec) {
		t.Errorf("as a list: %v", err)
	}
}

// TestNearFillAfterInvalidation: what was read before an invalidation is not kept after it.
func TestNearFillAfterInvalidation(t *testing.T) {
	events := map[string]func(*remote){
		"changed": func(r *remote) { r.changed("k:1:a") },
		"gap":     func(r *remote) { r.gap(); r.alive() },
	}
	for name, event := range events {
		t.Run(name, func(t *testing.T) {
			r := newRemote(t)
			v := larder.Of[int](nearCache(t, r), "")
			for _, old := range []string{"1", ""} { // an entry, and none
				if old != "" {
					r.put(t, "k:1:a", old, 0)
				}
				gate := r.Block(drivertest.OpInspect)
				end := beginRead(t, gate, v, "a") // has read, and has not got it yet
				r.put(t, "k:1:a", "2", 0)
				event(r)
				gate.Release()
				_, _ = end()
				want(t, v, "a", 2)
				_, err := r.Inner().Delete(t.Context(), "k:1:a")
				ok(t, err)
				event(r)
				r.Heal()
			}
		})
	}
}

// ownWrites are all the ways to change key a, of which want is left.
func ownWrites() map[string]func(ctx context.Context, c *larder.Cache, v *larder.View[int]) error {
	type view = larder.View[int]
	return map[string]func(ctx context.Context, c *larder.Cache, v *view) error{
		"Set": func(ctx context.Context, _ *larder.Cache, v *view) error { return v.Set(ctx, "a", 2) },
		"SetMany": func(ctx context.Context, _ *larder.Cache, v *view) error {
			return v.SetMany(ctx, map[string]int{"a": 2})
		},
		"Incr": func(ctx context.Context, c *larder.Cache, _ *view) error { _, err := c.Incr(ctx, "a", 1); return err },
		"IncrFloat": func(ctx context.Context, _ *larder.Cache, v *view) error {
			_, err := v.IncrFloat(ctx, "a", 1)
			return err
		},
		"Delete": func(ctx context.Context, _ *larder.Cache, v *view) error { _, err := v.Delete(ctx, "a"); return err },
		"DeleteMany": func(ctx context.Context, _ *larder.Cache, v *view) error {
			_, err := v.DeleteMany(ctx, []string{"a"})
			return err
		},
		"Clear":       func(ctx context.Context, _ *larder.Cache, v *view) error { _, err := v.Clear(ctx); return err },
		"Cache.Clear": func(ctx context.Context, c *larder.Cache, _ *view) error { _, err := c.Clear(ctx); return err },
	}
}

func wantWritten(t *testing.T, verb string, v *larder.View[int]) {
	t.Helper()
	switch verb {
	case "Set", "SetMany", "Incr", "IncrFloat":
		want(t, v, "a", 2)
	default:
		wantMiss(t, v, "a")
	}
}

// TestNearOwnWrites take effect at once, though nobody has been told of them; also if a read that began before them ends after them.
func TestNearOwnWrites(t *testing.T) {
	for verb, write := range ownWrites() {
		t.Run(verb, func(t *testing.T) {
			r := newRemote(t)
			c := nearCache(t, r)
			v := larder.Of[int](c, "")
			r.put(t, "k:1:a", "1", 0)
			want(t, v, "a", 1)
			ok(t, write(t.Context(), c, v))
			wantWritten(t, verb, v)

			r.put(t, "k:1:a", "1", 0)
			r.changed("k:1:a")
			gate := r.Block(drivertest.OpInspect)
			end := beginRead(t, gate, v, "a")
			ok(t, write(t.Context(), c, v))
			gate.Release()
			_, _ = end()
			wantWritten(t, verb, v)
		})
	}
}

// TestNearReadDuringOwnWrite: a copy that was made after the write had begun, of what was there before, is gone when it has ended;
// also if the writer never hears that it was done.
func TestNearReadDuringOwnWrite(t *testing.T) {
	ops := map[string]drivertest.Op{"Set": drivertest.OpSet, "SetMany": drivertest.OpSetMany, "Incr": drivertest.OpIncr,
		"IncrFloat": drivertest.OpIncrFloat, "Delete": drivertest.OpDelete, "DeleteMany": drivertest.OpDeleteMany,
		"Clear": drivertest.OpClear, "Cache.Clear": drivertest.OpClearAll}
	for verb, write := range ownWrites() {
		for _, lost := range []bool{false, true} {
			t.Run(fmt.Sprint(verb, "/lost=", lost), func(t *testing.T) {
				r := newRemote(t)
				c := nearCache(t, r, quiet())
				v := larder.Of[int](c, "")
				r.put(t, "k:1:a", "1", 0)
				gate := r.Block(ops[verb])
				if lost {
					r.LoseReply(ops[verb], errOrigin)
				}
				done := make(chan error, 1)
				go func() { done <- write(context.Background(), c, v) }()
				_, err := gate.Wait(t.Context())
				ok(t, err)
				want(t, v, "a", 1)
				gate.Release()
				if err := <-done; (err != nil) != lost {
					t.Errorf("%s: %v", verb, err)
				}
				wantWritten(t, verb, v)
			})
		}
	}
}

// TestNearTouchAndAdd: the lifetime of a copy goes with that of its entry, and a remembered miss with an Add.
func TestNearTouchAndAdd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRemote(t)
		v := larder.Of[int](nearCache(t, r), "")
		r.put(t, "k:1:a", "1", time.Hour)
		want(t, v, "a", 1)
		said(t, "Touch", true)(v.Touch(t.Context(), "a", larder.TTL(100*time.Millisecond)))
		want(t, v, "a", 1)
		time.Sleep(100 * time.Millisecond)
		wantMiss(t, v, "a")
		said(t, "Add", true)(v.Add(t.Context(), "a", 2))
		want(t, v, "a", 2)
		said(t, "GetOrSet", 3)(v.GetOrSet(t.Context(), "b", larder.Value(3)))
		want(t, v, "b", 3)
	})
}

// TestNearDeaf: after a gap, nothing is kept until the watch works again: nobody would tell that it has changed meanwhile.
func TestNearDeaf(t *testing.T) {
	r := newRemote(t)
	c := nearCache(t, r)
	v := larder.Of[int](c, "")
	r.put(t, "k:1:a", "1", 0)
	want(t, v, "a", 1)
	r.gap()
	want(t, v, "a", 1)
	want(t, v, "a", 1)
	r.asked(t, 3)
	r.put(t, "k:1:a", "2", 0) // and nobody is told
	r.alive()
	want(t, v, "a", 2)
	want(t, v, "a", 2)
	r.asked(t, 1)
	if s := c.Stats().Near; s.Flushes != 1 || s.Hits != 1 {
		t.Errorf("%+v", s)
	}
}

// TestNearStoppedClock: no copy is used once the last sign of life is too old, however it came to that.
func TestNearStoppedClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRemote(t)
		c := nearCache(t, r)
		v := larder.Of[int](c, "")
		r.put(t, "k:1:a", "1", 0)
		want(t, v, "a", 1)
		r.asked(t, 1)
		time.Sleep(driver.AliveWithin)
		want(t, v, "a", 1)
		r.asked(t, 0)
		if age := c.Stats().Near.Age; age != driver.AliveWithin {
			t.Errorf("the last sign of life is %v old", age)
		}
		time.Sleep(time.Nanosecond)
		want(t, v, "a", 1)
		got, err := v.GetMany(t.Context(), []string{"a"})
		if err != nil || got["a"] != 1 {
			t.Errorf("GetMany = %v, %v", got, err)
		}
		r.asked(t, 2)
		r.alive() // nothing was missed: the copy is good again
		want(t, v, "a", 1)
		r.asked(t, 0)
	})
}

// TestNearLifetime: a copy does not outlive its entry, however long it took to be told of the entry's lifetime.
func TestNearLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRemote(t)
		v := larder.Of[int](nearCache(t, r), "")
		r.put(t, "k:1:a", "1", 500*time.Millisecond)
		gate := r.Block(drivertest.OpGet)
		r.delay = 100 * time.Millisecond
		end := beginRead(t, gate, v, "a")
		time.Sleep(100 * time.Millisecond)
		gate.Release()
		_, err := end()
		ok(t, err)
		r.asked(t, 1)
		r.alive()
		time.Sleep(199 * time.Millisecond) // it was asked 399 ms ago, and had 400 ms left then
		want(t, v, "a", 1)
		r.asked(t, 0)
		time.Sleep(101 * time.Millisecond)
		wantMiss(t, v, "a")
	})
}

// TestNearWithoutWatch: where nobody tells of changes, a copy lives for near_ttl from before it was read, and a miss is not kept.
func TestNearWithoutWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRemote(t)
		r.refusal = fmt.Errorf("an old server: %w", errors.ErrUnsupported)
		var j journal
		c := nearCache(t, r, j.option(), larder.WithNear(larder.Near{MaxBytes: 1 << 20, TTL: 3 * time.Second}))
		v := larder.Of[int](c, "")
		synctest.Wait()
		r.put(t, "k:1:a", "1", 0)
		want(t, v, "a", 1)
		r.put(t, "k:1:a", "2", 0)
		time.Sleep(3*time.Second - 1)
		want(t, v, "a", 1)
		time.Sleep(time.Nanosecond)
		want(t, v, "a", 2)
		r.asked(t, 2)
		ok(t, v.Set(t.Context(), "a", 3))
		want(t, v, "a", 3)
		r.put(t, "k:1:a", "4", time.Second)
		time.Sleep(3 * time.Second)
		wantMiss(t, v, "a")
		r.put(t, "k:1:a", "5", time.Second)
		want(t, v, "a", 5)
		time.Sleep(time.Second)
		wantMiss(t, v, "a")
		if n := j.count("near_ttl"); n != 1 {
			t.Errorf("it is said %d times that copies live for near_ttl", n)
		}
	})
}

// TestNearUntimed: where the engine does not tell lifetimes, a copy lives for near_ttl though it is watched.
func TestNearUntimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRemote(t)
		c, err := larder.New(untimed{r.Faulty, r}, larder.WithNear(larder.Near{MaxEntries: 10}))
		ok(t, err)
		defer func() { _ = c.Close() }()
		ok(t, larder.AwaitNear(t.Context(), c))
		v := larder.Of[int](c, "")
		r.put(t, "::a", "1", 0)
		want(t, v, "a", 1)
		got, err := v.GetMany(t.Context(), []string{"a", "b"})
		if err != nil || len(got) != 1 {
			t.Errorf("GetMany = %v, %v", got, err)
		}
		r.alive()
		time.Sleep(time.Second - 1)
		want(t, v, "a", 1)
		r.asked(t, 2)
		time.Sleep(time.Nanosecond)
		r.alive()
		want(t, v, "a", 1)
		r.asked(t, 1)
	})
}

// untimed is a remote without lifetimes.
type untimed struct {
	*drivertest.Faulty
	remote *remote
}

func (u untimed) Watch(ctx context.Context, prefix string, tell func(driver.Event)) (func(), error) {
	return u.remote.Watch(ctx, prefix, tell)
}
