package redis_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/breaker"
	"github.com/larder-go/larder/internal/redistest"
	"github.com/larder-go/larder/internal/testproc"
	"github.com/larder-go/larder/redis"
)

// spread are keys on all servers of a cluster: single ones, and on each server some that are in one slot.
type spread struct {
	cluster *redistest.Cluster
	there   []string
	absent  []string
	list    string          // of another type than a string
	lost    map[string]bool // those of the server that is lost
}

// spreadOut stores the keys that are there, and finds out which of them the cluster's second server has.
func spreadOut(t *testing.T, c *redistest.Cluster, s *redis.Store) *spread {
	t.Helper()
	sp := &spread{cluster: c, lost: map[string]bool{}}
	for i := range 40 {
		sp.there, sp.absent = append(sp.there, fmt.Sprint("k", i)), append(sp.absent, fmt.Sprint("absent", i))
	}
	lost := c.Nodes()[1]
	tag := map[*redistest.Server]string{}
	for i := 0; len(tag) < 3; i++ {
		tag[c.PrimaryOf(t, fmt.Sprint(i))] = fmt.Sprint(i)
	}
	for node, text := range tag {
		for i := range 20 {
			sp.there, sp.absent = append(sp.there, fmt.Sprintf("{%s}k%d", text, i)), append(sp.absent, fmt.Sprintf("{%s}a%d", text, i))
		}
		if node != lost {
			sp.list = fmt.Sprintf("{%s}list", text)
			c.PrimaryOf(t, sp.list).MustDo(t, "RPUSH", sp.list, "1")
		}
	}
	for _, key := range sp.all() {
		sp.lost[key] = c.PrimaryOf(t, key) == lost
	}
	if err := s.SetMany(t.Context(), sp.items("v"), 0); err != nil {
		t.Fatal(err)
	}
	return sp
}

func (sp *spread) all() []string { return slices.Concat(sp.there, sp.absent, []string{sp.list}) }

func (sp *spread) items(value string) []driver.Item {
	var items []driver.Item
	for _, key := range sp.there {
		items = append(items, driver.Item{Key: key, Value: []byte(value + key)})
	}
	return items
}

// wantResult fails unless a key has its value, or an error if its server is lost.
func (sp *spread) wantResult(t *testing.T, verb, key string, value []byte, err error) {
	t.Helper()
	var ok bool
	switch {
	case sp.lost[key]:
		ok = err != nil && !errors.Is(err, driver.ErrMiss) && !errors.Is(err, driver.ErrCodec)
	case key == sp.list:
		ok = errors.Is(err, driver.ErrCodec)
	case len(value) > 0:
		ok = err == nil && string(value) == "v"+key
	default:
		ok = errors.Is(err, driver.ErrMiss)
	}
	if !ok {
		t.Errorf("%s: %s (lost: %t) is %q, %v", verb, key, sp.lost[key], value, err)
	}
}

// wantFailed fails unless just the keys of the server that is lost failed.
func (sp *spread) wantFailed(t *testing.T, verb string, keys []string, err error) {
	t.Helper()
	failed := driver.KeyErrors{}
	if !errors.As(err, &failed) {
		t.Fatalf("%s: %v; want the failures of single keys", verb, err)
	}
	for _, key := range keys {
		if (failed[key] != nil) != sp.lost[key] {
			t.Errorf("%s: %s (lost: %t): %v", verb, key, sp.lost[key], failed[key])
		}
	}
}

// within calls fn with a context of that length, and fails if it takes longer.
func within(t *testing.T, verb string, limit time.Duration, fn func(context.Context)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	late := make(chan time.Duration, 1)
	began := time.Now()
	stop := context.AfterFunc(ctx, func() { late <- time.Since(began) - limit })
	fn(ctx)
	took := time.Since(began)
	if took > limit+slack && !stop() {
		if late := <-late; took > limit+slack+4*late {
			t.Errorf("%s took %v; its context lasted %v, and the machine is %v late", verb, took, limit, late)
		}
	}
}

// TestLostServerOfACluster: what is on the others is read, written and deleted, in time, and each key of the lost one has an error.
func TestLostServerOfACluster(t *testing.T) {
	for name, lose := range map[string]func(*redistest.Server){
		"frozen": func(s *redistest.Server) { s.Freeze(t) },
		"killed": (*redistest.Server).Kill,
	} {
		t.Run(name, func(t *testing.T) {
			c := redistest.StartCluster(t, 3, 0, redistest.Config("cluster-require-full-coverage no"))
			s := openURL(t, c.URL())
			sp := spreadOut(t, c, s)
			lose(c.Nodes()[1])
			const limit = 300 * time.Millisecond
			for range 3 { // more than the breakers need
				sp.wantReads(t, s, limit)
			}
			sp.wantWrites(t, s, limit)
		})
	}
}

func (sp *spread) wantReads(t *testing.T, s *redis.Store, limit time.Duration) {
	t.Helper()
	keys := sp.all()
	within(t, "GetMany", limit, func(ctx context.Context) {
		results, err := s.GetMany(ctx, keys)
		if err != nil {
			t.Fatalf("GetMany: %v", err)
		}
		for i, key := range keys {
			sp.wantResult(t, "GetMany", key, results[i].Value, results[i].Err)
		}
	})
	within(t, "GetTimed", limit, func(ctx context.Context) {
		results, err := s.GetTimed(ctx, keys)
		if err != nil {
			t.Fatalf("GetTimed: %v", err)
		}
		for i, key := range keys {
			sp.wantResult(t, "GetTimed", key, results[i].Value, results[i].Err)
		}
	})
}

func (sp *spread) wantWrites(t *testing.T, s *redis.Store, limit time.Duration) {
	t.Helper()
	within(t, "SetMany", limit, func(ctx context.Context) {
		sp.wantFailed(t, "SetMany", sp.there, s.SetMany(ctx, sp.items("w"), time.Minute))
	})
	stand := 0
	for _, key := range sp.there {
		if sp.lost[key] {
			continue
		}
		stand++
		if value, err := s.Get(t.Context(), key); string(value) != "w"+key || err != nil {
			t.Errorf("%s is %q after SetMany, %v", key, value, err)
		}
	}
	within(t, "DeleteMany", limit, func(ctx context.Context) {
		n, err := s.DeleteMany(ctx, sp.there)
		sp.wantFailed(t, "DeleteMany", sp.there, err)
		if n != stand {
			t.Errorf("DeleteMany = %d of %d", n, stand)
		}
	})
	// Nothing else is in there: then it is the fault of all.
	var lost []string
	for _, key := range sp.all() {
		if sp.lost[key] {
			lost = append(lost, key)
		}
	}
	within(t, "GetMany of the lost", limit, func(ctx context.Context) {
		if results, err := s.GetMany(ctx, lost); err == nil {
			t.Errorf("GetMany of what is lost: %+v", results)
		}
	})
}

// TestManyKeysOfAFrozenServer: giving up on more keys than a connection has room for commands takes no room from the other servers.
func TestManyKeysOfAFrozenServer(t *testing.T) {
	c := redistest.StartCluster(t, 3, 0, redistest.Config("cluster-require-full-coverage no"))
	s := openURL(t, c.URL())
	frozen := c.Nodes()[1]
	var tags []string
	well := ""
	for i := 0; len(tags) < 2 || well == ""; i++ {
		if key := fmt.Sprint(i); c.PrimaryOf(t, key) == frozen {
			tags = append(tags, key)
		} else {
			well = key
		}
	}
	var items []driver.Item
	for i := range 1500 {
		items = append(items, driver.Item{Key: fmt.Sprintf("{%s}%d", tags[i%2], i), Value: []byte("1")})
	}
	if err := s.SetMany(t.Context(), append(items, driver.Item{Key: well, Value: []byte("1")}), 0); err != nil {
		t.Fatal(err)
	}
	frozen.Freeze(t)
	for range 2 {
		within(t, "SetMany", 40*time.Millisecond, func(ctx context.Context) { // too short to blame the server
			if err := s.SetMany(ctx, items, 0); err == nil {
				t.Error("SetMany on a frozen server")
			}
		})
		within(t, "Get", 300*time.Millisecond, func(ctx context.Context) {
			if _, err := s.Get(ctx, well); err != nil {
				t.Errorf("Get from another server: %v", err)
			}
		})
	}
	for range breaker.Threshold {
		within(t, "SetMany", 100*time.Millisecond, func(ctx context.Context) { _ = s.SetMany(ctx, items, 0) })
	}
	frozen.Thaw(t)
	keys := []string{items[0].Key, items[1].Key, items[2].Key, items[3].Key}
	testproc.Eventually(t, func() error {
		results, err := s.GetMany(t.Context(), keys)
		if err != nil {
			return err
		}
		for i := range 2 { // two of each slot
			if (results[i].Err == nil) != (results[i+2].Err == nil) {
				t.Errorf("of two keys of a slot only one is tried: %v, %v", results[i].Err, results[i+2].Err)
			}
		}
		return errors.Join(results[0].Err, results[1].Err)
	})
}
