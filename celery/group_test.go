package celery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/larder-go/larder/celery/py"
)

func reprs(values []py.Value) string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = v.Repr()
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// TestGroup: a group is saved, restored and deleted, on every engine.
func TestGroup(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		ctx := t.Context()
		if g, found, err := r.RestoreGroup(ctx, "g"); found || err != nil {
			t.Errorf("%v, %v, %v", g, found, err)
		}
		parent := Task("p")
		want := Group("g", "a", "b")
		want.Parent = &parent
		want.Nodes = append(want.Nodes, Group("inner", "c"))
		must(t, r.SaveGroup(ctx, want))
		got, found, err := r.RestoreGroup(ctx, "g")
		if err != nil || !found || !cmp.Equal(got, want) {
			t.Errorf("%v, %v, %s", found, err, cmp.Diff(want, got))
		}
		must(t, r.DeleteGroup(ctx, "g"))
		must(t, r.DeleteGroup(ctx, "g"))
		if _, found, _ := r.RestoreGroup(ctx, "g"); found {
			t.Error("it is still there")
		}
	})
}

// TestVectorsGroups: what real readers restore of groups that others have saved.
func TestVectorsGroups(t *testing.T) {
	n := 0
	for _, v := range vectors(t, "reverse_celery") {
		id, isGroup := strings.CutPrefix(v.Key, string(groupKey))
		if !isGroup {
			continue
		}
		n++
		t.Run(v.name(), func(t *testing.T) {
			r := inMemory(t)
			must(t, r.b.Set(t.Context(), v.Key, v.value()))
			group, found, err := r.RestoreGroup(t.Context(), id)
			if got, want := lookGroup(group, found, err), fmt.Sprint(v.Outcome["restore"]); got != verdict(want) {
				t.Errorf("%s, want %s", got, want)
			}
			if want := fmt.Sprint(v.Outcome["as_tuple"]); strings.HasPrefix(want, "tuple: ") {
				tuple, err := py.Of(group.tuple())
				must(t, err)
				if got := "tuple: " + tuple.Repr(); got != want {
					t.Errorf("%s, want %s", got, want)
				}
			}
		})
	}
	if n < 50 {
		t.Errorf("only %d groups", n)
	}
}

// lookGroup is a group as Python prints it.
func lookGroup(g Node, found bool, err error) string {
	switch {
	case errors.Is(err, ErrMalformed):
		return unreadable
	case err != nil:
		return err.Error()
	case !found:
		return "NoneType: None"
	case !g.Group:
		return "AsyncResult: <AsyncResult: " + g.ID + ">"
	}
	return "GroupResult: <GroupResult: " + g.ID + " [" + strings.Join(g.Tasks(), ", ") + "]>"
}

// TestGroupErrors: what cannot be read is an error for this group, with its bytes.
func TestGroupErrors(t *testing.T) {
	r := inMemory(t)
	for _, text := range []string{"{", `{}`, `{"result": null}`, `{"result": {"a": 1}}`, `[]`, `1`} {
		must(t, r.b.Set(t.Context(), string(groupKey)+"g", []byte(text)))
		_, _, err := r.RestoreGroup(t.Context(), "g")
		var re *ReadError
		if !errors.As(err, &re) || re.ID != "g" || string(re.Raw) != text || !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestJoinGroup waits for all, and returns the values in the group's form.
func TestJoinGroup(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		ctx := soon(t)
		g := Group("g", "a", "b")
		g.Nodes = append(g.Nodes, Group("inner", "c", "a"), Group("none"))
		must(t, r.MarkDone(ctx, "b", "B", nil))
		go func() {
			_ = r.MarkStarted(ctx, "c", nil, nil)
			_ = r.MarkDone(ctx, "c", []int{3}, nil)
			_ = r.MarkDone(ctx, "a", nil, nil)
		}()
		values, err := r.JoinGroup(ctx, g)
		if err != nil || reprs(values) != "[None, 'B', [[3], None], []]" {
			t.Errorf("%s, %v", reprs(values), err)
		}
		if values, err := r.JoinGroup(ctx, Task("b")); err != nil || reprs(values) != "['B']" {
			t.Errorf("%s, %v", reprs(values), err)
		}
		if values, err := r.JoinGroup(ctx, Group("empty")); err != nil || len(values) != 0 {
			t.Errorf("%v, %v", values, err)
		}
	})
}

// TestJoinGroupFails with the first task that does.
func TestJoinGroupFails(t *testing.T) {
	r := inMemory(t)
	must(t, r.MarkFailed(t.Context(), "b", Exception(builtins, "ValueError", "boom"), nil))
	_, err := r.JoinGroup(soon(t), Group("g", "a", "b"))
	var je *JoinError
	var te *TaskError
	if !errors.As(err, &je) || je.ID != "b" || !errors.As(err, &te) || err.Error() != `celery: task "b" of the group: ValueError: boom` {
		t.Errorf("%v", err)
	}
	r.raw(t, "c", "{")
	if _, err := r.JoinGroup(soon(t), Group("g", "a", "c")); !errors.Is(err, ErrMalformed) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := r.JoinGroup(ctx, Group("g", "a")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}
