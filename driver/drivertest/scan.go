package drivertest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/larder-go/larder/driver"
)

// scanCases: a walk yields what is there all the time exactly once, whatever happens meanwhile.
func scanCases() []testCase {
	needs := []Capability{Scanner}
	return []testCase{
		{name: "Prefix", needs: needs, run: func(e *env) {
			e.fill("a", "a:1", "a:2", "ab:1", "b", "A:1")
			e.wantKeys("a:", "a:1", "a:2")
			e.wantKeys("a", "a", "a:1", "a:2", "ab:1")
			e.wantKeys("a:1", "a:1")
			e.wantKeys("nothing")
			e.wantKeys("", "a", "a:1", "a:2", "ab:1", "b", "A:1")
		}},
		{name: "EmptyStore", needs: needs, run: func(e *env) { e.wantKeys("") }},
		{name: "PrefixIsLiteral", needs: needs, run: func(e *env) {
			for _, p := range trickyPrefixes {
				e.fill(p.inside, p.outside)
				e.wantKeys(p.prefix, p.inside)
				e.wantDelete(p.inside, true)
				e.wantDelete(p.outside, true)
			}
		}},
		{name: "Many", needs: needs, run: func(e *env) {
			e.wantKeys("many:", e.fillMany(5000)...)
		}},
		{name: "WriteInBetween", needs: needs, run: writeInBetween},
		{name: "WhileOthersChange", needs: needs, run: scanWhileOthersChange},
		{name: "EarlyBreak", needs: needs, run: earlyBreak},
		{name: "Nested", needs: needs, run: nestedScans},
		{name: "RunAgain", needs: needs, run: func(e *env) {
			e.fill("a", "b")
			walk := e.walk("")
			for range 2 {
				n := 0
				for range walk {
					n++
				}
				if n < 2 {
					e.Errorf("a walk yields %d keys; want 2 at least", n)
				}
				e.fill("c")
			}
		}},
		{name: "EndsWithItsContext", needs: needs, run: scanEndsWithContext},
	}
}

// trickyPrefixes: inside begins with prefix, outside would, were the prefix a pattern, a C string or without case.
var trickyPrefixes = []struct{ prefix, inside, outside string }{
	{"a*", "a*1", "ab1"}, {"a?", "a?1", "ab1"}, {"[ab]", "[ab]1", "a1"}, {"a\\", "a\\1", "a1"}, {"a\\*", "a\\*1", "a*1"},
	{"a%", "a%1", "ab1"}, {"a_", "a_1", "ab1"}, {"a", "a1", "A1"}, {"é", "é1", "e\u03011"}, {"a:", "a:1", "ab:1"}, {"a", "a", " a"},
	{"^a", "^a1", "a1"}, {"a'", "a'1", "a1"}, {"a\x00", "a\x001", "a1"}, {"a\x00b", "a\x00b1", "a\x00c1"},
	{"\xff", "\xff1", "\xfe1"}, {"\xff\xff", "\xff\xff\xff", "\xff1"}, {"a\xff", "a\xff\xff", "b"}, {"a\xff\xff", "a\xff\xff1", "a\xff1"},
	{"a\xfe", "a\xfe\xff\xff", "a\xff"}, {"a ", "a 1", "a"}, {"a\n", "a\n1", "a1"}, {"😀", "😀1", "😁1"}, {"1", "1.0", "01"},
}

func (e *env) fill(keys ...string) {
	e.Helper()
	for _, k := range keys {
		e.set(k, k, 0)
	}
}

// fillMany stores n keys that begin with "many:".
func (e *env) fillMany(n int) []string {
	e.Helper()
	keys := make([]string, n)
	for i := range n {
		keys[i] = fmt.Sprintf("many:%05d", i)
	}
	if !e.able(Batcher) {
		e.atOnce(16, func(g int) {
			for i := g; i < n; i += 16 {
				if err := e.store.Set(e.ctx, e.k(keys[i]), []byte("1"), 0); err != nil {
					e.Errorf("Set: %v", err)
				}
			}
		})
		return keys
	}
	pairs := make([]string, 0, 2*n)
	for _, k := range keys {
		pairs = append(pairs, k, "1")
	}
	e.ok("SetMany", e.batcher.SetMany(e.ctx, e.items(pairs...), 0))
	return keys
}

// scan returns the keys that begin with prefix, without the prefix of the run.
func (e *env) scan(prefix string) []string {
	e.Helper()
	var keys []string
	for k, err := range e.scanner.Scan(e.ctx, e.k(prefix)) {
		if e.isNameless(err) {
			continue
		}
		if err != nil {
			e.Fatalf("Scan %q: %v", e.k(prefix), err)
		}
		own, ok := strings.CutPrefix(k, e.prefix)
		if !ok {
			e.Fatalf("Scan %q yields %s", e.k(prefix), brief(k))
		}
		keys = append(keys, own)
	}
	if e.h.RepeatsKeys {
		slices.Sort(keys)
		keys = slices.Compact(keys)
	}
	return keys
}

// isNameless tells whether a walk has ended because the rest of the keys have no names, which the harness must have said.
func (e *env) isNameless(err error) bool {
	nameless := new(driver.Nameless)
	return e.h.Nameless != nil && errors.As(err, &nameless) && nameless.Count > 0
}

// nameable are those of the keys that a walk can yield.
func (e *env) nameable(keys []string) (named []string) {
	for _, k := range keys {
		if e.h.Nameless == nil || !e.h.Nameless(e.k(k)) {
			named = append(named, k)
		}
	}
	return named
}

// walk yields the keys of the store that begin with prefix, in full. Keys without a name are nobody's fault.
func (e *env) walk(prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for k, err := range e.scanner.Scan(e.ctx, e.k(prefix)) {
			if !e.isNameless(err) && !yield(k, err) {
				return
			}
		}
	}
}

// wantKeys fails unless a walk yields these, each once.
func (e *env) wantKeys(prefix string, want ...string) {
	e.Helper()
	got := e.scan(prefix)
	slices.Sort(got)
	want = slices.Sorted(slices.Values(e.nameable(want)))
	if !slices.Equal(got, want) {
		e.Errorf("Scan %q (-want +got):\n%s", prefix, brief2(cmp.Diff(want, got)))
	}
}

// tally counts what a walk yields.
type tally map[string]int

// check fails unless each of the stable keys came once, and no other one twice.
func (n tally) check(e *env, stable []string) {
	e.Helper()
	missing, repeated := 0, 0
	for _, k := range stable {
		if n[e.k(k)] == 0 {
			missing++
		}
	}
	for k, times := range n {
		if times > 1 && !e.h.RepeatsKeys {
			repeated++
			e.Logf("%s came %d times", brief(k), times)
		}
	}
	if missing > 0 || repeated > 0 {
		e.Errorf("of %d keys that were there all the time, %d were not yielded; %d keys were yielded more than once",
			len(stable), missing, repeated)
	}
}

// writeInBetween writes from inside the walk: keys that come, go and are replaced.
func writeInBetween(e *env) {
	stable := e.fillMany(2000)
	e.fill("many:goes")
	n, i := tally{}, 0
	for k, err := range e.walk("many:") {
		e.ok("Scan", err)
		n[k]++
		if i++; i > 10*len(stable) {
			e.Fatal("the walk does not end")
		}
		if i%10 == 0 {
			e.set(fmt.Sprint("many:new", i), "1", 0)
			e.set(stable[(i*7)%len(stable)], "replaced", longTTL)
			_, _ = e.store.Delete(e.ctx, e.k("many:goes"))
			e.set("many:goes", "1", 0)
		}
	}
	n.check(e, stable)
}

// earlyBreak: who leaves a walk leaves nothing behind, no lock and no connection. The leak check of close walks too.
func earlyBreak(e *env) {
	e.fillMany(2000)
	for range 100 {
		for _, err := range e.walk("many:") {
			e.ok("Scan", err)
			break
		}
	}
	e.set("a", "1", 0)
	e.want("a", "1")
	e.wantKeys("a", "a")
}

func nestedScans(e *env) {
	e.fill("a", "b", "c")
	pairs := map[string]bool{}
	for x, err := range e.walk("") {
		e.ok("Scan", err)
		for y, err := range e.walk("") {
			e.ok("Scan", err)
			if strings.HasPrefix(x, e.prefix) && strings.HasPrefix(y, e.prefix) {
				pairs[x+y] = true
			}
		}
	}
	if len(pairs) != 9 {
		e.Errorf("a walk in a walk over 3 keys sees %d pairs; want 9", len(pairs))
	}
}

// scanEndsWithContext: a walk whose context ends tells so, once, and is over.
func scanEndsWithContext(e *env) {
	e.fillMany(5000)
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	n, failures := 0, 0
	for k, err := range e.scanner.Scan(ctx, e.k("many:")) {
		cancel()
		n++
		if err == nil {
			continue
		}
		failures++
		if k != "" || !errors.Is(err, context.Canceled) {
			e.Errorf("the walk ends with %s, %v; want an empty key and context.Canceled", brief(k), err)
		}
	}
	if failures != 1 {
		e.Errorf("the context ended after the first of 5,000 keys; the walk went on for %d and gave %d errors; want 1", n, failures)
	}
}
