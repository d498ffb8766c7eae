package memcached

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/faultproxy"
	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/memcached/internal/meta"
)

// Here the steps of a fill and those of others come in an order that the test says. Each is one that loses something if a step is left
// out, or done by another rule: see lease_void.go.

// stage is a key "k" of one server, whose lease somebody has.
type stage struct {
	*testing.T
	server *memcachetest.Server
	store  *Store
	fill   *fill
	key    *target
}

func newStage(t *testing.T) *stage {
	t.Helper()
	server := memcachetest.Start(t)
	s := &stage{T: t, server: server, store: dial(t, server.Addr())}
	key, err := s.store.find(t.Context(), "k")
	s.ok(err)
	s.key = &key
	s.fill = s.newFill()
	return s
}

func dial(t *testing.T, addr string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Addresses: []string{addr}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// newFill is one of "old", under a lease of its own.
func (s *stage) newFill() *fill {
	s.Helper()
	grants, err := s.store.Acquire(s.Context(), []string{"k"}, 10*time.Second)
	s.ok(err)
	if grants[0].Lease == "" {
		s.Fatalf("no lease: %+v", grants)
	}
	parts := s.store.split([]string{"k"}, nil)
	parts[0].line = s.key.line
	return &fill{part: parts[0], fillings: []driver.Filling{{Key: "k", Lease: grants[0].Lease, Value: []byte("old")}}, failed: map[int]error{}}
}

func (s *stage) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// mark takes the first step of the fill.
func (s *stage) mark() []marked {
	s.Helper()
	all, err := s.fill.mark(s.Context())
	s.ok(err)
	if len(all) != 1 {
		s.Fatal("the lease is not good")
	}
	return all
}

// finish takes the others, and fails unless it comes to what is wanted.
func (s *stage) finish(all []marked, filled bool) {
	s.Helper()
	s.ok(s.fill.store(s.Context(), s.fill.storing(all), all))
	if (len(s.fill.filled) == 1) != filled || len(s.fill.failed) > 0 {
		s.Errorf("filled %v, failed %v; want %t", s.fill.filled, s.fill.failed, filled)
	}
}

// add takes only the second step of it.
func (s *stage) add() *meta.Reply {
	s.Helper()
	call := meta.NewCall()
	call.Set(s.fill.keys[0], meta.Item{Data: s.fill.fillings[0].Value, Mode: meta.Add, Tell: true})
	s.ok(s.fill.do(s.Context(), call))
	return call.Reply(0)
}

func (s *stage) set(value string) {
	s.Helper()
	s.ok(s.store.Set(s.Context(), "k", []byte(value), 0))
}

// want fails unless this is what is there; "": nothing.
func (s *stage) want(value string) {
	s.Helper()
	got, err := s.store.Get(s.Context(), "k")
	if errors.Is(err, driver.ErrMiss) {
		err = nil
	}
	if string(got) != value || err != nil {
		s.Errorf("%q, %v; want %q", got, err, value)
	}
}

// deletion is a Delete that waits for the fill.
type deletion struct {
	was bool
	err error
}

// deletes begins one, and returns when it has done its step and waits.
func (s *stage) deletes(key func(context.Context) (bool, error)) <-chan deletion {
	s.Helper()
	before := s.lease().CAS
	done := make(chan deletion, 1)
	go func() {
		was, err := key(s.Context())
		done <- deletion{was, err}
	}()
	s.eventually("the lease is void", func() bool { return s.lease().CAS != before })
	select {
	case d := <-done:
		s.Fatalf("it has not waited: %+v", d)
	default:
	}
	return done
}

func (s *stage) lease() meta.Reply {
	s.Helper()
	lease, err := s.key.lease(s.Context())
	s.ok(err)
	return lease
}

func (s *stage) eventually(what string, is func() bool) {
	s.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.Fatalf("never: %s", what)
		}
	}
}

func (s *stage) wantDeleted(done <-chan deletion, was bool) {
	s.Helper()
	select {
	case d := <-done:
		if d.was != was || d.err != nil {
			s.Errorf("Delete = %t, %v; want %t", d.was, d.err, was)
		}
	case <-time.After(6 * time.Second): // sooner than a lease that nobody drops
		s.Fatal("the Delete does not end")
	}
}

// wantFree fails unless the next one gets the lease.
func (s *stage) wantFree() {
	s.Helper()
	if lease := s.lease(); isLease(&lease) {
		s.Errorf("the lease is there: %+v", lease)
	}
}

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
