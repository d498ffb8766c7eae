package celery

import "context"

// Wait returns what is stored of a task as soon as it is ready, which may be a failure: see [Meta.Err] and
// [Meta.Decode]. It returns early, with the error of ctx, when that ends, and with ErrClosed when the results
// are closed. What cannot be read is a *[ReadError] at once: it may be replaced one day, but Celery's own
// wait ends there too.
//
// On Redis the result is pushed, elsewhere it is read again and again, from 1 ms on less and less often; all
// who wait share their requests.
func (r *Results) Wait(ctx context.Context, id string) (*Meta, error) {
	var m *Meta
	err := r.listen(ctx, []string{id}, func(_ string, now *Meta, err error) (bool, error) {
		m = now
		return err == nil && now.Status.Ready(), err
	})
	if err != nil {
		return nil, r.fail("wait", id, err)
	}
	return m, nil
}

// Get waits for a task and decodes its value, or returns why it has failed: a *[TaskError]. It is Python's
// AsyncResult.get().
func Get[V any](ctx context.Context, r *Results, id string) (value V, err error) {
	m, err := r.Wait(ctx, id)
	if err != nil {
		return value, r.fail("get", id, err)
	}
	err = m.Decode(&value)
	return value, r.fail("get", id, err)
}
