package keywait_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/larder-go/larder/celery/internal/enginetest"
	"github.com/larder-go/larder/celery/internal/keywait"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/faultproxy"
	"github.com/larder-go/larder/internal/testproc"
)

const (
	crowd      = 10_000
	reconnects = 20
)

// server is one that a proxy can be put before.
type server struct {
	addr string
	dial func(t *testing.T, addr string) driver.Store
}

func servers() map[string]server {
	return map[string]server{
		"redis": {enginetest.RedisServer.Addr(), func(t *testing.T, addr string) driver.Store {
			return enginetest.DialRedis(t, addr, 0)
		}},
		"memcached": {enginetest.MemcachedServer.Addr(), func(t *testing.T, addr string) driver.Store {
			return enginetest.DialMemcached(t, addr)
		}},
	}
}

// TestCrowd: of 10,000 who wait on the connections of one store that are lost 20 times nobody waits in vain,
// though nobody looks again because of the time that has passed, where there is another way. None costs more
// than 4 KB beside the stack of its goroutine.
func TestCrowd(t *testing.T) {
	for name, s := range servers() {
		t.Run(name, func(t *testing.T) {
			proxy := faultproxy.New(t, "tcp", s.addr)
			check := noLeaks(t)
			reader, writer := s.dial(t, proxy.Addr()), s.dial(t, s.addr)
			t.Cleanup(func() { // before the stores and the proxy
				_ = reader.Close()
				_ = writer.Close()
				testproc.Eventually(t, func() error { return none("connections", proxy.Connections()) })
				check()
			})
			storm(t, reader, writer, proxy)
		})
	}
}

// noLeaks returns a function that makes sure that no goroutine is left that is not there now.
func noLeaks(t *testing.T) func() {
	now := goleak.IgnoreCurrent()
	return func() {
		if err := goleak.Find(now); err != nil {
			t.Error(err)
		}
	}
}

func none(what string, n int) error {
	if n != 0 {
		return fmt.Errorf("%d %s are left", n, what)
	}
	return nil
}

func storm(t *testing.T, reader, writer driver.Store, proxy *faultproxy.Proxy) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	w := keywait.New(reader, keywait.Options{Reread: time.Hour})
	defer w.Close()
	heapBefore, stackBefore := inUse()
	var told atomic.Int64
	var all sync.WaitGroup
	keys := make([]string, crowd)
	for i := range keys {
		keys[i] = fmt.Sprintf("crowd-%d-%d", time.Now().UnixNano(), i)
		all.Go(func() { waitFor(t, ctx, w, keys[i], &told) })
	}
	_, hears := reader.(driver.Notifier)
	testproc.Eventually(t, func() error {
		if waiting, subscribed := w.Waiting(); waiting < crowd || hears && subscribed+w.Idle() < 2*crowd {
			return fmt.Errorf("%d wait, %d hear", waiting, subscribed)
		}
		return nil
	})
	heap, stack := inUse()
	t.Logf("a waiter costs %d bytes of heap and %d of stack", (heap-heapBefore)/crowd, (stack-stackBefore)/crowd)
	if (heap-heapBefore)/crowd > 4<<10 {
		t.Error("that is too much")
	}
	for i, key := range keys {
		if i%(crowd/reconnects) == 0 {
			testproc.Eventually(t, func() error { return none("waiters", i-int(told.Load())) })
			proxy.Cut()
		}
		if err := enginetest.Store(ctx, writer, key, key); err != nil {
			t.Fatal(err)
		}
	}
	all.Wait()
	if n := told.Load(); n != crowd {
		t.Errorf("%d of %d know", n, crowd)
	}
	if n := proxy.Accepted(); n < reconnects {
		t.Errorf("only %d connections were made", n)
	}
	waiting, _ := w.Waiting()
	if err := none("keys", waiting); err != nil {
		t.Error(err)
	}
}

// waitFor waits for a key whose value is its name.
func waitFor(t *testing.T, ctx context.Context, w *keywait.Waiter, key string, told *atomic.Int64) {
	err := w.Watch(ctx, []string{key}, func(_ string, value []byte, err error) bool {
		if err != nil || string(value) != key {
			t.Errorf("%s: told of %q, %v", key, value, err)
		}
		told.Add(1)
		return true
	})
	if err != nil {
		t.Errorf("%s: %v", key, err)
	}
}

// inUse is how many bytes of heap and of stacks are in use.
func inUse() (heap, stack int64) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc), int64(m.StackInuse)
}
