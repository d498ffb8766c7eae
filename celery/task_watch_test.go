package celery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/redistest"
	"github.com/larder-go/larder/internal/testproc"
)

// TestWatch yields each state, in order, and ends with the last.
func TestWatch(t *testing.T) {
	r := inMemory(t)
	ctx := soon(t)
	next := []State{Started, "PROGRESS", Retry, Failure}
	must(t, r.UpdateState(ctx, "a", next[0], nil, nil))
	var seen []State
	for c, err := range r.Watch(ctx, []string{"a"}) {
		must(t, err)
		seen = append(seen, c.Meta.Status)
		if len(seen) < len(next) {
			must(t, r.UpdateState(ctx, "a", next[len(seen)], nil, nil))
		}
	}
	if !slices.Equal(seen, next) {
		t.Errorf("seen %v, want %v", seen, next)
	}
	for c, err := range r.Watch(ctx, []string{"a"}) {
		if err != nil || c.Meta.Status != Failure {
			t.Errorf("%v, %v", c.Meta, err)
		}
		break
	}
}

// TestWatchMany yields the states of each, and ends when all are done; an id that cannot be read, or cannot
// be, is done at once and stops nobody.
func TestWatchMany(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		ctx := soon(t)
		must(t, r.MarkStarted(ctx, "a", nil, nil))
		must(t, r.MarkDone(ctx, "b", 1, nil))
		r.raw(t, "bad", "{")
		told := map[string][]string{}
		for c, err := range r.Watch(ctx, []string{"a", "bad", "b", "", "c", "a"}) {
			must(t, err)
			told[c.ID] = append(told[c.ID], stateOf(t, c))
			switch {
			case c.ID == "a" && c.Meta.Status == Started:
				must(t, r.MarkRetry(ctx, "a", nil, nil))
			case c.ID == "a" && c.Meta.Status == Retry:
				must(t, r.MarkDone(ctx, "a", 1, nil))
			case c.ID == "a":
				must(t, r.MarkRevoked(ctx, "c", "expired", nil))
			}
		}
		want := map[string][]string{"a": {"STARTED", "RETRY", "SUCCESS"}, "b": {"SUCCESS"}, "bad": {"unreadable"}, "": {"bad id"}, "c": {"REVOKED"}}
		if !reflect.DeepEqual(told, want) {
			t.Errorf("%v, want %v", told, want)
		}
	})
}

// stateOf is the state of a task that was told of, or what is wrong with it.
func stateOf(t *testing.T, c Change) string {
	t.Helper()
	var re *ReadError
	switch {
	case c.Gap || (c.Meta == nil) != (c.Err != nil):
		t.Errorf("%+v", c)
	case errors.Is(c.Err, ErrBadID):
		return "bad id"
	case errors.As(c.Err, &re) && re.ID == c.ID:
		return "unreadable"
	case c.Err != nil:
		t.Error(c.Err)
	default:
		return string(c.Meta.Status)
	}
	return ""
}

// TestJoin yields tasks in the order in which they finish, each once.
func TestJoin(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		ctx := soon(t)
		all := ids("t", 10)
		must(t, r.MarkDone(ctx, all[7], 7, nil))
		var order []string
		for c, err := range r.Join(ctx, append(all, all[3])) {
			must(t, err)
			order = append(order, c.ID)
			if c.Meta.TaskID != c.ID || !c.Meta.Status.Ready() {
				t.Errorf("%s: %s %s", c.ID, c.Meta.TaskID, c.Meta.Status)
			}
			if n := len(order); n < len(all) {
				must(t, r.MarkDone(ctx, all[(7+3*n)%10], n, nil))
			}
		}
		want := make([]string, len(all))
		for n := range want {
			want[n] = all[(7+3*n)%10]
		}
		if !slices.Equal(order, want) {
			t.Errorf("%v, want %v", order, want)
		}
	})
}

// TestJoinErrors: ids that cannot be read do not stop the others, and ctx does, of Watch too.
func TestJoinErrors(t *testing.T) {
	r := inMemory(t)
	must(t, r.MarkDone(t.Context(), "good", 1, nil))
	r.raw(t, "bad", "{")
	for op, over := range map[string]func(context.Context, []string) iter.Seq2[Change, error]{"join": r.Join, "watch": r.Watch} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var got []string
		for c, err := range over(ctx, []string{"bad", "never", "", "good"}) {
			if err != nil {
				got = append(got, err.Error())
				if !errors.Is(err, context.Canceled) || !reflect.DeepEqual(c, Change{}) {
					t.Errorf("%s: %v, %+v", op, err, c)
				}
				continue
			}
			got = append(got, c.ID+": "+stateOf(t, c))
			if len(got) == 3 {
				cancel()
			}
		}
		slices.Sort(got[1:3])
		want := []string{": bad id", "bad: unreadable", "good: SUCCESS", "celery: memory: " + op + ": 1 of 4 tasks are not done: context canceled"}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		for range over(t.Context(), nil) {
			t.Error("something of nothing")
		}
		for range over(t.Context(), []string{"good", "never"}) {
			break // and does not wait for the rest
		}
	}
}

// stumbling is an engine whose next reads of single keys fail.
type stumbling struct {
	driver.Store
	driver.Notifier
	driver.Batcher
	failures atomic.Int32
}

func (s *stumbling) Get(ctx context.Context, key string) ([]byte, error) {
	if s.failures.Add(-1) >= 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return s.Store.Get(ctx, key)
}

// TestWaitOverAFault: a message for another task lets a wait look what is really stored; that it cannot be
// read just then is not the end.
func TestWaitOverAFault(t *testing.T) {
	server := redistest.Start(t)
	r, other := open(t, server.URL(1)), open(t, server.URL(1))
	s := &stumbling{Store: r.b.engine.store, Notifier: r.b.engine.notify, Batcher: r.b.engine.batch}
	s.failures.Store(1)
	r.b.engine.store = s
	ctx, done, key := soon(t), make(chan string), string(taskKey)+"42"
	go func() {
		sum, err := Get[int](ctx, r, "42")
		done <- fmt.Sprint(sum, err)
	}()
	testproc.Eventually(t, func() error {
		if n := server.MustDo(t, "PUBSUB", "NUMSUB", key); n != key+"\n1" {
			return errors.New("nobody listens: " + n)
		}
		return nil
	})
	server.MustDo(t, "PUBLISH", key, `{"status": "SUCCESS", "result": 1, "task_id": "another"}`)
	testproc.Eventually(t, func() error {
		if s.failures.Load() > 0 {
			return errors.New("it is not read again")
		}
		return nil
	})
	must(t, other.MarkDone(ctx, "42", 7, nil))
	if got := <-done; got != "7 <nil>" {
		t.Error(got)
	}
}
