package memcached

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memcached/internal/meta"
)

// digestPrefix begins the names of keys that memcached does not take: the hexadecimal SHA-256 of the key follows.
const digestPrefix = "sha256:"

// wire is a key's name on the server: the key itself, or its digest if it is not one that memcached takes. Keys that look like what
// this package makes itself, a digest or a lease or a generation's, go by their digest too, so that nobody can forge one. With VerbatimKeys every
// name is the key, and what memcached does not take is ErrBadKey.
func (s *Store) wire(key string) (meta.Key, error) {
	switch {
	case s.options.VerbatimKeys:
		return meta.Key{Name: key}, checkKey(key)
	case len(key) <= s.longestKey() && meta.Legal(key) && !isDigest(key) && !isOurs(key):
		return meta.Key{Name: key}, nil
	}
	return meta.Key{Space: digestPrefix, Name: digest(key)}, nil
}

// longestKey is the length of the longest key that is stored under its own name.
func (s *Store) longestKey() int {
	if s.options.Generations {
		return meta.MaxKey - spaceLen
	}
	return meta.MaxKey
}

// checkKey says why memcached does not take a key.
func checkKey(key string) error {
	switch {
	case meta.Legal(key):
		return nil
	case key == "":
		return fmt.Errorf("%w: empty", driver.ErrBadKey)
	case len(key) > meta.MaxKey:
		return fmt.Errorf("%w: %d bytes, and memcached takes %d", driver.ErrBadKey, len(key), meta.MaxKey)
	}
	at := strings.IndexFunc(key, func(r rune) bool { return r <= ' ' || r == 0x7f })
	return fmt.Errorf("%w: the byte 0x%02x at %d, which memcached does not take", driver.ErrBadKey, key[at], at)
}

func digest(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// isDigest tells whether a name is one that wire makes of what memcached does not take.
func isDigest(name string) bool {
	digits, ok := strings.CutPrefix(name, digestPrefix)
	return ok && len(digits) == 2*sha256.Size && strings.Trim(digits, "0123456789abcdef") == ""
}

// isOurs tells whether a name is one of those that this package keeps what it has to know under. Whoever could write there would have
// the rights to a load, or clear views.
func isOurs(name string) bool {
	rest, ok := strings.CutPrefix(name, generationPrefix)
	if !ok {
		return false
	}
	token, _, spaced := strings.Cut(rest, ":")
	return strings.HasPrefix(name, leasePrefix) || name == generationsKey.Name || spaced && len(token) == tokenLen
}

// leasePrefix begins the names of leases.
const leasePrefix = "larder:lease:"

// leaseOf is the name of the lease on a key. It is placed on the key's server, wherever its own name would be.
func leaseOf(k meta.Key) meta.Key {
	switch {
	case len(leasePrefix)+k.Len() > meta.MaxKey:
		return meta.Key{Space: leasePrefix + digestPrefix, Name: digest(k.String())}
	case k.Space == "":
		return meta.Key{Space: leasePrefix, Name: k.Name}
	case k.Space == digestPrefix:
		return meta.Key{Space: leasePrefix + digestPrefix, Name: k.Name}
	}
	return meta.Key{Space: leasePrefix + k.Space, Name: k.Name}
}
