// Package drivertest is the contract of package driver in executable form: a suite that every
// engine runs against a real store, and a store that fails on command, for the tests of what is
// built on top of one.
//
// # The suite
//
// An engine's own test is a few lines:
//
//	func TestConformance(t *testing.T) {
//		drivertest.Run(t, drivertest.Harness{
//			Open: func(t *testing.T) driver.Store {
//				s, err := myengine.New(t.Context(), myengine.Options{Path: t.TempDir()})
//				if err != nil {
//					t.Fatal(err)
//				}
//				return s
//			},
//			Capabilities: []drivertest.Capability{drivertest.Batcher, drivertest.Adder, drivertest.Scanner},
//			Resolution:   time.Millisecond,
//		})
//	}
//
// What a harness declares has to be there: a capability that got lost fails, and one that is there
// and not declared fails too. Nothing is ever skipped.
//
// Every subject runs twice: plain, and under a prefix, between entries of others which must be
// untouched at the end. One case is run by its path:
//
//	go test -run 'TestConformance/prefixed/clear/LiteralPrefix'
//
// An engine that lives in this process should set [Harness.VirtualTime]: its lifetimes are then
// tested by the hour in no time (see testing/synctest). Any other engine is tested with lifetimes of
// a fraction of a second, and waits for the instant of their expiry.
//
// # A store that fails
//
// [Faulty] wraps a store and lets a test fail, stop, count and watch its calls. It keeps the optional
// interfaces of the store.
package drivertest
