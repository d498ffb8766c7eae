// Package memcached runs the clients of Memcached that Python has (pylibmc, python-memcached and pymemcache) and this code on one pool of
// servers: the values, the counters and the lifetimes that one side writes are what the other reads, and both look on the same server.
package memcached
