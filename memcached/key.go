package memcached

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/larder-go/larder/internal/meta"
)

// digestPrefix begins the names of keys that memcached does not take: the hexadecimal SHA-256 of the key follows.
const digestPrefix = "sha256:"

// wire is a key's name on the server: the key itself, or its digest if it is not one that memcached takes. Keys that look like what
// this package makes itself, a digest or a lease, go by their digest too, so that nobody can forge one.
func wire(key string) meta.Key {
	if meta.Legal(key) && !isDigest(key) && !strings.HasPrefix(key, leasePrefix) {
		return meta.Key{Name: key}
	}
	return meta.Key{Space: digestPrefix, Name: digest(key)}
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

// leasePrefix begins the names of leases.
const leasePrefix = "larder:lease:"

// leaseOf is the name of the lease on a key. It is placed on the key's server, wherever its own name would be.
func leaseOf(k meta.Key) meta.Key {
	switch {
	case len(leasePrefix)+k.Len() > meta.MaxKey:
		return meta.Key{Space: leasePrefix + digestPrefix, Name: digest(k.Name)}
	case k.Space == "":
		return meta.Key{Space: leasePrefix, Name: k.Name}
	}
	return meta.Key{Space: leasePrefix + digestPrefix, Name: k.Name}
}
