package redistest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/larder-go/larder/internal/testproc"
)

// MasterName is the name by which sentinels know the primary of StartSentinel.
const MasterName = "mymaster"

// sentinels is how many there are. Two of them decide.
const sentinels = 3

// Sentinel is a primary with a replica, and the sentinels that watch over them.
type Sentinel struct {
	data   []*Server
	guards []*Server
}

// StartSentinel starts a primary, a replica and three sentinels, and returns when each sentinel knows the others and
// the replica. Password and TLS hold for the servers, TLS and SentinelPassword for the sentinels.
func StartSentinel(tb testing.TB, opts ...Option) *Sentinel {
	tb.Helper()
	data := collect(opts)
	data.lines = append(data.lines, "repl-diskless-sync-delay 0", "repl-ping-replica-period 1")
	s := &Sentinel{data: startMany(tb, 2, data)}
	s.data[1].MustDo(tb, "REPLICAOF", "127.0.0.1", fmt.Sprint(s.data[0].port))
	// A sentinel that meets a replica without a link asks again only after 10 s.
	if err := testproc.Await(settleLimit, s.data[1].linked); err != nil {
		tb.Fatalf("redistest: sentinel: the replica is not linked\n%s", s.data[1].Log())
	}
	s.guards = startMany(tb, sentinels, s.guardOptions(data))
	s.hurry()
	s.WaitReady(tb)
	return s
}

// guardOptions are the sentinels'.
func (s *Sentinel) guardOptions(data options) options {
	o := options{kind: data.kind, sentinel: true, password: data.guard,
		tls: data.tls, clientCerts: data.clientCerts, files: s.data[0].tls}
	o.lines = []string{
		fmt.Sprintf("sentinel monitor %s 127.0.0.1 %d %d", MasterName, s.data[0].port, sentinels/2+1),
		fmt.Sprintf("sentinel down-after-milliseconds %s 500", MasterName),
		fmt.Sprintf("sentinel failover-timeout %s 1000", MasterName), // another attempt after twice that
	}
	if data.password != "" {
		o.lines = append(o.lines, fmt.Sprintf("sentinel auth-pass %s %q", MasterName, data.password))
	}
	return o
}

// hurry lets the sentinels look more often than each 10 s and talk to each other more often than each 2 s. One that
// does not know these settings is slower and right all the same.
func (s *Sentinel) hurry() {
	for _, guard := range s.guards {
		_, _ = guard.Do("SENTINEL", "DEBUG", "INFO-PERIOD", "500", "PUBLISH-PERIOD", "200", "PING-PERIOD", "200",
			"ASK-PERIOD", "200")
	}
}

// Addrs are the addresses of the sentinels.
func (s *Sentinel) Addrs() []string { return addrs(s.guards) }

// Servers are the two servers, the one that was the primary at the start first.
func (s *Sentinel) Servers() []*Server { return s.data }

// Primary is the server that the first running sentinel calls the primary.
func (s *Sentinel) Primary() *Server { return s.primaryOf(running(s.guards)[0]) }

func (s *Sentinel) primaryOf(guard *Server) *Server {
	addr, _ := guard.Do("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MasterName)
	return find(s.data, strings.Replace(addr, "\n", ":", 1))
}

// Failover makes the replica the primary in good order, and returns it when all sentinels know of it and the old
// primary follows it.
func (s *Sentinel) Failover(tb testing.TB) *Server {
	tb.Helper()
	old := s.Primary()
	var last error
	err := testproc.Await(settleLimit, func() bool { // NOGOODSLAVE until the last failover has settled
		_, last = s.guards[0].Do("SENTINEL", "FAILOVER", MasterName)
		return last == nil
	})
	if err != nil {
		tb.Fatalf("redistest: failover: %v", last)
	}
	return s.waitChange(tb, old)
}

// KillPrimary ends the primary as a crash would, and returns the replica when all sentinels have made it the primary.
// That is some 2 s. The server that was killed may be restarted: the sentinels make it a replica.
func (s *Sentinel) KillPrimary(tb testing.TB) *Server {
	tb.Helper()
	old := s.Primary()
	old.Kill()
	return s.waitChange(tb, old)
}

func (s *Sentinel) waitChange(tb testing.TB, old *Server) *Server {
	tb.Helper()
	if err := testproc.Await(settleLimit, func() bool { return s.Primary() != old }); err != nil {
		tb.Fatalf("redistest: sentinel: %s is still the primary\n%s", old.Addr(), s.guards[0].Log())
	}
	s.WaitReady(tb)
	return s.Primary()
}

// WaitReady returns when all sentinels that run know each other, the primary, and the replica as following it: call
// it after a Restart.
func (s *Sentinel) WaitReady(tb testing.TB) {
	tb.Helper()
	var why error
	err := testproc.Await(settleLimit, func() bool {
		why = s.unready()
		return why == nil
	})
	if err != nil {
		tb.Fatalf("redistest: sentinel: %v: %v\n%s", err, why, s.guards[0].Log())
	}
}

func (s *Sentinel) unready() error {
	guards := running(s.guards)
	primary := s.primaryOf(guards[0])
	for _, guard := range guards {
		if s.primaryOf(guard) != primary {
			return errors.New("the sentinels name different primaries")
		}
		if err := s.settled(guard); err != nil {
			return fmt.Errorf("%s: %w", guard.Addr(), err)
		}
	}
	for _, server := range running(s.data) {
		if server == primary != server.isPrimary() || server != primary && !server.linked() {
			return fmt.Errorf("%s is not what it shall be", server.Addr())
		}
	}
	return nil
}

// settled tells whether a sentinel is done with what it does and knows who is there.
func (s *Sentinel) settled(guard *Server) error {
	primary := guard.fields("SENTINEL", "MASTER", MasterName)
	if primary["flags"] != "master" || primary["num-other-sentinels"] != fmt.Sprint(sentinels-1) {
		return fmt.Errorf("flags %s, %s other sentinels", primary["flags"], primary["num-other-sentinels"])
	}
	if len(running(s.data)) < len(s.data) {
		return nil
	}
	replicas, _ := guard.Query("SENTINEL", "REPLICAS", MasterName)
	list, _ := replicas.([]any)
	if len(list) != 1 {
		return fmt.Errorf("%d replicas", len(list))
	}
	if r := pairs(list[0]); r["flags"] != "slave" || r["master-link-status"] != "ok" {
		return fmt.Errorf("replica: flags %s, link %s", r["flags"], r["master-link-status"])
	}
	return nil
}

func (s *Server) fields(args ...string) map[string]string {
	reply, _ := s.Query(args...)
	return pairs(reply)
}

// pairs reads an array of names and values.
func pairs(reply any) map[string]string {
	list, _ := reply.([]any)
	fields := map[string]string{}
	for i := 0; i+1 < len(list); i += 2 {
		fields[flatten(list[i])] = flatten(list[i+1])
	}
	return fields
}
