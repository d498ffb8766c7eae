package celery

import (
	"context"
	"errors"
)

// Result is what is stored of a task. A task of which nothing is stored is PENDING, without an error.
func (r *Results) Result(ctx context.Context, id string) (*Meta, error) {
	m, err := r.result(ctx, id)
	return m, r.fail("result", id, err)
}

func (r *Results) result(ctx context.Context, id string) (*Meta, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	if m := r.cache.get(id); m != nil {
		return m, nil
	}
	began := r.cache.now()
	raw, err := r.b.content(ctx, taskKey, id)
	return r.keep(id, raw, err, began)
}

// keepEntry is readEntry of what began to be read at an epoch of the cache, which keeps it.
func (r *Results) keepEntry(id string, e Entry, began int) (*Meta, error) {
	return r.keep(id, content{bytes: e.Value}, e.Err, began)
}

func (r *Results) keep(id string, raw content, failed error, began int) (*Meta, error) {
	m, err := r.readStored(id, raw, failed)
	if err == nil {
		r.cache.put(id, m, began)
	}
	return m, err
}

// readEntry is the meta of what was found. What the engine cannot read is an error for this id,
// like what we cannot.
func (r *Results) readEntry(id string, e Entry) (*Meta, error) {
	return r.readStored(id, content{bytes: e.Value}, e.Err)
}

func (r *Results) readStored(id string, raw content, err error) (*Meta, error) {
	switch {
	case err == nil, errors.Is(err, ErrMiss):
		return r.read(id, raw)
	case errors.Is(err, ErrForeign):
		return nil, &ReadError{ID: id, Raw: raw.copied(), Err: causeOf(err)}
	}
	return nil, err
}

// read is the meta of what is stored. Nothing, or an empty value, which is nothing for Celery too, is PENDING.
func (r *Results) read(id string, raw content) (*Meta, error) {
	switch {
	case raw.size() == 0:
		return &Meta{TaskID: id, Status: Pending}, nil
	case r.accept != nil:
		return nil, &ReadError{ID: id, Raw: raw.copied(), Err: r.accept}
	}
	return decodeMeta(r.serial, id, raw)
}

// Exists tells whether anything is stored of a task, readable or not. It may be stored as PENDING.
func (r *Results) Exists(ctx context.Context, id string) (bool, error) {
	found, err := r.exists(ctx, id)
	return found, r.fail("exists", id, err)
}

func (r *Results) exists(ctx context.Context, id string) (bool, error) {
	key, err := r.key(taskKey, id)
	if err != nil {
		return false, err
	}
	if err := r.b.ready(ctx); err != nil {
		return false, err
	}
	infos, err := r.b.engine.inspect(ctx, []string{key})
	if info, found := infos[key]; err == nil && (!found || info.Size >= 0) {
		return found && info.Size > 0, nil
	}
	raw, err := r.b.Get(ctx, key)
	switch {
	case errors.Is(err, ErrMiss):
		return false, nil
	case errors.Is(err, ErrForeign):
		return true, nil
	}
	return len(raw) > 0, err
}

// Forget deletes what is stored of a task. It is no error if nothing is.
func (r *Results) Forget(ctx context.Context, id string) error {
	key, err := r.key(taskKey, id)
	if err != nil {
		return r.fail("forget", id, err)
	}
	_, err = r.b.Delete(ctx, key)
	r.cache.forget(id) // after an error too: it may be gone
	return r.fail("forget", id, err)
}
