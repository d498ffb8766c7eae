// Package redis keeps a cache on a Redis or Valkey server, a pair of them under Sentinel, or a Cluster. Importing it makes the
// schemes of its URLs known:
//
//	import _ "github.com/larder-go/larder/redis"
//
//	redis://user:password@host:6379/0        valkey:// is the same; rediss:// and valkeys:// with TLS
//	redis+unix:///run/redis.sock?db=1
//	redis+sentinel://host1,host2/master/0    rediss+sentinel:// with TLS
//	redis+cluster://host1,host2              rediss+cluster:// with TLS
//
// Cache.As of package larder gives the rueidis.Client: see [Store.Unwrap].
//
// # Loads of several processes
//
// While a process loads a missing key it holds a lease, in a key of its own that begins with larder:lease: and lives in the
// same slot. Get, Scan and the like never show it. Every write and Delete through this package voids the lease of its key, so that
// a load which began before is not stored. Other processes are told of leases over a second connection (CLIENT TRACKING); on servers
// without that they poll. A server's user needs rights to the keys larder:lease:*; without them there are no leases, and every
// process loads for itself. docs/redis.md has the rights of an ACL user, and what happens in which failure.
package redis
