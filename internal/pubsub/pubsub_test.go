package pubsub_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/pubsub"
)

// ear is a subscriber that hears when it is let.
type ear struct {
	*pubsub.Line
	book *pubsub.Book

	mu   sync.Mutex
	all  []string
	hold chan struct{} // not nil: tell waits for it
}

func listen(book *pubsub.Book, keys ...string) *ear {
	e := &ear{book: book}
	e.Line = pubsub.NewLine(e.tell)
	book.Add(e.Line, keys)
	return e
}

func (e *ear) tell(m driver.Message) {
	if e.hold != nil {
		<-e.hold
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if m.Lost {
		e.all = append(e.all, "lost")
	} else {
		e.all = append(e.all, fmt.Sprintf("%s=%.10s", m.Key, m.Value))
	}
}

// want fails unless this is all that has been told since the last call.
func (e *ear) want(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Equal(e.all, want) {
		t.Errorf("told %.300q; want %.300q", e.all, want)
	}
	e.all = nil
}

func TestPublish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book pubsub.Book
		book.Publish("a", nil) // to nobody
		a, both := listen(&book, "a"), listen(&book, "a", "b")
		if !book.Has("a") || !book.Has("b") || book.Has("c") {
			t.Error("the book does not know who is in it")
		}
		for _, key := range []string{"a", "b", "c", "a"} {
			book.Publish(key, []byte(key))
		}
		a.want(t, "a=a", "a=a")
		both.want(t, "a=a", "b=b", "a=a")
		a.Lose()
		a.want(t, "lost")
		both.want(t)
		book.Close(a.Line)
		book.Close(both.Line)
	})
}

func TestFree(t *testing.T) {
	var book pubsub.Book
	a, b := listen(&book, "x", "y"), listen(&book, "y", "z")
	if added, ok := book.Add(a.Line, []string{"x", "new", "new"}); !ok || !slices.Equal(added, []string{"new"}) {
		t.Errorf("Add = %q, %v", added, ok)
	}
	if free := book.Remove(a.Line, []string{"x", "y", "never"}); !slices.Equal(free, []string{"x"}) {
		t.Errorf("free are %q", free)
	}
	if free := book.Close(b.Line); len(free) != 2 {
		t.Errorf("free are %q", free)
	}
	if free := book.Close(b.Line); len(free) != 0 {
		t.Errorf("free are %q, for the second time", free)
	}
	if added, ok := book.Add(b.Line, []string{"z"}); ok || added != nil || book.Has("z") {
		t.Errorf("Add after Close = %q, %v", added, ok)
	}
}

// TestSlow: what has no room is lost, once and at its place; then there is room again.
func TestSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book pubsub.Book
		e := listen(&book, "k")
		e.hold = make(chan struct{})
		book.Publish("k", []byte("first"))
		synctest.Wait() // it is in tell's hands
		for i := range pubsub.MaxMessages + 10 {
			book.Publish("k", fmt.Append(nil, i))
		}
		e.Lose() // is said already
		close(e.hold)
		want := []string{"k=first"}
		for i := range pubsub.MaxMessages {
			want = append(want, fmt.Sprint("k=", i))
		}
		e.want(t, append(want, "lost")...)
		book.Publish("k", []byte("after"))
		e.want(t, "k=after")
	})
}

// TestLarge: memory is bounded too, but a message that is alone is never too large.
func TestLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book pubsub.Book
		e := listen(&book, "k")
		e.hold = make(chan struct{})
		large := make([]byte, pubsub.MaxBytes+1)
		book.Publish("k", []byte("first"))
		synctest.Wait()
		book.Publish("k", large)
		book.Publish("k", []byte("no room"))
		close(e.hold)
		e.want(t, "k=first", "k="+string(large[:10]), "lost")
		e.hold = nil
		book.Publish("k", []byte("after"))
		e.want(t, "k=after")
	})
}

// TestRemoved: what waits to be told of a key that is not wanted any more is not told.
func TestRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book pubsub.Book
		e := listen(&book, "a", "b")
		e.hold = make(chan struct{})
		for _, key := range []string{"b", "a", "b", "a"} {
			book.Publish(key, nil)
		}
		synctest.Wait()
		book.Remove(e.Line, []string{"a"})
		close(e.hold)
		e.want(t, "b=", "b=")
	})
}

// TestClosed: the call that is under way is the last.
func TestClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book pubsub.Book
		e := listen(&book, "a")
		e.hold = make(chan struct{})
		book.Publish("a", []byte("1"))
		book.Publish("a", []byte("2"))
		e.Lose()
		synctest.Wait()
		book.Close(e.Line)
		waited := make(chan struct{})
		go func() { e.Wait(); close(waited) }()
		synctest.Wait()
		select {
		case <-waited:
			t.Error("Wait has returned while tell is called")
		default:
		}
		close(e.hold)
		<-waited
		e.Lose()
		e.want(t, "a=1")
	})
}

func TestUntil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book pubsub.Book
		ctx, cancel := context.WithCancel(t.Context())
		ends, closed, late := listen(&book, "a"), listen(&book, "a"), listen(&book, "a")
		stops := make(chan string, 3)
		ends.Until(ctx, func() { stops <- "ends" })
		closed.Until(ctx, func() { stops <- "closed" })
		book.Close(closed.Line)
		book.Close(late.Line)
		late.Until(ctx, func() { stops <- "late" })
		cancel()
		synctest.Wait()
		if len(stops) != 1 || <-stops != "ends" {
			t.Error("a line that has been closed is stopped once more")
		}
	})
}

func TestGroup(t *testing.T) {
	var g pubsub.Group
	a, b := pubsub.NewLine(nil), pubsub.NewLine(nil)
	if !g.Empty() || !g.Join(a) || !g.Join(b) || g.Empty() || len(g.Lines()) != 2 {
		t.Error("two lines are not two")
	}
	g.Leave(a)
	g.Leave(a)
	if left := g.Close(); !slices.Equal(left, []*pubsub.Line{b}) {
		t.Errorf("%d lines are left", len(left))
	}
	if g.Join(a) {
		t.Error("a line has joined after Close")
	}
}
