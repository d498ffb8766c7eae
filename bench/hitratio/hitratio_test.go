package main

import (
	"math"
	"testing"
)

// TestAsManyHitsAsOtter fails if max_entries bounds something else than the number of entries, or if a verb of larder
// shows otter other requests than there were. The sizes are among those where replays differ least
// from each other, so that a few are enough.
func TestAsManyHitsAsOtter(t *testing.T) {
	trace, err := readTrace("../testdata/web07.trace.xz")
	if err != nil {
		t.Fatal(err)
	}
	if len(trace) != 76_118 {
		t.Fatalf("the trace has %d requests", len(trace))
	}
	keys := named(trace)
	for _, size := range []int{300, 600} {
		r, err := plan{pace: settled, runs: 4, most: 40, within: 0.06}.measure(size, keys)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d entries, %d replays: GetOrSet %.2f, Get and Set %.2f, otter %.2f",
			size, len(r.otter), r.getOrSet.mean(), r.getAndSet.mean(), r.otter.mean())
		for name, ours := range map[string]sample{"GetOrSet": r.getOrSet, "Get and Set": r.getAndSet} {
			if d := ours.mean() - r.otter.mean(); math.Abs(d) > 0.3 {
				t.Errorf("%d entries: %s has %.2f%% hits, otter %.2f%%", size, name, ours.mean(), r.otter.mean())
			}
		}
		optimum := percent(belady(trace, size), len(trace))
		lru, err := flatOut.replay(newLRU, size, keys)
		if err != nil {
			t.Fatal(err)
		}
		if best := r.getOrSet.mean(); best >= optimum || best <= lru {
			t.Errorf("%d entries: %.2f%% hits is not between an LRU's %.2f%% and the optimum of %.2f%%", size, best, lru, optimum)
		}
	}
}

func TestBelady(t *testing.T) {
	for _, c := range []struct {
		trace []int32
		size  int
		hits  int
	}{
		{nil, 2, 0},
		{[]int32{1, 1, 1}, 1, 2},
		{[]int32{1, 2, 3, 1, 2, 3}, 3, 3},
		{[]int32{1, 2, 3, 1, 2, 3}, 2, 2}, // 3 is not kept: it comes last
		{[]int32{1, 2, 1, 2, 1, 2}, 1, 2}, // an LRU has none
		{[]int32{1, 2, 3, 4, 1}, 1, 1},    // nothing replaces 1
		{[]int32{7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1}, 3, bruteForce([]int32{7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1}, 3)},
	} {
		if hits := belady(c.trace, c.size); hits != c.hits {
			t.Errorf("%v with %d entries: %d hits, want %d", c.trace, c.size, hits, c.hits)
		}
	}
}

// bruteForce tries every way to make room.
func bruteForce(trace []int32, size int) int { return tryAll(trace, size, nil) }

func tryAll(trace []int32, size int, kept []int32) int {
	if len(trace) == 0 {
		return 0
	}
	key, rest := trace[0], trace[1:]
	for _, k := range kept {
		if k == key {
			return 1 + tryAll(rest, size, kept)
		}
	}
	most := tryAll(rest, size, kept) // not kept at all
	if len(kept) < size {
		return max(most, tryAll(rest, size, append(kept[:len(kept):len(kept)], key)))
	}
	for i := range kept {
		other := append([]int32{}, kept...)
		other[i] = key
		most = max(most, tryAll(rest, size, other))
	}
	return most
}
