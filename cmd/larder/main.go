// Command larder is the cache at a shell: every verb of the library as a command, values as JSON.
//
//	larder set user:42 '{"name":"Ada"}' --ttl 10m
//	larder get user:42
//
// It works on an SQLite file in the user's cache directory, with no server anywhere; --url or LARDER_URL name another
// engine. The exit status is 0 for done or hit, 1 for a miss or "no", 2 for wrong usage or a failure, which
// is told in one line on standard error.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// memoryLimit is where the garbage collector begins to work harder. Commands that stream stay far below it, unless the
// values are of many megabytes.
const memoryLimit = 128 << 20

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	surviveBrokenPipe()
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}

// surviveBrokenPipe makes a write to a pipe that nobody reads an error like any other, so that databases are closed
// and temporary files removed. Ignoring the signal would do so too, but be inherited by the child of get-or-set.
func surviveBrokenPipe() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
}
