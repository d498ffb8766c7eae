package redistest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStart(t *testing.T) {
	cases := map[string][]Option{
		"plain":    nil,
		"socket":   {UnixSocket()},
		"tls":      {TLS(false)},
		"mtls":     {TLS(true)},
		"password": {Password("a b@c")},
		"user":     {User("default off"), User("alice on >secret ~app:* &* +@all")},
		"config":   {Config("maxmemory 10mb", `rename-command KEYS ""`)},
	}
	Each(t, func(t *testing.T, kind Kind) {
		for name, opts := range cases {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := Start(t, append(opts, Use(kind))...)
				s.MustDo(t, "SET", "key", "value")
				if got := s.MustDo(t, "GET", "key"); got != "value" {
					t.Errorf("GET: %q", got)
				}
				s.Restart(t)
				s.MustDo(t, "PING")
			})
		}
	})
}

func TestReplies(t *testing.T) {
	s := Start(t)
	if _, err := s.Do("GET", "absent"); !errors.Is(err, ErrNil) {
		t.Errorf("null: %v", err)
	}
	var refused ReplyError
	if _, err := s.Do("INCR"); !errors.As(err, &refused) {
		t.Errorf("error: %v", err)
	}
	got, err := s.Query("EVAL", "return {1, 'a', {2, false, {}}, {err='ERR no'}}", "0")
	want := []any{int64(1), "a", []any{int64(2), nil, []any{}}, ReplyError("ERR no")}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestFreshDB(t *testing.T) {
	s, stop, err := StartMain()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	one, two := s.FreshDB(), s.FreshDB()
	s.DB(one).MustDo(t, "SET", "key", "value")
	if got := s.DB(two).MustDo(t, "DBSIZE"); got != "0" || one == two {
		t.Errorf("databases %d and %d: %s keys", one, two, got)
	}
}

func TestLifecycle(t *testing.T) {
	s := Start(t, Config("appendonly yes", "appendfsync always"))
	s.MustDo(t, "SET", "key", "value")
	addr, pid := s.Addr(), s.Pid()
	s.Kill()
	if _, err := s.Do("PING"); err == nil {
		t.Error("a killed server answers")
	}
	s.Restart(t)
	if s.Addr() != addr || s.Pid() == pid || s.MustDo(t, "GET", "key") != "value" {
		t.Errorf("after a crash: %s, process %d", s.Addr(), s.Pid())
	}
	s.Stop(t)
	s.Restart(t)
	s.Restart(t)
	if got := s.MustDo(t, "GET", "key"); got != "value" {
		t.Errorf("after restarts: %q", got)
	}
	s.ConfigSet(t, "maxmemory", "12345678")
	if got := s.MustDo(t, "CONFIG", "GET", "maxmemory"); got != "maxmemory\n12345678" {
		t.Errorf("CONFIG: %q", got)
	}
}

func TestFreeze(t *testing.T) {
	s := Start(t)
	s.Freeze(t)
	if _, err := s.dial(50 * time.Millisecond); err == nil {
		t.Error("a frozen server answers")
	}
	s.Thaw(t)
	s.MustDo(t, "PING")
	s.Freeze(t) // and Cleanup ends it as it is
}

// TestEnd looks at what the end of a test leaves behind, with a server that was frozen and one that was dead.
func TestEnd(t *testing.T) {
	var frozen, dead *Server
	t.Run("test", func(t *testing.T) {
		frozen, dead = Start(t, UnixSocket()), Start(t)
		frozen.Freeze(t)
		dead.Kill()
	})
	if frozen.Running() || dead.Running() {
		t.Error("a process outlived its test")
	}
	if _, err := os.Stat(filepath.Dir(frozen.Socket())); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket's directory: %v", err)
	}
}

func TestStartTellsWhatIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := start(t.TempDir(), collect(nil))
	if err == nil || !strings.Contains(err.Error(), "./scripts/test") {
		t.Errorf("%v", err)
	}
}

func TestStartTellsTheLog(t *testing.T) {
	_, err := start(t.TempDir(), collect([]Option{Config("no-such-setting 1")}))
	if err == nil || !strings.Contains(err.Error(), "no-such-setting") {
		t.Errorf("%v", err)
	}
}
