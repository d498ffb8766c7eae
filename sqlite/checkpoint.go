package sqlite

// The write-ahead log is moved into the file by a goroutine of its own, whenever the writer has added logPages to it: the
// writer would stand still meanwhile, and wait for the disk twice. But only a log of which everything has been moved is
// begun anew, and under continuous writing there is always something left. So at fullLog pages the writer itself moves
// the rest, which is little. 4 and 32 MiB.
const (
	logPages = 4 << 20 / pageSize
	fullLog  = 32 << 20 / pageSize
)

// checkpointer is that goroutine with its connection.
type checkpointer struct {
	dial    func() (*conn, error)
	c       *conn // nil until there is something to do
	written int   // what the writer's connection had written when wake was last signalled
	wake    chan struct{}
	stop    chan struct{}
	ended   chan struct{}
}

func newCheckpointer(dial func() (*conn, error)) *checkpointer {
	return &checkpointer{dial: dial, wake: make(chan struct{}, 1), stop: make(chan struct{}), ended: make(chan struct{})}
}

// committed is called by the writer, after each commit, with the number of pages that its connection has written.
func (k *checkpointer) committed(written int) {
	if written < k.written {
		k.written = 0 // another connection
	}
	if written-k.written < logPages {
		return
	}
	k.written = written
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *checkpointer) run() {
	defer close(k.ended)
	defer k.drop()
	for {
		select {
		case <-k.stop:
			return
		case <-k.wake:
			k.checkpoint()
		}
	}
}

// checkpoint moves what no reader needs any more from the log. What fails, because another process is doing the same or the disk
// is full, is left for the next time or for the writer; nothing is lost.
func (k *checkpointer) checkpoint() {
	if k.c == nil {
		c, err := k.dial()
		if err != nil {
			return
		}
		k.c = c
	}
	if err := k.c.script(background, "PRAGMA wal_checkpoint(PASSIVE)"); err != nil && poisons(err) {
		k.drop()
	}
}

func (k *checkpointer) drop() {
	if k.c != nil {
		_ = k.c.close()
		k.c = nil
	}
}

// close ends the goroutine, after what it is moving.
func (k *checkpointer) close() {
	close(k.stop)
	<-k.ended
}
