package interop

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/codec"
)

// vector is what async-caches has left in Redis; see the testdata of the main module.
type vector struct {
	Case    string
	Key     []byte `json:"key_base64"`
	Value   []byte `json:"value_base64"`
	TTL     *int64
	Decoded any
	Returns *string
	Raises  *string
}

func vectors(t *testing.T, file string, want int) (all []vector) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", file))
	ok(t, err)
	ok(t, codec.JSON.Unmarshal(data, &all))
	if len(all) != want {
		t.Fatalf("%s has %d cases, not %d", file, len(all), want)
	}
	return all
}

// TestVectors makes each call that a vector was captured from, with the real package, and reads in Go what it left. The vector says what
// that has to be, byte for byte. Then Go writes the value, and Python reads it.
func TestVectors(t *testing.T) {
	cases := map[string][]vector{}
	for _, v := range vectors(t, "async_caches.json", 149) {
		cases[v.Case] = append(cases[v.Case], v)
	}
	for name := range recipes {
		if cases[name] == nil {
			t.Errorf("no vector is called %s", name)
		}
	}
	everywhere(t, func(e env) {
		for name, left := range cases {
			r, known := recipes[name]
			if !known {
				e.Errorf("%s: nothing says how this vector was made", name)
			} else if r.only == "" || r.only == e.py.version {
				e.Run(name, func(t *testing.T) { e.fresh(t).check(r, left) })
			}
		}
	})
}

// fresh is an env for a subtest.
func (e env) fresh(t *testing.T) env { return env{t, e.py, e.server, e.server.FreshDB()} }

func (e env) check(r recipe, left []vector) {
	for key, value := range r.before {
		e.put(key, value)
		if ttl := r.ttls[key]; ttl != "" {
			e.db().MustDo(e, "EXPIRE", key, ttl)
		}
	}
	e.wantReply(e.py.open(e, e.url(r.params...), r.options).try(e, r.call, nil), left[0])
	keys := map[string]bool{}
	for _, v := range left {
		if v.Value == nil {
			continue
		}
		keys[string(v.Key)] = true
		e.wantStored(string(v.Key), string(v.Value))
		e.wantTTL(string(v.Key), seconds(v))
		e.wantRead(v)
		e.wantWritten(v)
	}
	for _, key := range e.keys() {
		if !keys[key] && key != back {
			e.Errorf("%s has left %q too", r.call, key)
		}
	}
}

// seconds is the lifetime that a vector was left with. Each tour gives s5 5 seconds, and touches it, which without a default ttl takes
// the lifetime away.
func seconds(v vector) int64 {
	if v.TTL == nil {
		return -1
	}
	return *v.TTL
}

func (e env) wantReply(r reply, v vector) {
	e.Helper()
	switch {
	case v.Raises == nil && r.Repr != *v.Returns:
		e.Errorf("Python: %s%s; the vector has %s", r.Repr, r.Exception(), *v.Returns)
	case v.Raises != nil && !sameException(r, *v.Raises):
		e.Errorf("Python: %s%s; the vector has %s", r.Repr, r.Exception(), *v.Raises)
	}
}

// sameException leaves aside what is worded otherwise by other versions of Python than the one the vectors were made with.
func sameException(r reply, want string) bool {
	kind, text, _ := strings.Cut(want, ": ")
	return r.Raises == kind && (r.Text == text || kind == "JSONDecodeError" || strings.HasSuffix(text, "."+r.Text))
}

// wantRead has Go read what Python has left, under key prefix and version.
func (e env) wantRead(v vector) {
	e.Helper()
	prefix, version, key := keyParts(string(v.Key))
	c := e.open(e.url(), larder.WithKeyPrefix(prefix), larder.WithVersion(version))
	raw, err := larder.Of[json.RawMessage](c, "").Get(e.Context(), key)
	got, anyErr := larder.Of[any](c, "").Get(e.Context(), key)
	if v.Case == "get_many/bad_json" {
		wantErr(e, "what is no JSON", anyErr, larder.ErrCodec)
		return
	}
	ok(e, err)
	ok(e, anyErr)
	if string(raw) != string(v.Value) || (!alike(got, v.Decoded) && !loneSurrogate(v)) {
		e.Errorf("Go: Get = %#v from %s; Python has %#v", got, raw, v.Decoded)
	}
}

// back is the key that Go writes to.
const back = "::back"

// wantWritten has Go write the value that it has read, and Python read it.
func (e env) wantWritten(v vector) {
	e.Helper()
	var value any
	if codec.JSON.Unmarshal(v.Value, &value) != nil || loneSurrogate(v) {
		return
	}
	c, py := e.both()
	err := c.Set(e.Context(), "back", value)
	if special(value) != 0 {
		wantErr(e, "Set of what JSON cannot say", err, larder.ErrCodec)
		return
	}
	ok(e, err)
	if got := py.get(e, "back"); !alike(got, v.Decoded) {
		e.Errorf("Python: get = %v, which Go has written; want %v", got, v.Decoded)
	}
}

// keyParts takes a key apart as async-caches has put it together, but for key prefixes with colons: all else is the key then.
func keyParts(key string) (prefix, version, rest string) {
	parts := strings.SplitN(key, ":", 3)
	return parts[0], parts[1], parts[2]
}

// loneSurrogate: encoding/json reads one as U+FFFD. Raw bytes keep it.
func loneSurrogate(v vector) bool { return strings.Contains(string(v.Value), `\ud800`) }

// TestReverseVectors: what others may have written, read by both sides, that need not agree.
func TestReverseVectors(t *testing.T) {
	all := vectors(t, "async_caches_reverse.json", 16)
	onlyPython := map[string]bool{"reverse/get_bom": true, "reverse/get_utf16": true, "reverse/get_float": true}
	everywhere(t, func(e env) {
		for _, v := range all {
			e.Run(v.Case, func(t *testing.T) {
				e := e.fresh(t)
				e.put(string(v.Key), string(v.Value))
				c, py := e.both()
				e.wantReply(py.try(e, `c.get("k")`, nil), v)
				got, err := c.Get(e.Context(), "k")
				switch {
				case v.Case == "reverse/get_float": // 1e400 is infinite in Python, exact in Go
					wantGet(e, c, "k", "1e400")
				case v.Case == "reverse/get_badutf8": // an exception in Python
					wantGet(e, c, "k", `"\ufffd"`)
				case v.Raises != nil || onlyPython[v.Case]:
					wantErr(e, "Get", err, larder.ErrCodec)
				case err != nil || (!alike(got, v.Decoded) && !loneSurrogate(v)):
					e.Errorf("Go: Get = %#v, %v; Python reads %#v", got, err, v.Decoded)
				}
			})
		}
	})
}
