package celery

import "context"

// told is what a watch tells: what is stored of the task that was asked for as id, or why it cannot be read. done: nothing more
// is wanted of it. An error ends the watch, which returns it.
type told func(id string, m *Meta, err error) (done bool, stop error)

// watch tells what is stored of each of the tasks, and whatever follows, until tell is done with all. ids are distinct. An id
// that cannot be is told once, as its error.
func (r *Results) watch(ctx context.Context, ids []string, tell told) error {
	waiter, err := r.wait(ctx)
	if err != nil {
		return err
	}
	w := &watch{results: r, tell: tell, ids: make(map[string]string, len(ids))}
	keys := w.keys(ids)
	if w.stop != nil || len(keys) == 0 {
		return w.stop
	}
	w.ctx, w.cancel = context.WithCancel(ctx)
	defer w.cancel()
	err = waiter.Watch(w.ctx, keys, w.hear)
	if w.stop != nil {
		return w.stop
	}
	return err
}

// watch is the state of Results.watch, on the goroutine of its caller.
type watch struct {
	results *Results
	ctx     context.Context
	cancel  context.CancelFunc
	ids     map[string]string // by key
	tell    told
	stop    error
}

// keys are the keys to wait for. What needs no waiting is told.
func (w *watch) keys(ids []string) []string {
	keys := make([]string, 0, len(ids))
	for _, id := range ids {
		key, err := w.results.key(taskKey, id)
		m := w.results.cache.get(id)
		switch {
		case err != nil:
			w.say(id, nil, err)
		case m == nil || !w.say(id, m, nil):
			w.ids[key] = id
			keys = append(keys, key)
		}
		if w.stop != nil {
			return nil
		}
	}
	return keys
}

// say tells, and returns whether that is all that is wanted.
func (w *watch) say(id string, m *Meta, err error) bool {
	done, stop := w.tell(id, m, err)
	if stop == nil {
		return done
	}
	w.stop = stop
	if w.cancel != nil {
		w.cancel()
	}
	return true
}

// hear is told of a key.
func (w *watch) hear(key string, value []byte, err error) bool {
	if w.stop != nil {
		return true
	}
	id := w.ids[key]
	m, err := w.meta(id, Entry{Value: value, Err: err})
	if m == nil && err == nil {
		return false
	}
	return w.say(id, m, err)
}

// meta is what was read or pushed; nil if it says nothing. What was pushed may be of another task: anybody may publish on any
// channel, and Celery leaves such a message alone. It counts if it is really stored there.
func (w *watch) meta(id string, e Entry) (*Meta, error) {
	// Nobody knows when it began to be read, or was published, so that it is kept only if nothing was ever forgotten.
	m, err := w.results.keepEntry(id, e, 0)
	if err == nil && m.Known() && m.TaskID != id {
		m, err = w.results.result(w.ctx, id)
	}
	if err != nil || !m.Known() {
		return nil, err
	}
	return m, nil
}
