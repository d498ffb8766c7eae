package redis_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/redistest"
	"github.com/larder-go/larder/internal/testproc"
	"github.com/larder-go/larder/redis"
)

// failover lets many count while a server is lost, and fails if an Incr was applied that nobody asked for, or one that was
// acknowledged twice. Some that were acknowledged may be lost: replication does not wait.
func failover(t *testing.T, s *redis.Store, lose func()) {
	t.Helper()
	if _, err := s.Delete(t.Context(), "counted"); err != nil {
		t.Fatal(err)
	}
	var asked, acknowledged atomic.Int64
	var all sync.WaitGroup
	done := make(chan struct{})
	for range 16 {
		all.Go(func() {
			for !closed(done) {
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				asked.Add(1)
				if _, err := s.Incr(ctx, "counted", 1, 0); err == nil {
					acknowledged.Add(1)
				}
				cancel()
				time.Sleep(2 * time.Millisecond) // 5,000 a second at most
			}
		})
	}
	lose()
	lost := time.Now()
	before := acknowledged.Load()
	testproc.Eventually(t, func() error {
		if acknowledged.Load() < before+100 {
			return errors.New("nothing is counted")
		}
		return nil
	})
	t.Logf("%v after the new primary was known: %d asked, %d acknowledged", time.Since(lost), asked.Load(), acknowledged.Load())
	close(done)
	all.Wait()
	if n, err := s.Incr(t.Context(), "counted", 0, 0); err != nil || n > asked.Load() {
		t.Errorf("%d Incr made it %d, %v", asked.Load(), n, err)
	}
}

func closed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// migration: while a slot moves, all verbs work on its keys, those that have moved and those that have not.
func migration(t *testing.T, cluster *redistest.Cluster, s *redis.Store) {
	keys := []string{"{m}1", "{m}2", "{m}3"}
	for _, key := range keys {
		if err := s.Set(t.Context(), key, []byte("1"), 0); err != nil {
			t.Fatal(err)
		}
	}
	slot := cluster.Slot(t, keys[0])
	to := cluster.Nodes()[0]
	if cluster.Primary(t, slot) == to {
		to = cluster.Nodes()[1]
	}
	cluster.BeginMigration(t, slot, to)
	cluster.MigrateKey(t, keys[0], to)
	wantAll := func(want string) {
		t.Helper()
		got, err := s.GetMany(t.Context(), keys)
		for i, key := range keys {
			if err != nil || string(got[i].Value) != want {
				t.Errorf("GetMany: %s is %q, %v, %v; want %s", key, got[i].Value, got[i].Err, err, want)
			}
		}
	}
	wantAll("1")
	for _, key := range keys {
		if n, err := s.Incr(t.Context(), key, 1, 0); n != 2 || err != nil {
			t.Errorf("Incr of %s = %d, %v", key, n, err)
		}
	}
	wantAll("2")
	if n, err := s.Incr(t.Context(), "{m}new", 1, 0); n != 1 || err != nil {
		t.Errorf("Incr of a new key = %d, %v", n, err)
	}
	if there, err := s.Delete(t.Context(), "{m}new"); !there || err != nil {
		t.Errorf("Delete = %t, %v", there, err)
	}
	for _, key := range keys[1:] {
		cluster.MigrateKey(t, key, to)
	}
	cluster.EndMigration(t, slot, to)
	wantAll("2")
	if n, err := s.DeleteMany(t.Context(), keys); n != 3 || err != nil {
		t.Errorf("DeleteMany = %d, %v", n, err)
	}
}

// TestRestart: a server that comes back has forgotten its scripts, and is found again without a restart of the program.
func TestRestart(t *testing.T) {
	own := redistest.Start(t, redistest.Config("appendonly yes"))
	s := openURL(t, own.URL(0))
	for i := range 3 {
		if n, err := s.Incr(t.Context(), "n", 1, 0); n != int64(i+1) || err != nil {
			t.Fatalf("Incr = %d, %v", n, err)
		}
		own.Restart(t)
		testproc.Eventually(t, func() error { _, err := s.Get(t.Context(), "n"); return err })
	}
}

// TestFrozenProcess: the kernel accepts connections to it.
func TestFrozenProcess(t *testing.T) {
	own := redistest.Start(t)
	s := openURL(t, own.URL(0))
	fresh := open(t, redis.Options{Addresses: []string{own.Addr()}, Lazy: true})
	own.Freeze(t)
	for name, call := range verbs {
		for _, store := range []*redis.Store{s, fresh} {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			wantObeys(t, name, store, call, ctx, 100*time.Millisecond)
			cancel()
		}
	}
	own.Thaw(t)
	for _, store := range []*redis.Store{s, fresh} {
		testproc.Eventually(t, func() error { return store.Set(t.Context(), "k", []byte("v"), 0) })
	}
}

// name is an address that leads to a server, and from some moment on to another. Connections stay where they are.
type name struct {
	net.Listener
	to atomic.Pointer[string]
}

func newName(t *testing.T, to string) *name {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &name{Listener: l}
	n.to.Store(&to)
	var all sync.WaitGroup
	all.Go(func() { n.serve(&all) })
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	return n
}

func (n *name) serve(all *sync.WaitGroup) {
	for {
		client, err := n.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", *n.to.Load())
		if err != nil {
			_ = client.Close()
			continue
		}
		for _, ends := range [][2]net.Conn{{client, server}, {server, client}} {
			all.Go(func() {
				_, _ = io.Copy(ends[0], ends[1])
				_ = ends[0].Close()
			})
		}
	}
}

// TestNameOfAnotherServer: the primary becomes a replica, and its name leads to the new one. Nobody hangs up.
func TestNameOfAnotherServer(t *testing.T) {
	old, other := redistest.Start(t), redistest.Start(t)
	name := newName(t, old.Addr())
	for verb, write := range map[string]func(context.Context, *redis.Store) error{"one": verbs["Set"], "two": verbs["Delete"], "script": verbs["Incr"]} {
		t.Run(verb, func(t *testing.T) {
			old.MustDo(t, "REPLICAOF", "NO", "ONE")
			before, after := old.Addr(), other.Addr()
			name.to.Store(&before)
			s := openURL(t, "redis://"+name.Addr().String())
			if err := write(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			name.to.Store(&after)
			old.MustDo(t, "REPLICAOF", "127.0.0.1", fmt.Sprint(other.Port()))
			testproc.Eventually(t, func() error { return write(t.Context(), s) })
		})
	}
}

// TestReadOnly: a primary that has become a replica says so; when it is one again, the next call works.
func TestReadOnly(t *testing.T) {
	own, other := redistest.Start(t), redistest.Start(t)
	s := openURL(t, own.URL(0))
	own.MustDo(t, "REPLICAOF", "127.0.0.1", fmt.Sprint(other.Port()))
	if err := s.Set(t.Context(), "k", []byte("v"), 0); err == nil || errors.Is(err, driver.ErrMiss) {
		t.Errorf("Set: %v", err)
	}
	own.MustDo(t, "REPLICAOF", "NO", "ONE")
	if err := s.Set(t.Context(), "k", []byte("v"), 0); err != nil {
		t.Errorf("Set: %v", err)
	}
}
