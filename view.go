package larder

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/larder-go/larder/codec"
	"github.com/larder-go/larder/driver"
)

// View is a typed window on a cache: its keys all begin with one prefix, and its values are of type V. Views are
// cheap, safe for concurrent use, and need no closing. Two views with the same prefix see the same entries.
type View[V any] struct {
	view
	kind *kind[V]
}

// view is what a View has without its type.
type view struct {
	cache *Cache
	own   string        // the view's prefix
	wire  string        // what stands before a key on the wire
	ttl   time.Duration // of entries written without one; 0: no expiry
}

func (c *Cache) newView(prefix string, ttl time.Duration) *view {
	// The cache's own version always makes a prefix.
	wire, _ := c.keys.prefix("", prefix)
	return &view{cache: c, own: prefix, wire: wire, ttl: ttl}
}

// Policy is what is declared once for a view.
type Policy[V any] struct {
	// TTL is the lifetime of entries that are written without one. 0: the cache's default.
	TTL time.Duration
	// Codec turns values into bytes. nil: the cache's codec.
	Codec codec.Codec
	// Shared promises that nobody modifies a value after it was set or got. In-process engines then keep
	// values of any type as they are, and everybody gets the same one.
	Shared bool
	// Clone makes an independent copy. In-process engines then keep a copy as it is, and hand out copies of it.
	// It excludes Shared.
	Clone func(V) V
	// Weigh returns the bytes of memory that a value takes, for memory://?max_bytes=. nil: the size of the
	// type and its strings, or of the encoded value where the type has pointers. It runs under a lock of the
	// engine, and must not use the cache.
	Weigh func(V) int
}

// Of makes a view with the cache's defaults. The prefix is literal text before each key, so it usually ends
// with a colon:
//
//	users := larder.Of[User](c, "user:")
func Of[V any](c *Cache, prefix string) *View[V] {
	return &View[V]{*c.newView(prefix, c.ttl), newKind[V](c, Policy[V]{Codec: c.codec})}
}

// NewView makes a view with a policy of its own. The error tells what in the policy the engine cannot honour: a bad
// TTL (ErrBadTTL), a codec that does not take V (ErrCodec), both Shared and Clone.
func NewView[V any](c *Cache, prefix string, p Policy[V]) (*View[V], error) {
	ttl := c.ttl
	if p.TTL != 0 {
		if err := checkTTL(p.TTL); err != nil {
			return nil, c.fail("view", prefix, err)
		}
		ttl = p.TTL
	}
	if p.Codec == nil {
		p.Codec = c.codec
	}
	if p.Shared && p.Clone != nil {
		return nil, c.fail("view", prefix, errors.New("policy has both Shared and Clone"))
	}
	if codec.Same(codec.Base(p.Codec), codec.Raw) {
		if _, err := codec.Raw.Marshal(new(V)); err != nil {
			return nil, c.fail("view", prefix, codecError(err))
		}
	}
	return &View[V]{*c.newView(prefix, ttl), newKind(c, p)}, nil
}

// Get returns the value of key. A missing entry gives ErrMiss, bare; a stored null is a hit; what does not
// decode into V is ErrCodec. An engine that cannot be reached is an error, never a miss.
func (v *View[V]) Get(ctx context.Context, key string, opts ...CallOption) (V, error) {
	prefix := v.wire
	if len(opts) > 0 {
		call, err := v.resolve(opts)
		if err != nil {
			var zero V
			return zero, v.fail("get", key, err)
		}
		prefix = call.prefix
	}
	val, err := v.find(ctx, prefix, key)
	if err != nil && err != ErrMiss { //nolint:errorlint // hot; fail looks closer
		err = v.fail("get", key, err)
	}
	return val, err
}

// GetOr is Get that returns def for a missing entry. Any other failure is still an error.
func (v *View[V]) GetOr(ctx context.Context, key string, def V, opts ...CallOption) (V, error) {
	val, err := v.Get(ctx, key, opts...)
	if errors.Is(err, ErrMiss) {
		return def, nil
	}
	return val, err
}

// find reads and decodes. Its errors are not wrapped yet.
func (v *View[V]) find(ctx context.Context, prefix, key string) (V, error) {
	if n := v.cache.engine.near; n != nil {
		return v.findNear(ctx, n, prefix, key)
	}
	kept, data, err := v.read(ctx, prefix, key)
	if err != nil {
		var zero V
		return zero, err
	}
	if kept == nil {
		return v.kind.decode(data)
	}
	if b, ok := kept.(*boxed[V]); ok && b.kind == v.kind && v.kind.clone == nil {
		return b.value, nil
	}
	return v.kind.take(kept)
}

// read returns what the engine has, as a value or as bytes, and counts hit or miss.
func (v *view) read(ctx context.Context, prefix, key string) (kept driver.Value, data []byte, err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if n := len(prefix) + len(key); n == 0 || n > driver.MaxKeyLen {
		return nil, nil, checkKey(prefix, key)
	}
	c := v.cache
	kept, data, err = c.engine.read(ctx, prefix, key)
	c.countRead(err)
	return kept, data, err
}

// Has tells whether there is an entry, without its value. It does not count as a use for eviction where the
// engine can look without.
func (v *View[V]) Has(ctx context.Context, key string, opts ...CallOption) (bool, error) {
	call, err := v.prepare(ctx, key, opts)
	if err != nil {
		return false, v.fail("has", key, err)
	}
	ok, err := v.cache.engine.has(ctx, call.prefix+key)
	return ok, v.fail("has", key, err)
}

// TTL returns the remaining lifetime of an entry; false means that it does not expire. A missing entry gives
// ErrMiss.
func (v *View[V]) TTL(ctx context.Context, key string, opts ...CallOption) (time.Duration, bool, error) {
	call, err := v.prepare(ctx, key, opts)
	if err != nil {
		return 0, false, v.fail("ttl", key, err)
	}
	full := call.prefix + key
	infos, err := v.cache.engine.info(ctx, []string{full})
	if err != nil {
		return 0, false, v.fail("ttl", key, err)
	}
	info, ok := infos[full]
	if !ok {
		return 0, false, ErrMiss
	}
	return info.TTL, info.TTL > 0, nil
}

// Set stores val, and replaces value and lifetime of an entry that is there. Without [TTL] or [NoExpiry] the
// entry gets the view's default, else the cache's, else no expiry. A load that began before it will not overwrite
// it. A value that does not encode is ErrCodec and leaves what is stored as it is; one that is too large for the
// engine is ErrTooLarge, and the key is deleted.
func (v *View[V]) Set(ctx context.Context, key string, val V, opts ...CallOption) error {
	return v.fail("set", key, v.set(ctx, key, val, opts))
}

func (v *View[V]) set(ctx context.Context, key string, val V, opts []CallOption) error {
	call, err := v.prepare(ctx, key, opts)
	if err != nil {
		return err
	}
	if _, err := call.lifetime(); err != nil {
		return err
	}
	return v.setHeld(ctx, call, key, val)
}

// setHeld is Set after the arguments have been checked.
func (v *View[V]) setHeld(ctx context.Context, call call, key string, val V) error {
	held, err := v.kind.hold(val)
	if err != nil {
		return err
	}
	c := v.cache
	if err := c.engine.flights.Void(ctx, call.prefix, key); err != nil {
		return err
	}
	err = c.engine.put(ctx, call.prefix, key, held, call.ttl)
	c.engine.flights.VoidAfter(call.prefix, key)
	c.countSet(err == nil)
	return err
}

// Add stores val if key is absent or expired, and tells whether it did. Of any number of concurrent callers, in
// all processes, exactly one is told true. Lifetimes as for Set.
func (v *View[V]) Add(ctx context.Context, key string, val V, opts ...CallOption) (bool, error) {
	call, err := v.prepare(ctx, key, opts)
	if err != nil {
		return false, v.fail("add", key, err)
	}
	ttl, err := call.lifetime()
	if err != nil {
		return false, v.fail("add", key, err)
	}
	held, err := v.kind.hold(val)
	if err != nil {
		return false, v.fail("add", key, err)
	}
	added, err := v.cache.engine.add(ctx, call.prefix, key, held, ttl)
	v.cache.countSet(added)
	return added, v.fail("add", key, err)
}

// Delete removes an entry and tells whether it was there. No read that begins after Delete has returned sees
// it, and a load that began before will not bring it back.
func (v *View[V]) Delete(ctx context.Context, key string, opts ...CallOption) (bool, error) {
	call, err := v.prepare(ctx, key, opts)
	if err != nil {
		return false, v.fail("delete", key, err)
	}
	if err := v.cache.engine.flights.Void(ctx, call.prefix, key); err != nil {
		return false, v.fail("delete", key, err)
	}
	was, err := v.cache.engine.delete(ctx, call.prefix+key)
	v.cache.engine.flights.VoidAfter(call.prefix, key)
	return was, v.fail("delete", key, err)
}

// Touch gives an entry a new lifetime, from now on, without reading it, and tells whether it is there. Without
// [TTL] or [NoExpiry] that is the default lifetime, as for Set.
func (v *View[V]) Touch(ctx context.Context, key string, opts ...CallOption) (bool, error) {
	call, err := v.prepare(ctx, key, opts)
	if err != nil {
		return false, v.fail("touch", key, err)
	}
	ttl, err := call.lifetime()
	if err != nil {
		return false, v.fail("touch", key, err)
	}
	ok, err := v.cache.engine.touch(ctx, call.prefix+key, ttl)
	return ok, v.fail("touch", key, err)
}

// prepare is what every call on one key begins with.
func (v *view) prepare(ctx context.Context, key string, opts []CallOption) (call, error) {
	if err := ctx.Err(); err != nil {
		return call{}, err
	}
	call, err := v.resolve(opts)
	if err != nil {
		return call, err
	}
	return call, checkKey(call.prefix, key)
}

func (v *view) fail(op, key string, err error) error {
	if err == nil {
		return nil
	}
	return v.cache.fail(op, v.own+key, err)
}

// failAll is fail for what concerns no single key.
func (v *view) failAll(op string, err error) error { return v.cache.fail(op, "", err) }

// failMany is fail for the keys of a batch. It takes over failed.
func (v *view) failMany(op string, failed map[string]error) error {
	if len(failed) == 0 {
		return nil
	}
	for _, err := range failed {
		v.cache.countError(err)
	}
	return &BatchError{Op: op, Engine: v.cache.engine.name, Keys: failed, prefix: v.own}
}

// String names the view for logs: its engine and prefix.
func (v *view) String() string {
	return fmt.Sprintf("larder view %q on %s", v.own, v.cache.engine.name)
}
