package celery_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/larder-go/larder/celery"
	"github.com/larder-go/larder/celery/py"
	"github.com/larder-go/larder/interop/celery/broker"
)

// goTasks are what the Go worker runs.
var goTasks = map[string]broker.Task{
	"go.add": func(_ context.Context, m broker.Message) (any, error) {
		sum := 0
		for _, arg := range m.Args {
			var n int
			if err := arg.Decode(&n); err != nil {
				return nil, err
			}
			sum += n
		}
		return sum, nil
	},
	"go.echo": func(_ context.Context, m broker.Message) (any, error) { return m.Args[0], nil },
	"go.fail": func(context.Context, broker.Message) (any, error) {
		return nil, celery.Exception("tasks", "OutOfStock", "from Go")
	},
	"go.noted": func(_ context.Context, m broker.Message) (any, error) {
		var id string
		if err := m.Args[0].Decode(&id); err != nil {
			return nil, err
		}
		_, err := redis.Do("RPUSH", "errback-"+id, "go")
		return nil, err
	},
	"go.wait": func(ctx context.Context, m broker.Message) (any, error) {
		var gate string
		if err := m.Args[0].Decode(&gate); err != nil {
			return nil, err
		}
		if _, err := redis.Do("BLPOP", gate, "60"); err != nil {
			return nil, err
		}
		return m.Args[1], nil
	},
}

// work runs a Go worker on the site's queue "go", to the end of the test.
func (s *site) work(t testing.TB, r *celery.Results, queue string) *broker.Broker {
	t.Helper()
	b := must[*broker.Broker](t)(broker.Open(redis.URL(s.broker)))
	tasks := maps.Clone(goTasks)
	tasks["go.more"] = more(r, b)
	w := &broker.Worker{Name: "go@interop", Queue: queue, Broker: b, Results: r, Tasks: tasks}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		ok(t, <-done)
		b.Close()
	})
	return b
}

// more is a task that adds a part to the chord whose header it is in, and returns 1.
func more(r *celery.Results, b *broker.Broker) broker.Task {
	return func(ctx context.Context, m broker.Message) (any, error) {
		if err := r.AddToChord(ctx, m.GroupID); err != nil {
			return nil, err
		}
		return 1, b.Publish(ctx, broker.DefaultQueue, broker.Message{
			ID: newID(), Task: "tasks.add", Args: m.Args, RootID: m.RootID, ParentID: m.ID,
			GroupID: m.GroupID, GroupIndex: m.GroupIndex, Embed: broker.Embed{Chord: m.Embed.Chord},
		})
	}
}

// mixed is a chord whose header has parts of both sides. Those of wait in Python and Go wait at a
// gate of their own.
const mixed = `
def go(name, *args):
    return app.signature("go." + name, args=args).set(queue=queue)

header = [add.s(1, 1), go("add", 2, 2), wait.s(gate + "-py", 6), go("wait", gate + "-go", 8), echo.s(10)]
result = chord(header, echo.s().set(queue="celery"))()
[result.id, result.parent.id]`

// A chord's parts are done by workers of both sides. Whichever has the last one starts the body, with the
// results in their order.
func TestMixedChords(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := s.open(t)
		for _, last := range []string{"py", "go"} {
			queue, gate := "go-"+newID(), newID()
			s.work(t, r, queue)
			var ids []string // of the body and of the header
			s.into(t, &ids, mixed, vars{"queue": queue, "gate": gate})
			first := map[string]string{"py": "go", "go": "py"}[last]
			let(t, gate+"-"+first)
			s.allButOne(t, r, ids[1], ids[0])
			let(t, gate+"-"+last)
			values, err := celery.Get[[]int](t.Context(), r, ids[0])
			ok(t, err)
			if isRich(s) && onRedis(s) { // in the order in which they were done
				equal(t, "the last", values[4], map[string]int{"py": 6, "go": 8}[last])
			} else {
				equal(t, "values", fmt.Sprint(values), "[2 4 6 8 10]")
			}
			s.says(t, fmt.Sprint(len(values)), "len(AsyncResult(id).get(timeout=20))", vars{"id": ids[0]})
			s.alike(t, r, ids[0])
			s.clean(t, ids[1])
		}
	}, func(s *site) bool { return s.serializer != "pickle" || onRedis(s) })
}

// allButOne returns when all parts but one are counted. The body has not been started, then.
func (s *site) allButOne(t testing.TB, r *celery.Results, group, body string) {
	t.Helper()
	eventually(t, "done but for one", func() bool { return s.counted(t, r, group) == 4 })
	if there, err := r.Exists(t.Context(), body); there || err != nil {
		t.Errorf("the body has been started early: %v, %v", there, err)
	}
}

// counted is how many parts are.
func (s *site) counted(t testing.TB, r *celery.Results, group string) int {
	t.Helper()
	if onMemcached(s) {
		text, err := r.Backend().Get(t.Context(), s.key("chord-unlock-"+group))
		if errors.Is(err, celery.ErrMiss) {
			return 0
		}
		ok(t, err)
		var n int
		_, err = fmt.Sscan(string(text), &n)
		ok(t, err)
		return n
	}
	key, count := s.key("celery-taskset-meta-"+group)+".j", "ZCARD"
	if isRich(s) {
		count = "LLEN"
	}
	var n int
	_, err := fmt.Sscan(redis.DB(s.results).MustDo(t, count, key), &n)
	ok(t, err)
	return n
}

// clean wants that nothing is left of a chord, soon: it is deleted after the body was sent.
func (s *site) clean(t testing.TB, group string) {
	t.Helper()
	for _, name := range []string{"chord-unlock-" + group, "celery-taskset-meta-" + group} {
		for _, end := range []string{"", ".j", ".s", ".t"} {
			if onMemcached(s) && end != "" {
				continue
			}
			eventually(t, "deleted: "+name+end, func() bool { return !s.stored(t, s.key(name)+end) })
		}
	}
}

// stored tells whether a key is there, on whichever server.
func (s *site) stored(t testing.TB, key string) bool {
	t.Helper()
	if onRedis(s) {
		return redis.DB(s.results).MustDo(t, "EXISTS", key) == "1"
	}
	for _, server := range memcacheds[:s.servers] {
		if _, _, there := server.Value(t, key); there {
			return true
		}
	}
	return false
}

// A part that fails, on either side, fails the body: as ChordError, which both sides read.
func TestMixedChordsFail(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := s.open(t)
		for _, c := range []struct{ header, want string }{
			{`[add.s(1, 1), fail.s("own"), go("add", 1)]`, "OutOfStock('sku-1', 3)"},
			{`[add.s(1, 1), go("fail"), add.s(2, 2)]`, "OutOfStock('from Go')"},
			{`[go("add", 1), fail.s("own"), go("add", 2)]`, "OutOfStock('sku-1', 3)"},
			{`[add.s(1, 1), add.s(2, 2), go("fail")]`, "OutOfStock('from Go')"},
		} {
			queue := "go-" + newID()
			s.work(t, r, queue)
			id := s.text(t, `
def go(name, *args):
    return app.signature("go." + name, args=args).set(queue=queue)

chord(`+c.header+`, echo.s())().id`, vars{"queue": queue})
			m := must[*celery.Meta](t)(r.Wait(t.Context(), id))
			if !errors.Is(m.Err(), celery.ErrChord) || !strings.Contains(m.Err().Error(), c.want) {
				t.Errorf("%s: %v; want a ChordError with %s", c.header, m.Err(), c.want)
			}
			s.alike(t, r, id)
			s.says(t, "'ChordError'", "type(raised(lambda: AsyncResult(id).get(timeout=20))).__name__", vars{"id": id})
		}
	}, named("redis-json", "redis-rich", "redis-msgpack", "redis-pickle", "pylibmc-1", "pylibmc-2-rich", "python-memcached-2", "python-memcached-2-yaml"))
}

// A chord that Go starts: its header goes to workers of both sides, and a Python task is its body.
func TestGoStartsChords(t *testing.T) {
	each(t, func(t *testing.T, s *site) { s.goChord(t, s.open(t)) })
}

func (s *site) goChord(t testing.TB, r *celery.Results) {
	t.Helper()
	ctx, queue := t.Context(), "go-"+newID()
	b := s.work(t, r, queue)
	header := celery.Group(newID(), newID(), newID(), newID())
	size := 3
	body := broker.Signature{Task: "tasks.total", Options: broker.Options{TaskID: newID()}, ChordSize: &size}
	ok(t, r.StartChord(ctx, header))
	for i, n := range header.Nodes {
		m := broker.Message{
			ID: n.ID, Task: "tasks.echo", Args: []py.Value{value(t, i)}, GroupID: header.ID, GroupIndex: &i, Embed: broker.Embed{Chord: &body},
		}
		to := broker.DefaultQueue
		if i == 1 {
			m.Task, to = "go.echo", queue
		}
		ok(t, b.Publish(ctx, to, m))
	}
	equal(t, "value", must[int](t)(celery.Get[int](ctx, r, body.Options.TaskID)), 3)
	s.alike(t, r, body.Options.TaskID)
	s.clean(t, header.ID)
}

// A chain through both sides.
func TestMixedChains(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r, ctx, queue := s.open(t), t.Context(), "go-"+newID()
		s.work(t, r, queue)
		var ids []string // the last first
		s.into(t, &ids, `
go = app.signature("go.add", args=(10,)).set(queue=queue)
r = (add.s(1, 2) | go | add.s(100) | go).delay()
[r.id, r.parent.id, r.parent.parent.id, r.parent.parent.parent.id]`, vars{"queue": queue})
		joined(t, r, ids) // a task starts the next one before it stores its own result
		equal(t, "value", must[int](t)(celery.Get[int](ctx, r, ids[0])), 123)
		s.says(t, "123", "AsyncResult(id).get(timeout=20)", vars{"id": ids[0]})
		tree := must[*celery.Tree](t)(r.Tree(ctx, ids[3]))
		equal(t, "the last", tree.Nodes[0].Nodes[0].Nodes[0].ID, ids[0])
		equal(t, "parents", len(must[[]*celery.Meta](t)(r.Parents(ctx, ids[0]))), 3)
		for _, id := range ids {
			s.alike(t, r, id)
		}
		s.into(t, &ids, `
go = app.signature("go.fail").set(queue=queue)
r = (add.s(1, 2) | go | add.s(100)).delay()
[r.id, r.parent.id]`, vars{"queue": queue})
		for _, id := range ids[:2] {
			wantRaised(t, r, id, "tasks", "OutOfStock", "OutOfStock('from Go')")
			s.says(t, "OutOfStock('from Go')", "raised(lambda: AsyncResult(id).get(timeout=20))", vars{"id": id})
		}
	}, named("redis-json", "redis-rich", "redis-yaml", "pylibmc-2-rich", "python-memcached-2"))
}
