// Package sqlite keeps a cache in one SQLite file: no server, shared by any number of goroutines and
// processes of one machine. Importing it makes the scheme sqlite known:
//
//	import _ "github.com/larder-go/larder/sqlite"
//
//	sqlite:///var/cache/shop.db?max_bytes=2gb     an absolute path
//	sqlite:shop.db                                relative to the working directory at Open
//
// Parameters: max_bytes (default: no limit), sync=off|normal|full (default normal), busy_timeout
// (default 5s) and mode=rwc|rw (default rwc). [Options] has the same in Go. A missing or empty file is made
// into a larder database; with mode=rw a missing one is an error instead, for programs that only read and shall
// not take a mistyped name for an empty cache. Any other file that is not a larder database is refused and
// not changed.
//
// # How it works
//
// The file is in WAL mode, so that readers never wait for writers. One goroutine of each Store owns the
// connection that writes: whatever concurrent callers ask for is committed in one transaction, and each
// call returns after that commit. Another goroutine moves the write-ahead log into the file, every 4 MiB; under
// continuous writing the log grows to 32 MiB before it is begun anew, and further while a reader of another program
// holds on to it. What a write call has acknowledged is seen by every read that begins
// afterwards, in other processes too. A Get never writes.
//
// # What a crash loses
//
//	              the process is killed      the machine loses power
//	sync=off      nothing acknowledged       the last writes; the file may be damaged
//	sync=normal   nothing acknowledged       the last writes (those since the last checkpoint, a few
//	                                         megabytes of them); the file stays sound
//	sync=full     nothing acknowledged       nothing acknowledged, as far as the disk keeps its word
//
// A damaged file gives an error that says so; a cache can be rebuilt, so delete it.
//
// # Expiry
//
// The moment of expiry is stored by the wall clock, because processes share it and it outlives a
// reboot, in units of [Resolution], rounded up. When the wall clock is set forward, entries expire
// that much early, and when it is set back, that much late. Expired entries are never returned; their
// rows are removed in the background, 200 at a time. Beside its expiry each entry has a moment when to look at it, which
// is never later. Only that moment is indexed, and it stays when expiry is put off: what renews an
// entry writes its row and nothing else. Whoever looks too early puts the moment off, once in a lifetime.
//
// # max_bytes
//
// The weight of an entry is its key, its value and [RowOverhead] bytes. When a commit would leave more than
// max_bytes, the least recently used entries are evicted within the same transaction, and then, a few
// with each following one, until a tenth is free. A file that is over the limit when it is opened comes down in the same
// small steps. The file is larger than the sum of the weights: pages are not full, and
// the write-ahead log comes on top.
//
// Uses, by Get and by writes, are noted in memory, at most 65,536 of them, and written with a later commit, a key at most
// once a minute; the exception is an entry that would be evicted and has been used since, which is
// written instead. A crash loses the notes that are not written yet: the order of eviction is a little
// off then, no data is. Each process notes its own uses, so a process that evicts does not know what
// another one has used within the last minute or so. A limit is enforced by the processes that were opened with
// it; all processes keep the count, from the moment on when one has asked for a limit.
//
// # Limits
//
// A value of more than 1,000,000,000 bytes less some for the row, or one heavier than max_bytes, is
// ErrTooLarge. The file has to be on a local disk, because SQLite's WAL needs shared memory. While it
// is in use it must not be deleted, moved or replaced: processes would go on with the file that is gone.
package sqlite
