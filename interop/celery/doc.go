// Package celery runs real Celery workers and clients against this code, on one Redis and on Memcached
// servers: Celery 5.6 and 5.2, with both of its clients of Memcached. Everything is read by both sides,
// whoever has written it; chords are done by workers of both.
//
// The Python side is in apps.py (applications), tasks.py (what the workers run), worker.py and client.py.
// Each site (site_test.go) is one configuration, which both sides read, with a worker of its own. Package
// broker is how a Go program sends and receives tasks.
package celery
