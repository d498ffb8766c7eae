package celery

import "context"

// MarkStarted stores that a worker runs the task: STARTED. meta is what is known of that, for Celery {"pid":
// …, "hostname": …}.
func (r *Results) MarkStarted(ctx context.Context, id string, meta any, req *Request) error {
	return r.mark(ctx, id, Started, meta, req)
}

// MarkDone stores what the task has returned: SUCCESS. If it is SUCCESS already that stays, without an error,
// here and in all methods below; [Results.Store] tells.
func (r *Results) MarkDone(ctx context.Context, id string, result any, req *Request) error {
	return r.mark(ctx, id, Success, result, req)
}

// MarkFailed stores why the task has failed: FAILURE. Python raises what [Results.Store] says of errors.
func (r *Results) MarkFailed(ctx context.Context, id string, why error, req *Request) error {
	return r.mark(ctx, id, Failure, exception(why), req)
}

// MarkRetry stores that the task has failed and will run again: RETRY. why may be nil. Celery's worker lists
// the task among its own children.
func (r *Results) MarkRetry(ctx context.Context, id string, why error, req *Request) error {
	return r.mark(ctx, id, Retry, exception(why), req)
}

// MarkRevoked stores that the task will not run, or not to its end: REVOKED. Celery's reasons are "revoked",
// "expired" and "terminated".
func (r *Results) MarkRevoked(ctx context.Context, id, reason string, req *Request) error {
	return r.mark(ctx, id, Revoked, Exception(celeryExceptions, "TaskRevokedError", reason), req)
}

// UpdateState stores how far the task has come, in a state of the program's own, say "PROGRESS" with
// {"current": 3, "total": 10}.
func (r *Results) UpdateState(ctx context.Context, id string, state State, meta any, req *Request) error {
	return r.mark(ctx, id, state, meta, req)
}

func (r *Results) mark(ctx context.Context, id string, state State, result any, req *Request) error {
	_, err := r.Store(ctx, id, state, result, req)
	return err
}

// exception keeps a nil error from becoming something that is no nil.
func exception(err error) any {
	if err == nil {
		return nil
	}
	return err
}
