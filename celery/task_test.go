package celery

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestLifecycle walks a task through its states on every engine.
func TestLifecycle(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		ctx := t.Context()
		if m := result(t, r, "a"); m.Status != Pending || m.Known() || m.TaskID != "a" {
			t.Errorf("a task that nobody knows is %+v", m)
		}
		known, err := r.Exists(ctx, "a")
		must(t, err)
		if known {
			t.Error("it exists")
		}

		must(t, r.MarkStarted(ctx, "a", map[string]any{"pid": 1, "hostname": "w@h"}, nil))
		if m := result(t, r, "a"); m.Status != Started || !m.Known() || !m.DateDone.IsZero() || m.Children != nil {
			t.Errorf("started: %+v", m)
		}
		must(t, r.UpdateState(ctx, "a", "PROGRESS", map[string]int{"current": 3}, &Request{}))
		if m := result(t, r, "a"); m.Status != "PROGRESS" || m.Result.Repr() != "{'current': 3}" || m.Children == nil {
			t.Errorf("progress: %+v", m)
		}
		must(t, r.MarkRetry(ctx, "a", Exception(builtins, "ValueError", "again"), &Request{Children: []Node{Task("a")}}))
		if m := result(t, r, "a"); m.Status != Retry || m.Exception().Error() != "ValueError: again" || m.Err() != nil || m.Children[0].ID != "a" {
			t.Errorf("retry: %+v", m)
		}
		before := time.Now()
		must(t, r.MarkDone(ctx, "a", []int{1, 2}, &Request{GroupID: "g", ParentID: "p"}))
		m := result(t, r, "a")
		if m.Status != Success || m.GroupID != "g" || m.ParentID != "p" || m.DateDone.Sub(before).Abs() > time.Minute {
			t.Errorf("done: %+v", m)
		}
		var value []int
		must(t, m.Decode(&value))
		if !cmp.Equal(value, []int{1, 2}) {
			t.Errorf("the value is %v", value)
		}
		known, err = r.Exists(ctx, "a")
		must(t, err)
		if !known {
			t.Error("it does not exist")
		}

		must(t, r.Forget(ctx, "a"))
		must(t, r.Forget(ctx, "a"))
		if m := result(t, r, "a"); m.Known() {
			t.Errorf("forgotten: %+v", m)
		}
	})
}

// TestSuccessStays: nothing replaces SUCCESS, and everything else is replaced.
func TestSuccessStays(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		ctx := t.Context()
		for _, s := range []State{Failure, Started, Revoked, "PROGRESS", Pending, Success} {
			stored, err := r.Store(ctx, "a", s, nil, nil)
			if err != nil || !stored {
				t.Errorf("%s: %v, %v", s, stored, err)
			}
		}
		for _, s := range []State{Success, Failure, Started, Revoked} {
			stored, err := r.Store(ctx, "a", s, nil, nil)
			if err != nil || stored {
				t.Errorf("%s after SUCCESS: %v, %v", s, stored, err)
			}
		}
		if m := result(t, r, "a"); m.Status != Success {
			t.Errorf("it is %s", m.Status)
		}
	})
}

// TestGarbageIsReplaced: what no reader can read does not block a task for ever; a bare SUCCESS
// does, as for Celery.
func TestGarbageIsReplaced(t *testing.T) {
	garbage := map[string]bool{
		`garbage`: true, `null`: true, `{"result":1}`: true, `"SUCCESS"`: true, `["SUCCESS"]`: true, ``: true, `{"status":null}`: true,
		`{"status":"FAILURE","result":{"whatever":1}}`:                                              true,
		`{"status":"FAILURE","result":{"exc_type":"system","exc_module":"os","exc_message":["x"]}}`: true,
		`{"status":"FAILURE","status":"SUCCESS"}`:                                                   false,
		`{"status":"SUCCESS"}`:                       false,
		`{"status":"SUCCESS","children":"nonsense"}`: false,
		`{"status":"\u0053UCCESS"}`:                  false,
	}
	each(t, func(t *testing.T, r *Results) {
		for text, want := range garbage {
			r.raw(t, "a", text)
			stored, err := r.Store(t.Context(), "a", Failure, errors.New("boom"), nil)
			if err != nil || stored != want {
				t.Errorf("over %s: %v, %v", text, stored, err)
			}
			must(t, r.Forget(t.Context(), "a"))
		}
	})
}

// TestErrors: each malformed result is an error for its id alone, with the bytes at hand.
func TestErrors(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		r.raw(t, "bad", `{"status": `)
		must(t, r.MarkDone(t.Context(), "good", 1, nil))
		_, err := r.Result(t.Context(), "bad")
		var re *ReadError
		if !errors.As(err, &re) || re.ID != "bad" || string(re.Raw) != `{"status": ` || !errors.Is(err, ErrMalformed) {
			t.Errorf("%v", err)
		}
		long := strings.Repeat("x", 70_000)
		metas, err := r.Results(t.Context(), []string{"bad", "good", "", "unknown", "a\r\nset b 0 0 1\r\n1", "a\x00", long, "good"})
		var failed IDErrors
		if !errors.As(err, &failed) || len(failed) != 5 {
			t.Fatalf("%v", err)
		}
		if !errors.Is(failed["bad"], ErrMalformed) || !errors.Is(failed[""], ErrBadID) || !errors.Is(failed["a\x00"], ErrBadKey) || !errors.Is(failed[long], ErrBadKey) {
			t.Errorf("%v", failed)
		}
		if metas[1].Status != Success || metas[7].Status != Success || metas[3].Status != Pending || metas[0] != nil {
			t.Errorf("%v", metas)
		}
		if m := result(t, r, "b"); m.Known() {
			t.Error("an id has injected a key")
		}
		_, err = r.Results(t.Context(), []string{"bad", long})
		if text := err.Error(); !strings.HasPrefix(text, `celery: 2 failed, first "bad": malformed json`) || strings.Count(text, "bad") != 1 {
			t.Errorf("%v", err)
		}
		if _, err = r.Results(t.Context(), []string{long}); len(err.Error()) > 300 || strings.Count(err.Error(), "celery") != 1 {
			t.Errorf("%v", err)
		}
	})
}

// TestHostileIDs: no method takes them.
func TestHostileIDs(t *testing.T) {
	r := inMemory(t)
	ctx := soon(t)
	for _, id := range []string{"", "a\rb", "a\nb", "a\n", "a\x00b"} {
		group := Group(id, "x")
		for name, call := range map[string]func() error{
			"Result":       func() error { _, err := r.Result(ctx, id); return err },
			"Exists":       func() error { _, err := r.Exists(ctx, id); return err },
			"Store":        func() error { _, err := r.Store(ctx, id, Success, 1, nil); return err },
			"Wait":         func() error { _, err := r.Wait(ctx, id); return err },
			"Forget":       func() error { return r.Forget(ctx, id) },
			"SaveGroup":    func() error { return r.SaveGroup(ctx, group) },
			"RestoreGroup": func() error { _, _, err := r.RestoreGroup(ctx, id); return err },
			"DeleteGroup":  func() error { return r.DeleteGroup(ctx, id) },
			"StartChord":   func() error { return r.StartChord(ctx, group) },
			"ChordPart":    func() error { _, err := r.ChordPart(ctx, Part{GroupID: id, TaskID: "x", State: Success}); return err },
			"Parents":      func() error { _, err := r.Parents(ctx, id); return err },
		} {
			if err := call(); !errors.Is(err, ErrBadID) && !errors.Is(err, ErrBadKey) {
				t.Errorf("%s(%q): %v", name, id, err)
			}
		}
	}
}

// TestMetaValues: what Decode and Err make of each state.
func TestMetaValues(t *testing.T) {
	r := inMemory(t)
	r.raw(t, "none", `{"status": "FAILURE", "result": null}`)
	r.raw(t, "going", `{"status": "STARTED", "result": {"pid": 1}}`)
	var v any
	if err := result(t, r, "none").Decode(&v); err == nil || err.Error() != "RuntimeError: No active exception to reraise" {
		t.Errorf("%v", err)
	}
	if err := result(t, r, "going").Decode(&v); !errors.Is(err, ErrNotReady) {
		t.Errorf("%v", err)
	}
	if e := result(t, r, "going").Exception(); e != nil {
		t.Errorf("%v", e)
	}
	must(t, r.MarkRevoked(t.Context(), "gone", "terminated", nil))
	if err := result(t, r, "gone").Decode(&v); !errors.Is(err, ErrTaskRevoked) {
		t.Errorf("%v", err)
	}
	if fields := result(t, r, "going").Fields(); len(fields) != 2 || fields[0].Name != "status" {
		t.Errorf("%v", fields)
	}
}

// TestLargeResults: what is too large for an engine is an error that loses nothing, and what is not comes back.
func TestLargeResults(t *testing.T) {
	large := strings.Repeat("x", 4<<20)
	each(t, func(t *testing.T, r *Results) {
		ctx := soon(t)
		must(t, r.MarkStarted(ctx, "a", 1, nil))
		err := r.MarkDone(ctx, "a", large, nil)
		if errors.Is(err, ErrTooLarge) {
			if m := result(t, r, "a"); m.Status != Started {
				t.Errorf("what was there is %s", m.Status)
			}
			return
		}
		must(t, err)
		if v, err := Get[string](ctx, r, "a"); err != nil || v != large {
			t.Errorf("%d bytes, %v", len(v), err)
		}
	})
}

// TestLongLifetimes: what is stored for ever, or for more than memcached's 30 days, is there.
func TestLongLifetimes(t *testing.T) {
	for _, d := range []time.Duration{NoExpiry, 31 * 24 * time.Hour} {
		t.Run(d.String(), func(t *testing.T) {
			each(t, func(t *testing.T, r *Results) {
				must(t, r.MarkDone(t.Context(), "a", 1, nil))
				must(t, r.SaveGroup(t.Context(), Group("g", "a")))
				if m := result(t, r, "a"); m.Status != Success {
					t.Errorf("%v: it is %s", d, m.Status)
				}
				if _, found, err := r.RestoreGroup(t.Context(), "g"); !found || err != nil {
					t.Errorf("%v: the group is gone: %v", d, err)
				}
				must(t, r.StartChord(t.Context(), Group("c", "x")))
				if chord, err := r.end(soon(t), Part{GroupID: "c", TaskID: "x", State: Success, Result: 1}); err != nil || chord == nil || chord.Err != nil {
					t.Errorf("%v: %+v, %v", d, chord, err)
				}
			}, WithExpires(d))
		})
	}
}
