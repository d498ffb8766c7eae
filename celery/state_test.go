package celery

import (
	"slices"
	"testing"
)

func TestStateSets(t *testing.T) {
	for _, c := range []struct {
		state                       State
		ready, exception, propagate bool
	}{
		{Pending, false, false, false},
		{Received, false, false, false},
		{Started, false, false, false},
		{Success, true, false, false},
		{Failure, true, true, true},
		{Revoked, true, true, true},
		{Rejected, false, false, false},
		{Retry, false, true, false},
		{Ignored, false, false, false},
		{"PROGRESS", false, false, false},
		{"success", false, false, false},
		{"", false, false, false},
	} {
		if got := c.state.Ready(); got != c.ready {
			t.Errorf("%s.Ready() = %v", c.state, got)
		}
		if got := c.state.Exception(); got != c.exception {
			t.Errorf("%s.Exception() = %v", c.state, got)
		}
		if got := c.state.Propagate(); got != c.propagate {
			t.Errorf("%s.Propagate() = %v", c.state, got)
		}
	}
}

func TestStatePrecedence(t *testing.T) {
	want := []State{Success, Failure, "PROGRESS", Revoked, Started, Received, Rejected, Retry, Pending}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, State.Compare)
	if !slices.Equal(got, want) {
		t.Errorf("in order of precedence: %v, want %v", got, want)
	}
	if State("A").Compare("B") != 0 || Ignored.Compare("A") != 0 {
		t.Error("states that Celery's precedence does not know differ")
	}
}
