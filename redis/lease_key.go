package redis

import "strings"

// leasePrefix begins the keys that hold leases. Each lives beside the key that it is for, in the same slot, so that one
// script can look at both:
//
//	larder:lease:t:a{b}c        key a{b}c, which has a hash tag of its own
//	larder:lease:k:{abc}        key abc, which can be one
//	larder:lease:s:{123}:a}b    key a}b, which can not: 123 is in the same slot
const leasePrefix = "larder:lease:"

const (
	ownTag   = leasePrefix + "t:"
	keyIsTag = leasePrefix + "k:{"
	slotTag  = leasePrefix + "s:{"
)

// leaseKey returns the key of key's lease.
func leaseKey(key string) string {
	_, marked := hashTag(key)
	switch {
	case marked:
		return ownTag + key
	case key != "" && !strings.Contains(key, "}"):
		return keyIsTag + key + "}"
	}
	return slotTag + slotTags()[slotOf(key)] + "}:" + key
}

// isLease tells whether a key is a lease's, and not one of a program whose keys begin likewise.
func isLease(name string) bool {
	key, ok := leasedKey(name)
	return ok && leaseKey(key) == name
}

// leasedKey is the inverse of leaseKey.
func leasedKey(lease string) (key string, ok bool) {
	if key, ok := strings.CutPrefix(lease, ownTag); ok {
		return key, true
	}
	if key, ok := strings.CutPrefix(lease, keyIsTag); ok {
		return strings.CutSuffix(key, "}")
	}
	rest, ok := strings.CutPrefix(lease, slotTag)
	if !ok {
		return "", false
	}
	_, key, ok = strings.Cut(rest, "}:")
	return key, ok
}
