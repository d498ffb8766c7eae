// Package redis keeps a cache on a Redis or Valkey server, a pair of them under Sentinel, or a Cluster. Importing it makes the
// schemes of its URLs known:
//
//	import _ "github.com/larder-go/larder/redis"
//
//	redis://user:password@host:6379/0        valkey:// is the same; rediss:// and valkeys:// with TLS
//	redis+unix:///run/redis.sock?db=1
//	redis+sentinel://host1,host2/master/0    rediss+sentinel:// with TLS
//	redis+cluster://host1,host2              rediss+cluster:// with TLS
package redis
