package py

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// allocated is the bytes that f asks for, in MiB.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int((after.TotalAlloc - before.TotalAlloc) >> 20)
}

// shared is a list with n references to one text.
func shared(n int, node any) List {
	list := make(List, n)
	for i := range list {
		list[i] = node
	}
	return list
}

func TestReprLimit(t *testing.T) {
	tests := []struct {
		node  any
		limit int
		want  string
	}{
		{int64(7), 1, "7"},
		{int64(42), 1, "4…"},
		{"abc", 5, "'abc'"},
		{"abc", 4, "'abc…"},
		{"äöü", 4, "'ä…"}, // no half of a character
		{"äöü", 3, "'ä…"},
		{"äöü", 2, "'…"},
		{"x", 0, "…"},
		{"x", -1, "…"},
		{List{int64(1), int64(2)}, 6, "[1, 2]"},
		{List{int64(1), int64(2)}, 5, "[1, 2…"},
		{Tuple{int64(1)}, 4, "(1,)"},
		{Set{}, 5, "set()"},
		{NewDict(Item{"a", []byte("b")}), 9, "{'a': b'b…"},
		{&Instance{Module: "m", Name: "Out.Error", Args: Tuple{"x"}}, 8, "Error('x…"},
		{List{Value{text: `["a", 1]`}}, 8, "[['a', 1…"},
	}
	for _, tt := range tests {
		v := FromTree(tt.node)
		if got := v.ReprLimit(tt.limit); got != tt.want {
			t.Errorf("%s in %d bytes: %s; want %s", v.Repr(), tt.limit, got, tt.want)
		}
		if got := v.ReprLimit(1000); got != v.Repr() {
			t.Errorf("%s; want %s", got, v.Repr())
		}
	}
}

// A repr that is cut takes no more memory than what is left of it, however long the whole is.
func TestReprLimitHoldsLittle(t *testing.T) {
	text := strings.Repeat("x", 200_000)
	for name, node := range map[string]any{
		"str":       text,
		"list":      shared(3000, text),
		"tuple":     Tuple(shared(3000, text)),
		"bytes":     shared(3000, []byte(text)),
		"dict":      NewDict(Item{text, shared(3000, text)}),
		"exception": &Instance{Module: "builtins", Name: "KeyError", Args: Tuple(shared(3000, text))},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			took := allocated(func() { got = FromTree(node).ReprLimit(60) })
			if len(got) > 60+len("…") || took > 1 {
				t.Errorf("it took %d MiB for %s", took, got)
			}
		})
	}
}

// An error of decoding shows a value's beginning, and makes no more of it.
func TestMismatchHoldsLittle(t *testing.T) {
	v := FromTree(&Instance{Module: "builtins", Name: "KeyError", Args: Tuple(shared(3000, strings.Repeat("x", 200_000)))})
	var dst string
	var err error
	took := allocated(func() { err = v.Decode(&dst) })
	if err == nil || len(err.Error()) > 200 || took > 1 {
		t.Errorf("it took %d MiB for %.200v", took, err)
	}
}

// A dict remembers keys that share a long text in a few bytes each, and tells them apart.
func TestKeysHoldLittle(t *testing.T) {
	text := strings.Repeat("x", 200_000)
	const n = 40
	d := NewDict()
	took := allocated(func() {
		for i := range n {
			d.Set(Tuple{text, int64(i)}, int64(i))
		}
	})
	if took > 4 {
		t.Errorf("%d keys took %d MiB", n, took)
	}
	for i := range n {
		if v, ok := d.Get(Tuple{text, int64(i)}); !ok || v != int64(i) {
			t.Fatalf("the key %d has %v", i, v)
		}
	}
	if _, ok := d.Get(Tuple{text, int64(n)}); ok || d.Len() != n {
		t.Errorf("%d keys", d.Len())
	}
}

// The time for an object follows the number of its fields. A hundred thousand of them took a minute or two
// when each was compared with all before it; a thirtieth of a second is usual.
func TestManyFields(t *testing.T) {
	const n = 100_000
	var b strings.Builder
	b.WriteString(`{"f0":0`)
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, `,"f%d":%d`, i, i)
	}
	b.WriteString(`,"f7":"again"}`)
	begin := time.Now()
	fields, err := readAll([]byte(b.String()), Celery56)
	if err != nil || len(fields) != n {
		t.Fatal(len(fields), err)
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	for i, f := range fields {
		want := fmt.Sprint(i)
		if i == 7 {
			want = "'again'"
		}
		if f.Name != fmt.Sprintf("f%d", i) || f.Value.Repr() != want {
			t.Fatalf("%d: %s is %s", i, f.Name, f.Value)
		}
	}
}

// Of two fields with one name the later wins, at the place of the first, with few fields and with many.
func TestFieldsRepeated(t *testing.T) {
	for _, n := range []int{1, 2, fieldsUpTo - 1, fieldsUpTo, fieldsUpTo + 1, 3 * fieldsUpTo} {
		var b strings.Builder
		for i := range 2 * n {
			fmt.Fprintf(&b, `,"f%d":%d`, i%n, i)
		}
		fields, err := readAll([]byte("{"+b.String()[1:]+"}"), Celery56)
		if err != nil || len(fields) != n {
			t.Fatal(n, fields, err)
		}
		for i, f := range fields {
			if f.Name != fmt.Sprint("f", i) || f.Value.Repr() != fmt.Sprint(n+i) {
				t.Errorf("%d: %s is %s", i, f.Name, f.Value)
			}
		}
	}
}
