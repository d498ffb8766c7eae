package larder

import (
	"reflect"
	"strconv"
	"time"
)

// CallOption is said per call: [TTL], [NoExpiry], [Version]. Of two that contradict each other the
// later one counts. A Version is for every verb. TTL and NoExpiry are for the verbs that write: Set, Add, GetOrSet, their forms
// for many keys, Touch, and Incr and its kin, which use them for a key that they make; all others ignore them.
type CallOption struct {
	kind    optionKind
	ttl     time.Duration
	version string
}

type optionKind uint8

const (
	ttlOption optionKind = iota + 1
	noExpiryOption
	versionOption
)

// TTL gives the entry that is written a lifetime. Zero, negative and more than 100 years is ErrBadTTL,
// never "for ever".
func TTL(d time.Duration) CallOption { return CallOption{kind: ttlOption, ttl: d} }

// NoExpiry writes an entry that does not expire, also where a default ttl is set.
var NoExpiry = CallOption{kind: noExpiryOption}

// Version uses another version of the keys than the cache's own: a way to have two forms of the same
// entries side by side. The integer 0 and "" mean the cache's own, as in async-caches. A version
// should have no colon (see [WithVersion]).
func Version[T ~string | ~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64](v T) CallOption {
	var zero T
	if v == zero {
		return CallOption{kind: versionOption}
	}
	// Not fmt.Sprint: a String method has no say in what stands in a key.
	switch r := reflect.ValueOf(v); {
	case r.CanInt():
		return CallOption{kind: versionOption, version: strconv.FormatInt(r.Int(), 10)}
	case r.CanUint():
		return CallOption{kind: versionOption, version: strconv.FormatUint(r.Uint(), 10)}
	default:
		return CallOption{kind: versionOption, version: r.String()}
	}
}

// call is what the options of one call add up to.
type call struct {
	ttl    time.Duration // 0: no expiry
	badTTL bool
	prefix string // what stands before the key on the wire
}

// resolve applies the options of one call. ttl and prefix are what holds without any.
func (v *view) resolve(opts []CallOption) (call, error) {
	c := call{ttl: v.ttl, prefix: v.wire}
	for i := range opts {
		switch o := &opts[i]; o.kind {
		case ttlOption:
			c.ttl, c.badTTL = o.ttl, o.ttl <= 0 || o.ttl > MaxTTL
		case noExpiryOption:
			c.ttl, c.badTTL = 0, false
		case versionOption:
			prefix, err := v.cache.keys.prefix(o.version, v.own)
			if err != nil {
				return c, err
			}
			c.prefix = prefix
		}
	}
	return c, nil
}

// lifetime is the ttl of a call that writes.
func (c call) lifetime() (time.Duration, error) {
	if c.badTTL {
		return 0, checkTTL(c.ttl)
	}
	return c.ttl, nil
}
