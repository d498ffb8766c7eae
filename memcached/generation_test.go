package memcached

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/larder-go/larder/memcached/internal/meta"
)

// TestClearedChangesJustThePrefix: after any number of clears, a key has another name than before if the prefix that was cleared
// last is its own, and the same one if not; and no name ever comes back.
func TestClearedChangesJustThePrefix(t *testing.T) {
	text := rapid.StringOfN(rapid.RuneFrom([]rune("ab: \n%é")), 0, 4, -1)
	rapid.Check(t, func(t *rapid.T) {
		g := firstGenerations(0)
		keys := rapid.SliceOfNDistinct(text, 1, 20, rapid.ID[string]).Draw(t, "keys")
		had := map[string]bool{}
		names := func() (all []string) {
			for _, key := range keys {
				all = append(all, g.name(key, meta.Key{Name: key}).String())
			}
			return all
		}
		for _, prefix := range rapid.SliceOfN(text, 0, 20).Draw(t, "prefixes") {
			before := names()
			g = throughTheServer(t, g.cleared(prefix), g.cas+1)
			for i, name := range names() {
				if cleared := strings.HasPrefix(keys[i], prefix); cleared == (name == before[i]) {
					t.Fatalf("after clearing %q, %q goes from %q to %q", prefix, keys[i], before[i], name)
				}
				if had[name] && name != before[i] {
					t.Fatalf("%q is back", name)
				}
				had[name], had[before[i]] = true, true
				if key, isDigest, ok := g.key(name); key != keys[i] || isDigest || !ok {
					t.Fatalf("%q is read as %q, %t, %t", name, key, isDigest, ok)
				}
				if _, _, ok := g.key(before[i]); ok && name != before[i] {
					t.Fatalf("%q is still read", before[i])
				}
			}
		}
	})
}

// throughTheServer is the list as another process reads it.
func throughTheServer(t *rapid.T, g *generations, cas uint64) *generations {
	read, err := parseGenerations(string(g.format()))
	if err != nil {
		t.Fatal(err)
	}
	if got := read.format(); !slices.Equal(got, g.format()) {
		t.Fatalf("%q is read as %q", g.format(), got)
	}
	read.cas = cas
	return read
}

// TestFates: what became of a call whose keys had another list than it thought.
func TestFates(t *testing.T) {
	then := firstGenerations(0)
	then.cas = 10
	name := then.name("a:k", meta.Key{Name: "a:k"})
	once := then.cleared("a:") // CAS 20
	once.cas = 20
	twice := once.cleared("a:") // CAS 30
	twice.cas = 30
	other := twice.cleared("b:") // CAS 40
	other.cas = 40
	behind := then.cleared("b:") // CAS 20
	behind.cas = 20
	behind = behind.cleared("a:") // CAS 30
	behind.cas = 30
	much := then
	for i := range 2 * latestMost {
		much = much.cleared("b:")
		much.cas = uint64(20 + i)
	}
	much = much.cleared("a:")
	much.cas = 1000
	spared := then.cleared("b:")
	spared.cas = 20
	there := func(cas uint64) *meta.Reply { return &meta.Reply{Status: meta.OK, CAS: cas} }
	for what, c := range map[string]struct {
		now  *generations
		seen *meta.Reply
		want fate
	}{
		"another prefix was cleared":              {spared, there(20), stands},
		"another prefix was cleared, seen before": {spared, there(10), stands},
		"cleared before":                          {once, there(20), nowhere},
		"cleared before, and others since":        {other, there(30), nowhere},
		"cleared before, at the last list":        {other, there(40), nowhere},
		"cleared before and behind":               {twice, there(20), nowhere},
		"cleared behind":                          {twice, there(10), stands},
		"another before, cleared behind":          {behind, there(20), stands},
		"cleared behind, and much else":           {much, there(20), unsure},
		"the list was lost":                       {once, &meta.Reply{Status: meta.Miss}, nowhere},
		"lost and made anew since":                {firstGenerations(0), there(10), unsure},
	} {
		if got := c.now.fate("a:k", name, then.cas, c.seen); got != c.want {
			t.Errorf("%s: %d; want %d", what, got, c.want)
		}
	}
}

// FuzzGenerations: whatever another program has put there, it is a list or it is none.
func FuzzGenerations(f *testing.F) {
	for _, seed := range []string{
		"", "0123456789abcdef 0 \n", "0123456789abcdef 0 \nfedcba9876543210 17 a%3A\n", "0123456789abcdef 0", "x", "0123456789abcdef 0 %zz\n",
		"0123456789abcdef -1 \n", "0123456789ABCDEF 0 \n", "0123456789abcdef 0 \n0123456789abcdef 0 \n", "\n\n", "0123456789abcdef 18446744073709551616 \n",
	} {
		f.Add(seed, "a:key")
	}
	f.Fuzz(func(t *testing.T, text, key string) {
		g, err := parseGenerations(text)
		if err != nil {
			return
		}
		name := g.name(key, meta.Key{Name: key})
		if got, isDigest, ok := g.key(name.String()); !ok || !isDigest && got != key || isDigest && !strings.HasPrefix(key, digestPrefix) {
			t.Fatalf("%q is %q, which is read as %q, %t, %t", key, name, got, isDigest, ok)
		}
		again, err := parseGenerations(string(g.format()))
		if err != nil || !slices.Equal(again.format(), g.format()) {
			t.Fatalf("%q: %v", g.format(), err)
		}
	})
}
