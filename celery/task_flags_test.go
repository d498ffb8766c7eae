package celery

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/larder-go/larder/internal/memcachetest"
)

// TestVectorsFlags: values with memcached's flags of other clients are what both of Python's clients make of
// them, or an error where they differ, or where only Python can read them.
func TestVectorsFlags(t *testing.T) {
	server := memcachetest.Start(t)
	r := open(t, "cache+memcached://"+server.Addr()+"/")
	want := map[string]string{ // see docs/celery-deviations.md
		"flags_1_json": unreadable, "flags_1_pick": unreadable, "flags_2_json": "str: 'SUCCESS'", "flags_3_json": unreadable, "flags_17_json": unreadable,
		"flags_48_json": unreadable, "flags_80_json": unreadable,
	}
	n := 0
	for i, v := range vectors(t, "reverse_celery") {
		if !strings.HasPrefix(v.Case, "flags_") {
			continue
		}
		n++
		id, flags := fmt.Sprint("t", i), strings.Split(v.Case, "_")[1]
		mustAsk(t, server, fmt.Sprintf("set %s%s %s 0 %d\r\n%s", taskKey, id, flags, len(v.value()), v.value()))
		m, err := r.Result(t.Context(), id)
		got := unreadable
		var re *ReadError
		switch {
		case err == nil:
			got = typed(string(m.Status))
		case !errors.As(err, &re) || re.ID != id || !errors.Is(err, ErrForeign):
			got = err.Error()
		}
		expected, ok := want[v.Case]
		if !ok {
			expected = verdict(fmt.Sprint(v.Outcome["state"]))
		}
		if got != expected {
			t.Errorf("%s: %s, want %s", v.name(), got, expected)
		}
		stored, err := r.Store(t.Context(), id, Failure, errors.New("x"), nil)
		if err != nil || stored != (got == unreadable) { // what was read is SUCCESS
			t.Errorf("%s: stored over it: %v, %v", v.name(), stored, err)
		}
	}
	if n < 40 {
		t.Errorf("only %d", n)
	}
}
