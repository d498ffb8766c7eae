package celery

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/larder-go/larder/internal/redistest"
)

// TestWait: a result that is there, one that comes, and one that only seems to.
func TestWait(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		ctx := soon(t)
		must(t, r.MarkDone(ctx, "there", 1, nil))
		m, err := r.Wait(ctx, "there")
		if err != nil || m.Status != Success {
			t.Errorf("%v, %v", m, err)
		}

		var waiting sync.WaitGroup
		for i := range 20 {
			waiting.Go(func() {
				v, err := Get[int](ctx, r, "coming")
				if err != nil || v != 42 {
					t.Errorf("waiter %d: %v, %v", i, v, err)
				}
			})
		}
		must(t, r.MarkStarted(ctx, "coming", nil, nil))
		must(t, r.UpdateState(ctx, "coming", "PROGRESS", 1, nil))
		must(t, r.MarkDone(ctx, "coming", 42, nil))
		waiting.Wait()

		must(t, r.MarkFailed(ctx, "failed", errors.New("boom"), nil))
		if _, err := Get[int](ctx, r, "failed"); err == nil || err.Error() != "RuntimeError: boom" {
			t.Errorf("%v", err)
		}
		r.raw(t, "bad", "{")
		var re *ReadError
		if _, err := r.Wait(ctx, "bad"); !errors.As(err, &re) || string(re.Raw) != "{" {
			t.Errorf("%v", err)
		}
	})
}

// TestWaitEnds: with its ctx, and with the results.
func TestWaitEnds(t *testing.T) {
	r := inMemory(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Wait(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := r.Wait(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	ended := make(chan error)
	go func() {
		_, err := r.Wait(context.Background(), "a")
		ended <- err
	}()
	must(t, r.Close())
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
	if _, err := r.Wait(t.Context(), "a"); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
}

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

// TestVectorsPushed: what others publish, with and without storing it, is judged as Celery's own wait judges it.
func TestVectorsPushed(t *testing.T) {
	server := redistest.Start(t)
	cases := map[string]struct {
		commands [][]string
		want     string // if it is not what the vector says: see docs/celery-deviations.md
	}{
		"push_publish_only":                 {commands: [][]string{{"PUBLISH", "$K", `{"status":"SUCCESS","result":7,"task_id":"$ID"}`}}},
		"push_set_only":                     {commands: [][]string{{"SET", "$K", `{"status":"SUCCESS","result":7,"task_id":"$ID"}`}}, want: "int: 7"},
		"push_publish_no_task_id":           {commands: [][]string{{"PUBLISH", "$K", `{"status":"SUCCESS","result":7}`}}, want: "int: 7"},
		"push_publish_garbage":              {commands: [][]string{{"PUBLISH", "$K", "garbage"}}},
		"push_publish_started_then_success": {commands: [][]string{{"PUBLISH", "$K", `{"status":"STARTED","result":null,"task_id":"$ID"}`}, {"PUBLISH", "$K", `{"status":"SUCCESS","result":7,"task_id":"$ID"}`}}},
		"push_publish_other_task_id":        {commands: [][]string{{"PUBLISH", "$K", `{"status":"SUCCESS","result":7,"task_id":"other"}`}}},
		"push_publish_before_set_missing":   {commands: [][]string{{"PUBLISH", "$K", `{"status":"SUCCESS","task_id":"$ID"}`}}},
	}
	met := map[string]bool{}
	for i, v := range vectors(t, "reverse_celery") {
		c, ok := cases[v.Case]
		if !ok {
			continue
		}
		met[v.Case] = true
		t.Run(v.name(), func(t *testing.T) {
			t.Parallel()
			r := open(t, server.URL(1), configured(Config{Compat: v.compat()}))
			want := c.want
			if want == "" {
				want = verdict(fmt.Sprint(v.Outcome["r"]))
			}
			if got := pushed(t, r, server, fmt.Sprintf("task-%d", i), c.commands, want == timedOut); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
	if len(met) != len(cases) {
		t.Errorf("met %v", met)
	}
}

const (
	timedOut   = "nothing came"
	unreadable = "it cannot be read"
)

// verdict is what a real client's wait came to.
func verdict(outcome string) string {
	switch {
	case strings.HasPrefix(outcome, "!! celery.exceptions.TimeoutError"):
		return timedOut
	case strings.HasPrefix(outcome, "!!"):
		return unreadable
	}
	return outcome
}

// pushed is what a wait comes to while a client does the commands.
func pushed(t *testing.T, r *Results, server *redistest.Server, id string, commands [][]string, briefly bool) string {
	t.Helper()
	patience := 30 * time.Second
	if briefly {
		patience = 500 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	done := make(chan string)
	go func() {
		m, err := r.Wait(ctx, id)
		switch {
		case err == nil:
			done <- typed(m.Result)
		case errors.Is(err, ErrMalformed):
			done <- unreadable
		case errors.Is(err, context.DeadlineExceeded):
			done <- timedOut
		default:
			done <- err.Error()
		}
	}()
	key, db := string(taskKey)+id, server.DB(1)
	for server.MustDo(t, "PUBSUB", "NUMSUB", key) != key+"\n1" && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	replace := strings.NewReplacer("$K", key, "$ID", id)
	for _, c := range commands {
		args := make([]string, len(c))
		for i, arg := range c {
			args[i] = replace.Replace(arg)
		}
		if _, err := db.Do(args...); err != nil {
			t.Error(err)
		}
	}
	return <-done
}
