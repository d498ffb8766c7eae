package redistest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ErrNil is what Do returns for a null reply: a key that is not there, for instance.
var ErrNil = errors.New("null reply")

// ReplyError is an error that the server replied, such as `WRONGTYPE Operation against …`.
type ReplyError string

// Error is the server's own line, without the leading minus.
func (e ReplyError) Error() string { return string(e) }

func encode(args []string) []byte {
	out := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, arg := range args {
		out = fmt.Appendf(out, "$%d\r\n%s\r\n", len(arg), arg)
	}
	return out
}

// decode reads one RESP2 reply: string, int64, nil, []any of these, or ReplyError as an element of an array. As the
// whole reply, a ReplyError is the error.
func decode(r *bufio.Reader) (any, error) {
	line, err := readLine(r)
	if err != nil {
		return nil, err
	}
	kind, rest := line[0], line[1:]
	switch kind {
	case '+':
		return rest, nil
	case '-':
		return nil, ReplyError(rest)
	case ':':
		return strconv.ParseInt(rest, 10, 64)
	case '$':
		return decodeBulk(r, rest)
	case '*':
		return decodeArray(r, rest)
	}
	return nil, fmt.Errorf("not RESP2: %q", line)
}

func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimSuffix(line, "\r\n")
	if line == "" {
		return "", errors.New("not RESP2: an empty line")
	}
	return line, nil
}

func decodeBulk(r *bufio.Reader, length string) (any, error) {
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 {
		return nil, err
	}
	body := make([]byte, n+len("\r\n"))
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, err
	}
	return string(body[:n]), nil
}

func decodeArray(r *bufio.Reader, length string) (any, error) {
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 {
		return nil, err
	}
	list := make([]any, n)
	for i := range list {
		var refused ReplyError
		list[i], err = decode(r)
		if errors.As(err, &refused) {
			list[i], err = refused, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// flatten writes a reply as text: one line for each element of an array, however deep, and nothing for a null in it.
func flatten(reply any) string {
	list, ok := reply.([]any)
	if !ok {
		if reply == nil {
			return ""
		}
		return fmt.Sprint(reply)
	}
	lines := make([]string, len(list))
	for i, element := range list {
		lines[i] = flatten(element)
	}
	return strings.Join(lines, "\n")
}
