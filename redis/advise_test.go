package redis_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/redistest"
	"github.com/larder-go/larder/redis"
)

func advise(t *testing.T, o redis.Options) []driver.Advice {
	t.Helper()
	all, err := open(t, o).Advise(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if a.Subject == "" || a.Text == "" || strings.ContainsAny(a.Text, "\r\n") {
			t.Errorf("%+v is no line", a)
		}
	}
	return all
}

// wantWarnings fails unless just these subjects are not fine.
func wantWarnings(t *testing.T, all []driver.Advice, subjects ...string) {
	t.Helper()
	var got []string
	for _, a := range all {
		if !a.Fine {
			got = append(got, a.Subject)
		}
	}
	if !slices.Equal(got, subjects) {
		t.Errorf("warnings of %q, want %q: %+v", got, subjects, all)
	}
}

func wantAdvice(t *testing.T, all []driver.Advice, subject, part string) {
	t.Helper()
	i := slices.IndexFunc(all, func(a driver.Advice) bool { return a.Subject == subject })
	if i < 0 || !strings.Contains(all[i].Text, part) {
		t.Errorf("%s: no %q in %+v", subject, part, all)
	}
}

func at(s *redistest.Server) redis.Options { return redis.Options{Addresses: []string{s.Addr()}} }

func TestAdviseOnAServerAsItComes(t *testing.T) {
	redistest.Each(t, func(t *testing.T, kind redistest.Kind) {
		s := redistest.Start(t, redistest.Use(kind))
		all := advise(t, at(s))
		wantWarnings(t, all)
		if len(all) < 6 || s.MustDo(t, "DBSIZE") != "0" {
			t.Errorf("%+v", all)
		}
	})
}

func TestAdviseOnMemoryPolicies(t *testing.T) {
	s := redistest.Start(t)
	for policy, part := range map[string]string{
		"noeviction": "every write fails", "volatile-ttl": "leases", "volatile-lru": "before the end of their lifetime",
		"volatile-random": "writes fail when only", "allkeys-lru": "any entry at any time", "allkeys-lfu": "suits a cache alone",
	} {
		s.ConfigSet(t, "maxmemory-policy", policy)
		s.ConfigSet(t, "maxmemory", "0")
		wantWarnings(t, advise(t, at(s)))
		s.ConfigSet(t, "maxmemory", "64mb")
		all := advise(t, at(s))
		wantWarnings(t, all, "memory policy")
		wantAdvice(t, all, "memory policy", policy)
		wantAdvice(t, all, "memory policy", part)
		wantAdvice(t, all, "memory policy", "64.00M")
	}
}

func TestAdviseOnAReplica(t *testing.T) {
	pair := redistest.StartSentinel(t)
	all := advise(t, at(pair.Servers()[1]))
	wantWarnings(t, all, "role")
	wantAdvice(t, all, "role", "READONLY")
	all = advise(t, redis.Options{Addresses: pair.Addrs(), Master: redistest.MasterName})
	wantWarnings(t, all)
	wantAdvice(t, all, "role", "1 replicas")
}

func TestAdviseOnRights(t *testing.T) {
	s := redistest.Start(t, redistest.User("bare on >pass ~* &* +@all -info -time -client|tracking -eval"),
		redistest.User("tight on >pass ~app:* &* +@all"))
	o := at(s)
	o.User, o.Password = "bare", "pass"
	all := advise(t, o)
	wantWarnings(t, all, "role", "memory policy", "persistence", "tracking", "rights")
	wantAdvice(t, all, "tracking", "+client|tracking")
	wantAdvice(t, all, "rights", "+eval")
	wantAdvice(t, all, "clock", "+time")
	o.User = "tight"
	all = advise(t, o)
	wantWarnings(t, all, "rights")
	wantAdvice(t, all, "rights", "~larder:lease:*")
}

func TestAdviseOnAServerWithoutRESP3(t *testing.T) {
	s := redistest.Start(t, redistest.Config(`rename-command HELLO ""`))
	all := advise(t, at(s))
	wantWarnings(t, all, "tracking")
}

func TestAdviseOnACluster(t *testing.T) {
	c := redistest.StartCluster(t, 3, 0)
	o := redis.Options{Addresses: c.Addrs(), Cluster: true}
	all := advise(t, o)
	wantWarnings(t, all)
	wantAdvice(t, all, "cluster", "ok, 3 primaries")

	all = advise(t, at(c.Nodes()[0]))
	wantWarnings(t, all, "cluster")
	wantAdvice(t, all, "cluster", "redis+cluster://")

	c.Nodes()[1].ConfigSet(t, "maxmemory-policy", "allkeys-lru")
	c.Nodes()[1].ConfigSet(t, "maxmemory", "64mb")
	all = advise(t, o)
	wantWarnings(t, all, "memory policy")
	wantAdvice(t, all, "memory policy", c.Nodes()[1].Addr()+": ")
}

func TestAdviseOfAServerThatIsGone(t *testing.T) {
	s := redistest.Start(t)
	store := open(t, at(s))
	s.Kill()
	began := time.Now()
	if all, err := store.Advise(t.Context()); err == nil || time.Since(began) > 10*time.Second {
		t.Errorf("%+v, %v", all, err)
	}
}
