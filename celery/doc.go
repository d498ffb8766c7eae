// Package celery is the result backend of Celery for Go programs: it reads what Python workers store and
// writes what Python reads, byte for byte, on Redis and Memcached, and keeps results on every other
// engine of larder too.
//
//	import _ "github.com/larder-go/larder/redis" // the engine
//
//	results, err := celery.Open(ctx, "redis://localhost/0")
//	sum, err := celery.Get[int](ctx, results, taskID) // as soon as a worker has stored it
//
// [Results] are what most programs need: tasks, groups and chords, to wait for and to store. Beneath
// them is a [Backend].
//
// # Tasks, groups and chords
//
// [Results.Wait], [Get], [Results.Watch] and [Results.Join] hear of results as soon as they are stored,
// whoever stores them. [Meta] is what is stored of a task, and [TaskError] what it has raised.
// [Results.MarkDone] and the other Mark methods store what Python's AsyncResult.get() receives; a SUCCESS is
// never replaced. [Results.Tree] follows a task's children.
//
// A chord's header may be done by Go and Python workers mixed: each reports its parts, in Go with
// [Results.ChordPart], and the one who did the last gets the [Chord], and with it the duty to start the
// body. To send the message that starts it, or any task, is not a part of this package: that needs a
// client of the broker.
//
// [Results.List], [Results.Follow] and [Results.Audit] are for whoever operates the system: they look at all
// that is stored, as the command larder results does.
//
// # The key-value surface
//
// [Backend] is what Celery calls a key-value store backend: Get, MGet, Set, Delete, Incr and Expire over an
// engine, with one lifetime for all that is stored (result_expires). It is made from a URL ([OpenBackend]) or
// from an application's configuration ([NewBackend], [ReadConfig]), in Celery's forms:
//
//	redis://[user:password@]host:port/db     rediss://…?ssl_cert_reqs=required&ssl_ca_certs=/ca.pem
//	redis+socket:///path?virtual_host=db     sentinel://a:26379/0;sentinel://b:26379/0?master_name=m
//	cache+memcached://a:11211;b:11211/       memcache://, memcached://, pylibmc://, each with or without cache+
//	memory://                                cache+memory://, which all backends of a process share
//
// or in any form that larder itself takes: sqlite:results.db, redis+cluster://a,b. Celery's and larder's
// parameters may stand in one URL. On several memcached servers keys are placed as Celery places them with
// pylibmc (hash=modula); hash=python-memcached, or an option of that library in cache_backend_options, is for
// systems that have it instead.
//
// # Differences from Celery
//
// They are few, and where they are, nothing is lost that Celery's clients would lose:
// docs/celery-deviations.md lists each, with its reason and its test.
package celery
