package memcached

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/larder-go/larder/memcached/internal/meta"
)

// A server has, in one item, the generations of the keys on it: a list of prefixes, each with a random number, its token. The token
// of the longest prefix of a key is part of the key's name, so that a new token makes all keys with the prefix new names, and nobody
// finds what has the old ones:
//
//	0123456789abcdef 0                of all keys that have no other
//	fedcba9876543210 17 shop:1:user:
//
// To clear a prefix is to give it a new token, and to drop the longer prefixes that begin with it. Tokens are never used again. So if
// the item is lost, a new one makes everything unreachable, and brings nothing back. The second number is the CAS of the list that was
// replaced when the token came into it. As a server's CAS only grows, it tells whether an older list had it. The prefixes that were cleared
// last follow, the latest last, each behind the CAS of the list that was replaced:
//
//   - 17 shop:1:user:
type generations struct {
	cas      uint64 // of the item
	byPrefix map[string]generation
	lengths  []int // of the prefixes, the longest first
	latest   []clearing
}

// clearing is one that was made of the list with the CAS before.
type clearing struct {
	before uint64
	prefix string
}

// The clearings that are kept.
const (
	latestMost  = 32
	latestBytes = 4 << 10
)

// generation is how the names of keys begin: of those that memcached takes, and of digests.
type generation struct {
	plain, hashed string
	since         uint64 // the CAS of the last list without it; 0: unknown
}

const (
	tokenLen         = 16
	generationPrefix = "larder:"
	// spaceLen is how much shorter than memcached's a key is that is stored under its own name.
	spaceLen = len(generationPrefix) + tokenLen + len(":")
	// generationsMost is how long the list of a server may become.
	generationsMost = 256 << 10
)

// generationsKey is where a server has them.
var generationsKey = meta.Key{Name: "larder:generations"}

var errGenerations = errors.New("not a list of generations")

func generationOf(token string, since uint64) generation {
	plain := generationPrefix + token + ":"
	return generation{plain: plain, hashed: plain + digestPrefix, since: since}
}

func (g generation) token() string {
	return g.plain[len(generationPrefix) : len(generationPrefix)+tokenLen]
}

func newToken() string {
	var b [tokenLen / 2]byte
	_, _ = rand.Read(b[:]) // which never fails
	return hex.EncodeToString(b[:])
}

// firstGenerations are those of a server that has none.
func firstGenerations(since uint64) *generations {
	return newGenerations(map[string]generation{"": generationOf(newToken(), since)})
}

func newGenerations(byPrefix map[string]generation) *generations {
	g := &generations{byPrefix: byPrefix}
	for prefix := range byPrefix {
		g.lengths = append(g.lengths, len(prefix))
	}
	slices.Sort(g.lengths)
	slices.Reverse(g.lengths)
	g.lengths = slices.Compact(g.lengths)
	return g
}

// of is the generation of a key.
func (g *generations) of(key string) generation {
	for _, n := range g.lengths {
		if n > len(key) {
			continue
		}
		if found, ok := g.byPrefix[key[:n]]; ok {
			return found
		}
	}
	return g.byPrefix[""]
}

// name is a key's name: k is what it would be without generations, or was in another one.
func (g *generations) name(key string, k meta.Key) meta.Key {
	own := g.of(key)
	if strings.HasSuffix(k.Space, digestPrefix) {
		return meta.Key{Space: own.hashed, Name: k.Name}
	}
	return meta.Key{Space: own.plain, Name: k.Name}
}

// key is what name has made a name of, if that still is the key's. Of a digest only the generation is known.
func (g *generations) key(name string) (key string, nameless, ok bool) {
	rest, ours := strings.CutPrefix(name, generationPrefix)
	token, key, whole := strings.Cut(rest, ":")
	if !ours || !whole || len(token) != tokenLen {
		return "", false, false
	}
	if isDigest(key) {
		return "", true, g.has(token)
	}
	return key, false, g.of(key).token() == token
}

func (g *generations) has(token string) bool {
	for _, own := range g.byPrefix {
		if own.token() == token {
			return true
		}
	}
	return false
}

// cleared are the generations after the prefix was cleared.
func (g *generations) cleared(prefix string) *generations {
	next := maps.Clone(g.byPrefix)
	maps.DeleteFunc(next, func(p string, _ generation) bool { return strings.HasPrefix(p, prefix) })
	next[prefix] = generationOf(newToken(), g.cas)
	n := newGenerations(next)
	n.latest = append(slices.Clone(g.latest), clearing{g.cas, prefix})
	n.latest = n.latest[max(0, len(n.latest)-latestMost):]
	for size := 0; ; size = 0 {
		for _, c := range n.latest {
			size += len(c.prefix)
		}
		if size <= latestBytes {
			return n
		}
		n.latest = n.latest[1:]
	}
}

// fate is what became of a call on a key that found another list than the one by which the key was named.
type fate byte

const (
	stands  fate = iota // the name still is the key's
	nowhere             // it was done to a name that nobody read any more
	unsure              // the name was the key's when it was done, or the one before
)

// fate judges a call by the list that is read after it, g, by the CAS of the one by which the key was named, and by what the call's
// guard has seen.
func (g *generations) fate(key string, k meta.Key, named uint64, guard *meta.Reply) fate {
	since := g.of(key).since
	switch {
	case guard.Status != meta.OK: // the list was lost, and with it every name
		return nowhere
	case g.name(key, k).Space == k.Space:
		return stands
	case guard.CAS == g.cas, since != 0 && guard.CAS > since:
		return nowhere
	case len(g.latest) == 0 || g.latest[0].before > named:
		return unsure
	}
	// The name is the key's no more since after the call. It may have been so before, and the one in between too.
	for _, c := range g.latest {
		if named <= c.before && c.before < guard.CAS && strings.HasPrefix(key, c.prefix) {
			return nowhere
		}
	}
	return stands
}

// format is the item's value.
func (g *generations) format() []byte {
	var text bytes.Buffer
	for _, prefix := range slices.Sorted(maps.Keys(g.byPrefix)) {
		own := g.byPrefix[prefix]
		text.WriteString(own.token() + " " + strconv.FormatUint(own.since, 10) + " " + url.PathEscape(prefix) + "\n")
	}
	for _, c := range g.latest {
		text.WriteString("- " + strconv.FormatUint(c.before, 10) + " " + url.PathEscape(c.prefix) + "\n")
	}
	return text.Bytes()
}

// parseGenerations reads what format has written.
func parseGenerations(text string) (*generations, error) {
	byPrefix := map[string]generation{}
	var latest []clearing
	for line := range strings.Lines(text) {
		words := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		if len(words) != 3 {
			return nil, errGenerations
		}
		token := words[0]
		since, err := strconv.ParseUint(words[1], 10, 64)
		prefix, err2 := url.PathUnescape(words[2])
		_, twice := byPrefix[prefix]
		if err == nil && err2 == nil && token == "-" {
			latest = append(latest, clearing{since, prefix})
			continue
		}
		if err != nil || err2 != nil || twice || len(token) != tokenLen || strings.Trim(token, "0123456789abcdef") != "" {
			return nil, errGenerations
		}
		byPrefix[prefix] = generationOf(token, since)
	}
	if _, ok := byPrefix[""]; !ok {
		return nil, errGenerations
	}
	g := newGenerations(byPrefix)
	g.latest = latest
	return g, nil
}
