package drivertest_test

import (
	"context"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/larder-go/larder/driver"
)

// Of walks and clearing.

// clears removes what matches says.
type clears struct {
	*reference
	matches func(prefix, key string) bool
}

func (m clears) Clear(ctx context.Context, prefix string) (int, error) {
	if err := m.enter(ctx); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	n := 0
	for k := range m.entries {
		if m.matches(prefix, k) && m.remove(k) {
			n++
		}
	}
	return n, nil
}

// walks changes what Scan yields.
type walks struct {
	*reference
	change func(iter.Seq2[string, error]) iter.Seq2[string, error]
}

func (m walks) Scan(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return m.change(m.reference.Scan(ctx, prefix))
}

// repeats yields a key again after 1,000 others.
func repeats(walk iter.Seq2[string, error]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		n, first := 0, ""
		for k, err := range walk {
			if n++; n == 1 {
				first = k
			}
			if !yield(k, err) || (n == 1000 && !yield(first, nil)) {
				return
			}
		}
	}
}

// leaks walks in a goroutine that waits for ever for a caller who has gone.
func leaks(walk iter.Seq2[string, error]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		keys := make(chan string)
		go func() {
			defer close(keys)
			for k := range walk {
				keys <- k
			}
		}()
		for k := range keys {
			if !yield(k, nil) {
				return
			}
		}
	}
}

// deaf does not tell about errors.
func deaf(walk iter.Seq2[string, error]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for k, err := range walk {
			if err != nil || !yield(k, nil) {
				return
			}
		}
	}
}

// byOffset walks in pages of sorted keys by their number, so that changes shift it.
type byOffset struct{ *reference }

func (m byOffset) Scan(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for offset := 0; ; {
			var all []string
			for k, err := range m.reference.Scan(ctx, prefix) {
				if err != nil {
					yield("", err)
					return
				}
				all = append(all, k)
			}
			slices.Sort(all)
			page := all[min(offset, len(all)):min(offset+100, len(all))]
			if len(page) == 0 {
				return
			}
			for _, k := range page {
				if !yield(k, nil) {
					return
				}
			}
			offset += len(page)
		}
	}
}

func walkMutants() []mutant {
	clearing := func(matches func(prefix, key string) bool) func() driver.Store {
		return func() driver.Store { return clears{newReference(), matches} }
	}
	walking := func(change func(iter.Seq2[string, error]) iter.Seq2[string, error]) func() driver.Store {
		return func() driver.Store { return walks{newReference(), change} }
	}
	glob := func(p, k string) bool { ok, _ := path.Match(p+"*", k); return ok }
	return []mutant{
		{name: "ClearWithoutColon", open: clearing(func(p, k string) bool { return strings.HasPrefix(k, strings.TrimSuffix(p, ":")) }),
			seenBy: []string{"clear/Prefix", "prefixed/clear/Prefix"}},
		{name: "ClearIsGlob", open: clearing(glob), seenBy: []string{"clear/PrefixIsLiteral"}},
		{name: "ClearWithoutCase", open: clearing(func(p, k string) bool { return strings.HasPrefix(strings.ToLower(k), strings.ToLower(p)) }),
			seenBy: []string{"clear/PrefixIsLiteral"}},
		{name: "ClearIsRange", open: clearing(func(p, k string) bool { return k >= p && k < p+"\xff" }),
			seenBy: []string{"clear/PrefixIsLiteral"}},
		{name: "ClearTakesAll", open: clearing(func(_, _ string) bool { return true }),
			seenBy: []string{"clear/Many", "prefixed/clear/KeysCanBeMadeAgain"}},
		{name: "ScanRepeats", open: walking(repeats), seenBy: []string{"scan/WhileOthersChange", "scan/WriteInBetween", "scan/Many"}},
		{name: "ScanByOffset", open: func() driver.Store { return byOffset{newReference()} },
			seenBy: []string{"scan/WhileOthersChange"}},
		{name: "ScanLeaks", open: walking(leaks), seenBy: []string{"close/LeavesNoGoroutine"}},
		{name: "ScanHidesErrors", open: walking(deaf), seenBy: []string{"scan/EndsWithItsContext", "context/Cancelled"}},
	}
}
