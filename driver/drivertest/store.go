package drivertest

import (
	"fmt"
	"sync"
)

// storeCases: the four methods that every engine has.
func storeCases() []testCase {
	return []testCase{
		{name: "Miss", run: func(e *env) {
			e.wantMiss("absent")
			e.wantDelete("absent", false)
			e.wantMiss("absent")
		}},
		{name: "SetGet", run: func(e *env) {
			e.set("a", "one", 0)
			e.want("a", "one")
			e.want("a", "one")
			e.wantMiss("b")
		}},
		{name: "Replace", run: func(e *env) {
			for _, v := range []string{"one", "a longer value", "", "s"} {
				e.set("a", v, 0)
				e.want("a", v)
			}
		}},
		{name: "Delete", run: func(e *env) {
			e.set("a", "one", 0)
			e.set("b", "two", 0)
			e.wantDelete("a", true)
			e.wantMiss("a")
			e.wantDelete("a", false)
			e.want("b", "two")
			e.set("a", "again", 0)
			e.want("a", "again")
		}},
		{name: "ReadsOwnWrites", run: readsOwnWrites},
		{name: "NeverTorn", run: neverTorn},
	}
}

// readsOwnWrites: what a goroutine has written is there when its call returns, whatever others do to other keys.
func readsOwnWrites(e *env) {
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			key := fmt.Sprint("own", g)
			for i := range 25 {
				value := fmt.Sprint(g, ".", i)
				if err := e.store.Set(e.ctx, e.k(key), []byte(value), 0); err != nil {
					e.Errorf("Set %q: %v", key, err)
					return
				}
				e.want(key, value)
				e.wantDelete(key, true)
				e.wantMiss(key)
			}
		})
	}
	wg.Wait()
}

// neverTorn: a reader sees one of the values that were written, whole. The readers read for as long as anybody writes.
func neverTorn(e *env) {
	e.set("a", torn(0), 0)
	var readers, writers sync.WaitGroup
	written := make(chan struct{})
	for g := range 4 {
		readers.Go(func() {
			for !isClosed(written) && e.readsWhole("a") {
			}
		})
		writers.Go(func() {
			for i := range 50 {
				if err := e.store.Set(e.ctx, e.k("a"), []byte(torn(g*50+i)), 0); err != nil {
					e.Errorf("Set: %v", err)
				}
			}
		})
	}
	writers.Wait()
	close(written)
	readers.Wait()
}

func (e *env) readsWhole(key string) bool {
	got, err := e.store.Get(e.ctx, e.k(key))
	if err != nil || !whole(got) {
		e.Errorf("Get while others write: %s, %v", brief(string(got)), err)
		return false
	}
	return true
}

// torn is a value of its own length and one letter.
func torn(i int) string {
	b := make([]byte, 100+i*7)
	for j := range b {
		b[j] = 'a' + byte(i%26)
	}
	return string(b)
}

func whole(b []byte) bool {
	for _, c := range b {
		if c != b[0] {
			return false
		}
	}
	return len(b) >= 100 && (len(b)-100)%7 == 0 && b[0] == 'a'+byte((len(b)-100)/7%26)
}
