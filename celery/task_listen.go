package celery

import "context"

// told hears what is stored of the task that was asked for as id, or why it cannot be read. done: nothing
// more is wanted of it. An error ends the listening, which returns it.
type told func(id string, m *Meta, err error) (done bool, stop error)

// listen tells what is stored of each of the tasks, and whatever follows, until tell is done with all. ids
// are distinct. An id that cannot be is told once, as its error.
func (r *Results) listen(ctx context.Context, ids []string, tell told) error {
	waiter, err := r.wait(ctx)
	if err != nil {
		return err
	}
	l := &listener{results: r, tell: tell, ids: make(map[string]string, len(ids))}
	keys := l.keys(ids)
	if l.stop != nil || len(keys) == 0 {
		return l.stop
	}
	l.ctx, l.cancel = context.WithCancel(ctx)
	defer l.cancel()
	err = waiter.Watch(l.ctx, keys, l.hear)
	if l.stop != nil {
		return l.stop
	}
	return err
}

// listener is the state of Results.listen, on the goroutine of its caller.
type listener struct {
	results *Results
	ctx     context.Context
	cancel  context.CancelFunc
	ids     map[string]string // by key
	tell    told
	stop    error
}

// keys are the keys to wait for. What needs no waiting is told.
func (l *listener) keys(ids []string) []string {
	keys := make([]string, 0, len(ids))
	for _, id := range ids {
		key, err := l.results.key(taskKey, id)
		m := l.results.cache.get(id)
		switch {
		case err != nil:
			l.say(id, nil, err)
		case m == nil || !l.say(id, m, nil):
			l.ids[key] = id
			keys = append(keys, key)
		}
		if l.stop != nil {
			return nil
		}
	}
	return keys
}

// say tells, and returns whether that is all that is wanted.
func (l *listener) say(id string, m *Meta, err error) bool {
	done, stop := l.tell(id, m, err)
	if stop == nil {
		return done
	}
	l.stop = stop
	if l.cancel != nil {
		l.cancel()
	}
	return true
}

// hear is told of a key.
func (l *listener) hear(key string, value []byte, err error) bool {
	if l.stop != nil {
		return true
	}
	id := l.ids[key]
	m, err := l.meta(id, Entry{Value: value, Err: err})
	if m == nil && err == nil {
		return false
	}
	return l.say(id, m, err)
}

// meta is what was read or pushed; nil if it says nothing. What was pushed may be of another task: anybody
// may publish on any channel, and Celery leaves such a message alone. It counts if it is really stored there.
func (l *listener) meta(id string, e Entry) (*Meta, error) {
	// Nobody knows when it began to be read, or was published, so that it is kept only if nothing
	// was ever forgotten.
	m, err := l.results.keepEntry(id, e, 0)
	if err == nil && m.Known() && m.TaskID != id {
		if m, err = l.results.result(l.ctx, id); err != nil && !isRead(err) {
			return nil, nil // the engine has failed: what is there is read again soon
		}
	}
	if err != nil || !m.Known() {
		return nil, err
	}
	return m, nil
}
