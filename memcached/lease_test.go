package memcached

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/faultproxy"
	"github.com/larder-go/larder/internal/memcachetest"
)

// TestDeleteBeforeTheAdd: what is added behind the deletion is taken back before the Delete returns.
func TestDeleteBeforeTheAdd(t *testing.T) {
	for name, remove := range deleters {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			all := s.mark()
			done := s.deletes(remove(s))
			s.finish(all, false)
			s.wantDeleted(done, false)
			s.want("")
			s.wantFree()
		})
	}
}

// deleters are all that delete.
var deleters = map[string]func(*stage) func(context.Context) (bool, error){
	"Delete": func(s *stage) func(context.Context) (bool, error) {
		return func(ctx context.Context) (bool, error) { return s.store.Delete(ctx, "k") }
	},
	"DeleteMany": func(s *stage) func(context.Context) (bool, error) {
		return func(ctx context.Context) (bool, error) {
			n, err := s.store.DeleteMany(ctx, []string{"j", "k"})
			return n == 1, err
		}
	},
	"SetTooLarge": func(s *stage) func(context.Context) (bool, error) {
		return func(ctx context.Context) (bool, error) {
			return false, wantTooLarge(s.store.Set(ctx, "k", make([]byte, 2<<20), 0))
		}
	},
	"SetManyTooLarge": func(s *stage) func(context.Context) (bool, error) {
		return func(ctx context.Context) (bool, error) {
			return false, wantTooLarge(s.store.SetMany(ctx, []driver.Item{{Key: "j"}, {Key: "k", Value: make([]byte, 2<<20)}}, 0))
		}
	},
}

func wantTooLarge(err error) error {
	if errors.Is(err, driver.ErrTooLarge) {
		return nil
	}
	return errors.Join(errors.New("want ErrTooLarge"), err)
}

// TestSetAfterTheDeletion: what is stored while a Delete waits stays, whether the fill has added by then or not.
func TestSetAfterTheDeletion(t *testing.T) {
	for name, remove := range deleters {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			all := s.mark()
			done := s.deletes(remove(s))
			s.set("new")
			s.finish(all, false)
			s.wantDeleted(done, false)
			s.want("new")
			s.wantFree()
		})
	}
	t.Run("added", func(t *testing.T) {
		s := newStage(t)
		all := s.mark()
		done := s.deletes(deleters["Delete"](s))
		added := s.add()
		s.want("old") // for a moment
		s.set("new")
		s.ok(s.fill.undo(t.Context(), all[0], added))
		s.wantDeleted(done, false)
		s.want("new")
		s.wantFree()
	})
}

// TestDeleteAfterTheAdd: the Delete deletes what was added, and nothing that comes later.
func TestDeleteAfterTheAdd(t *testing.T) {
	for _, next := range []string{"", "new", "old"} {
		s := newStage(t)
		all := s.mark()
		added := s.add()
		done := s.deletes(deleters["Delete"](s))
		s.want("")
		if next != "" {
			s.set(next)
		}
		s.ok(s.fill.undo(t.Context(), all[0], added))
		s.wantDeleted(done, true)
		s.want(next)
		s.wantFree()
	}
}

// TestDeleteOfASetDuringAFill: a Set does not end the fill, so that a Delete of what was set waits for it.
//
//	fill                    Set                  Delete
//	marks the lease
//	                        stores "new"
//	                        voids the lease
//	                                             deletes "new"
//	adds "old"
//	takes it back
//	                                             returns
func TestDeleteOfASetDuringAFill(t *testing.T) {
	s := newStage(t)
	all := s.mark()
	s.set("new")
	done := s.deletes(deleters["Delete"](s))
	s.want("")
	s.finish(all, false)
	s.wantDeleted(done, true)
	s.want("")
	s.wantFree()
}

// TestSetThatExpiresDuringAFill: nor is the fill good when the key is absent again.
func TestSetThatExpiresDuringAFill(t *testing.T) {
	s := newStage(t)
	all := s.mark()
	s.set("new")
	s.server.MustAsk(t, "delete k") // as if it had expired
	s.finish(all, false)
	s.want("")
	s.wantFree()
}

// TestSetBetweenLookAndMark: a Set that has found a lease held, which was marked when it was to be dropped, voids the fill.
func TestSetBetweenLookAndMark(t *testing.T) {
	s := newStage(t)
	held := s.lease()
	all := s.mark()
	s.ok(s.key.void(t.Context(), &held))
	s.finish(all, false)
	s.want("")
	s.wantFree()
}

// TestDeleteOfAHeldLease: its owner does not come to fill, and the next one gets it.
func TestDeleteOfAHeldLease(t *testing.T) {
	for name, remove := range deleters {
		s := newStage(t)
		if was, err := remove(s)(t.Context()); was || err != nil {
			t.Errorf("%s = %t, %v", name, was, err)
		}
		s.wantFree()
		if all, err := s.fill.mark(t.Context()); len(all) > 0 || err != nil {
			t.Errorf("%s: %v, %v", name, all, err)
		}
		s.fill = s.newFill()
		s.finish(s.mark(), true)
		s.want("old")
	}
}

// TestTwoDeletesOfAFill: both wait for it.
func TestTwoDeletesOfAFill(t *testing.T) {
	s := newStage(t)
	all := s.mark()
	first := s.deletes(deleters["Delete"](s))
	second := s.deletes(deleters["DeleteMany"](s))
	s.set("new")
	s.finish(all, false)
	s.wantDeleted(first, false)
	s.wantDeleted(second, false)
	s.want("new")
	s.wantFree()
}

// TestDeleteDoesNotWaitForTheNextFill: it was loaded since.
func TestDeleteDoesNotWaitForTheNextFill(t *testing.T) {
	s := newStage(t)
	all := s.mark()
	fill := s.lease()
	waited := make(chan error, 1)
	s.server.MustAsk(t, "ms larder:lease:k 0 MA\r\n") // a Delete's
	s.finish(all, false)
	s.fill = s.newFill()
	all = s.mark()
	go func() { waited <- s.key.outlast(t.Context(), &fill, true) }()
	select {
	case err := <-waited:
		s.ok(err)
	case <-time.After(5 * time.Second):
		t.Error("it waits")
	}
	s.finish(all, true)
	s.want("old")
}

// TestFillerDies: what it has added the Delete takes back when the lease's time is over. What another has stored stays.
func TestFillerDies(t *testing.T) {
	for name, next := range map[string]string{"added": "", "replaced": "new"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.mark()
			s.server.MustAsk(t, "mg larder:lease:k T3") // or this would take longer
			done := s.deletes(deleters["Delete"](s))
			s.add()
			s.want("old")
			if next != "" {
				s.set(next)
			}
			s.wantDeleted(done, false)
			s.want(next)
			s.wantFree()
		})
	}
}

// TestFillWithoutItsCaller: a fill whose caller leaves goes on, or ends: it leaves no lease behind that others would wait for.
func TestFillWithoutItsCaller(t *testing.T) {
	for _, step := range []string{"marked", "added"} {
		t.Run(step, func(t *testing.T) {
			s := newStage(t)
			proxy := faultproxy.New(t, "tcp", s.server.Addr())
			far := dial(t, proxy.Addr())
			proxy.Latency(100 * time.Millisecond)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			filling := make(chan error, 1)
			go func() {
				_, err := far.Fill(ctx, s.fill.fillings, 0)
				filling <- err
			}()
			s.eventually("marked", func() bool { return s.lease().Flags == fillingFlags })
			done := s.deletes(deleters["Delete"](s))
			if step == "added" {
				s.eventually("added", func() bool { _, _, there := s.server.Value(t, "k"); return there })
			}
			cancel()
			if err := <-filling; !errors.Is(err, context.Canceled) {
				t.Errorf("Fill = %v", err)
			}
			s.wantDeleted(done, false)
			s.want("")
			s.wantFree()
		})
	}
}

// TestDeleteOnAFullServer: one that evicts nothing cannot note that a lease is void, and there is none.
func TestDeleteOnAFullServer(t *testing.T) {
	s := dial(t, memcachetest.Start(t, memcachetest.Args("-M", "-m", "2")).Addr())
	full := 0
	for i := 0; full < 50 && i < 100_000; i++ {
		if err := s.Set(t.Context(), fmt.Sprint("key", i), []byte("v"), 0); err != nil {
			full++ // small items have no room any more
		}
	}
	if full == 0 {
		t.Fatal("there is room for everything")
	}
	for _, key := range []string{"key1", "key2"} {
		if was, err := s.Delete(t.Context(), key); !was || err != nil {
			t.Errorf("Delete = %t, %v", was, err)
		}
	}
	if n, err := s.DeleteMany(t.Context(), []string{"key3", "key4", "key5"}); n != 3 || err != nil {
		t.Errorf("DeleteMany = %d, %v", n, err)
	}
}

// TestLeaseOnAFullServer: nor can it note that a lease is void that there is, for want of a copy; also not if there is room for one
// item more, or two.
func TestLeaseOnAFullServer(t *testing.T) {
	const key = "user:1234567890abcde" // whose lease is of the same size as what fills the server
	s := dial(t, memcachetest.Start(t, memcachetest.Args("-M", "-m", "4")).Addr())
	for i := range 100 { // so that there is room for marks
		if err := s.Set(t.Context(), fmt.Sprintf("other%010d", i), bytes.Repeat([]byte("v"), 25), 0); err != nil {
			t.Fatal(err)
		}
	}
	filler := func(i int) string { return fmt.Sprintf("filler%010d", i) }
	for free := range 3 {
		granted, err := s.Acquire(t.Context(), []string{key}, driver.MaxLease)
		if err != nil || granted[0].Lease == "" {
			t.Fatal(granted, err)
		}
		for i, full := 0, 0; full < 20; i++ {
			if err := s.Set(t.Context(), filler(i), []byte("fiver"), 0); err != nil {
				full++
			}
		}
		for i := range free {
			if _, err := s.Delete(t.Context(), filler(i)); err != nil {
				t.Fatal(err)
			}
		}
		if free%2 == 0 {
			_, err = s.Delete(t.Context(), key)
		} else {
			_, err = s.DeleteMany(t.Context(), []string{key})
		}
		if err != nil {
			t.Errorf("%d free: Delete: %v", free, err)
		}
		filled, err := s.Fill(t.Context(), []driver.Filling{{Key: key, Lease: granted[0].Lease, Value: []byte("old")}}, 0)
		if got, missing := s.Get(t.Context(), key); err != nil || filled[0] || !errors.Is(missing, driver.ErrMiss) {
			t.Errorf("%d free: Fill = %v, %v; then there is %q, %v", free, filled, err, got, missing)
		}
		if _, err := s.DeleteMany(t.Context(), []string{filler(0), filler(1), filler(2), filler(3)}); err != nil { // room for the next lease
			t.Fatal(err)
		}
	}
}
