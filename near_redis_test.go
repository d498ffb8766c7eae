package larder_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/faultproxy"
	"github.com/larder-go/larder/internal/redistest"
	_ "github.com/larder-go/larder/redis"
)

// nearRedis is a server, a way to it that can be disturbed, and a cache with a near copy. Changes come by raw commands, as from any
// other program.
type nearRedis struct {
	*testing.T
	server *redistest.Server
	proxy  *faultproxy.Proxy
	c      *larder.Cache
	v      *larder.View[int]
}

func onNearRedis(t *testing.T, run func(*nearRedis), opts ...redistest.Option) {
	redistest.Each(t, func(t *testing.T, kind redistest.Kind) {
		e := &nearRedis{T: t, server: redistest.Start(t, append(opts, redistest.Use(kind))...)}
		e.proxy = faultproxy.New(t, "tcp", e.server.Addr())
		e.c = openCache(t, "redis://"+e.proxy.Addr()+"/0?near=1000&key_prefix=k&version=1", quiet())
		e.v = larder.Of[int](e.c, "")
		run(e)
	})
}

// raw is what another program does.
func (e *nearRedis) raw(args ...string) { e.Helper(); e.server.MustDo(e, args...) }

// near reads key until a copy answers.
func (e *nearRedis) near(key string, value int) {
	e.Helper()
	hits := e.c.Stats().Near.Hits
	e.within(10*time.Second, "a near hit", func() bool {
		got, err := e.v.Get(context.Background(), key)
		return err == nil && got == value && e.c.Stats().Near.Hits > hits
	})
}

// within looks again and again.
func (e *nearRedis) within(d time.Duration, what string, done func() bool) {
	e.Helper()
	for end := time.Now().Add(d); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			e.Fatalf("%s: not within %v", what, d)
		}
	}
}

// slack is how long a call may take on a busy machine.
const slack = 500 * time.Millisecond

// shows fails unless change shows within the bound.
func (e *nearRedis) shows(what string, change func(), value int, wantErr error) {
	e.Helper()
	change()
	e.within(driver.AliveWithin+slack, what, func() bool {
		got, err := e.v.Get(context.Background(), "a")
		return wantErr != nil && errors.Is(err, wantErr) || wantErr == nil && err == nil && got == value
	})
}

func TestNearRedisSeesOthers(t *testing.T) {
	onNearRedis(t, func(e *nearRedis) {
		e.raw("SET", "k:1:a", "1")
		e.near("a", 1)
		e.shows("SET", func() { e.raw("SET", "k:1:a", "2") }, 2, nil)
		e.near("a", 2)
		e.shows("INCR", func() { e.raw("INCR", "k:1:a") }, 3, nil)
		e.near("a", 3)
		e.shows("RENAME", func() { e.raw("SET", "other", "4"); e.raw("RENAME", "other", "k:1:a") }, 4, nil)
		e.near("a", 4)
		e.shows("DEL", func() { e.raw("DEL", "k:1:a") }, 0, larder.ErrMiss)
		e.shows("SET of what was remembered as absent", func() { e.raw("SET", "k:1:a", "5") }, 5, nil)
		e.near("a", 5)
		e.shows("FLUSHDB", func() { e.raw("FLUSHDB") }, 0, larder.ErrMiss)
		e.raw("SET", "k:1:a", "6", "PX", "60000")
		e.near("a", 6)
		e.shows("PEXPIRE", func() { e.raw("PEXPIRE", "k:1:a", "50") }, 0, larder.ErrMiss)
		e.raw("SET", "k:1:a", "7", "PX", "60000")
		e.near("a", 7)
		e.shows("LPUSH", func() { e.raw("DEL", "k:1:a"); e.raw("LPUSH", "k:1:a", "x") }, 0, larder.ErrCodec)
		if s := e.c.Stats().Near; s.Invalidations == 0 || s.Flushes == 0 || s.Age > driver.AliveWithin {
			e.Errorf("%+v", s)
		}
	})
}

// TestNearRedisLifetime: a copy is not used for a moment longer than its entry lives, though the server tells later.
func TestNearRedisLifetime(t *testing.T) {
	onNearRedis(t, func(e *nearRedis) {
		for range 20 {
			e.raw("SET", "k:1:a", "1", "PX", "30")
			e.within(time.Second, "the end of its life", func() bool {
				_, gone := e.server.Do("GET", "k:1:a")
				_, err := e.v.Get(context.Background(), "a")
				if gone != nil && err == nil {
					e.Fatal("a copy outlives its entry")
				}
				return gone != nil
			})
		}
	})
}

func TestNearRedisEviction(t *testing.T) {
	onNearRedis(t, func(e *nearRedis) {
		e.raw("SET", "k:1:a", "1")
		e.near("a", 1)
		for i := 0; ; i++ {
			e.raw("SET", fmt.Sprint("filler:", i), strings.Repeat("x", 100_000))
			if e.server.MustDo(e, "EXISTS", "k:1:a") == "0" {
				break
			}
		}
		e.shows("eviction", func() {}, 0, larder.ErrMiss)
	}, redistest.Config("maxmemory 24mb", "maxmemory-policy allkeys-random"))
}

// TestNearRedisDisturbed: whatever becomes of the connection, what was replaced longer ago than the bound is not read.
func TestNearRedisDisturbed(t *testing.T) {
	faults := []struct {
		name        string
		begin, heal func(*nearRedis)
	}{
		{"cut", func(e *nearRedis) { e.proxy.Cut() }, nil},
		{"reset", func(e *nearRedis) { e.proxy.Reset() }, nil},
		{"unreachable", func(e *nearRedis) { e.proxy.Refuse(true); e.proxy.Cut() }, func(e *nearRedis) { e.proxy.Refuse(false) }},
		{"frozen network", func(e *nearRedis) { e.proxy.Freeze(true) }, func(e *nearRedis) { e.proxy.Freeze(false) }},
		{"half closed", func(e *nearRedis) { e.proxy.HalfClose(faultproxy.Replies) }, nil},
		{"restarted", func(e *nearRedis) { e.server.Kill(); e.server.Restart(e) }, nil},
	}
	onNearRedis(t, func(e *nearRedis) {
		for i, f := range faults {
			e.raw("SET", "k:1:a", fmt.Sprint(2*i))
			e.near("a", 2*i)
			f.begin(e)
			e.raw("SET", "k:1:a", fmt.Sprint(2*i+1))
			written := time.Now()
			stale := e.readUntil(written.Add(driver.AliveWithin+slack), 2*i)
			if after := stale.Sub(written); after > driver.AliveWithin {
				e.Errorf("%s: a read that began %v after the write has the old value", f.name, after)
			}
			if f.heal != nil {
				f.heal(e)
			}
			e.near("a", 2*i+1)
		}
	})
}

// readUntil reads all the time, and returns when the last read began that gave old.
func (e *nearRedis) readUntil(end time.Time, old int) (last time.Time) {
	for time.Now().Before(end) {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		began := time.Now()
		if got, err := e.v.Get(ctx, "a"); err == nil && got == old {
			last = began
		}
		cancel()
	}
	return last
}

// TestNearRedisFrozenServer: the server itself stands still; when it goes on, nothing has been missed.
func TestNearRedisFrozenServer(t *testing.T) {
	onNearRedis(t, func(e *nearRedis) {
		e.raw("SET", "k:1:a", "1")
		e.near("a", 1)
		e.server.Freeze(e)
		frozen := time.Now()
		last := e.readUntil(frozen.Add(driver.AliveWithin+slack), 1)
		if after := last.Sub(frozen); after > driver.AliveWithin || after < driver.AliveWithin/2 {
			e.Errorf("copies were used for %v; want up to %v", after, driver.AliveWithin)
		}
		e.server.Thaw(e)
		e.near("a", 1)
	})
}

// TestNearRedisWithoutTracking: who may not be told of changes has copies for near_ttl.
func TestNearRedisWithoutTracking(t *testing.T) {
	redistest.Each(t, func(t *testing.T, kind redistest.Kind) {
		s := redistest.Start(t, redistest.Use(kind), redistest.User("poor on >secret ~* &* +@all -client|tracking"))
		var j journal
		c := openCache(t, "redis://poor:secret@"+s.Addr()+"/0?near=64kb&near_ttl=0.2&layout=bare", j.option())
		v := larder.Of[int](c, "")
		s.MustDo(t, "SET", "a", "1")
		want(t, v, "a", 1)
		s.MustDo(t, "SET", "a", "2")
		written := time.Now()
		for {
			began := time.Now()
			got, err := v.Get(t.Context(), "a")
			ok(t, err)
			if got == 2 {
				break
			}
			if age := began.Sub(written); age > 200*time.Millisecond {
				t.Fatalf("a copy is used %v after the write", age)
			}
		}
		if c.Stats().Near.Hits == 0 {
			t.Error("there was no near hit")
		}
		wantMiss(t, v, "b")
		s.MustDo(t, "SET", "b", "3")
		want(t, v, "b", 3) // misses are not remembered
		if n := j.count("near_ttl"); n != 1 {
			t.Errorf("it is said %d times that copies live for near_ttl", n)
		}
	})
}

// TestNearRedisLazy: a program that starts before its server gets its near copy when that is there.
func TestNearRedisLazy(t *testing.T) {
	s := redistest.Start(t)
	proxy := faultproxy.New(t, "tcp", s.Addr())
	proxy.Refuse(true)
	e := &nearRedis{T: t, server: s, proxy: proxy}
	if c, err := larder.Open(t.Context(), "redis://"+proxy.Addr()+"/0?near=10"); err == nil {
		_ = c.Close()
		t.Error("Open does not fail")
	}
	e.c = openCache(t, "redis://"+proxy.Addr()+"/0?near=10&lazy=true", quiet())
	e.v = larder.Of[int](e.c, "")
	if _, err := e.v.Get(t.Context(), "a"); err == nil || errors.Is(err, larder.ErrMiss) {
		t.Errorf("Get: %v", err)
	}
	proxy.Refuse(false)
	ok(t, e.v.Set(t.Context(), "b", 1))
	e.near("b", 1)
}

// TestNearRedisCluster: all servers tell, and also after another one has taken over a part of the keys.
func TestNearRedisCluster(t *testing.T) {
	cluster := redistest.StartCluster(t, 3, 1)
	e := &nearRedis{T: t}
	e.c = openCache(t, cluster.URL("near=1000", "key_prefix=k", "version=1"), quiet())
	e.v = larder.Of[int](e.c, "")
	check := func(keys int) {
		t.Helper()
		for i := range keys {
			key := fmt.Sprint("key", i)
			full := "k:1:" + key
			cluster.PrimaryOf(t, full).MustDo(t, "SET", full, "1")
			e.near(key, 1)
			cluster.PrimaryOf(t, full).MustDo(t, "SET", full, "2")
			e.within(driver.AliveWithin+slack, "a change in a cluster", func() bool {
				got, err := e.v.Get(context.Background(), key)
				return err == nil && got == 2
			})
		}
	}
	check(12)
	cluster.Failover(t, cluster.Nodes()[0])
	check(12)
}
