// Package conformance runs the suite of package drivertest on Memcached stores of every kind, each on real servers. It is a package of its
// own so that it runs beside the engine's other tests: its cases wait for lifetimes of whole seconds.
package conformance
