// Package keywait waits for values under keys, for any number of callers at once, on one store.
//
// Where the store is a driver.Notifier it is told of them: all callers share one subscription, and a read now
// and then makes sure that a message that was lost lets nobody wait for ever. Elsewhere it polls, often at
// first and then less so. Either way one request asks for the keys of many callers, and a caller costs its
// own goroutine and a few hundred bytes.
package keywait
