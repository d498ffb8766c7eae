package redis_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/redistest"
	"github.com/larder-go/larder/redis"
)

// chord is what Celery's workers were seen to send.
type chord struct {
	Case, Producer string
	Transactions   [][][]string
}

func chords(t *testing.T) []chord {
	t.Helper()
	data, err := os.ReadFile("testdata/celery_chords.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []chord
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// collectionOf names the keys of a transaction, by the first of them.
func collectionOf(tx [][]string) driver.Collection {
	group := strings.TrimSuffix(tx[1][1], ".j")
	return driver.Collection{
		Members: group + ".j", Counts: [2]string{group + ".t", group + ".s"},
		Appended: tx[1][0] == "RPUSH" || tx[1][0] == "LRANGE",
	}
}

// TestCelerySends: what Collect and Drop send is what Celery sends, command for command.
func TestCelerySends(t *testing.T) {
	redistest.Each(t, func(t *testing.T, kind redistest.Kind) {
		s := redistest.Start(t, redistest.Use(kind))
		store := open(t, at(s))
		watched := monitor(t, s)
		for _, c := range chords(t) {
			t.Run(c.Case+" "+c.Producer, func(t *testing.T) {
				s.MustDo(t, "FLUSHALL")
				watched.t = t
				replay(t, c, store, watched)
			})
		}
	})
}

// replay does with the store what the workers did.
func replay(t *testing.T, c chord, store *redis.Store, watched *rawConn) {
	t.Helper()
	var members []string // of a sorted set: at their positions, which are whole numbers from 0
	added, size := 0, ""
	for _, tx := range c.Transactions {
		collection := collectionOf(tx)
		switch tx[1][0] {
		case "SETEX":
			size = tx[1][3]
			if err := store.SetNotify(t.Context(), tx[1][1], []byte(size), seconds(t, tx[1][2])); err != nil {
				t.Fatal(err)
			}
		case "ZADD", "RPUSH":
			member := tx[1][len(tx[1])-1]
			added++
			members = placed(members, tx, position(t, tx), member)
			got, err := store.Collect(t.Context(), collection, position(t, tx), []byte(member), lifetimeOf(t, tx))
			if err != nil || got.Members != added || got.Counts[0] != nil || string(got.Counts[1]) != size {
				t.Errorf("Collect = %+v, %v; want %d members and size %q", got, err, added, size)
			}
			wantSent(t, watched, tx)
		case "ZRANGE", "LRANGE":
			collection.Appended = tx[1][0] == "LRANGE"
			wantMembers(t, store, collection, members)
		case "DEL":
			if err := store.Drop(t.Context(), collection); err != nil {
				t.Error(err)
			}
			wantSent(t, watched, tx)
		}
	}
}

// placed puts a member where it belongs.
func placed(members []string, tx [][]string, position float64, member string) []string {
	if tx[1][0] == "RPUSH" {
		return append(members, member)
	}
	for len(members) <= int(position) {
		members = append(members, "")
	}
	members[int(position)] = member
	return members
}

func wantSent(t *testing.T, watched *rawConn, want [][]string) {
	t.Helper()
	if diff := cmp.Diff(want, watched.transaction()); diff != "" {
		t.Errorf("sent (-Celery +larder):\n%s", diff)
	}
}

func wantMembers(t *testing.T, store *redis.Store, c driver.Collection, want []string) {
	t.Helper()
	got, err := store.Members(t.Context(), c)
	if err != nil || len(got) != len(want) {
		t.Fatalf("Members = %d, %v; want %d", len(got), err, len(want))
	}
	for i := range got {
		if string(got[i]) != want[i] {
			t.Errorf("member %d is %s; want %s", i, got[i], want[i])
		}
	}
}

func position(t *testing.T, tx [][]string) float64 {
	t.Helper()
	if tx[1][0] == "RPUSH" {
		return 0
	}
	p, err := strconv.ParseFloat(tx[1][2], 64)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func lifetimeOf(t *testing.T, tx [][]string) time.Duration {
	t.Helper()
	for _, command := range tx {
		if command[0] == "EXPIRE" {
			return seconds(t, command[2])
		}
	}
	return 0
}

func seconds(t *testing.T, text string) time.Duration {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(n) * time.Second
}

// TestCeleryHasCollected: a collection that Celery has begun goes on here.
func TestCeleryHasCollected(t *testing.T) {
	s := redistest.Start(t)
	store := open(t, at(s))
	for _, c := range chords(t) {
		s.MustDo(t, "FLUSHALL")
		collection, members, size := driver.Collection{}, 0, ""
		for _, tx := range c.Transactions {
			switch tx[1][0] {
			case "ZADD", "RPUSH", "SETEX":
				for _, command := range tx[1 : len(tx)-1] {
					s.MustDo(t, command...)
				}
			}
			switch tx[1][0] {
			case "SETEX":
				size = tx[1][3]
			case "ZADD", "RPUSH":
				collection = collectionOf(tx)
				members++
			}
		}
		s.MustDo(t, "INCRBY", collection.Counts[0], "1")
		got, err := store.Collect(t.Context(), collection, math.Inf(1), []byte("from Go"), time.Hour)
		if err != nil || got.Members != members+1 || string(got.Counts[0]) != "1" || string(got.Counts[1]) != size {
			t.Errorf("%s: Collect after Celery's %d = %+v, %v; want size %q", c.Case, members, got, err, size)
		}
		all, err := store.Members(t.Context(), collection)
		if err != nil || len(all) != members+1 || string(all[members]) != "from Go" {
			t.Errorf("%s: Members = %q, %v", c.Case, all, err)
		}
		for _, key := range []string{collection.Members, collection.Counts[0]} {
			if ttl := s.MustDo(t, "TTL", key); ttl != "3600" && ttl != "3599" {
				t.Errorf("%s: TTL %s = %s", c.Case, key, ttl)
			}
		}
	}
}

// TestCollectOnTheWire: what Celery never sends.
func TestCollectOnTheWire(t *testing.T) {
	s := redistest.Start(t)
	store := open(t, at(s))
	watched := monitor(t, s)
	c := driver.Collection{Members: "g.j", Counts: [2]string{"g.t", "g.s"}}
	for _, p := range []struct {
		position float64
		want     string
	}{{math.Inf(1), "+inf"}, {math.Inf(-1), "-inf"}, {0, "0"}, {17, "17"}, {0.5, "0.5"}, {1 << 62, "4.611686018427388e+18"}} {
		if _, err := store.Collect(t.Context(), c, p.position, []byte("m"), 1500*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		sent := watched.transaction()
		if want := []string{"ZADD", "g.j", p.want, "m"}; !cmp.Equal(sent[1], want) {
			t.Errorf("sent %q; want %q", sent[1], want)
		}
		for i, key := range []string{"g.j", "g.t", "g.s"} {
			if want := []string{"PEXPIRE", key, "1500"}; !cmp.Equal(sent[5+i], want) {
				t.Errorf("sent %q; want %q", sent[5+i], want)
			}
		}
	}
}

// TestCounterOfAnotherType: the member is there all the same, as it is for Celery.
func TestCounterOfAnotherType(t *testing.T) {
	db := server.FreshDB()
	store := open(t, redis.Options{Addresses: []string{server.Addr()}, DB: db})
	c := driver.Collection{Members: "g.j", Counts: [2]string{"g.t", "g.s"}}
	server.DB(db).MustDo(t, "RPUSH", "g.t", "no counter")
	if got, err := store.Collect(t.Context(), c, 0, []byte("m"), 0); !errors.Is(err, driver.ErrCodec) {
		t.Errorf("Collect = %+v, %v; want ErrCodec", got, err)
	}
	wantMembers(t, store, c, []string{"m"})
}

// TestCollectInACluster: without a hash tag in common it is refused, because it would not be one step.
func TestCollectInACluster(t *testing.T) {
	cluster := redistest.StartCluster(t, 3, 0)
	store := open(t, redis.Options{Addresses: cluster.Addrs(), Cluster: true})
	c := driver.Collection{Members: "g.j", Counts: [2]string{"g.t", "g.s"}}
	_, err := store.Collect(t.Context(), c, 0, []byte("m"), 0)
	if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "hash tag") {
		t.Errorf("Collect of keys in different slots: %v", err)
	}
	if err := store.Drop(t.Context(), c); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Drop of keys in different slots: %v", err)
	}
	for _, group := range []string{"{a}", "{b}", "{c}", "{d}"} {
		c = driver.Collection{Members: group + ".j", Counts: [2]string{group + ".t", group + ".s"}}
		if err := store.SetNotify(t.Context(), c.Counts[1], []byte("2"), 0); err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			got, err := store.Collect(t.Context(), c, float64(-i), []byte(strconv.Itoa(i)), time.Hour)
			if err != nil || got.Members != i+1 || string(got.Counts[1]) != "2" {
				t.Errorf("Collect in one slot = %+v, %v", got, err)
			}
		}
		wantMembers(t, store, c, []string{"1", "0"})
		if err := store.Drop(t.Context(), c); err != nil {
			t.Error(err)
		}
		wantMembers(t, store, c, nil)
	}
}
