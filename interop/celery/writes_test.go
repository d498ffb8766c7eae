package celery_test

import (
	"context"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/celery"
	"github.com/larder-go/larder/celery/py"
)

// goValues are what a Go program may return.
var goValues = []any{
	nil, true, 42, -1, int64(1)<<53 + 1, new(big.Int).Lsh(big.NewInt(1), 70), 0.1, 1.0, 1e22, 5e-324, math.NaN(), math.Inf(1), math.Inf(-1),
	"", "zażółć 😀\x7f\u2028\"\\\n", strings.Repeat("word ", 40), []any{1, []int{2, 3}, []any{}}, py.Tuple{1, "a"},
	map[string]any{"b": 1, "a": map[string]any{"é": []bool{true}}}, py.NewDict(py.Item{Key: "z", Value: 1}, py.Item{Key: "a", Value: nil}),
	struct {
		Name string `json:"name"`
		N    int    `json:"n,omitempty"`
	}{Name: "x"},
	time.Date(2024, 2, 29, 12, 34, 56, 123456000, time.UTC), time.Date(2024, 2, 29, 12, 34, 56, 0, time.FixedZone("", 7200)),
	py.NaiveOf(time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC)), py.Date{Year: 2024, Month: 2, Day: 29},
	py.Time{Hour: 12, Minute: 34, Second: 56, Microsecond: 7}, py.Decimal("1.10"), py.UUID{0x12, 0x34, 15: 0x78},
	[]byte("abc"), []byte{255, 0, 1}, "😀", "null", "2024-02-29T12:34:56", "yes", "1.0", "- a\n- b", " padded ", "\ttab",
}

// Whatever Go stores is read by Python as Go reads it again, and get() returns it.
func TestPythonReadsWhatGoReturns(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := s.open(t)
		var ids []string
		for _, v := range goValues {
			id := newID()
			err := r.MarkDone(t.Context(), id, v, nil)
			if errors.Is(err, py.ErrUnencodable) {
				s.wantUnencodable(t, v)
				continue
			}
			if err != nil {
				t.Errorf("MarkDone %v: %v", v, err)
				continue
			}
			ids = append(ids, id)
		}
		var got []string
		s.into(t, &got, "[repr(AsyncResult(id).get(timeout=20)) for id in ids]", vars{"ids": ids})
		for i, id := range ids {
			equal(t, "Python's get()", got[i], s.alike(t, r, id).Result)
		}
	})
}

// wantUnencodable wants that Python's Celery cannot store it either.
func (s *site) wantUnencodable(t testing.TB, v any) {
	t.Helper()
	code := "import datetime, decimal; from decimal import Decimal; from uuid import UUID\nnan = inf = 0.0\nvalue = " + value(t, v).Repr() +
		"\nraised(lambda: app.backend.store_result(id, value, 'SUCCESS'))"
	if reply := s.try(t, code, vars{"id": newID()}); reply.Raises != "" || !strings.Contains(reply.Repr, "EncodeError") {
		t.Errorf("Go cannot store %v; Python: %s%s", v, reply.Repr, reply.Exception())
	}
}

var errGo = errors.New("disk full")

// What Go stores of failures is raised by get() as the class that it names, if Python knows that.
func TestPythonRaisesWhatGoFailsWith(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := s.open(t)
		withTrace := celery.Exception("tasks", "OutOfStock", "sku-1", 3)
		withTrace.Traceback = "Traceback (most recent call last):\n  main.go\ntasks.OutOfStock: ('sku-1', 3)\n"
		for _, c := range []struct {
			err               error
			class, repr, text string
		}{
			{celery.Exception("builtins", "ValueError", "boom"), "builtins.ValueError", "ValueError('boom')", ""},
			{celery.Exception("builtins", "ValueError"), "builtins.ValueError", "ValueError()", ""},
			{withTrace, "tasks.OutOfStock", "OutOfStock('sku-1', 3)", withTrace.Traceback},
			{celery.Exception("tasks", "OutOfStock.Soon", "x"), "tasks.OutOfStock.Soon", "Soon('x')", ""},
			{celery.Exception("billing", "CardDeclined", "no", map[string]any{"code": 5}), "celery.exceptions.CardDeclined", "CardDeclined('no', {'code': 5})", ""},
			{errGo, "builtins.RuntimeError", "RuntimeError('disk full')", ""},
			{context.DeadlineExceeded, "builtins.TimeoutError", "TimeoutError('context deadline exceeded')", ""},
			{celery.ErrTaskRevoked, "celery.exceptions.TaskRevokedError", "TaskRevokedError()", ""},
		} {
			id := newID()
			ok(t, r.MarkFailed(t.Context(), id, c.err, nil))
			got := s.text(t, `
e = raised(lambda: AsyncResult(id).get(timeout=20))
cls(e) + ": " + repr(e)`, vars{"id": id})
			equal(t, "what get() raises", got, c.class+": "+c.repr)
			equal(t, "traceback", s.text(t, "AsyncResult(id).traceback or ''", vars{"id": id}), c.text)
			if !strings.HasPrefix(c.class, "celery.exceptions.Card") {
				s.alike(t, r, id)
			}
		}
		id := newID()
		ok(t, r.MarkFailed(t.Context(), id, withTrace, nil))
		s.says(t, "'caught'", `
try:
    AsyncResult(id).get(timeout=20)
except tasks.OutOfStock as e:
    what = "caught"
what`, vars{"id": id})
	})
}

// Every state that Go stores is what Python sees, with what belongs to it.
func TestPythonSeesGoStates(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r, ctx := s.open(t), t.Context()
		req := &celery.Request{
			GroupID: newID(), ParentID: newID(), Children: []celery.Node{celery.Task(newID()), celery.Group(newID(), newID(), newID())},
			Name: "go.add", Args: []int{1, 2}, Kwargs: map[string]any{"x": "y"}, Worker: "go@host", Retries: 2, Queue: "go",
		}
		for state, store := range map[string]func(id string) error{
			"STARTED": func(id string) error {
				return r.MarkStarted(ctx, id, map[string]any{"pid": 1, "hostname": "go@host"}, req)
			},
			"PROGRESS": func(id string) error {
				return r.UpdateState(ctx, id, "PROGRESS", map[string]int{"done": 1, "of": 2}, req)
			},
			"RETRY":   func(id string) error { return r.MarkRetry(ctx, id, errGo, req) },
			"REVOKED": func(id string) error { return r.MarkRevoked(ctx, id, "terminated", req) },
			"FAILURE": func(id string) error { return r.MarkFailed(ctx, id, errGo, req) },
			"SUCCESS": func(id string) error { return r.MarkDone(ctx, id, "done", req) },
		} {
			id := newID()
			ok(t, store(id))
			got := s.alike(t, r, id)
			equal(t, "state", got.State, state)
			equal(t, "ready", got.Done != "", celery.State(state).Ready())
			equal(t, "parent", got.Parent, req.ParentID)
			equal(t, "group", got.Group, req.GroupID)
			if isRich(s) {
				equal(t, "name", got.Name, "go.add")
				equal(t, "args", got.Args, "[1, 2]")
				equal(t, "retries", got.Retries, 2)
			}
			s.says(t, "2", "len(AsyncResult(id).children)", vars{"id": id})
			s.says(t, "2", "len(AsyncResult(id).children[1])", vars{"id": id})
		}
		id := newID()
		ok(t, r.MarkRetry(ctx, id, nil, nil))
		equal(t, "RETRY without a reason", s.alike(t, r, id).State, "RETRY")
		s.says(t, "'PENDING'", "AsyncResult(id).state", vars{"id": newID()})
	})
}

// A success stays, whichever side stored it and whichever comes afterwards.
func TestSuccessStays(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r, ctx := s.open(t), t.Context()
		mine, theirs := newID(), newID()
		ok(t, r.MarkDone(ctx, mine, "first", nil))
		s.run(t, "app.backend.mark_as_failure(id, ValueError('late')); app.backend.mark_as_done(id, 'second')", vars{"id": mine})
		s.run(t, "app.backend.mark_as_done(id, 'first')", vars{"id": theirs})
		stored, err := r.Store(ctx, theirs, celery.Success, "second", nil)
		equal(t, "stored", stored, false)
		ok(t, err)
		ok(t, r.MarkFailed(ctx, theirs, errGo, nil))
		for _, id := range []string{mine, theirs} {
			equal(t, "result", s.alike(t, r, id).Result, "'first'")
		}
	})
}
