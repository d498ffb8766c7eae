package redis_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/redistest"
	"github.com/larder-go/larder/redis"
)

// openURL opens a store as a program does.
func openURL(t *testing.T, raw string) *redis.Store {
	t.Helper()
	s, err := tryURL(t, raw)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tryURL(t *testing.T, raw string) (*redis.Store, error) {
	t.Helper()
	u, err := driver.ParseURL(raw)
	if err != nil {
		t.Fatal(err)
	}
	e, err := driver.Lookup(u.Scheme)
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.OpenURL(t.Context(), u, nil, false, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.(*redis.Store), nil
}

// wantWorks uses each kind of verb once.
func wantWorks(t *testing.T, s *redis.Store) {
	t.Helper()
	for name, call := range verbs {
		if err := call(t.Context(), s); err != nil && !errors.Is(err, driver.ErrMiss) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Set(t.Context(), "a", []byte("1"), time.Minute); err != nil {
		t.Error(err)
	}
	if n, err := s.Incr(t.Context(), "a", 1<<53, 0); n != 1<<53+1 || err != nil {
		t.Errorf("Incr = %d, %v", n, err)
	}
	if f, err := s.IncrFloat(t.Context(), "a", 0.5, 0); f != 1<<53+1 && f != 1<<53+2 || err != nil {
		t.Errorf("IncrFloat = %v, %v", f, err)
	}
	var keys []string
	for key, err := range s.Scan(t.Context(), "") {
		if keys = append(keys, key); err != nil {
			t.Error(err)
		}
	}
	if !slices.Contains(keys, "a") || !slices.Contains(keys, "n") {
		t.Errorf("Scan yields %q", keys)
	}
	if _, err := s.ClearAll(t.Context()); err != nil {
		t.Errorf("ClearAll: %v", err)
	}
}

// fact is what Ping says of a thing.
func fact(t *testing.T, s *redis.Store, name string) any {
	t.Helper()
	server, err := s.Ping(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range server.Notes {
		if f.Name == name {
			return f.Value
		}
	}
	return nil
}

func wantFacts(t *testing.T, s *redis.Store, want map[string]any) {
	t.Helper()
	for name, value := range want {
		if got := fact(t, s, name); got != value {
			t.Errorf("%s: %v; want %v", name, got, value)
		}
	}
}

// TestKinds: the suite for Redis is TestConformance.
func TestKinds(t *testing.T) {
	redistest.Each(t, func(t *testing.T, kind redistest.Kind) {
		own := redistest.Start(t, redistest.Use(kind))
		s := openURL(t, own.URL(3))
		wantWorks(t, s)
		wantFacts(t, s, map[string]any{
			"mode": "standalone", "resp": int64(3), "tracking": true, "primary": own.Addr(), "primaries": int64(1), "replicas": int64(0),
			"db": int64(3), "tls": false, "maxmemory_policy": "noeviction",
		})
		want := "Redis "
		if strings.Contains(own.MustDo(t, "INFO", "server"), "valkey_version:") { // under the name of redis-server, too
			want = "Valkey "
		}
		server, err := s.Ping(t.Context())
		if err != nil || !strings.HasPrefix(server.Version, want) {
			t.Errorf("%q, %v; want %s", server.Version, err, want)
		}
	})
}

func TestUnixSocket(t *testing.T) {
	own := redistest.Start(t, redistest.UnixSocket(), redistest.Password("se:cr@t/"))
	wantWorks(t, openURL(t, own.URL(1)))
}

func TestTLS(t *testing.T) {
	own := redistest.Start(t, redistest.TLS(true), redistest.Password("s&cret%"))
	s := openURL(t, own.URL(1))
	wantWorks(t, s)
	wantFacts(t, s, map[string]any{"tls": true})
	wantWorks(t, openURL(t, "rediss://:s%26cret%25@"+own.Addr()+"/1?tls_verify=off&tls_cert="+own.TLS().ClientCert+"&tls_key="+own.TLS().ClientKey))
	// Without the client's certificate, and with a CA that nobody knows.
	for _, raw := range []string{
		"rediss://:s%26cret%25@" + own.Addr() + "?tls_ca=" + own.TLS().CA,
		"rediss://:s%26cret%25@" + own.Addr(),
		"redis://:s%26cret%25@" + own.Addr(),
	} {
		if _, err := tryURL(t, raw); err == nil || strings.Contains(err.Error(), "cret") {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// TestACL: a user of a shared server has a prefix of his own, and needs the leases' beside it.
func TestACL(t *testing.T) {
	own := redistest.Start(t, redistest.User("app on >secret ~app:* ~larder:lease:* &* +@all -@dangerous"),
		redistest.User("reader on >secret ~* &* +get +mget +exists"))
	s := openURL(t, "redis://app:secret@"+own.Addr())
	if err := s.Set(t.Context(), "app:k", []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Incr(t.Context(), "app:k", 1, 0); n != 2 || err != nil {
		t.Errorf("Incr = %d, %v", n, err)
	}
	if _, err := s.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
	if _, err := s.Report(t.Context()); err != nil {
		t.Errorf("Report: %v", err)
	}
	got, err := s.GetMany(t.Context(), []string{"app:k", "other:k"})
	if err != nil || string(got[0].Value) != "2" || got[1].Err == nil || errors.Is(got[1].Err, driver.ErrMiss) {
		t.Errorf("GetMany: %+v, %v", got, err)
	}
	wantDenied(t, s.Set(t.Context(), "other:k", nil, 0))
	_, err = s.ClearAll(t.Context())
	wantDenied(t, err)
	reader := openURL(t, "redis://reader:secret@"+own.Addr())
	if v, err := reader.Get(t.Context(), "app:k"); string(v) != "2" || err != nil {
		t.Errorf("Get = %q, %v", v, err)
	}
	wantDenied(t, reader.Set(t.Context(), "app:k", nil, 0))
	_, err = reader.Delete(t.Context(), "app:k")
	wantDenied(t, err)
}

func wantDenied(t *testing.T, err error) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), "NOPERM") || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v; want the server's reason, and no password", err)
	}
}

func TestWrongPassword(t *testing.T) {
	own := redistest.Start(t, redistest.Password("right"))
	for raw, want := range map[string]string{
		"redis://:wrong@" + own.Addr():  "WRONGPASS",
		"redis://u:wrong@" + own.Addr(): "WRONGPASS",
		"redis://" + own.Addr():         "NOAUTH",
		own.URL(99999999):               "DB index",
	} {
		if _, err := tryURL(t, raw); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "wrong@") {
			t.Errorf("%s: %v; want %s", raw, err, want)
		}
	}
}

// TestRESP2: a server that knows no HELLO does all but tell of changes.
func TestRESP2(t *testing.T) {
	own := redistest.Start(t, redistest.Config(`rename-command HELLO ""`), redistest.Password("secret"))
	s := openURL(t, own.URL(2))
	wantWorks(t, s)
	wantFacts(t, s, map[string]any{"resp": int64(2), "tracking": false})
	if _, err := tryURL(t, "redis://:wrong@"+own.Addr()); err == nil || !strings.Contains(err.Error(), "WRONGPASS") {
		t.Error(err)
	}
}

func TestSentinel(t *testing.T) { redistest.Each(t, sentinel) }

func sentinel(t *testing.T, kind redistest.Kind) {
	pair := redistest.StartSentinel(t, redistest.Use(kind), redistest.Password("secret"), redistest.SentinelPassword("guard"))
	raw := "redis+sentinel://:secret@" + strings.Join(pair.Addrs(), ",") + "/" + redistest.MasterName + "/1?sentinel_password=guard"
	s := openURL(t, raw)
	wantWorks(t, s)
	wantFacts(t, s, map[string]any{"mode": "sentinel", "primary": pair.Primary().Addr(), "replicas": int64(1), "db": int64(1)})
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	_, err := redis.Open(ctx, redis.Options{Addresses: pair.Addrs(), Master: "nobody", SentinelPassword: "guard", Password: "secret"})
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a primary that nobody knows: %v", err)
	}
	failover(t, s, func() { pair.KillPrimary(t) })
	wantFacts(t, s, map[string]any{"primary": pair.Primary().Addr()})
}

// TestCluster: the suite for clusters is in the folder below.
func TestCluster(t *testing.T) { redistest.Each(t, cluster) }

func cluster(t *testing.T, kind redistest.Kind) {
	cluster := redistest.StartCluster(t, 3, 1, redistest.Use(kind))
	s := openURL(t, "redis+cluster://"+cluster.Addrs()[0])
	wantWorks(t, s)
	wantFacts(t, s, map[string]any{"mode": "cluster", "primaries": int64(3), "replicas": int64(3)})
	t.Run("Migration", func(t *testing.T) { migration(t, cluster, s) })
	t.Run("Failover", func(t *testing.T) {
		failover(t, s, func() { cluster.Failover(t, cluster.PrimaryOf(t, "counted")) })
	})
}
