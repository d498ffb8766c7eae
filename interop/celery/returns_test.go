package celery_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/larder-go/larder/celery"
)

// start starts a task for each name, and returns their ids.
func (s *site) startTasks(t testing.TB, task string, names []string) (ids []string) {
	t.Helper()
	s.into(t, &ids, "[app.tasks['tasks.' + task].delay(name).id for name in names]", vars{"task": task, "names": names})
	return ids
}

// joined waits for all, and returns how many cannot be read.
func joined(t testing.TB, r *celery.Results, ids []string) (unread int) {
	t.Helper()
	done := 0
	for c, err := range r.Join(t.Context(), ids) {
		ok(t, err)
		done++
		switch {
		case errors.Is(c.Err, celery.ErrMalformed):
			unread++
		case c.Err != nil:
			t.Fatal(c.Err)
		case !c.Meta.Status.Ready():
			t.Errorf("Join yields %s, which is %s", c.ID, c.Meta.Status)
		}
	}
	equal(t, "results of Join", done, len(ids))
	return unread
}

// Every type of Python is read by Go as Python itself reads it again, also those that could not be stored,
// which have failed.
func TestGoReadsWhatTasksReturn(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := s.open(t)
		var names []string
		s.into(t, &names, "list(tasks.VALUES)", nil)
		ids := s.startTasks(t, "value", names)
		unread, failed := joined(t, r, ids), 0
		for i, id := range ids {
			got := s.alike(t, r, id)
			if got.State == "FAILURE" {
				failed++
				equal(t, names[i], got.Exception, "kombu.exceptions.EncodeError")
			}
		}
		// A map whose keys are numbers: kombu writes it in msgpack, and does not read it. A class, in a
		// pickle, is no plain value.
		want := map[string]int{"msgpack": 1, "pickle": 1}[s.serializer]
		equal(t, "values that cannot be read", unread, want)
		if s.serializer == "json" && !slices.Contains([]int{2, 4}, failed) {
			t.Errorf("%d values could not be encoded", failed)
		}
	})
}

// An exception is read by Go with its class, its arguments and its traceback.
func TestGoReadsWhatTasksRaise(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := s.open(t)
		var names []string
		s.into(t, &names, "list(tasks.RAISED)", nil)
		ids := s.startTasks(t, "fail", names)
		joined(t, r, ids)
		for i, id := range ids {
			if slices.Contains([]string{"fussy", "unicode"}, names[i]) || names[i] == "OSError" && s.serializer == "pickle" {
				continue // what is read has other arguments for Python than what is stored
			}
			s.alike(t, r, id)
		}
	})
}

// What Python cannot make again of what is stored, Go shows as it is stored.
func TestGoReadsExceptionsThatPythonCannotMake(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := s.open(t)
		ids := s.startTasks(t, "fail", []string{"fussy", "unicode"})
		joined(t, r, ids)
		wantRaised(t, r, ids[0], "tasks", "Fussy", `Fussy('a')`)
		s.says(t, `Exception("<class 'tasks.Fussy'>(['a'])")`, "AsyncResult(id).result", vars{"id": ids[0]})
		want := `UnicodeDecodeError('utf-8', b'\xff', 0, 1, 'invalid start byte')`
		if s.version == "5.2" {
			want = `UnicodeDecodeError('utf-8', "b'\\xff'", 0, 1, 'invalid start byte')`
		}
		wantRaised(t, r, ids[1], "builtins", "UnicodeDecodeError", want)
	}, func(s *site) bool { return s.serializer == "json" })
}

// wantRaised wants that Go reads an exception.
func wantRaised(t testing.TB, r *celery.Results, id, module, class, repr string) {
	t.Helper()
	_, err := celery.Get[any](t.Context(), r, id)
	var e *celery.TaskError
	if !errors.As(err, &e) || e.Module != module || e.Type != class || e.Repr() != repr {
		t.Errorf("Go: %s has raised %v; want %s.%s, %s", id, err, module, class, repr)
	}
}
