package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/larder-go/larder"
	_ "github.com/larder-go/larder/sqlite"
)

// user is a typical value: a struct that is safe to share as it is.
type user struct {
	ID    int64
	Name  string
	Email string
	Admin bool
}

func newUser(i int) user {
	return user{ID: int64(i), Name: "Ada Lovelace", Email: "ada@example.org", Admin: i%7 == 0}
}

const (
	// ttl is longer than any benchmark.
	ttl = time.Hour
	// entries is how many there are in memory unless a benchmark says otherwise; all of them fit.
	entries = 10_000
	// wirePrefix is what stands before a view's keys: key prefix, version and the view's own prefix.
	wirePrefix = "shop:2:user:"
)

// keys are asked for in a random order, the same one for every engine.
type keys struct {
	short []string // as a program gives them to a view
	full  []string // as they are stored
}

func newKeys(n int) keys {
	k := keys{make([]string, n), make([]string, n)}
	for i, at := range rand.New(rand.NewPCG(1, 2)).Perm(n) {
		k.short[at] = fmt.Sprintf("%08d", i)
		k.full[at] = wirePrefix + k.short[at]
	}
	return k
}

// absent are keys that are not there.
func (k keys) absent() keys {
	a := keys{make([]string, len(k.short)), make([]string, len(k.short))}
	for i, key := range k.short {
		a.short[i] = "x" + key[1:]
		a.full[i] = wirePrefix + a.short[i]
	}
	return a
}

// openMemory opens memory:// with key prefix, version and ttl.
func openMemory(tb testing.TB, params string) *larder.Cache {
	tb.Helper()
	return open(tb, fmt.Sprintf("memory://?key_prefix=shop&version=2&ttl=%v%s", ttl, params))
}

func open(tb testing.TB, url string) *larder.Cache {
	tb.Helper()
	c, err := larder.Open(context.Background(), url)
	must(tb, err)
	tb.Cleanup(func() { must(tb, c.Close()) })
	return c
}

// openOtter makes what memory:// makes, without larder.
func openOtter[V any](tb testing.TB, maxEntries int) *otter.Cache[string, V] {
	tb.Helper()
	c, err := otter.New(&otter.Options[string, V]{
		MaximumSize:      maxEntries,
		ExpiryCalculator: otter.ExpiryWriting[string, V](ttl),
	})
	must(tb, err)
	tb.Cleanup(func() { c.StopAllGoroutines() })
	return c
}

// fill stores a value under each key.
func fill[V any](tb testing.TB, v *larder.View[V], k keys, newValue func(int) V) {
	tb.Helper()
	for i, key := range k.short {
		must(tb, v.Set(context.Background(), key, newValue(i)))
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// loop runs one call b.N times, over all keys.
func loop(b *testing.B, n int, call func(i int)) {
	b.Helper()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		call(i)
		if i++; i == n {
			i = 0
		}
	}
}

// parallel runs it from that many goroutines per processor.
func parallel(b *testing.B, perProcessor, n int, call func(i int)) {
	b.Helper()
	b.ReportAllocs()
	b.SetParallelism(perProcessor)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		i := rand.IntN(n)
		for pb.Next() {
			call(i)
			if i++; i == n {
				i = 0
			}
		}
	})
}
