package celery

// The fields of a result on the wire, in the order in which they are written. Celery's own name for the state
// is status.
const (
	fieldStatus    = "status"
	fieldResult    = "result"
	fieldTraceback = "traceback"
	fieldChildren  = "children"
	fieldDateDone  = "date_done"
	fieldGroupID   = "group_id"
	fieldParentID  = "parent_id"
	fieldName      = "name"
	fieldArgs      = "args"
	fieldKwargs    = "kwargs"
	fieldWorker    = "worker"
	fieldRetries   = "retries"
	fieldQueue     = "queue"
	fieldTaskID    = "task_id"
)
