// Package larder is a cache that is opened by one URL and behaves the same on every engine: the memory of
// the process, an embedded SQLite file, or a Redis server that many processes share.
//
//	c, err := larder.Open(ctx, "sqlite:cache.db?key_prefix=shop&ttl=10m") // or memory://
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
// on one named memory store. Between processes, and between two caches on one SQLite file, a load that began before
// another one's Delete may still store its value; it never overwrites another one's Set that still stands.
//
// # Values in memory
//
// memory:// keeps values of plain types (bool, integers, floats, strings, time.Time, and arrays and structs of these,
// all fields exported and without marshallers of their own) as they are: a hit neither decodes nor allocates.
// Other types are encoded and decoded, unless the view's [Policy] says that they may be Shared or how to
// Clone them. With memory://?isolate=true everything is encoded, so that a test behaves like production.
package larder
