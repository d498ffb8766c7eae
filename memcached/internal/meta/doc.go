// Package meta is a client of memcached's meta protocol: one connection that many callers share, and the words that are
// spoken over it.
//
// A [Call] is one or more commands that are written in one piece and whose answers come back in one piece. A [Conn] sends
// the calls of all its callers one after the other without waiting for answers in between (it pipelines), and hands
// each its answers. A caller that comes alone writes itself, without a change of goroutines; callers that come together share
// a write.
//
//	call := meta.NewCall()
//	call.Get(meta.Key{Name: "user:42"}, meta.Value+meta.Flags)
//	err := conn.Do(ctx, call)
//	reply := call.Reply(0)
//	call.Free()
//
// Every command carries an opaque number that the server repeats in its answer. An answer that does not fit its question ends
// the connection and fails its callers: none ever gets what was meant for another.
package meta
