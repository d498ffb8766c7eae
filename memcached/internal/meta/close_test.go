package meta

import (
	"errors"
	"io"
	"net"
	"regexp"
	"testing"
	"testing/synctest"
	"time"
)

// slowConn is a connection whose answers come when the test says so, one even after it was closed.
type slowConn struct {
	net.Conn
	asked  chan []byte
	answer chan []byte
}

func (c *slowConn) Write(p []byte) (int, error) {
	c.asked <- append([]byte(nil), p...)
	return len(p), nil
}

func (c *slowConn) Read(p []byte) (int, error) {
	answer, open := <-c.answer
	if !open {
		return 0, io.EOF
	}
	return copy(p, answer), nil
}

func (*slowConn) SetReadDeadline(time.Time) error { return nil }
func (*slowConn) Close() error                    { return nil }

// TestValueBeyondTheLimit: a server that announces more than its largest item is hung up on, before there is memory for it.
func TestValueBeyondTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for size, fits := range map[string]bool{"3": true, "4": true, "5": false, "419430400": false} {
			nc := &slowConn{asked: make(chan []byte, 1), answer: make(chan []byte)}
			c := NewConn(nc, time.Minute, 4)
			call := NewCall()
			call.Get(Key{Name: "k"}, Value)
			answered := make(chan error, 1)
			go func() { answered <- c.Do(t.Context(), call) }()
			opaque := regexp.MustCompile(` O[0-9a-f]+`).Find(<-nc.asked)
			nc.answer <- []byte("VA " + size + string(opaque) + "\r\n")
			synctest.Wait()
			close(nc.answer)
			if err := <-answered; fits != errors.Is(err, io.EOF) || fits == errors.Is(err, errReply) {
				t.Errorf("%s bytes: %v", size, err)
			}
			c.Close()
		}
	})
}

// TestCloseWhileALoneCallerIsAnswered: a lone caller who gets his answer when the connection has just been closed leaves nobody
// waiting:
//
//	a lone caller reads
//	Close; the background sees the end, and waits for the lone reader to hand over
//	the answer that had come already is read: the lone reader steps back
func TestCloseWhileALoneCallerIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nc := &slowConn{asked: make(chan []byte, 1), answer: make(chan []byte)}
		c := NewConn(nc, time.Minute, MaxValue)
		synctest.Wait()
		answered := make(chan error, 1)
		go func() {
			call := NewCall()
			call.Delete(Key{Name: "k"}, 0)
			answered <- c.Do(t.Context(), call)
		}()
		opaque := regexp.MustCompile(` O[0-9a-f]+`).Find(<-nc.asked)
		synctest.Wait()
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			c.Close()
		}()
		synctest.Wait()
		nc.answer <- []byte("HD" + string(opaque) + "\r\n")
		close(nc.answer)
		if err := <-answered; err != nil {
			t.Errorf("the answer had come: %v", err)
		}
		<-closed
	})
}
