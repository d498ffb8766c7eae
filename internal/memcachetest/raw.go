package memcachetest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"
)

// rawLimit is how long a raw command may take.
const rawLimit = 5 * time.Second

// Ask sends one command, without the end of its line, on a connection of its own, and returns all lines of the answer up to a
// closing one, each without its end. A value is a line.
func (s *Server) Ask(command string) ([]string, error) {
	nc, err := s.dial()
	if err != nil {
		return nil, err
	}
	defer func() { _ = nc.Close() }()
	if err := nc.SetDeadline(time.Now().Add(rawLimit)); err != nil {
		return nil, err
	}
	var rw io.ReadWriter = nc
	if s.tls != nil {
		config := s.tls.Config()
		config.ServerName = "127.0.0.1"
		rw = tls.Client(nc, config)
	}
	in := bufio.NewReader(rw)
	if s.opts.user != "" {
		secret := s.opts.user + " " + s.opts.password
		if lines, err := exchange(rw, in, fmt.Sprintf("set a 0 0 %d\r\n%s", len(secret), secret)); err != nil || lines[0] != "STORED" {
			return lines, err
		}
	}
	return exchange(rw, in, command)
}

func exchange(w io.Writer, in *bufio.Reader, command string) (lines []string, err error) {
	if _, err := io.WriteString(w, command+"\r\n"); err != nil {
		return nil, err
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return lines, err
		}
		line = strings.TrimRight(line, "\r\n")
		lines = append(lines, line)
		word, _, _ := strings.Cut(line, " ")
		switch word {
		case "VALUE", "VA":
			if lines, err = withValue(lines, in); err != nil || word == "VA" {
				return lines, err
			}
		case "STAT", "key=": // more comes
		default:
			if !strings.HasPrefix(line, "key=") {
				return lines, nil
			}
		}
	}
}

// withValue reads the value that the last line announces.
func withValue(lines []string, in *bufio.Reader) ([]string, error) {
	words := strings.Fields(lines[len(lines)-1])
	size := words[1]
	if words[0] == "VALUE" {
		size = words[3]
	}
	n, err := strconv.Atoi(size)
	if err != nil {
		return lines, err
	}
	value := make([]byte, n+2)
	_, err = io.ReadFull(in, value)
	return append(lines, string(value[:n])), err
}

// MustAsk is Ask that fails the test if the server does not answer.
func (s *Server) MustAsk(tb testing.TB, command string) []string {
	tb.Helper()
	lines, err := s.Ask(command)
	if err != nil {
		tb.Fatalf("memcachetest: %.100q: %v", command, err)
	}
	return lines
}

// Value is what a plain `get` of another program returns: the value and its flags.
func (s *Server) Value(tb testing.TB, key string) (value, flags string, there bool) {
	tb.Helper()
	lines := s.MustAsk(tb, "get "+key)
	if len(lines) < 3 {
		return "", "", false
	}
	return lines[1], strings.Fields(lines[0])[2], true
}

// Flush empties the server.
func (s *Server) Flush() error {
	lines, err := s.Ask("flush_all")
	if err == nil && lines[0] != "OK" {
		err = fmt.Errorf("flush_all: %s", lines[0])
	}
	return err
}

// Keys are the names of all items, as the server writes them: percent-encoded.
func (s *Server) Keys(tb testing.TB) []string {
	tb.Helper()
	var keys []string
	for _, line := range s.MustAsk(tb, "lru_crawler metadump hash") {
		if key, ok := strings.CutPrefix(strings.Fields(line)[0], "key="); ok {
			keys = append(keys, key)
		}
	}
	return keys
}
