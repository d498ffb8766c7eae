package celery

import (
	"context"
	"errors"
	"fmt"
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
