// Package redistest starts real Redis and Valkey servers for tests: single ones, clusters and sentinels, each in a
// directory of its own and on a free port of the loopback, and ends exactly what it started.
//
// A test looks at the raw state of a server with Do, Query and DB, which speak the protocol with a few lines of their
// own: what the client under test believes is never what it is checked against.
//
//	redistest.Each(t, func(t *testing.T, kind redistest.Kind) {
//		s := redistest.Start(t, redistest.Use(kind))
//		s.MustDo(t, "SET", "key", "value")
//	})
//
// Where many tests can share one server, TestMain calls StartMain, and each test takes a database with FreshDB.
package redistest
