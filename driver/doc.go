// Package driver is what the author of an engine reads: the contract between the portable
// package larder and the engines it runs on.
//
// An engine implements [Store], four methods, and as many of the optional interfaces of this
// package as it can do well. The portable side finds out once, when a cache is made, which of
// them a store has; an engine that finds out later that it cannot do a thing (an old server,
// say) returns [errors.ErrUnsupported] from the method, and the portable side takes the slow
// road where there is one.
//
// # What holds for every method
//
// The engine owes:
//   - Safe for concurrent use by many goroutines.
//   - A call ends promptly when its context ends, with the context's error (wrapped or not). A
//     call that got a context which has ended already does nothing.
//   - After Close, every method returns [ErrClosed].
//   - An expired entry is an absent entry, for every method, from the moment of its expiry.
//   - An entry lives at least as long as its ttl says, and no longer than that plus the engine's
//     stated resolution. It is never stored without its lifetime, not for a moment.
//   - Atomic means atomic for everyone who uses the same data, other processes too.
//   - Errors carry the sentinels of this package where one fits, unwrapped or wrapped with
//     fmt.Errorf("%w"). They need not name engine, operation or key: the portable side adds those,
//     at one place. They never contain a password.
//
// The caller promises:
//   - A key has at most [MaxKeyLen] bytes; it may be any bytes, and empty.
//   - A ttl is 0 (no expiry) or between 1ns and [MaxTTL]. Engines round up to their resolution.
//   - Values handed over are not kept by the engine and values returned are not modified by the
//     caller. The one exception is [Live], which says so.
//
// Run the suite of package drivertest against an engine: it is the contract in executable form.
package driver
