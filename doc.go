// Package larder is a cache that is opened by one URL and behaves the same on every engine: the memory of
// the process, an embedded SQLite file, or a Redis, Valkey or Memcached that many processes share.
//
//	c, err := larder.Open(ctx, "redis://localhost/0?key_prefix=shop&ttl=10m") // or memcached://, sqlite:cache.db, memory://
//	users := larder.Of[User](c, "user:")
//	u, err := users.GetOrSet(ctx, "42", func(ctx context.Context) (User, error) { return db.User(ctx, 42) })
//
// A [Cache] is a connection; a [View] is a typed window on it, with its own key prefix. Values are plain JSON
// under keys of the form <key_prefix>:<version>:<key>, as Python's async-caches writes them.
//
// # What every engine promises
//
//  1. A read never returns what was deleted or replaced before the read began, and a load that began before a Set
//     or Delete never overwrites it.
//  2. One cold key, any number of concurrent callers: one load. A waiter leaves when its own context ends. When the
//     leader's context ends, the next waiter loads.
//  3. A fault is not a miss: Get gives an error. GetOrSet still answers, from the loader.
//  4. Atomic means atomic, also between processes: Add has one winner, Incr loses nothing.
//  5. Nothing is stored without the lifetime it was given, not for a moment.
//  6. Every call ends when its context ends; every goroutine ends with Close.
//  7. Bad input gets an error that names it, and nothing that was stored is lost, except that a Set that fails with
//     ErrTooLarge deletes the key.
//
// Promises 1 and 2 hold between the goroutines of this process, over all views of a [Cache], and over all caches
// on one named memory store. On Redis and Memcached they hold between processes too: who loads a missing key takes a lease on
// it, the others wait for what becomes of that, and a Set or Delete by any of them voids it. What weakens that:
//
//   - While nobody can ask the server, and where it has no leases (a Redis user without the right to their keys,
//     keys=verbatim on Memcached), each process loads for itself; a Memcached that is short of memory may forget a lease.
//   - Another program that knows nothing of leases may delete a key which is absent, and a load that is under way does not
//     learn of it. A value that it sets is never overwritten by a load.
//   - A failover of Redis may lose the last writes, deletes too. A near copy ([WithNear]) may be late, by up to a second.
//
// On SQLite each process, and each of two caches on one file, loads for itself: a load that began before another one's
// Delete may still store its value; it never overwrites another one's Set that still stands.
//
// # When the cache is down
//
// Open fails if the engine cannot be reached, so that a wrong address is seen at once. With lazy=true in the URL, or [WithLazy],
// it does not connect: a service starts without its cache too, and GetOrSet answers from the loader until there is one.
//
// # Values in memory
//
// memory:// keeps values of plain types (bool, integers, floats, strings, time.Time, and arrays and structs of these,
// all fields exported and without marshallers of their own) as they are: a hit neither decodes nor allocates.
// Other types are encoded and decoded, unless the view's [Policy] says that they may be Shared or how to
// Clone them. With memory://?isolate=true everything is encoded, so that a test behaves like production.
package larder
