package redis_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/internal/redistest"
	"github.com/larder-go/larder/internal/testproc"
	"github.com/larder-go/larder/redis"
)

const writerVariable = "LARDER_REDIS_NOTIFY_WRITER"

// TestNotifyWriter is the process that TestKilledWriter kills.
func TestNotifyWriter(t *testing.T) {
	addr := os.Getenv(writerVariable)
	if addr == "" {
		return
	}
	store := open(t, redis.Options{Addresses: []string{addr}})
	for i := 0; ; i++ {
		key := fmt.Sprint("k", i%8)
		if err := store.SetNotify(context.Background(), key, fmt.Appendf(nil, "%s.%d", strings.Repeat("x", 10_000), i), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKilledWriter: whatever moment a writer is killed at, no value is there that was not told.
func TestKilledWriter(t *testing.T) {
	s := redistest.Start(t)
	store := open(t, at(s))
	keys := []string{"k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"}
	for range 10 {
		h := subscribe(t, store, keys...)
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestNotifyWriter$")
		cmd.Env = append(os.Environ(), writerVariable+"="+s.Addr())
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		testproc.Eventually(t, func() error {
			if n, _ := h.count(); n < 20 {
				return fmt.Errorf("%d messages", n)
			}
			return nil
		})
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		testproc.Eventually(t, func() error { return h.knows(store, keys) })
		h.sub.Stop()
		s.MustDo(t, "FLUSHALL")
	}
}

// knows tells whether the last that was told of each key is what is there.
func (h *subscriber) knows(store *redis.Store, keys []string) error {
	results, err := store.GetMany(h.t.Context(), keys)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	last := map[string]string{}
	for _, m := range h.all {
		if m.Lost {
			h.t.Error("the subscription was too slow")
		}
		last[m.Key] = string(m.Value)
	}
	for i, key := range keys {
		if r := results[i]; r.Err == nil && string(r.Value) != last[key] {
			return fmt.Errorf("%s is …%.20s, and …%.20s was told", key, r.Value[len(r.Value)-8:], last[key][max(0, len(last[key])-8):])
		}
	}
	return nil
}
