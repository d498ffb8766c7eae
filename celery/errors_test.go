package celery

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/larder-go/larder/celery/py"
	"github.com/larder-go/larder/internal/redistest"
)

// failing is a method of Results, called so that it fails for one reason.
type failing struct {
	op      string
	waits   bool     // until ctx ends, whatever the engine does
	one     bool     // it concerns one id
	many    bool     // it concerns several, so that only what is wrong with one has an id
	lacking []string // engines that do not have it
	engine  string
	call    func(ctx context.Context, r *Results, id string) error
}

// failings are all methods that return errors, with what their errors call them.
var failings = map[string]failing{
	"Result": {op: "result", one: true, call: func(ctx context.Context, r *Results, id string) error { _, err := r.Result(ctx, id); return err }},
	"Results": {op: "results", many: true, call: func(ctx context.Context, r *Results, id string) error {
		_, err := r.Results(ctx, []string{id})
		return one(err)
	}},
	"Exists": {op: "exists", one: true, call: func(ctx context.Context, r *Results, id string) error { _, err := r.Exists(ctx, id); return err }},
	"Forget": {op: "forget", one: true, call: func(ctx context.Context, r *Results, id string) error { return r.Forget(ctx, id) }},
	"Stored": {op: "stored", one: true, call: func(ctx context.Context, r *Results, id string) error { _, err := r.Stored(ctx, id); return err }},
	"MarkDone": {op: "store", one: true, call: func(ctx context.Context, r *Results, id string) error {
		return r.MarkDone(ctx, id, 1, nil)
	}},
	"StoreMeta": {op: "store", one: true, call: func(ctx context.Context, r *Results, id string) error {
		_, err := r.StoreMeta(ctx, &Meta{TaskID: id, Status: Success})
		return err
	}},
	"Wait": {op: "wait", one: true, waits: true, call: func(ctx context.Context, r *Results, id string) error { _, err := r.Wait(ctx, id); return err }},
	"Get":  {op: "get", one: true, waits: true, call: func(ctx context.Context, r *Results, id string) error { _, err := Get[int](ctx, r, id); return err }},
	"Watch": {op: "watch", many: true, waits: true, call: func(ctx context.Context, r *Results, id string) error {
		return lastOf(r.Watch(ctx, []string{id}))
	}},
	"Join": {op: "join", many: true, waits: true, call: func(ctx context.Context, r *Results, id string) error {
		return lastOf(r.Join(ctx, []string{id}))
	}},
	"JoinGroup": {op: "join group", one: true, waits: true, call: func(ctx context.Context, r *Results, id string) error {
		_, err := r.JoinGroup(ctx, Group(id, id))
		return err
	}},
	"SaveGroup": {op: "save group", one: true, call: func(ctx context.Context, r *Results, id string) error { return r.SaveGroup(ctx, Group(id, "t")) }},
	"RestoreGroup": {op: "restore group", one: true, call: func(ctx context.Context, r *Results, id string) error {
		_, _, err := r.RestoreGroup(ctx, id)
		return err
	}},
	"DeleteGroup": {op: "delete group", one: true, call: func(ctx context.Context, r *Results, id string) error { return r.DeleteGroup(ctx, id) }},
	"Parents":     {op: "parents", one: true, call: func(ctx context.Context, r *Results, id string) error { _, err := r.Parents(ctx, id); return err }},
	"StartChord":  {op: "start chord", one: true, call: func(ctx context.Context, r *Results, id string) error { return r.StartChord(ctx, Group(id, "t")) }},
	"ChordPart": {op: "chord part", one: true, call: func(ctx context.Context, r *Results, id string) error {
		_, err := r.ChordPart(ctx, Part{GroupID: id, TaskID: "t", State: Success})
		return err
	}},
	"AddToChord": {op: "add to chord", one: true, lacking: counting, call: func(ctx context.Context, r *Results, id string) error {
		return r.AddToChord(ctx, id)
	}},
	"FinishChord": {op: "finish chord", one: true, lacking: []string{"redis"}, call: func(ctx context.Context, r *Results, id string) error {
		_, err := r.FinishChord(ctx, id)
		return err
	}},
	"ChordProgress": {op: "chord progress", one: true, call: func(ctx context.Context, r *Results, id string) error { _, err := r.ChordProgress(ctx, id); return err }},
	"List":          {op: "list", call: func(ctx context.Context, r *Results, _ string) error { return last(r.List(ctx, Filter{})) }},
	"Audit":         {op: "audit", call: func(ctx context.Context, r *Results, _ string) error { return last(r.Audit(ctx, AuditOptions{})) }},
	"Follow":        {op: "follow", lacking: counting, call: func(ctx context.Context, r *Results, _ string) error { return lastOf(r.Follow(ctx, "")) }},
}

// faulty is an engine, and a URL of it under which it cannot be reached.
type faulty struct {
	down  string // "": it is in this process, and always there
	cause error
}

var faulties = map[string]faulty{
	"redis":     {"redis://127.0.0.1:1/0?lazy=true", syscall.ECONNREFUSED},
	"memcached": {"cache+memcached://127.0.0.1:1/?lazy=true", syscall.ECONNREFUSED},
	"sqlite":    {"sqlite:///no/such/folder/results.db?lazy=true", fs.ErrNotExist},
	"memory":    {},
}

// TestEveryFailure: whichever method fails, on whichever engine, and whyever, is told once: what was done, to what, and why.
func TestEveryFailure(t *testing.T) {
	for engine, e := range faulties {
		url := kvURL(t, engine)
		for name, f := range failings {
			f.engine = engine
			t.Run(engine+"/"+name, func(t *testing.T) {
				r := open(t, url)
				if slices.Contains(f.lacking, engine) {
					f.fails(t, r, t.Context(), "42", errors.ErrUnsupported)
					return
				}
				if f.one || f.many {
					f.fails(t, r, t.Context(), "", ErrBadID)
					f.fails(t, r, t.Context(), "a\nb", ErrBadKey)
					f.fails(t, r, t.Context(), strings.Repeat("x", 70_000), ErrBadKey)
				}
				ended, cancel := context.WithCancel(t.Context())
				cancel()
				f.fails(t, r, ended, "42", context.Canceled)
				f.unreachable(t, e)
				must(t, r.Close())
				f.fails(t, r, t.Context(), "42", ErrClosed)
			})
		}
	}
}

// unreachable calls f where the engine is not to be reached.
func (f failing) unreachable(t *testing.T, e faulty) {
	t.Helper()
	if e.down == "" {
		return
	}
	r := open(t, e.down, configured(kvNoPolicy))
	if !f.waits {
		f.fails(t, r, t.Context(), "42", e.cause)
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	f.fails(t, r, ctx, "42", context.DeadlineExceeded)
}

func (f failing) fails(t *testing.T, r *Results, ctx context.Context, id string, cause error) {
	t.Helper()
	f.judge(t, f.call(ctx, r, id), id, cause)
}

// judge looks at an error: its type, what it says of itself, its cause, and that it says nothing twice.
func (f failing) judge(t *testing.T, err error, id string, cause error) {
	t.Helper()
	e, ok := err.(*Error)
	if !ok {
		t.Errorf("%.60q: a %T: %v", id, err, err)
		return
	}
	if f.op != e.Op || e.Engine != f.engine || f.one && e.ID != id || f.many && e.ID != "" && e.ID != id {
		t.Errorf("%.60q: op %q, engine %q, id %.60q", id, e.Op, e.Engine, e.ID)
	}
	if !errors.Is(err, cause) {
		t.Errorf("%.60q: %v, want %v", id, err, cause)
	}
	text := err.Error()
	for _, once := range []string{"celery: ", f.engine + ": ", "42", cause.Error(), "bad id", "bad key"} {
		if strings.Count(text, once) > 1 {
			t.Errorf("%q says %q twice", text, once)
		}
	}
	if !strings.HasPrefix(text, "celery: "+f.engine+": "+f.op) || len(text) > 400 {
		t.Errorf("%q", text)
	}
}

// TestErrorsOfValues: what has no form is told as an error of the call.
func TestErrorsOfValues(t *testing.T) {
	r := open(t, redistest.Start(t).URL(1))
	ctx, c := t.Context(), make(chan int)
	_, part := r.ChordPart(ctx, Part{GroupID: "g", TaskID: "42", State: Success, Result: c})
	_, noState := r.Store(ctx, "42", "", 1, nil)
	for _, v := range []struct {
		op  string
		err error
	}{
		{"store", r.MarkDone(ctx, "42", c, nil)},
		{"store", r.MarkStarted(ctx, "42", c, nil)},
		{"store", r.UpdateState(ctx, "42", "PROGRESS", c, nil)},
		{"chord part", part},
	} {
		failing{op: v.op, one: true, engine: "redis"}.judge(t, v.err, "42", py.ErrUnencodable)
	}
	failing{op: "store", one: true, engine: "redis"}.judge(t, noState, "42", errNoState)
	failing{op: "start chord", one: true, engine: "redis"}.judge(t, r.StartChord(ctx, Group("42")), "42", errNoParts)
	must(t, r.MarkDone(ctx, "42", "a text", nil))
	_, err := Get[int](ctx, r, "42")
	var e *Error
	if !errors.As(err, &e) || e.Op != "get" || e.ID != "42" {
		t.Errorf("%v", err)
	}
}

// TestErrorsOfWhatIsStored are no *Error: they are about what is there, and say so once.
func TestErrorsOfWhatIsStored(t *testing.T) {
	r := open(t, redistest.Start(t).URL(1))
	ctx := t.Context()
	r.raw(t, "42", "{")
	must(t, r.b.Set(ctx, string(groupKey)+"42", []byte("{")))
	for name, f := range failings {
		switch name {
		case "Result", "Results", "Wait", "Get", "Watch", "Join", "Parents", "RestoreGroup", "ChordProgress":
			err := f.call(ctx, r, "42")
			if e, ok := err.(*ReadError); !ok || e.ID != "42" || !errors.Is(err, ErrMalformed) {
				t.Errorf("%s: %T %v", name, err, err)
			}
		}
	}
	_, err := r.JoinGroup(ctx, Group("g", "42"))
	if e, ok := err.(*JoinError); !ok || e.ID != "42" || strings.Count(err.Error(), "celery") != 1 || strings.Count(err.Error(), "42") != 1 {
		t.Errorf("%T %v", err, err)
	}
	if _, err := r.Stored(ctx, "43"); !errors.Is(err, ErrMiss) || err.Error() != ErrMiss.Error() {
		t.Errorf("%T %v", err, err)
	}
}

// one is the only error of a batch, if it is one.
func one(err error) error {
	failed, ok := err.(IDErrors)
	if !ok {
		return err
	}
	for _, err := range failed {
		return err
	}
	return nil
}

// last is the last error that is yielded.
func last[V any](yielded func(func(V, error) bool)) (last error) {
	yielded(func(_ V, err error) bool {
		if err != nil {
			last = err
		}
		return true
	})
	return last
}

// lastOf is the last error that changes tell, of a task or as their end.
func lastOf(changes iter.Seq2[Change, error]) (last error) {
	for c, err := range changes {
		last = cmp.Or(err, c.Err, last)
	}
	return last
}

// configured is a configuration as an option, for tests that open by URL. It is given first.
func configured(cfg Config) Option {
	return func(s *settings) {
		cfg.ResultBackend = s.cfg.ResultBackend
		s.cfg = cfg
	}
}

// TestErrorOfOpen: what was called is Open, and the error names the server.
func TestErrorOfOpen(t *testing.T) {
	for _, url := range []string{"redis://localhost:1/0", "cache+memcached://localhost:1/"} {
		_, err := Open(t.Context(), url, kvQuiet)
		var e *Error
		if !errors.As(err, &e) || e.Op != "open" || !strings.Contains(err.Error(), ": open: ") || !strings.Contains(err.Error(), "localhost:1") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
