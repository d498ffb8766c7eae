//go:build unix

package sqlite

import (
	"os/signal"
	"sync"
	"syscall"
)

// errorsInsteadOfSignals makes a write beyond the limit on the size of files fail. The system's default, and Go's, is to end
// the program instead; a cache that is full is no reason for that.
var errorsInsteadOfSignals = sync.OnceFunc(func() { signal.Ignore(syscall.SIGXFSZ) })
