package bench

import (
	"testing"
	"time"

	"github.com/dgraph-io/ristretto/v2"
	lru "github.com/hashicorp/golang-lru/v2/expirable"
	"github.com/jellydator/ttlcache/v3"

	"github.com/larder-go/larder"
)

// peer is a cache in memory that a program might use instead: bounded, with a ttl, on ready-made full keys.
type peer struct {
	name string
	get  func(i int) bool
	set  func(i int)
}

// newPeers makes and fills one of each. They hold twice what is put into them.
func newPeers(tb testing.TB) []peer {
	tb.Helper()
	k := newKeys(entries)
	all := []peer{larderPeer(tb, k), otterPeer(tb, k), lruPeer(tb, k), ttlcachePeer(tb, k), ristrettoPeer(tb, k)}
	for _, p := range all {
		for i := range entries {
			p.set(i)
		}
	}
	time.Sleep(100 * time.Millisecond) // ristretto stores later than it returns
	return all
}

func larderPeer(tb testing.TB, k keys) peer {
	tb.Helper()
	view, ctx := larder.Of[user](openMemory(tb, "&max_entries=20000"), "user:"), tb.Context()
	return peer{
		"larder",
		func(i int) bool { _, err := view.Get(ctx, k.short[i]); return err == nil },
		func(i int) {
			if err := view.Set(ctx, k.short[i], newUser(i)); err != nil {
				tb.Error(err)
			}
		},
	}
}

func otterPeer(tb testing.TB, k keys) peer {
	tb.Helper()
	c := openOtter[user](tb, 2*entries)
	return peer{
		"otter",
		func(i int) bool { _, ok := c.GetIfPresent(k.full[i]); return ok },
		func(i int) { c.Set(k.full[i], newUser(i)) },
	}
}

func lruPeer(_ testing.TB, k keys) peer {
	c := lru.NewLRU[string, user](2*entries, nil, ttl)
	return peer{
		"golang-lru",
		func(i int) bool { _, ok := c.Get(k.full[i]); return ok },
		func(i int) { c.Add(k.full[i], newUser(i)) },
	}
}

func ttlcachePeer(_ testing.TB, k keys) peer {
	c := ttlcache.New(
		ttlcache.WithTTL[string, user](ttl),
		ttlcache.WithCapacity[string, user](2*entries),
		ttlcache.WithDisableTouchOnHit[string, user](),
	)
	return peer{
		"ttlcache",
		func(i int) bool { return c.Get(k.full[i]) != nil },
		func(i int) { c.Set(k.full[i], newUser(i), ttlcache.DefaultTTL) },
	}
}

func ristrettoPeer(tb testing.TB, k keys) peer {
	tb.Helper()
	c, err := ristretto.NewCache(&ristretto.Config[string, user]{NumCounters: 20 * entries, MaxCost: 2 * entries, BufferItems: 64, IgnoreInternalCost: true})
	must(tb, err)
	tb.Cleanup(c.Close)
	return peer{
		"ristretto",
		func(i int) bool { _, ok := c.Get(k.full[i]); return ok },
		func(i int) { c.SetWithTTL(k.full[i], newUser(i), 1, ttl) },
	}
}

// BenchmarkPeers tells the share of hits too, as hit-%: a cache that drops a Set under load is quick at it.
func BenchmarkPeers(b *testing.B) {
	for _, p := range newPeers(b) {
		hits := 0
		for i := range entries {
			if p.get(i) {
				hits++
			}
		}
		share := 100 * float64(hits) / entries
		get := func(i int) { p.get(i) }
		b.Run("verb=Get/peer="+p.name, func(b *testing.B) { loop(b, entries, get); b.ReportMetric(share, "hit-%") })
		b.Run("verb=Get-parallel/peer="+p.name, func(b *testing.B) { parallel(b, 16, entries, get) })
		b.Run("verb=Set/peer="+p.name, func(b *testing.B) { loop(b, entries, p.set) })
		b.Run("verb=Set-parallel/peer="+p.name, func(b *testing.B) { parallel(b, 16, entries, p.set) })
	}
}
