package meta

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"strconv"
	"strings"
	"time"
)

// Session is a connection on which one goroutine at a time speaks the old text protocol: who are you, how are you set up,
// forget everything.
type Session struct {
	Hello Hello // what Greet was told

	nc net.Conn
	in *bufio.Reader
}

// NewSession takes over a connection on which nothing was said yet.
func NewSession(nc net.Conn) *Session {
	return &Session{nc: nc, in: bufio.NewReaderSize(nc, readBuffer)}
}

// Close ends the connection.
func (s *Session) Close() { _ = plain(s.nc).Close() }

// Conn makes a Conn of a session that has nothing to say any more. No value is larger than the server has said that its items are.
func (s *Session) Conn(silence time.Duration) *Conn {
	limit := MaxValue
	if s.Hello.Limit > 0 {
		limit = min(limit, s.Hello.Limit)
	}
	return NewConn(s.nc, silence, limit)
}

// Hello is what a server says of itself.
type Hello struct {
	Version string
	Limit   int       // bytes of the largest item, its key and its head included
	Time    time.Time // the server's clock, in seconds
	Asked   time.Time // when that was, on ours
	Pid     string    // of the server's process
	Uptime  int64     // seconds
	Fills   bool      // it refuses what there is no memory for (-M), instead of evicting
}

// Within runs a conversation that ends with ctx.
func (s *Session) Within(ctx context.Context, talk func() error) error {
	stop := context.AfterFunc(ctx, func() { _ = s.nc.SetDeadline(time.Unix(1, 0)) })
	err := talk()
	if !stop() && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// SameProcess tells whether two greetings came from one process of a server. Its clock ticks in seconds.
func (h Hello) SameProcess(other Hello) bool {
	apart := (h.Time.Unix() - h.Uptime) - (other.Time.Unix() - other.Uptime)
	return h.Pid == other.Pid && -1 <= apart && apart <= 1
}

// ErrRefused is the error of a log-in with the wrong user or password, or with none where the server wants one.
var ErrRefused = errors.New("the server refuses the log-in")

// LogIn sends user and password, as memcached takes them in its text protocol. The key means nothing.
func (s *Session) LogIn(user, password string) error {
	secret := user + " " + password
	answer, err := s.ask(fmt.Sprintf("set auth 0 0 %d\r\n%s", len(secret), secret))
	switch {
	case err != nil:
		return err
	case answer != "STORED":
		return ErrRefused
	}
	return nil
}

// Greet asks the server who it is. It has to speak the meta protocol.
func (s *Session) Greet() (Hello, error) {
	var h Hello
	answer, err := s.ask("version")
	if err != nil {
		return h, err
	}
	version, ok := strings.CutPrefix(answer, "VERSION ")
	switch {
	case strings.Contains(answer, "unauthenticated"):
		return h, ErrRefused
	case !ok:
		return h, badReply([]byte(answer))
	case !speaksMeta(version):
		return h, fmt.Errorf("memcached %s is too old: its meta protocol is needed, which 1.6 and newer have", version)
	}
	h.Version = version
	err = s.measure(&h)
	s.Hello = h
	return h, err
}

// speaksMeta tells whether a version is 1.6 or newer.
func speaksMeta(version string) bool {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, err := strconv.Atoi(major)
	b, err2 := strconv.Atoi(minor)
	return err == nil && err2 == nil && (a > 1 || a == 1 && b >= 6)
}

// measure reads the limit of items, and the clock that lifetimes go by.
func (s *Session) measure(h *Hello) error {
	settings, err := s.Stats("settings")
	if err != nil {
		return err
	}
	h.Asked = time.Now()
	general, err := s.Stats("")
	if err != nil {
		return err
	}
	limit, err := strconv.Atoi(settings["item_size_max"])
	if err != nil || limit < 1 {
		return fmt.Errorf("%w: no limit of items (item_size_max)", errReply)
	}
	now, err := strconv.ParseInt(general["time"], 10, 64)
	up, err2 := strconv.ParseInt(general["uptime"], 10, 64)
	if err != nil || err2 != nil {
		return fmt.Errorf("%w: no time", errReply)
	}
	h.Limit, h.Time, h.Pid, h.Uptime = limit, time.Unix(now, 0), general["pid"], up
	h.Fills = settings["evictions"] == "off"
	return nil
}

// Stats asks for a group of what the server counts and how it is set up; the empty one is the general.
func (s *Session) Stats(group string) (map[string]string, error) {
	stats := map[string]string{}
	for line, err := range s.Lines(strings.TrimSpace("stats " + group)) {
		if err != nil {
			return nil, err
		}
		name, value, _ := strings.Cut(strings.TrimPrefix(line, "STAT "), " ")
		if stats[name] = value; len(stats) > 10_000 {
			return nil, errTooLong
		}
	}
	return stats, nil
}

// Flush empties the server.
func (s *Session) Flush() error {
	answer, err := s.ask("flush_all")
	if err == nil && answer != "OK" {
		err = &ServerError{Text: answer}
	}
	return err
}

// Lines yields the lines of an answer that ends with END. An error is the last.
func (s *Session) Lines(command string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		line, err := s.ask(command)
		for ; err == nil && line != "END"; line, err = s.line() {
			if isRefusal(line) {
				err = &ServerError{Text: line}
				break
			}
			if !yield(line, nil) {
				return
			}
		}
		if err != nil {
			yield("", err)
		}
	}
}

func isRefusal(line string) bool {
	for _, prefix := range []string{"ERROR", "CLIENT_ERROR", "SERVER_ERROR", "BUSY", "BADCLASS"} {
		if strings.HasPrefix(line, prefix) {
			return true
		}
	}
	return false
}

// ask sends a command and returns the first line of what comes.
func (s *Session) ask(command string) (string, error) {
	if _, err := s.nc.Write([]byte(command + "\r\n")); err != nil {
		return "", err
	}
	return s.line()
}

func (s *Session) line() (string, error) {
	line, err := s.in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", errTooLong
	case err != nil:
		return "", unexpected(err)
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// unexpected is what the end of the stream means in the middle of an answer.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
