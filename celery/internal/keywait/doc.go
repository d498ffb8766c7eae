// Package keywait waits for values under keys, for any number of callers at once, on one store.
//
// Where the store is a driver.Notifier it hears of them: one subscription is shared by all, and a read now and then makes sure that no
// message that was lost lets anybody wait for ever. Elsewhere it looks, often at first and then less so. Either way one request
// asks for the keys of many callers, and a caller costs its own goroutine and a few hundred bytes.
package keywait
