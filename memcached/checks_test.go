package memcached

import (
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
)

// What a test cannot easily make a server say.
func TestChecks(t *testing.T) {
	full := map[string]string{"curr_connections": "1023", "listen_disabled_num": "7"}
	limit := map[string]string{"maxconns": "1024"}
	for _, c := range []struct {
		check func(sight) driver.Advice
		sight sight
		fine  bool
		part  string
	}{
		{checkConnections, sight{counted: full, settings: limit}, false, "1023 of 1024; the limit was reached 7 times"},
		{checkConnections, sight{counted: map[string]string{"curr_connections": "3"}, settings: limit}, true, "3 of 1024"},
		{checkClock, sight{ahead: -2 * time.Second}, true, "2s"},
		{checkClock, sight{ahead: 90 * time.Second}, false, "1m30s"},
		{checkItems, sight{}, false, "above 0 KiB"},
	} {
		got := c.check(c.sight)
		if got.Fine != c.fine || !strings.Contains(got.Text, c.part) {
			t.Errorf("%+v: %+v, want %t and %q", c.sight, got, c.fine, c.part)
		}
	}
}
