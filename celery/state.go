package celery

// State is what a task is in. A task may be in any state that a program makes up for itself ("PROGRESS");
// these never end a wait. On the wire a state is the field `status`.
type State string

// The states that Celery itself knows.
const (
	Pending  State = "PENDING"  // nothing is known of the task
	Received State = "RECEIVED" // a worker has it
	Started  State = "STARTED"  // a worker runs it
	Success  State = "SUCCESS"
	Failure  State = "FAILURE"
	Revoked  State = "REVOKED"
	Rejected State = "REJECTED"
	Retry    State = "RETRY" // it failed and will run again
	Ignored  State = "IGNORED"
)

// Ready tells whether a task in this state has ended: SUCCESS, FAILURE or REVOKED.
func (s State) Ready() bool { return s == Success || s == Failure || s == Revoked }

// Exception tells whether the result of a task in this state is an exception, or nothing: RETRY,
// FAILURE or REVOKED.
func (s State) Exception() bool { return s == Retry || s == Failure || s == Revoked }

// Propagate tells whether whoever asks for the value of a task in this state gets an error: FAILURE or REVOKED.
func (s State) Propagate() bool { return s == Failure || s == Revoked }

// Compare orders states by Celery's precedence: it is negative if s comes before other in SUCCESS, FAILURE,
// any state that Celery does not know, REVOKED, STARTED, RECEIVED, REJECTED, RETRY, PENDING. What is stored
// later counts, whatever the order.
func (s State) Compare(other State) int { return s.precedence() - other.precedence() }

func (s State) precedence() int {
	switch s {
	case Success:
		return 0
	case Failure:
		return 1
	case Revoked:
		return 3
	case Started:
		return 4
	case Received:
		return 5
	case Rejected:
		return 6
	case Retry:
		return 7
	case Pending:
		return 8
	}
	return 2
}
