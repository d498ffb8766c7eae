package changes_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/changes"
)

const room = 100

// alive is a queue whose watch works, and whose first gap was taken.
func alive(t *testing.T) *changes.Queue {
	t.Helper()
	q := changes.New(1, changes.Bounds{Keys: room, Bytes: 10 * room})
	want(t, q, false)
	q.Tell(driver.Event{Kind: driver.Alive})
	want(t, q, true)
	return q
}

func changed(q *changes.Queue, keys ...string) {
	for _, key := range keys {
		q.Tell(driver.Event{Kind: driver.Changed, Key: "x" + key})
	}
}

// want takes what waits, of which there has to be word, and compares it.
func want(t *testing.T, q *changes.Queue, gap bool, keys ...string) {
	t.Helper()
	select {
	case <-q.News():
	default:
		if gap || len(keys) > 0 {
			t.Error("there is no word of it")
		}
	}
	if got, gotGap := q.Take(); !slices.Equal(got, keys) || gotGap != gap {
		t.Errorf("%.200q, gap %t; want %.200q, gap %t", got, gotGap, keys, gap)
	}
}

func TestEachKeyOnce(t *testing.T) {
	q := alive(t)
	changed(q, "b", "a", "b", "", "a")
	want(t, q, false, "b", "a", "")
	want(t, q, false)
	changed(q, "a")
	want(t, q, false, "a")
	q.Tell(driver.Event{Kind: driver.Changed, Key: ""}) // everything of it would be cut off, and more
	want(t, q, false)
}

// TestWhatDoesNotFit becomes a gap, by number and by bytes.
func TestWhatDoesNotFit(t *testing.T) {
	q := alive(t)
	full := make([]string, room)
	for i := range full {
		full[i] = fmt.Sprint(i)
	}
	changed(q, full...)
	changed(q, full...)
	want(t, q, false, full...)
	changed(q, full...)
	changed(q, "one more", "last")
	want(t, q, true, "last")

	long := strings.Repeat("x", 5*room)
	changed(q, long, long[1:])
	want(t, q, false, long, long[1:])
	changed(q, long, "b"+long[1:], "last", "last but one")
	want(t, q, true, "last but one")
	changed(q, long+long+"x")
	want(t, q, true)
	changed(q, "a")
	want(t, q, false, "a")
}

// TestGapsAreToldTwice, when a watch goes deaf and when it hears again, and no more often.
func TestGapsAreToldTwice(t *testing.T) {
	q := alive(t)
	changed(q, "a")
	q.Tell(driver.Event{Kind: driver.Gap})
	changed(q, "b")
	want(t, q, true, "b")
	q.Tell(driver.Event{Kind: driver.Gap})
	changed(q, "c")
	want(t, q, false, "c")
	q.Tell(driver.Event{Kind: driver.Alive})
	want(t, q, true)
	q.Tell(driver.Event{Kind: driver.Alive})
	want(t, q, false)
}

// TestNothingIsLost: whatever is told, and whenever it is taken, a consumer that forgets all at a gap, and a key that has changed, knows
// nothing that is no longer so.
func TestNothingIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := changes.New(0, changes.Bounds{Keys: 3, Bytes: 5})
		q.Tell(driver.Event{Kind: driver.Alive})
		q.Take()
		stored, known := map[string]int{}, map[string]int{}
		key := rapid.StringMatching("[a-f]{1,3}")
		t.Repeat(map[string]func(*rapid.T){
			"write": func(t *rapid.T) {
				k := key.Draw(t, "key")
				stored[k]++
				q.Tell(driver.Event{Kind: driver.Changed, Key: k})
			},
			"read": func(t *rapid.T) { k := key.Draw(t, "key"); known[k] = stored[k] },
			"take": func(t *rapid.T) {
				keys, gap := q.Take()
				if gap {
					clear(known)
				}
				for _, k := range keys {
					delete(known, k)
				}
				for k, v := range known {
					if v != stored[k] {
						t.Fatalf("%s is %d, and known as %d", k, stored[k], v)
					}
				}
			},
		})
	})
}

// TestManyTellers: what each tells arrives in its order, and a consumer that waits for news sleeps through nothing.
func TestManyTellers(t *testing.T) {
	q := changes.New(0, changes.Bounds{Keys: 10_000, Bytes: 1 << 20})
	var telling sync.WaitGroup
	for teller := range 4 {
		telling.Go(func() {
			for i := range 1000 {
				q.Tell(driver.Event{Kind: driver.Changed, Key: fmt.Sprintf("%d-%03d", teller, i)})
			}
		})
	}
	last := map[byte]string{}
	for seen := 0; seen < 4000; {
		<-q.News()
		keys, _ := q.Take()
		for _, key := range keys {
			if last[key[0]] >= key {
				t.Fatalf("%s comes after %s", key, last[key[0]])
			}
			last[key[0]] = key
		}
		seen += len(keys)
	}
	telling.Wait()
}
