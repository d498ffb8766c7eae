package memcached_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder"
)

// kinds are all clients on one server, and how each is told to compress.
var kinds = map[string]string{
	"pylibmc": ", min_compress_len=10", "python-memcached": ", min_compress_len=10", "pymemcache-serde": "", "pymemcache-compressed": "",
}

// each runs a test with each client of Python's.
func each(t *testing.T, run func(t *testing.T, kind string, p python, addresses []string)) {
	for kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			addresses := pool(t, 1)
			run(t, kind, open(t, kind, addresses, nil), addresses)
		})
	}
}

// TestGoToPython: text is a str there, bytes are bytes, a counter is a number.
func TestGoToPython(t *testing.T) {
	each(t, func(t *testing.T, _ string, p python, addresses []string) {
		ctx := t.Context()
		c := cache(t, addresses, "")
		values := map[string]any{"object": map[string]any{"a": []any{1.0, nil, "ż😀"}}, "text": "ż", "number": 1.5, "null": nil, "long": strings.Repeat("x", 5000)}
		if err := larder.Of[any](c, "").SetMany(ctx, values); err != nil {
			t.Fatal(err)
		}
		for key, want := range values {
			var got any
			if p.object("json.loads(c.get(k))", with{"k": key}, &got); !reflect.DeepEqual(got, want) {
				t.Errorf("Python reads %v; want %v", got, want)
			}
		}
		p.says(`'"ż"'`, "c.get('text')", nil)
		raw := cache(t, addresses, "&codec=raw")
		if err := larder.Of[[]byte](raw, "").Set(ctx, "bytes", []byte("\x80\x00\xff")); err != nil {
			t.Fatal(err)
		}
		p.says(`b'\x80\x00\xff'`, "c.get('bytes')", nil)
		if _, err := c.Incr(ctx, "n", 41); err != nil {
			t.Fatal(err)
		}
		p.says("42", "c.incr('n', 1)", nil)
		p.says("42", "int(c.get('n'))", nil)
	})
}

// TestPythonToGo: str, bytes, numbers and what was compressed are read; a pickle is ErrCodec.
func TestPythonToGo(t *testing.T) {
	each(t, func(t *testing.T, kind string, p python, addresses []string) {
		ctx := t.Context()
		c := cache(t, addresses, "")
		v := larder.Of[any](c, "")
		long := strings.Repeat("ż", 3000)
		p.run("c.set('object', json.dumps({'a': [1, None, 'ż']}))", nil)
		p.run("c.set('long', json.dumps(v)"+kinds[kind]+")", with{"v": long})
		p.run("c.set('number', 7)", nil)
		p.run("c.set('bytes', b'\\x80\\x00')", nil)
		p.run("c.set('pickle', {1, 2})", nil)
		got, err := v.GetMany(ctx, []string{"object", "number", "long"})
		if err != nil || fmt.Sprintf("%v %v", got["object"], got["number"]) != "map[a:[1 <nil> ż]] 7" || got["long"] != long {
			t.Errorf("GetMany = %.100v, %v", got, err)
		}
		if _, flags, _ := servers[0].Value(t, "long"); kind != "pymemcache-serde" && flags != "24" && flags != "8" {
			t.Errorf("%s has not compressed: flags %s", kind, flags)
		}
		if n, err := c.Incr(ctx, "number", 5); n != 12 || err != nil {
			t.Errorf("Incr = %d, %v", n, err)
		}
		p.says("12", "c.get('number')", nil)
		if n, err := c.Incr(ctx, "number", -20); n != -8 || err != nil {
			t.Errorf("Incr = %d, %v", n, err)
		}
		p.says("-8", "c.get('number')", nil)
		raw := larder.Of[[]byte](cache(t, addresses, "&codec=raw"), "")
		if got, err := raw.Get(ctx, "bytes"); string(got) != "\x80\x00" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if got, err := v.Get(ctx, "pickle"); !errors.Is(err, larder.ErrCodec) {
			t.Errorf("a pickle is %v, %v; want ErrCodec", got, err)
		}
	})
}

// TestEachSeesTheOthersWrites: delete, replace, add, touch.
func TestEachSeesTheOthersWrites(t *testing.T) {
	each(t, func(t *testing.T, kind string, p python, addresses []string) {
		ctx := t.Context()
		v := larder.Of[string](cache(t, addresses, ""), "")
		if err := v.Set(ctx, "k", "go"); err != nil {
			t.Fatal(err)
		}
		p.run(`c.set('k', '"python"')`, nil)
		if got, err := v.Get(ctx, "k"); got != "python" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if added, err := v.Add(ctx, "k", "again"); added || err != nil {
			t.Errorf("Add = %t, %v", added, err)
		}
		p.run("c.delete('k')", nil)
		if _, err := v.Get(ctx, "k"); !errors.Is(err, larder.ErrMiss) {
			t.Error(err)
		}
		if got, err := v.GetOrSet(ctx, "k", larder.Value("loaded")); got != "loaded" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		p.says(`'"loaded"'`, "c.get('k')", nil)
		if was, err := v.Delete(ctx, "k"); !was || err != nil {
			t.Errorf("Delete = %t, %v", was, err)
		}
		p.says("None", "c.get('k')", nil)
	})
}

// TestLifetimes: in both directions, up to a month, beyond it, and without end.
func TestLifetimes(t *testing.T) {
	expiry := map[string]string{"pylibmc": "time", "python-memcached": "time", "pymemcache-serde": "expire", "pymemcache-compressed": "expire"}
	each(t, func(t *testing.T, kind string, p python, addresses []string) {
		ctx := t.Context()
		v := larder.Of[string](cache(t, addresses, ""), "")
		for _, seconds := range []int64{100, 1_000_000} {
			p.run(fmt.Sprintf(`c.set('p', '"v"', %s=%d)`, expiry[kind], seconds), nil)
			if left, mortal, err := v.TTL(ctx, "p"); !mortal || err != nil || left > time.Duration(seconds)*time.Second || left < time.Duration(seconds-10)*time.Second {
				t.Errorf("%v of %d s are left, %t, %v", left, seconds, mortal, err)
			}
		}
		p.run(`c.set('p', '"v"')`, nil)
		if _, mortal, err := v.TTL(ctx, "p"); mortal || err != nil {
			t.Errorf("%t, %v", mortal, err)
		}
		if err := v.Set(ctx, "short", "v", larder.TTL(time.Second)); err != nil {
			t.Fatal(err)
		}
		p.says(`'"v"'`, "c.get('short')", nil)
		deadline := time.Now().Add(10 * time.Second)
		for p.run("c.get('short')", nil) != "None" {
			if time.Now().After(deadline) {
				t.Fatal("it stays")
			}
			time.Sleep(50 * time.Millisecond) // between two looks
		}
		p.run(`c.set('p', '"v"')`, nil)
		if ok, err := v.Touch(ctx, "p", larder.TTL(time.Hour)); !ok || err != nil {
			t.Errorf("Touch = %t, %v", ok, err)
		}
		p.says("True", "bool(c.touch('p', 1000))", nil)
		if left, _, err := v.TTL(ctx, "p"); err != nil || left > 1000*time.Second || left < 900*time.Second {
			t.Errorf("%v are left, %v", left, err)
		}
	})
}
