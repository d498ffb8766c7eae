package redistest

import (
	"testing"
	"time"
)

func TestSentinel(t *testing.T) {
	cases := map[string][]Option{
		"plain":   nil,
		"secured": {TLS(true), Password("secret"), SentinelPassword("other")},
	}
	Each(t, func(t *testing.T, kind Kind) {
		for name, opts := range cases {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				began := time.Now()
				s := StartSentinel(t, append(opts, Use(kind))...)
				t.Logf("ready after %v", time.Since(began))
				useSentinel(t, s)
			})
		}
	})
}

func useSentinel(t *testing.T, s *Sentinel) {
	if len(s.Addrs()) != 3 || s.Primary() != s.Servers()[0] {
		t.Fatalf("sentinels %v, primary %v", s.Addrs(), s.Primary().Addr())
	}
	s.Primary().MustDo(t, "SET", "key", "value")
	s.Primary().MustDo(t, "WAIT", "1", "5000")

	began := time.Now()
	next := s.Failover(t)
	if got := next.MustDo(t, "GET", "key"); next != s.Servers()[1] || got != "value" {
		t.Errorf("after the failover: %q", got)
	}
	t.Logf("failover in %v", time.Since(began))

	began = time.Now()
	if last := s.KillPrimary(t); last != s.Servers()[0] {
		t.Errorf("the primary after the crash is %s", last.Addr())
	}
	t.Logf("after a crash in %v", time.Since(began))
	next.Restart(t)
	s.WaitReady(t)
}
