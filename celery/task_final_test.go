package celery

import (
	"fmt"
	"testing"
)

// TestSuccessOfAnotherSerializerStays: programs that share a backend and do not agree on the serializer
// replace each other's results, but no SUCCESS.
func TestSuccessOfAnotherSerializerStays(t *testing.T) {
	names := []string{"json", "yaml", "msgpack", "pickle"}
	with := func(t *testing.T, store, name string) *Results {
		return open(t, store, configured(Config{ResultSerializer: name, ResultAcceptContent: names}))
	}
	for _, first := range names {
		for _, second := range names {
			t.Run(first+" then "+second, func(t *testing.T) {
				store := fmt.Sprintf("memory://final-%s-%s", first, second)
				a, b := with(t, store, first), with(t, store, second)
				for _, c := range []struct {
					state  State
					result any
					stays  bool
				}{{Success, 1, true}, {Started, "SUCCESS", false}, {Failure, fmt.Errorf("SUCCESS"), false}} {
					id := string(c.state)
					must(t, a.mark(t.Context(), id, c.state, c.result, nil))
					stored, err := b.Store(t.Context(), id, Revoked, fmt.Errorf("x"), nil)
					if err != nil || stored == c.stays {
						t.Errorf("%s: stored %v, %v", c.state, stored, err)
					}
					if c.stays && result(t, a, id).Status != c.state {
						t.Errorf("%s is gone", c.state)
					}
				}
			})
		}
	}
}
