package keywait_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/larder-go/larder/celery/internal/enginetest"
	"github.com/larder-go/larder/celery/internal/keystore"
	"github.com/larder-go/larder/celery/internal/keywait"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/testproc"
	"github.com/larder-go/larder/memcached"
	"github.com/larder-go/larder/redis"
	"github.com/larder-go/larder/sqlite"
)

// writerVariable tells a process of this test binary that it is TestWriterDies' writer, and where it writes.
const writerVariable = "LARDER_KEYWAIT_WRITER"

const perWriter = 2000 // keys: none lives long enough for all

// openers open what a writer writes to.
var openers = map[string]func(ctx context.Context, place string) (driver.Store, error){
	"redis": func(ctx context.Context, place string) (driver.Store, error) {
		return redis.Open(ctx, redis.Options{Addresses: []string{place}})
	},
	"memcached": func(ctx context.Context, place string) (driver.Store, error) {
		return memcached.Open(ctx, memcached.Options{Addresses: []string{place}})
	},
	"sqlite": func(ctx context.Context, place string) (driver.Store, error) {
		return sqlite.Open(ctx, place, sqlite.Options{})
	},
}

// write stores one key after the other until it is killed.
func write(what string) error {
	words := strings.Fields(what) // engine, place, name of the keys
	store, err := openers[words[0]](context.Background(), words[1])
	for i := 0; err == nil && i < perWriter; i++ {
		never := func([]byte) bool { return false }
		_, err = keystore.Put(context.Background(), store, fmt.Sprint(words[2], i), []byte("x"), time.Hour, never)
	}
	if err == nil {
		err = errors.New("nobody has killed it")
	}
	return err
}

// TestWriterDies: a writer that is killed at any moment leaves nothing that is stored and not told, though nobody looks
// again because of the time that has passed, where values are published.
func TestWriterDies(t *testing.T) {
	places := map[string]string{
		"redis":     enginetest.RedisServer.Addr(),
		"memcached": enginetest.MemcachedServer.Addr(),
		"sqlite":    filepath.Join(t.TempDir(), "results.db"),
	}
	for engine, open := range openers {
		t.Run(engine, func(t *testing.T) {
			opened, err := open(t.Context(), places[engine])
			store := enginetest.Closing(t, opened, err)
			w := start(t, store, keywait.Options{Reread: time.Hour})
			for round := range 15 {
				name := fmt.Sprintf("dies-%d-%d-", time.Now().UnixNano(), round)
				die(t, store, w, name, fmt.Sprint(engine, " ", places[engine], " ", name))
			}
		})
	}
}

// die starts a writer, kills it when some of its keys have been told, and looks for one that is stored and not told.
func die(t *testing.T, store driver.Store, w *keywait.Waiter, name, what string) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	told := &keysTold{keys: map[string]bool{}}
	keys := make([]string, perWriter)
	for i := range keys {
		keys[i] = fmt.Sprint(name, i)
	}
	all.Go(func() { _ = w.Watch(ctx, keys, told.tell) })
	_, publishes := store.(driver.Notifier)
	testproc.Eventually(t, func() error {
		if _, subscribed := w.Waiting(); publishes {
			return none("keys that are not subscribed to and read", max(0, 2*perWriter-subscribed-w.Idle()))
		}
		return nil
	})
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), writerVariable+"="+what)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	enough := 1 + rand.IntN(50)
	testproc.Eventually(t, func() error { return none("keys", max(0, enough-told.count())) })
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait()
	results, err := store.(driver.Batcher).GetMany(ctx, keys)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Err == nil {
			testproc.Eventually(t, func() error { return told.has(keys[i]) })
		}
	}
}

// keysTold are the keys that somebody was told of.
type keysTold struct {
	mu   sync.Mutex
	keys map[string]bool
}

func (k *keysTold) tell(key string, _ []byte, _ error) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys[key] = true
	return true
}

func (k *keysTold) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.keys)
}

func (k *keysTold) has(key string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.keys[key] {
		return fmt.Errorf("%s is stored, and nobody is told", key)
	}
	return nil
}
