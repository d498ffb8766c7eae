package bench

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/larder-go/larder"
)

// footprint is one way to keep n entries, each with a key of 20 bytes as it is stored and a value of 100 bytes. It returns
// what has to stay alive, and how many entries there are.
type footprint struct {
	name string
	fill func(tb testing.TB, n int) (alive any, entries int)
}

var footprints = []footprint{
	{"value=string/engine=otter", func(tb testing.TB, n int) (any, int) { return fillOtter(tb, n, text) }},
	{"value=string/engine=larder", func(tb testing.TB, n int) (any, int) { return fillLarder(tb, n, "", text) }},
	{"value=bytes/engine=otter", func(tb testing.TB, n int) (any, int) { return fillOtter(tb, n, data) }},
	{"value=bytes/engine=larder", func(tb testing.TB, n int) (any, int) { return fillLarder(tb, n, "&codec=raw", data) }},
}

func text(i int) string { return fmt.Sprintf("%0100d", i) }
func data(i int) []byte { return []byte(text(i)) }

func fillOtter[V any](tb testing.TB, n int, value func(int) V) (any, int) {
	tb.Helper()
	c := openOtter[V](tb, n)
	for i := range n {
		c.Set(fmt.Sprintf("%s%08d", wirePrefix, i), value(i))
	}
	c.CleanUp()
	return c, c.EstimatedSize()
}

func fillLarder[V any](tb testing.TB, n int, params string, value func(int) V) (any, int) {
	tb.Helper()
	c := openMemory(tb, fmt.Sprintf("&max_entries=%d%s", n, params))
	view := larder.Of[V](c, "user:")
	for i := range n {
		must(tb, view.Set(context.Background(), fmt.Sprintf("%08d", i), value(i)))
	}
	facts, err := c.Report(context.Background())
	must(tb, err)
	for _, f := range facts {
		if f.Name == "entries" {
			return view, int(f.Value.(int64))
		}
	}
	tb.Fatalf("no entries in %v", facts)
	return nil, 0
}

// measure returns the bytes of heap that an entry takes after the garbage has been collected.
func (f footprint) measure(tb testing.TB, n int) float64 {
	tb.Helper()
	before := heap()
	alive, kept := f.fill(tb, n)
	after := heap()
	runtime.KeepAlive(alive)
	if kept != n {
		tb.Errorf("%d of %d entries are there", kept, n)
	}
	return float64(after-before) / float64(kept)
}

func heap() int64 {
	// Twice, as sync.Pool keeps what it has for one more collection; and what finalizers free is free in the second.
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkFootprint is to be run with -benchtime 1x: what it tells is no time but bytes.
func BenchmarkFootprint(b *testing.B) {
	for _, f := range footprints {
		b.Run(f.name, func(b *testing.B) {
			sum := 0.0
			for range b.N {
				sum += f.measure(b, 1_000_000)
			}
			b.ReportMetric(sum/float64(b.N), "heap-B/entry")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// TestFootprint holds the bound of 1.2 x otter's memory.
func TestFootprint(t *testing.T) {
	const n = 100_000
	for i := 0; i < len(footprints); i += 2 {
		var got [2]float64
		for j, f := range footprints[i : i+2] {
			t.Run(f.name, func(t *testing.T) { got[j] = f.measure(t, n) })
		}
		t.Logf("%s: %.0f, %s: %.0f bytes an entry, ratio %.2f", footprints[i].name, got[0], footprints[i+1].name, got[1], got[1]/got[0])
		if got[1] > 1.2*got[0] {
			t.Errorf("more than 1.2 x otter's memory")
		}
	}
}
