package celery_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/larder-go/larder/celery"
)

// waiting makes the last part of a chord, which waits at a gate in Python or Go. It keeps a Go worker busy,
// which has a queue of its own.
const waiting = `
def go(name, *args):
    return app.signature("go." + name, args=args).set(queue=queue)

last = wait.s(gate, 100) if which == "py" else go("wait", gate, 100).set(queue=queue + "-last")
`

// A task of a header adds a part to its chord, which is Redis's alone. Either side counts what the
// other has added.
func TestPartsAreAddedToChords(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := s.open(t)
		for _, adds := range []string{"more.s(20, 22)", `go("more", 20, 22)`} {
			for _, last := range []string{"py", "go"} {
				queue, gate := "go-"+newID(), newID()
				s.work(t, r, queue)
				s.work(t, r, queue+"-last")
				var ids []string // of the body and of the header
				s.into(t, &ids, waiting+`
result = chord([`+adds+`, last], echo.s())()
[result.id, result.parent.id]`, vars{"queue": queue, "gate": gate, "which": last})
				eventually(t, "two of three done", func() bool { return s.counted(t, r, ids[1]) == 2 })
				s.added(t, ids[1])
				let(t, gate)
				values, err := celery.Get[[]int](t.Context(), r, ids[0])
				ok(t, err)
				if slices.Sort(values); !slices.Equal(values, []int{1, 42, 100}) {
					t.Errorf("%s, %s last: the body gets %v", adds, last, values)
				}
				s.alike(t, r, ids[0])
				s.clean(t, ids[1])
			}
		}
	}, onRedis, func(s *site) bool { return s.serializer != "pickle" })
}

// added wants that one part was added, which is forgotten like the chord.
func (s *site) added(t testing.TB, group string) {
	t.Helper()
	at := s.at(t, s.key("celery-taskset-meta-"+group)+".t")
	equal(t, "parts that were added", string(at.value), "1")
	if at.ttl <= 0 {
		t.Errorf("the count of added parts lives %d s", at.ttl)
	}
}

// Nobody adds to a chord on Memcached.
func TestChordsOnMemcachedDoNotGrow(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		if err := s.open(t).AddToChord(t.Context(), newID()); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Go: %v", err)
		}
		s.says(t, "'NotImplementedError'", "type(raised(lambda: app.backend.add_to_chord('g', None))).__name__", nil)
	}, named("pylibmc-1", "python-memcached-1"))
}

// The errbacks of a body (link_error) are told that it was not started, by whoever has done the last part.
// One that takes the id is a task of its own, of either side. One that takes the exception, a Python worker
// calls; Go has no such thing.
func TestErrbacksOfChords(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := s.open(t)
		for _, c := range []struct {
			last, errbacks string
			want           []string
		}{
			{"go", `[noted.s(), go("noted")]`, []string{"go", "noted ChordError("}},
			{"py", `[noted.s(), go("noted"), handled.s()]`, []string{"go", "handled ChordError(", "noted "}},
		} {
			queue, gate := "go-"+newID(), newID()
			s.work(t, r, queue)
			s.work(t, r, queue+"-last")
			var ids []string // of the body and of the header
			s.into(t, &ids, waiting+`
body = echo.s()
for errback in `+c.errbacks+`:
    body.link_error(errback)
result = chord([fail.s("own"), last], body)()
[result.id, result.parent.id]`, vars{"queue": queue, "gate": gate, "which": c.last})
			eventually(t, "the other done", func() bool { return s.counted(t, r, ids[1]) == 1 })
			let(t, gate)
			m := must[*celery.Meta](t)(r.Wait(t.Context(), ids[0]))
			if !errors.Is(m.Err(), celery.ErrChord) {
				t.Errorf("%s last: %v", c.last, m.Err())
			}
			s.alike(t, r, ids[0])
			key := "errback-" + ids[0]
			eventually(t, "all errbacks run", func() bool { return redis.MustDo(t, "LLEN", key) == strconv.Itoa(len(c.want)) })
			told := slices.Sorted(strings.SplitSeq(redis.MustDo(t, "LRANGE", key, "0", "-1"), "\n"))
			for i, want := range c.want {
				if !strings.HasPrefix(told[i], want) {
					t.Errorf("%s last: told %q, want %q", c.last, told, c.want)
				}
			}
		}
	}, named("redis-json", "redis-rich", "redis-msgpack", "pylibmc-1", "pylibmc-2-rich", "python-memcached-2"))
}
