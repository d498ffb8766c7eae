package drivertest

import "fmt"

// clearCases: Clear takes what begins with the prefix, and nothing else.
func clearCases() []testCase {
	needs := []Capability{PrefixClearer}
	return []testCase{
		{name: "Prefix", needs: needs, run: func(e *env) {
			e.fill("a", "a:1", "a:2", "ab:1", "b:1", "A:1", "ba:1")
			e.wantClear("a:", 2)
			e.wantLeft("a", "ab:1", "b:1", "A:1", "ba:1")
			e.wantMiss("a:1")
			e.wantMiss("a:2")
			e.wantClear("a:", 0)
			e.wantClear("a", 2)
			e.wantMiss("a")
			e.wantMiss("ab:1")
			e.wantLeft("b:1", "A:1", "ba:1")
		}},
		{name: "PrefixIsLiteral", needs: needs, run: func(e *env) {
			for _, p := range trickyPrefixes {
				e.fill(p.inside, p.outside)
				e.wantClear(p.prefix, 1)
				e.wantMiss(p.inside)
				e.want(p.outside, p.outside)
				e.wantDelete(p.outside, true)
			}
		}},
		{name: "Many", needs: needs, run: func(e *env) {
			keys := e.fillMany(5000)
			e.fill("mane:1", "many", "manz:1")
			e.wantClear("many:", len(keys))
			for _, k := range []string{keys[0], keys[2500], keys[4999]} {
				e.wantMiss(k)
			}
			e.wantLeft("mane:1", "many", "manz:1")
		}},
		{name: "KeysCanBeMadeAgain", needs: needs, run: func(e *env) {
			e.fill("a:1", "a:2")
			e.wantClear("a:", 2)
			e.fill("a:1")
			e.want("a:1", "a:1")
			e.wantClear("a:", 1)
			e.wantMiss("a:1")
		}},
		{name: "All", needs: []Capability{Clearer}, empties: true, run: func(e *env) {
			e.fill("a", "b:1", "")
			e.ok("Set", e.store.Set(e.ctx, "of another program", []byte("1"), longTTL))
			n, err := e.clearer.ClearAll(e.ctx)
			if err != nil || (n != 4 && n != -1) {
				e.Errorf("ClearAll = %d, %v; want 4, or -1", n, err)
			}
			for _, k := range []string{"a", "b:1", ""} {
				e.wantMiss(k)
			}
			e.on(e.store).withoutPrefix().wantMiss("of another program")
			if n, err := e.clearer.ClearAll(e.ctx); err != nil || n > 0 {
				e.Errorf("ClearAll of an empty store = %d, %v", n, err)
			}
			e.fill("a")
			e.want("a", "a")
		}},
		{name: "WhileOthersWrite", needs: needs, run: clearWhileOthersWrite},
	}
}

func (e *env) withoutPrefix() *env {
	other := *e
	other.prefix = ""
	return &other
}

// wantClear fails unless Clear removes n entries, or does not know how many.
func (e *env) wantClear(prefix string, n int) {
	e.Helper()
	if got, err := e.clearer.Clear(e.ctx, e.k(prefix)); err != nil || (got != n && got != -1) {
		e.Errorf("Clear %q = %d, %v; want %d, or -1", prefix, got, err, n)
	}
}

// wantLeft fails unless keys that fill made are there.
func (e *env) wantLeft(keys ...string) {
	e.Helper()
	for _, k := range keys {
		e.want(k, k)
	}
}

// clearWhileOthersWrite: what was there before goes, what is written elsewhere stays.
func clearWhileOthersWrite(e *env) {
	keys := e.fillMany(1000)
	e.atOnce(4, func(g int) {
		if g == 0 {
			if _, err := e.clearer.Clear(e.ctx, e.k("many:")); err != nil {
				e.Errorf("Clear: %v", err)
			}
			return
		}
		for i := range 100 {
			key := fmt.Sprint("manx:", g, ":", i)
			if err := e.store.Set(e.ctx, e.k(key), []byte(key), 0); err != nil {
				e.Errorf("Set: %v", err)
			}
		}
	})
	for _, k := range keys {
		e.wantMiss(k)
	}
	for g := 1; g < 4; g++ {
		for i := range 100 {
			e.wantLeft(fmt.Sprint("manx:", g, ":", i))
		}
	}
}
