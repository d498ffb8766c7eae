// Package memcached keeps a cache on one or several memcached servers, version 1.6 or newer, through their meta protocol.
// Importing it makes the schemes of its URLs known:
//
//	import _ "github.com/larder-go/larder/memcached"
//
//	memcached://host1:11211;host2/          keys are placed as pylibmc does with ketama
//	memcached+tls://host
//	memcached+unix:///run/memcached.sock
//	cache+memcached://host1;host2/          Celery's; also pylibmc:// and memcache://: placed as pylibmc does by default
//
// There is no client of another package behind it: Cache.As of package larder finds none.
//
// Of programs that share servers all have to place keys alike: see the parameter hash.
//
// # What memcached cannot do
//
// Lifetimes are whole seconds, and end up to [Resolution] later than asked, never earlier. Beyond 2038-01-19 there are none:
// driver.ErrBadTTL. A key that memcached does not take is stored under its digest, and a walk over the keys cannot tell
// what it was. Under pressure a server forgets what was used least, the leases of loads too.
package memcached
