package celery

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/celery/py"
)

// TestExtended: what the application is configured to store with each result, in the bytes of Celery.
func TestExtended(t *testing.T) {
	one, err := py.Of("v")
	must(t, err)
	req := &Request{
		Name: "shop.charge", Args: []int{1}, Kwargs: map[string]int{"a": 2}, Worker: "w@h", Retries: 2, Queue: "celery",
		Stamps: py.Fields{{Name: "stamp", Value: one}},
	}
	at := time.Date(2026, 11, 21, 20, 36, 17, 166399000, time.UTC)
	for c, want := range map[py.Compat]string{
		py.Celery56: `{"status": "PROGRESS", "result": null, "traceback": null, "children": [], "date_done": "2026-11-21T21:36:17.166399+01:00", ` +
			`"name": "shop.charge", "args": [1], "kwargs": {"a": 2}, "worker": "w@h", "retries": 2, "queue": "celery", "stamped_headers": ["stamp"], "stamp": "v", "task_id": "a"}`,
		py.Celery52: `{"status": "PROGRESS", "result": null, "traceback": null, "children": [], "date_done": "2026-11-21T20:36:17.166399", ` +
			`"name": "shop.charge", "args": [1], "kwargs": {"a": 2}, "worker": "w@h", "retries": 2, "queue": "celery", "task_id": "a"}`,
	} {
		r := inMemory(t, configured(Config{ResultExtended: true, Compat: c}))
		m, err := r.metaFor("a", "PROGRESS", nil)
		must(t, err)
		must(t, r.fill(m, req))
		m.DateDone = at.In(time.FixedZone("", 3600))
		stored, err := r.StoreMeta(t.Context(), m)
		if err != nil || !stored {
			t.Fatal(stored, err)
		}
		got := result(t, r, "a")
		if string(got.Raw()) != want {
			t.Errorf("%s:\n%s\nwant\n%s", c, got.Raw(), want)
		}
		if got.Name != "shop.charge" || got.Retries != 2 || got.Queue != "celery" || got.Worker != "w@h" || !got.Extended || got.Args.Repr() != "[1]" {
			t.Errorf("read: %+v", got)
		}
		if stamps := got.Stamps(); c == py.Celery56 && (len(stamps) != 1 || stamps[0].Value.Repr() != "'v'") {
			t.Errorf("stamps: %v", stamps)
		}
	}
}

// TestDates: the application's time zone, and no fraction where there is none.
func TestDates(t *testing.T) {
	warsaw := time.FixedZone("CET", 3600)
	whole := time.Date(2026, 11, 21, 20, 36, 17, 0, time.UTC)
	if got, want := isoformat(whole.In(warsaw), py.Celery56), "2026-11-21T21:36:17+01:00"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := isoformat(whole.In(warsaw), py.Celery52), "2026-11-21T20:36:17"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	r := inMemory(t, configured(Config{Timezone: warsaw}))
	must(t, r.MarkDone(t.Context(), "a", nil, nil))
	if _, offset := result(t, r, "a").DateDone.Zone(); offset != 3600 {
		t.Errorf("the offset is %d", offset)
	}
}

// TestUnencodable: what has no form in Python is not stored, and nor is what no reader could read.
func TestUnencodable(t *testing.T) {
	r := inMemory(t)
	ctx := t.Context()
	one, err := py.Of(1)
	must(t, err)
	for name, call := range map[string]func() error{
		"a function":         func() error { return r.MarkDone(ctx, "a", func() {}, nil) },
		"a failure's text":   func() error { return r.UpdateState(ctx, "a", Failure, "boom", nil) },
		"a failure's object": func() error { return r.UpdateState(ctx, "a", Failure, map[string]int{"whatever": 1}, nil) },
		"no state":           func() error { return r.UpdateState(ctx, "a", "", 1, nil) },
		"a field that is one of the result's own": func() error {
			_, err := r.StoreMeta(ctx, &Meta{TaskID: "a", Status: Success, Extra: py.Fields{{Name: "result", Value: one}}})
			return err
		},
	} {
		if err := call(); err == nil {
			t.Errorf("%s was stored", name)
		}
	}
	if m := result(t, r, "a"); m.Known() {
		t.Errorf("stored: %s", m.Raw())
	}
	must(t, r.UpdateState(ctx, "a", Failure, map[string]any{"exc_type": "E", "exc_message": []any{}, "exc_module": "m"}, nil))
	if m := result(t, r, "a"); m.Err().Error() != "m.E" {
		t.Errorf("%v", m.Err())
	}
}

// TestReturnedResult: a task may return the result of another.
func TestReturnedResult(t *testing.T) {
	r := inMemory(t)
	must(t, r.MarkDone(t.Context(), "a", Group("g", "x"), nil))
	if got, want := result(t, r, "a").Result.Repr(), "[['g', None], [[['x', None], None]]]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestAccept: content that is not accepted is written, but not read.
func TestAccept(t *testing.T) {
	r := inMemory(t, configured(Config{ResultSerializer: "yaml"}))
	must(t, r.MarkDone(t.Context(), "a", 1, nil))
	_, err := r.Result(t.Context(), "a")
	var re *ReadError
	if !errors.Is(err, ErrContentDisallowed) || !errors.As(err, &re) || !strings.Contains(string(re.Raw), "status: SUCCESS") {
		t.Errorf("%v", err)
	}
	if stored, err := r.Store(t.Context(), "a", Failure, nil, nil); err != nil || stored {
		t.Errorf("over SUCCESS: %v, %v", stored, err)
	}
	must(t, r.SaveGroup(t.Context(), Group("g")))
	if _, _, err := r.RestoreGroup(t.Context(), "g"); !errors.Is(err, ErrContentDisallowed) {
		t.Errorf("%v", err)
	}
	for _, accept := range [][]string{{"yaml"}, {"json", "application/x-yaml"}} {
		r := inMemory(t, configured(Config{ResultSerializer: "yaml", ResultAcceptContent: accept}))
		must(t, r.MarkDone(t.Context(), "a", 1, nil))
		if m := result(t, r, "a"); m.Status != Success {
			t.Errorf("%+v", m)
		}
	}
	for _, cfg := range []Config{{ResultSerializer: "xml"}, {ResultAcceptContent: []string{"xml"}}} {
		if r, err := Open(t.Context(), "memory://", kvQuiet, configured(cfg)); !errors.Is(err, ErrConfig) {
			t.Errorf("%v, %v", r, err)
		}
	}
}

// TestSerializers: a result of each comes back.
func TestSerializers(t *testing.T) {
	for _, name := range []string{"json", "yaml", "msgpack", "pickle"} {
		t.Run(name, func(t *testing.T) {
			r := inMemory(t, configured(Config{ResultSerializer: name, ResultAcceptContent: []string{name}}))
			must(t, r.MarkDone(t.Context(), "a", map[string]any{"n": []int{1}}, &Request{Children: []Node{Task("b"), Group("g", "c")}}))
			m := result(t, r, "a")
			if m.Result.Repr() != "{'n': [1]}" || len(m.Children) != 2 || !m.Children[1].Group || m.DateDone.IsZero() {
				t.Errorf("%+v", m)
			}
			must(t, r.MarkFailed(t.Context(), "b", Exception("shop", "E", "x", 1), nil))
			if err := result(t, r, "b").Err(); err == nil || err.Error() != "shop.E: ('x', 1)" {
				t.Errorf("%v", err)
			}
			must(t, r.SaveGroup(t.Context(), Group("g", "a", "b")))
			if g, found, err := r.RestoreGroup(t.Context(), "g"); err != nil || !found || len(g.Nodes) != 2 {
				t.Errorf("%v, %v, %v", g, found, err)
			}
		})
	}
}

// TestOpenConfig: the configuration of an application.
func TestOpenConfig(t *testing.T) {
	r, err := OpenConfig(t.Context(), Config{ResultBackend: "cache+memory://"}, kvQuiet)
	must(t, err)
	must(t, r.MarkDone(t.Context(), "open-config", 1, nil))
	if r.Backend().URI() == "" {
		t.Error("no URI")
	}
	must(t, r.Forget(t.Context(), "open-config"))
	must(t, r.Close())
	must(t, r.Close())
	if _, err := r.Result(t.Context(), "a"); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
	if r, err := OpenConfig(t.Context(), Config{ResultBackend: "nothing"}, kvQuiet); !errors.Is(err, ErrConfig) {
		t.Errorf("%v, %v", r, err)
	}
	if r, err := OpenConfig(t.Context(), Config{ResultBackend: "redis://127.0.0.1:1/0"}, kvQuiet); err == nil {
		t.Errorf("%v: nobody is there", r)
	}
}
