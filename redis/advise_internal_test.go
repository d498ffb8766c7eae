package redis

import (
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
)

// What a test cannot easily make a server say.
func TestChecks(t *testing.T) {
	for _, c := range []struct {
		check func(sight) driver.Advice
		sight sight
		fine  bool
		part  string
	}{
		{checkPersistence, sight{info: "rdb_last_bgsave_status:err\r\n"}, false, "MISCONF"},
		{checkPersistence, sight{info: "aof_last_write_status:err\r\n"}, false, "append-only file cannot"},
		{checkPersistence, sight{info: "aof_enabled:1\r\nrdb_last_bgsave_status:ok\r\n"}, true, "appendfsync"},
		{checkClock, sight{clock: true, ahead: -time.Second}, true, "1s"},
		{checkClock, sight{clock: true, ahead: 3 * time.Second}, false, "3s behind the server's"},
		{checkClock, sight{clock: true, ahead: -3 * time.Second}, false, "3s ahead of the server's"},
		{checkRole, sight{info: "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\nrole:master\r\n"}, true, "Valkey 8.0.1"},
	} {
		got := c.check(c.sight)
		if got.Fine != c.fine || !strings.Contains(got.Text, c.part) {
			t.Errorf("%+v: %+v, want %t and %q", c.sight, got, c.fine, c.part)
		}
	}
}

func TestTooOld(t *testing.T) {
	for version, want := range map[string]bool{"5.0.14": true, "6.0.0": false, "7.0.15": false, "10.0": false, "255.255.255": false, "": false} {
		if tooOld(version) != want {
			t.Errorf("%q: %t", version, !want)
		}
	}
}
