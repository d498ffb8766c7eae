package celery

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/larder-go/larder/driver"
)

// scribbled is a store whose values somebody writes over as soon as they have been read.
type scribbled struct {
	driver.Store
	handed []byte
}

func (s *scribbled) Get(ctx context.Context, key string) (value []byte, err error) {
	s.handed, err = s.Store.Get(ctx, key)
	return s.handed, err
}

func scribble(b []byte) {
	for i := range b {
		b[i] = '#'
	}
}

// all is what a meta says, its bytes excepted.
func all(m *Meta) string {
	own := *m
	own.raw, own.reader = content{}, nil
	return fmt.Sprintf("%+v %v %+v", own, m.Exception(), m.Stamps())
}

var noAlias = map[string]any{"bytes": []byte("plain bytes"), "text": "a text with \"escapes\"", "list": []any{1, "two", 3.5}}

// TestResultSharesNoMemory with the bytes that an engine has handed over, nor with the copies that callers get.
func TestResultSharesNoMemory(t *testing.T) {
	for _, name := range []string{"json", "yaml", "msgpack", "pickle"} {
		for _, where := range []string{"as bytes", "as it is"} {
			t.Run(name+"/"+where, func(t *testing.T) {
				r := inMemory(t, configured(Config{ResultSerializer: name, ResultAcceptContent: []string{name}, ResultExtended: true}))
				ctx := t.Context()
				req := &Request{GroupID: "group", Name: "shop.charge", Args: []any{"first"}, Children: []Node{Task("child")}}
				_, err := r.Store(ctx, "done", Success, noAlias, req)
				must(t, err)
				must(t, r.MarkFailed(ctx, "failed", Exception("builtins", "ValueError", "boom", noAlias), req))
				store := &scribbled{Store: r.b.engine.store}
				if where == "as bytes" {
					r.b.engine.store, r.b.engine.live = store, nil
				}
				for _, id := range []string{"done", "failed"} {
					m := result(t, r, id)
					raw, said := string(m.Raw()), all(m)
					fields := fmt.Sprint(m.Fields())
					scribble(m.Raw())
					if string(m.Raw()) != raw || fmt.Sprint(m.Fields()) != fields || all(m) != said {
						t.Error("who writes to Raw changes the result")
					}
					scribble(store.handed)
					if got := all(m); got != said {
						t.Errorf("%s, and once the engine's bytes are written over:\n%s", said, got)
					}
					if again := result(t, r, id); all(again) != said || string(again.Raw()) != raw {
						t.Error("what is stored has changed")
					}
				}
			})
		}
	}
}

// TestReadErrorSharesNoMemory: the bytes in an error are a copy, too.
func TestReadErrorSharesNoMemory(t *testing.T) {
	r := inMemory(t)
	must(t, r.b.Set(t.Context(), string(taskKey)+"bad", []byte(`{"status": `)))
	for range 2 {
		_, err := r.Result(t.Context(), "bad")
		var re *ReadError
		if !errors.As(err, &re) || string(re.Raw) != `{"status": ` {
			t.Fatalf("%v", err)
		}
		scribble(re.Raw)
	}
}
