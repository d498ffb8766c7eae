package meta

import "context"

// send puts the call behind those that are on their way. A caller who finds none reads the answers himself: isLone.
func (c *Conn) send(ctx context.Context, call *Call) (isLone bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.err == nil && len(c.out) > queueMost {
		if err := c.waitForRoom(ctx); err != nil {
			return false, err
		}
	}
	if c.err != nil {
		return false, &NotSent{c.err}
	}
	call.state.Store(waiting)
	c.out = append(c.out, call.buf...)
	due := c.due.Add(int64(len(call.buf)))
	if !c.watching {
		c.watch()
	}
	isLone = c.enlist(call, due)
	switch {
	case c.writing: // it is taken along
	case due > inlineMost:
		c.writing = true
		c.wakeWriter()
	default:
		c.writing = true
		c.writeOwn(isLone)
	}
	return isLone, nil
}

// writeOwn is a caller's who writes himself, unless others come along with so much that he might have to wait. It is called with the lock.
func (c *Conn) writeOwn(isLone bool) {
	if !isLone {
		c.mu.Unlock()
		c.gather()
		c.mu.Lock()
	}
	if c.due.Load() <= inlineMost {
		c.writeOnce()
	}
	if c.writing = len(c.out) > 0; c.writing {
		c.wakeWriter()
	}
}

// gather lets others that are about to call queue what they have to say: a write costs as much as what all the rest of a call does, and
// those to whom the last read has brought answers have all been woken at once.
func (c *Conn) gather() { c.turn.Take() }

// enlist decides who reads the answers.
func (c *Conn) enlist(call *Call, due int64) (isLone bool) {
	if c.reader == nobody && due <= inlineMost {
		c.reader = lone
		return true
	}
	c.sent = append(c.sent, call)
	if c.reader == nobody {
		c.handOver()
	}
	return false
}

// waitForRoom waits, without the lock, until something of what is queued has been written.
func (c *Conn) waitForRoom(ctx context.Context) error {
	drained := c.drained
	c.mu.Unlock()
	defer c.mu.Lock()
	select {
	case <-drained:
		return nil
	case <-c.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Conn) wakeWriter() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// write is the goroutine that writes what callers do not.
func (c *Conn) write() {
	for {
		select {
		case <-c.wake:
		case <-c.ended:
			return
		}
		c.gather()
		c.mu.Lock()
		for len(c.out) > 0 && c.err == nil {
			c.writeOnce()
		}
		c.writing = false
		c.mu.Unlock()
	}
}

// writeOnce writes what is queued. It is called with the lock, which it gives away meanwhile, by whoever has set writing.
func (c *Conn) writeOnce() {
	out := c.out
	c.out, c.spare = c.spare[:0], nil
	if len(out) > queueMost {
		close(c.drained)
		c.drained = make(chan struct{})
	}
	c.mu.Unlock()
	if err := c.put(out); err != nil {
		c.fail(err)
	}
	c.mu.Lock()
	if cap(out) <= keepQueue {
		c.spare = out[:0]
	}
}

// put writes in pieces, each of which is a sign of life.
func (c *Conn) put(out []byte) error {
	for len(out) > 0 {
		n, err := c.nc.Write(out[:min(len(out), writeMost)])
		if err != nil {
			return err
		}
		c.moved.Add(1)
		out = out[n:]
	}
	return nil
}
