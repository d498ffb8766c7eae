package faultproxy

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/larder-go/larder/internal/testproc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soon is for reads that shall find nothing: long enough for the loopback, and the only wait that tests have.
const soon = 30 * time.Millisecond

func TestForward(t *testing.T) {
	p := New(t, "tcp", echo(t, "tcp", "127.0.0.1:0"))
	c := dial(t, p)
	c.ask("hello", "hello")
	if p.Connections() != 1 || p.Accepted() != 1 {
		t.Errorf("%d connections of %d", p.Connections(), p.Accepted())
	}
	c.Close()
	noConnections(t, p)
}

func TestForwardMuch(t *testing.T) {
	p := New(t, "tcp", echo(t, "tcp", "127.0.0.1:0"))
	c, text := dial(t, p), strings.Repeat("0123456789", 1<<20)
	var writing sync.WaitGroup
	writing.Go(func() { c.send(text) })
	c.expect(text)
	writing.Wait()
}

func TestUnixTarget(t *testing.T) {
	p := New(t, "unix", echo(t, "unix", t.TempDir()+"/s"))
	dial(t, p).ask("hello", "hello")
}

func TestTargetGone(t *testing.T) {
	p := New(t, "tcp", "127.0.0.1:1")
	dial(t, p).expectEnd()
}

func TestLatency(t *testing.T) {
	p := New(t, "tcp", echo(t, "tcp", "127.0.0.1:0"))
	c := dial(t, p)
	p.Latency(20 * time.Millisecond)
	began := time.Now()
	c.ask("slow", "slow")
	if took := time.Since(began); took < 40*time.Millisecond {
		t.Errorf("a round trip in %v", took)
	}
	p.Latency(time.Hour)
	c.send("lost")
	p.Cut() // does not wait for it
	c.expectEnd()
}

func TestCut(t *testing.T) {
	p := New(t, "tcp", echo(t, "tcp", "127.0.0.1:0"))
	one, two := dial(t, p), dial(t, p)
	one.ask("1", "1")
	two.ask("2", "2")
	p.Cut()
	one.expectEnd()
	two.expectEnd()
	noConnections(t, p)
	dial(t, p).ask("3", "3")
}

func TestRefuse(t *testing.T) {
	p := New(t, "tcp", echo(t, "tcp", "127.0.0.1:0"))
	old := dial(t, p)
	old.ask("1", "1")
	p.Refuse(true)
	dial(t, p).expectEnd()
	old.ask("2", "2")
	p.Refuse(false)
	dial(t, p).ask("3", "3")
}

func TestReset(t *testing.T) {
	p := New(t, "tcp", echo(t, "tcp", "127.0.0.1:0"))
	c := dial(t, p)
	c.ask("1", "1")
	p.Reset()
	if err := c.readError(); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%v", err)
	}
	dial(t, p).ask("2", "2")
}

func TestCutAfter(t *testing.T) {
	p := New(t, "tcp", echo(t, "tcp", "127.0.0.1:0"))
	c := dial(t, p)
	c.ask("not counted", "not counted")
	p.CutAfter(3)
	c.ask("ab", "ab")
	c.send("cdef")
	c.expect("c")
	if err := c.readError(); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%v", err)
	}
	d := dial(t, p)
	d.ask("abc", "abc") // each connection has a count of its own
	p.CutAfter(-1)
	d.ask("def", "def")
}

func TestTruncate(t *testing.T) {
	p := New(t, "tcp", echo(t, "tcp", "127.0.0.1:0"))
	c := dial(t, p)
	p.Truncate(2)
	c.ask("abcd", "ab")
	c.expectEnd()
	dial(t, p).ask("abcd", "abcd")
}

func TestHalfCloseRequests(t *testing.T) {
	began, ended := make(chan bool), make(chan string, 1)
	p := New(t, "tcp", testproc.Listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		io.ReadFull(c, make([]byte, 5))
		close(began)
		rest, _ := io.ReadAll(c)
		ended <- string(rest)
		io.WriteString(c, "bye")
	}))
	c := dial(t, p)
	c.send("hello")
	<-began
	p.HalfClose(Requests)
	c.send("lost")
	if rest := <-ended; rest != "" {
		t.Errorf("the target read %q after the end", rest)
	}
	c.expect("bye")
	c.expectEnd()
}

func TestHalfCloseReplies(t *testing.T) {
	received := make(chan string, 1)
	p := New(t, "tcp", testproc.Listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		io.WriteString(c, "hi\n")
		line, _ := bufio.NewReader(c).ReadString('\n')
		received <- line
	}))
	c := dial(t, p)
	c.expect("hi\n")
	p.HalfClose(Replies)
	c.expectEnd()
	c.send("still here\n")
	if got := <-received; got != "still here\n" {
		t.Errorf("the target read %q", got)
	}
}

func TestFreeze(t *testing.T) {
	p := New(t, "tcp", echo(t, "tcp", "127.0.0.1:0"))
	c := dial(t, p)
	c.ask("1", "1")
	p.Freeze(true)
	c.send("2")
	late := dial(t, p) // is accepted, and hears as little
	late.send("3")
	c.expectNothing()
	late.expectNothing()
	if p.Connections() != 2 {
		t.Errorf("%d connections", p.Connections())
	}
	p.Freeze(false)
	c.expect("2")
	late.expect("3")
	p.Freeze(true) // and the end of the test does not wait for it
	c.send("4")
}

func TestGarbage(t *testing.T) {
	p := New(t, "tcp", echo(t, "tcp", "127.0.0.1:0"))
	c := dial(t, p)
	p.Garbage([]byte("\x00\xff"))
	c.ask("hello", "\x00\xff")
	c.ask("hello", "hello")
}

func TestEndless(t *testing.T) {
	p := New(t, "tcp", echo(t, "tcp", "127.0.0.1:0"))
	c := dial(t, p)
	p.Endless([]byte("xyz"))
	c.ask("hello", strings.Repeat("xyz", 1<<20))
	c.Close()
	noConnections(t, p)
	p.Endless(nil)
	dial(t, p).ask("hello", "hello")
}

func TestHeal(t *testing.T) {
	p := New(t, "tcp", echo(t, "tcp", "127.0.0.1:0"))
	p.Refuse(true)
	p.Latency(time.Hour)
	p.Truncate(1)
	p.CutAfter(0)
	p.Freeze(true)
	p.Heal()
	dial(t, p).ask("hello", "hello")
}

// TestConcurrent switches everything while clients come and go, for the race detector.
func TestConcurrent(t *testing.T) {
	p := New(t, "tcp", echo(t, "tcp", "127.0.0.1:0"))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				visit(p.Addr())
			}
		})
	}
	for _, fault := range []func(){
		p.Cut, p.Reset, p.Heal, func() { p.CutAfter(2) }, func() { p.Truncate(1) }, func() { p.HalfClose(Requests) },
		func() { p.HalfClose(Replies) }, func() { p.Garbage([]byte("?")) }, func() { p.Refuse(true) },
		func() { p.Latency(time.Millisecond) }, func() { p.Freeze(true); p.Freeze(false) },
	} {
		all.Go(func() {
			for range 50 {
				fault()
			}
		})
	}
	all.Wait()
	p.Heal()
	dial(t, p).ask("hello", "hello")
}

func visit(addr string) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(50 * time.Millisecond))
	io.WriteString(c, "hello")
	io.ReadFull(c, make([]byte, 5))
}
