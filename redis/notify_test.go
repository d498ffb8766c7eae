package redis_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/redistest"
	"github.com/larder-go/larder/internal/testproc"
	"github.com/larder-go/larder/redis"
)

// subscriber is what a subscription was told.
type subscriber struct {
	t   *testing.T
	sub driver.Subscription

	mu    sync.Mutex
	all   []driver.Message // since the last await
	total int
	lost  int // how often, in all
}

func subscribe(t *testing.T, s *redis.Store, keys ...string) *subscriber {
	t.Helper()
	h := &subscriber{t: t}
	sub, err := s.Subscribe(t.Context(), keys, func(m driver.Message) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.all = append(h.all, m)
		h.total++
		if m.Lost {
			h.lost++
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	h.sub = sub
	return h
}

// count returns how many messages have been told, and how many times that some are lost.
func (h *subscriber) count() (messages, losses int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.total - h.lost, h.lost
}

// await waits for a message with this value, or (lost) for news of a loss, since the last call.
func (h *subscriber) await(want string) {
	h.t.Helper()
	testproc.Eventually(h.t, func() error {
		h.mu.Lock()
		defer h.mu.Unlock()
		for i, m := range h.all {
			if m.Lost && want == lost || !m.Lost && string(m.Value) == want {
				h.all = h.all[i+1:]
				return nil
			}
		}
		return fmt.Errorf("%q has not been told; told is %d messages", want, len(h.all))
	})
}

const lost = "\x00lost"

func set(t *testing.T, s *redis.Store, key, value string) {
	t.Helper()
	testproc.Eventually(t, func() error { return s.SetNotify(t.Context(), key, []byte(value), time.Minute) })
}

// withoutRESP3 is a server as it was before Redis 6.
func withoutRESP3() redistest.Option { return redistest.Config(`rename-command HELLO ""`) }

// TestNotifyOnTheWire: a subscriber who reads the protocol gets the very bytes, and the entry is there with its lifetime.
func TestNotifyOnTheWire(t *testing.T) {
	redistest.Each(t, func(t *testing.T, kind redistest.Kind) {
		for name, options := range map[string][]redistest.Option{"RESP3": nil, "RESP2": {withoutRESP3()}} {
			t.Run(name, func(t *testing.T) {
				s := redistest.Start(t, append(options, redistest.Use(kind))...)
				store := open(t, at(s))
				python := dialRaw(t, s, "SUBSCRIBE k")
				python.want("*3", "$9", "subscribe", "$1", "k", ":1")
				own := subscribe(t, store, "k")
				if err := store.SetNotify(t.Context(), "k", []byte("a\r\n\x00b"), 90*time.Second); err != nil {
					t.Fatal(err)
				}
				python.want("*3", "$7", "message", "$1", "k", "$5", "a", "\x00b")
				own.await("a\r\n\x00b")
				if ttl := s.MustDo(t, "TTL", "k"); ttl != "90" && ttl != "89" {
					t.Errorf("TTL is %s", ttl)
				}
				_, v, err := store.GetVersion(t.Context(), "k")
				if err != nil {
					t.Fatal(err)
				}
				if ok, err := store.SwapNotify(t.Context(), "k", v, []byte("2"), 0); !ok || err != nil {
					t.Errorf("SwapNotify = %v, %v", ok, err)
				}
				python.want("*3", "$7", "message", "$1", "k", "$1", "2")
				own.await("2")
				if n := s.MustDo(t, "PUBLISH", "k", "foreign"); n != "2" {
					t.Errorf("PUBLISH reaches %s subscribers", n)
				}
				own.await("foreign")
			})
		}
	})
}

// TestOneConnection: however many subscriptions there are, the server sees one subscriber, of each channel that is wanted,
// and nobody when the last has left.
func TestOneConnection(t *testing.T) {
	for name, options := range map[string][]redistest.Option{"RESP3": nil, "RESP2": {withoutRESP3()}} {
		t.Run(name, func(t *testing.T) {
			s := redistest.Start(t, options...)
			store := open(t, at(s))
			subscribers := func() string { return s.MustDo(t, "CLIENT", "LIST", "TYPE", "pubsub") }
			want := func(numbers string) {
				t.Helper()
				testproc.Eventually(t, func() error {
					got := strings.Join(strings.Fields(s.MustDo(t, "PUBSUB", "NUMSUB", "a", "b", "c")), " ")
					if got != numbers {
						return fmt.Errorf("subscribers of the channels: %s; want %s", got, numbers)
					}
					return nil
				})
			}
			none := subscribe(t, store)
			if list := subscribers(); list != "" {
				t.Errorf("a subscription to nothing has a connection: %s", list)
			}
			first, second := subscribe(t, store, "a", "b"), subscribe(t, store, "b", "c")
			want("a 1 b 1 c 1")
			if list := strings.TrimSpace(subscribers()); strings.Count(list, "\n") != 0 {
				t.Errorf("three subscriptions have several connections: %s", list)
			}
			first.sub.Remove("b", "a")
			want("a 0 b 1 c 1")
			second.sub.Remove("b")
			want("a 0 b 0 c 1")
			second.sub.Stop()
			want("a 0 b 0 c 0")
			if err := first.sub.Add(t.Context(), "a"); err != nil {
				t.Error(err)
			}
			want("a 1 b 0 c 0")
			first.sub.Stop()
			none.sub.Stop()
			testproc.Eventually(t, func() error {
				if list := subscribers(); list != "" {
					return errors.New("after the last Stop there is a connection: " + list)
				}
				return nil
			})
			again := subscribe(t, store, "a")
			set(t, store, "a", "1")
			again.await("1")
		})
	}
}

// TestOtherDatabases: channels belong to the server, not to a database.
func TestOtherDatabases(t *testing.T) {
	s := redistest.Start(t)
	a, b := open(t, redis.Options{Addresses: []string{s.Addr()}, DB: 1}), open(t, redis.Options{Addresses: []string{s.Addr()}, DB: 2})
	h := subscribe(t, a, "k")
	set(t, b, "k", "of the other")
	h.await("of the other")
	if _, err := a.Get(t.Context(), "k"); !errors.Is(err, driver.ErrMiss) {
		t.Errorf("Get: %v", err)
	}
}

// TestNotifyVoidsLease: who began to load before does not overwrite what was told, nor fill what was deleted since.
func TestNotifyVoidsLease(t *testing.T) {
	db := server.FreshDB()
	s := open(t, redis.Options{Addresses: []string{server.Addr()}, DB: db})
	writes := map[string]func(key string) error{
		"SetNotify": func(key string) error { return s.SetNotify(t.Context(), key, []byte("new"), 0) },
		"SwapNotify": func(key string) error {
			_, err := s.SwapNotify(t.Context(), key, nil, []byte("new"), 0)
			return err
		},
	}
	for key, write := range writes {
		grants, err := s.Acquire(t.Context(), []string{key}, driver.MaxLease)
		if err != nil || grants[0].Lease == "" {
			t.Fatal(grants, err)
		}
		if err := write(key); err != nil {
			t.Fatal(err)
		}
		server.DB(db).MustDo(t, "DEL", key)
		filled, err := s.Fill(t.Context(), []driver.Filling{{Key: key, Lease: grants[0].Lease, Value: []byte("old")}}, 0)
		if err != nil || filled[0] {
			t.Errorf("a load that began before %s has filled: %v, %v", key, filled, err)
		}
	}
}

// TestNotifyWithoutRights: no value without its message, also when it is the right to publish that is missing.
func TestNotifyWithoutRights(t *testing.T) {
	s := redistest.Start(t, redistest.User("quiet on >pw ~* resetchannels &open +@all"))
	o := at(s)
	o.User, o.Password = "quiet", "pw"
	store := open(t, o)
	if err := store.SetNotify(t.Context(), "closed", []byte("v"), 0); err == nil || !strings.Contains(err.Error(), "NOPERM") {
		t.Errorf("SetNotify: %v", err)
	}
	if n := s.MustDo(t, "EXISTS", "closed"); n != "0" {
		t.Error("a value is stored that nobody was told of")
	}
	h := subscribe(t, store, "open")
	if err := h.sub.Add(t.Context(), "closed"); err == nil || !strings.Contains(err.Error(), "NOPERM") {
		t.Errorf("Add: %v", err)
	}
	if _, err := store.Subscribe(t.Context(), []string{"closed"}, func(driver.Message) {}); err == nil || !strings.Contains(err.Error(), "NOPERM") {
		t.Errorf("Subscribe: %v", err)
	}
	set(t, store, "open", "v")
	h.await("v")
}

// TestSwapNotifyOfAnotherType: a list is there, and is no value.
func TestSwapNotifyOfAnotherType(t *testing.T) {
	db := server.FreshDB()
	s := open(t, redis.Options{Addresses: []string{server.Addr()}, DB: db})
	if err := s.Set(t.Context(), "k", []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	_, v, err := s.GetVersion(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	server.DB(db).MustDo(t, "DEL", "k")
	server.DB(db).MustDo(t, "RPUSH", "k", "v")
	if ok, err := s.SwapNotify(t.Context(), "k", v, []byte("w"), 0); ok || !errors.Is(err, driver.ErrCodec) {
		t.Errorf("SwapNotify = %v, %v; want ErrCodec", ok, err)
	}
	if ok, err := s.SwapNotify(t.Context(), "k", nil, []byte("w"), 0); ok || err != nil {
		t.Errorf("SwapNotify where nothing is = %v, %v", ok, err)
	}
	if ok, err := s.SwapNotify(t.Context(), "k", "of another store", nil, 0); ok || err != nil {
		t.Errorf("SwapNotify of a foreign version = %v, %v", ok, err)
	}
	if n := server.DB(db).MustDo(t, "LLEN", "k"); n != "1" {
		t.Error("the list is gone")
	}
}

// TestManySubscribers: thousands who wait for one key each, as for the results of tasks, leave nothing behind.
func TestManySubscribers(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	store, err := redis.Open(context.Background(), redis.Options{Addresses: []string{server.Addr()}, DB: server.FreshDB()})
	if err != nil {
		t.Fatal(err)
	}
	const n = 900
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			key, told := fmt.Sprint("task", i), make(chan driver.Message, 1)
			sub, err := store.Subscribe(t.Context(), []string{key}, func(m driver.Message) { told <- m })
			if err != nil {
				t.Error(err)
				return
			}
			defer sub.Stop()
			if err := store.SetNotify(t.Context(), key, []byte(key), time.Minute); err != nil {
				t.Error(err)
				return
			}
			if m := <-told; m.Key != key || string(m.Value) != key {
				t.Errorf("%s is told %+v", key, m)
			}
		})
	}
	all.Wait()
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	if err := goleak.Find(ignore); err != nil {
		t.Error(err)
	}
}
