package celery_test

import (
	"cmp"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/celery"
)

// Go waits while a task goes through its states, and sees each before the task goes on.
func TestGoWatchesWhatPythonDoes(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r, gate := s.open(t), newID()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		id := newID()
		waited := make(chan *celery.Meta, 1)
		go func() {
			m, err := r.Wait(ctx, id)
			if err != nil {
				t.Error(err)
			}
			waited <- m
		}()
		s.run(t, "steps.apply_async((gate, ['PROGRESS', 'UPLOAD', 'PROGRESS']), task_id=id)", vars{"gate": gate, "id": id})
		var states []string
		for c, err := range r.Watch(ctx, []string{id}) {
			ok(t, cmp.Or(err, c.Err))
			if c.Meta.Status == celery.Started {
				continue
			}
			states = append(states, string(c.Meta.Status))
			let(t, gate)
		}
		equal(t, "states", strings.Join(states, " "), "PROGRESS UPLOAD PROGRESS SUCCESS")
		equal(t, "waited for", (<-waited).Result.Repr(), "3")
	})
}

// Python waits in get() until Go stores: on Redis it hears of it, elsewhere it reads again and again.
func TestPythonWaitsForGo(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := s.open(t)
		for _, c := range []struct {
			store func(id string) error
			want  string
		}{
			{func(id string) error { return r.MarkDone(t.Context(), id, "from Go", nil) }, "'from Go'"},
			{func(id string) error {
				return r.MarkFailed(t.Context(), id, celery.Exception("tasks", "OutOfStock", 1), nil)
			}, "OutOfStock(1)"},
			{func(id string) error { return r.MarkRevoked(t.Context(), id, "revoked", nil) }, "TaskRevokedError('revoked')"},
		} {
			id := newID()
			got := make(chan string, 1)
			go func() {
				got <- s.try(t, "AsyncResult(id).get(timeout=30, on_interval=say('waits-' + id), propagate=False)", vars{"id": id}).Repr
			}()
			s.pythonWaits(t, id)
			ok(t, r.UpdateState(t.Context(), id, "PROGRESS", nil, nil)) // which ends no wait
			ok(t, c.store(id))
			equal(t, "Python's get()", <-got, c.want)
		}
	})
}

// pythonWaits returns when get() has begun to wait.
func (s *site) pythonWaits(t testing.TB, id string) {
	t.Helper()
	eventually(t, "waiting in Python", func() bool {
		if onMemcached(s) {
			return waits(t, id)
		}
		return s.subscribed(t, id)
	})
}

// waits tells whether Python has said so.
func waits(t testing.TB, id string) bool {
	t.Helper()
	return redis.MustDo(t, "EXISTS", "waits-"+id) == "1"
}

func (s *site) subscribed(t testing.TB, id string) bool {
	t.Helper()
	return strings.HasSuffix(redis.MustDo(t, "PUBSUB", "NUMSUB", s.key("celery-task-meta-"+id)), "\n1")
}

// key is a key with the site's prefix.
func (s *site) key(name string) string {
	if isRich(s) && s.version != "5.2" {
		return "shop_" + name
	}
	return name
}

// Python's get() reads once and then only listens. What Go stores in another database it can only have heard.
func TestPythonHearsGo(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		elsewhere := s.open(t, func(cfg *celery.Config) { cfg.ResultBackend = redis.URL(redis.FreshDB()) })
		id := newID()
		got := make(chan string, 1)
		go func() { got <- s.try(t, "AsyncResult(id).get(timeout=30)", vars{"id": id}).Repr }()
		s.pythonWaits(t, id)
		ok(t, elsewhere.MarkDone(t.Context(), id, []int{1, 2}, nil))
		equal(t, "Python's get()", <-got, "[1, 2]")
	}, onRedis)
}

// Many waiters in Go and Python for tasks of both, none of which is forgotten.
func TestManyWait(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		const n = 100
		r := s.open(t)
		var theirs, mine []string
		for range n {
			mine = append(mine, newID())
		}
		s.into(t, &theirs, "[echo.delay(i).id for i in range(n)]", vars{"n": n})
		python := make(chan string, 1)
		go func() {
			code := "sum(celery.result.ResultSet([AsyncResult(id) for id in ids]).get(timeout=30))"
			python <- s.try(t, code, vars{"ids": mine}).Repr
		}()
		for i, id := range mine {
			ok(t, r.MarkDone(t.Context(), id, i, nil))
		}
		sum, count := 0, 0
		for c, err := range r.Join(t.Context(), append(theirs, mine...)) {
			ok(t, cmp.Or(err, c.Err))
			var i int
			ok(t, c.Meta.Decode(&i))
			sum, count = sum+i, count+1
		}
		equal(t, "results", count, 2*n)
		equal(t, "their sum", sum, n*(n-1))
		equal(t, "Python's sum", <-python, "4950")
	}, named("redis-json", "redis-rich", "pylibmc-2", "python-memcached-2"))
}
