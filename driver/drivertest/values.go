package drivertest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/larder-go/larder/driver"
)

// valueCases: a value is any bytes, and its memory belongs to who made it.
func valueCases() []testCase {
	limited := func(h *Harness) bool { return h.MaxValue > 0 }
	return []testCase{
		{name: "AnyBytes", run: anyBytes},
		{name: "Empty", run: emptyValue},
		{name: "Large", empties: true, run: largeValues},
		{name: "CallersMemoryIsNotKept", run: callersMemory},
		{name: "ReturnedMemoryIsNotReused", run: returnedMemory},
		{name: "LargestFits", empties: true, when: limited, run: func(e *env) {
			v := noise(e.h.MaxValue)
			e.set("a", v, 0)
			e.want("a", v)
		}},
		{name: "TooLargeDeletes", when: limited, run: tooLarge},
		{name: "TooLargeElsewhereKeeps", when: limited, run: tooLargeElsewhere},
	}
}

func anyBytes(e *env) {
	values := []string{
		"null", "true", `""`, `"*"`, "*", "0", "-0", "007", "1.0", "1e3", "+5", " 5", "5 ", "0x10", "NaN", "Infinity", "{}", "[]",
		"'", "END\r\n", "\r\n", "\n", "VALUE a 0 1", "\x80\x04N.", "\xff\xfe", "\x00", "\x00\x00", "é", "😀", "(nil)", "nil",
	}
	all := make([]byte, 256)
	for b := range 256 {
		all[b] = byte(b)
		values = append(values, string([]byte{byte(b)}))
	}
	values = append(values, string(all), noise(1000), strings.Repeat("\x00", 1000))
	for i, v := range values {
		e.set(valueOf(i), v, 0)
	}
	for i, v := range values {
		e.want(valueOf(i), v)
	}
}

func emptyValue(e *env) {
	e.ok("Set nil", e.store.Set(e.ctx, e.k("nil"), nil, 0))
	e.ok("Set empty", e.store.Set(e.ctx, e.k("empty"), []byte{}, longTTL))
	e.set("emptied", "full", 0)
	e.set("emptied", "", 0)
	for _, k := range []string{"nil", "empty", "emptied"} {
		e.want(k, "")
		e.wantDelete(k, true)
		e.wantMiss(k)
	}
}

// noise is n bytes that do not compress, the same each time.
func noise(n int) string {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return string(b)
}

func largeValues(e *env) {
	for _, size := range []int{1<<16 - 1, 1 << 16, 1<<20 - 1, 1 << 20} {
		if e.h.MaxValue > 0 && size > e.h.MaxValue {
			size = e.h.MaxValue
		}
		v := noise(size)
		e.set("large", v, 0)
		e.want("large", v)
	}
}

func callersMemory(e *env) {
	v := []byte("as it was")
	spoil := func() { copy(v, "SPOILED!!") }
	e.ok("Set", e.store.Set(e.ctx, e.k("set"), v, 0))
	spoil()
	e.want("set", "as it was")
	if e.able(Batcher) {
		v = []byte("as it was")
		e.ok("SetMany", e.batcher.SetMany(e.ctx, []driver.Item{{Key: e.k("many"), Value: v}}, 0))
		spoil()
		e.want("many", "as it was")
	}
	if e.able(Adder) {
		v = []byte("as it was")
		e.ok("Add", did(e.adder.Add(e.ctx, e.k("add"), v, 0)))
		spoil()
		e.want("add", "as it was")
	}
	if e.able(Swapper) {
		e.set("swap", "old", 0)
		_, version, err := e.swapper.GetVersion(e.ctx, e.k("swap"))
		e.ok("GetVersion", err)
		v = []byte("as it was")
		e.ok("Swap", did(e.swapper.Swap(e.ctx, e.k("swap"), version, v, 0)))
		spoil()
		e.want("swap", "as it was")
	}
}

// returnedMemory holds on to what Get returned while the store has every reason to use it again.
func returnedMemory(e *env) {
	type held struct{ got, want []byte }
	var all []held
	for i := range 50 {
		v := fmt.Sprintf("%03d", i) + noise(100)
		e.set("a", v, 0)
		got, err := e.store.Get(e.ctx, e.k("a"))
		e.ok("Get", err)
		all = append(all, held{got, []byte(v)})
		if e.able(Batcher) {
			results, err := e.batcher.GetMany(e.ctx, e.ks("a", "a"))
			e.ok("GetMany", err)
			for _, r := range results {
				all = append(all, held{r.Value, []byte(v)})
			}
		}
		if i%3 == 0 {
			e.wantDelete("a", true)
		}
	}
	for _, h := range all {
		if !bytes.Equal(h.got, h.want) {
			e.Fatalf("a value that was returned has changed: %s; it was %s", brief(string(h.got)), brief(string(h.want)))
		}
	}
}

// tooLarge: what is stored has been replaced at the origin, so it must not stay.
func tooLarge(e *env) {
	big := make([]byte, 2*e.h.MaxValue)
	e.wantErr("Set of a new key", e.store.Set(e.ctx, e.k("new"), big, 0), driver.ErrTooLarge)
	e.wantMiss("new")
	e.set("old", "1", 0)
	e.set("other", "2", 0)
	e.wantErr("Set of an old key", e.store.Set(e.ctx, e.k("old"), big, longTTL), driver.ErrTooLarge)
	e.wantMiss("old")
	e.want("other", "2")
	e.set("old", "3", 0)
	e.want("old", "3")
}

// tooLargeElsewhere: methods other than Set and SetMany leave what is there.
func tooLargeElsewhere(e *env) {
	big := make([]byte, 2*e.h.MaxValue)
	e.set("old", "1", 0)
	if e.able(Adder) {
		if ok, err := e.adder.Add(e.ctx, e.k("new"), big, 0); ok || err == nil {
			e.Errorf("Add = %v, %v; want ErrTooLarge", ok, err)
		} else {
			e.wantErr("Add", err, driver.ErrTooLarge)
		}
		e.wantMiss("new")
		if ok, _ := e.adder.Add(e.ctx, e.k("old"), big, 0); ok {
			e.Error("Add of a value that is too large over an entry = true")
		}
		e.want("old", "1")
	}
	if e.able(Swapper) {
		_, version, err := e.swapper.GetVersion(e.ctx, e.k("old"))
		e.ok("GetVersion", err)
		ok, err := e.swapper.Swap(e.ctx, e.k("old"), version, big, 0)
		if ok {
			e.Error("Swap with a value that is too large = true")
		}
		e.wantErr("Swap", err, driver.ErrTooLarge)
		e.want("old", "1")
	}
}
