package celery_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/larder-go/larder/celery"
)

// shapes are headers of chords that are more than plain tasks. The name last stands for a task that waits at
// a gate, in Python or Go, until all others are done: the body gets the same whichever it is. Celery makes
// one list of a header with a group inside, and turns that around.
var shapes = []struct {
	name, header string
	others       int // parts beside the last
	want         string
}{
	{"a retried part", `[again.s(1), go("add", 1, 2), last]`, 2, "[1, 3, 99]"},
	{"a group inside", `[group(add.s(1, 1), go("add", 2, 2)), last, add.s(3, 3)]`, 3, "[4, 2, 99, 6]"},
	{"a chain inside", `[add.s(1, 1) | go("add", 10) | add.s(100), last]`, 1, "[112, 99]"},
	{"an expired part", `[add.s(1, 1).set(expires=-1), go("add", 1), last]`, 2, "TaskRevokedError('expired')"},
	{"a chain that fails", `[add.s(1, 1) | go("fail") | add.s(100), last]`, 1, "OutOfStock('from Go')"},
	{"one part", `[last]`, 0, "[99]"},
	{"many parts", `[go("echo", i) if i % 2 else echo.s(i) for i in range(50)] + [last]`, 50, "[" + strings.Join(upTo(50), ", ") + ", 99]"},
}

func upTo(n int) (list []string) {
	for i := range n {
		list = append(list, strconv.Itoa(i))
	}
	return list
}

func TestChordShapes(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := s.open(t)
		queue := "go-" + newID()
		s.work(t, r, queue)
		waiting := "go-" + newID() // of a worker of its own, whose last part keeps it busy
		s.work(t, r, waiting)
		for _, c := range shapes {
			for _, last := range []string{"py", "go"} {
				if got := s.shape(t, r, c.header, c.others, last, queue, waiting); !s.isShape(got, c.want) {
					t.Errorf("%s, %s last: %s; want %s", c.name, last, got, c.want)
				}
			}
		}
	}, named("redis-json", "redis-rich", "redis-pickle", "pylibmc-2", "pylibmc-2-rich", "python-memcached-1"))
}

// isShape compares what the body got. Where parts are not ordered it is the same numbers in some order.
func (s *site) isShape(got, want string) bool {
	if isRich(s) && onRedis(s) && strings.HasPrefix(want, "[") {
		return slices.Equal(numbers(got), numbers(want))
	}
	return strings.Contains(got, want)
}

func numbers(list string) []string {
	return slices.Sorted(slices.Values(strings.Split(strings.Trim(list, "[]"), ", ")))
}

// shape runs one chord, and returns what the body got, or failed with.
func (s *site) shape(t testing.TB, r *celery.Results, header string, others int, last, queue, waiting string) string {
	t.Helper()
	gate, task := newID(), newID()
	var ids []string // of the body and of the header
	s.into(t, &ids, `
def go(name, *args):
    return app.signature("go." + name, args=args).set(queue=queue)

last = wait.s(gate, 99) if which == "py" else app.signature("go.wait", args=(gate, 99)).set(queue=waiting)
last.set(task_id=task)
result = chord(`+header+`, echo.s())()
[result.id, result.parent.id]`, vars{"queue": queue, "waiting": waiting, "gate": gate, "which": last, "task": task})
	eventually(t, "all others done", func() bool { return s.counted(t, r, ids[1]) == others })
	let(t, gate)
	m := must[*celery.Meta](t)(r.Wait(t.Context(), ids[0]))
	s.alike(t, r, ids[0])
	if m.Err() != nil {
		return m.Err().Error()
	}
	return m.Result.Repr()
}
