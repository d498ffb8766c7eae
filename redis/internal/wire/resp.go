package wire

import (
	"bytes"
	"fmt"
	"strconv"
)

// What a server's answer may be at most. rueidis believes what a server says: it makes room for a billion elements before it has
// seen one, recurses as deep as answers are nested, and panics at an answer that nobody asked for. So everything that is
// read passes through here first.
const (
	maxLine  = 64 << 10 // an error's text is the longest line that servers send
	maxDepth = 32
	maxReply = 1 << 30 // bytes of one answer in memory
	nameMost = 16      // bytes of what a piece of news is about
	perValue = 64      // what an element of a list costs in memory, beside its bytes
)

// protocolError is what a server said that none says.
type protocolError string

func (e protocolError) Error() string { return "not an answer of a Redis server: " + string(e) }

// frame is a list that is being read.
type frame struct {
	left int64
	push bool // news, which is no answer
}

// replies follows the answers of a server in RESP2 and RESP3, whatever the pieces that they come in.
//
// Source: https://github.com/redis/redis-specifications/blob/master/protocol/RESP3.md
type replies struct {
	due *dues

	line   []byte // the beginning of one whose end is still to come
	skip   int64  // bytes of a string that are still to come, its CR LF included
	lists  []frame
	budget int64

	kind    byte   // of the answer that is being read, at its top
	first   []byte // the first string in it: what a piece of news is about
	naming  bool   // the string that is being read is that
	started bool   // an answer is being read
	resp3   bool
}

// read follows one piece.
func (r *replies) read(p []byte) error {
	for len(p) > 0 {
		if r.skip > 0 {
			n := min(r.skip, int64(len(p)))
			r.keep(p[:n])
			p = p[n:]
			if r.skip -= n; r.skip > 0 {
				return nil
			}
			if err := r.ended(); err != nil {
				return err
			}
			continue
		}
		if n := r.element(p); n > 0 {
			p = p[n:]
			continue
		}
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			return r.keepLine(p)
		}
		line := p[:end+1]
		p = p[end+1:]
		if len(r.line) > 0 {
			if err := r.keepLine(line); err != nil {
				return err
			}
			line = r.line
		}
		err := r.begin(line)
		r.line = r.line[:0]
		if err != nil {
			return err
		}
	}
	return nil
}

// element takes a string in the midst of a list that is in p as a whole, and returns its length with all around it. This is what
// the answer to MGET is made of: to go the long way took a quarter of the time that its reader has. 0: it is not so simple.
func (r *replies) element(p []byte) int {
	if len(r.lists) == 0 || len(r.line) > 0 || p[0] != '$' {
		return 0
	}
	size, at := 0, 1
	for ; at < min(len(p), 8) && '0' <= p[at] && p[at] <= '9'; at++ {
		size = 10*size + int(p[at]-'0')
	}
	end := at + 2 + size + 2
	in := &r.lists[len(r.lists)-1]
	simple := at > 1 && end <= len(p) && p[at] == '\r' && p[at+1] == '\n' && in.left > 1 && int64(size) <= r.budget
	if !simple || len(r.first) == 0 && size <= nameMost {
		return 0
	}
	r.budget -= int64(size)
	in.left--
	return end
}

func (r *replies) keepLine(p []byte) error {
	if len(r.line)+len(p) > maxLine {
		return protocolError("a line without an end")
	}
	r.line = append(r.line, p...)
	return nil
}

// begin reads a line: all of a simple value, the length of a string or list.
func (r *replies) begin(line []byte) error {
	if len(line) < 3 || line[len(line)-2] != '\r' {
		return protocolError(fmt.Sprintf("%.20q", line))
	}
	kind, rest := line[0], line[1:len(line)-2]
	if !r.started {
		r.started, r.kind, r.first, r.budget = true, kind, r.first[:0], maxReply
	}
	switch kind {
	case '+', '-', ':', ',', '#', '_', '(':
		return r.simple(kind, rest)
	case '$', '!', '=':
		return r.text(rest)
	case '*', '~', '>', '%':
		return r.list(kind, rest)
	}
	return protocolError(fmt.Sprintf("%.20q", line))
}

func (r *replies) simple(kind byte, rest []byte) error {
	if kind == '-' && !wellFormedError(rest) {
		return protocolError(fmt.Sprintf("%.40q", rest))
	}
	if kind == ':' {
		if _, err := strconv.ParseInt(string(rest), 10, 64); err != nil {
			return protocolError(fmt.Sprintf("%.20q is no number", rest))
		}
	}
	return r.ended()
}

// wellFormedError tells whether a redirection says where to: rueidis looks at the third word without counting.
func wellFormedError(text []byte) bool {
	redirects := bytes.HasPrefix(text, []byte("MOVED")) || bytes.HasPrefix(text, []byte("ASK"))
	return !redirects || bytes.Count(text, []byte(" ")) >= 2
}

func (r *replies) text(rest []byte) error {
	n, err := r.length(rest, 1)
	if err != nil {
		return err
	}
	if n < 0 {
		return r.ended()
	}
	r.naming = len(r.first) == 0 && len(r.lists) == 1 && n <= nameMost
	r.skip = n + 2
	return nil
}

func (r *replies) list(kind byte, rest []byte) error {
	n, err := r.length(rest, perValue)
	if err != nil {
		return err
	}
	r.resp3 = r.resp3 || kind == '>' || kind == '%'
	switch {
	case n < 0 && kind != '*':
		return protocolError("a length below zero")
	case n < 0:
		return r.ended()
	case kind == '%':
		n *= 2
	}
	if len(r.lists) == maxDepth {
		return protocolError("lists in lists without an end")
	}
	r.lists = append(r.lists, frame{left: n, push: kind == '>'})
	if n == 0 {
		return r.closeLists()
	}
	return nil
}

// length reads the length of a string or list, and charges for it.
func (r *replies) length(rest []byte, each int64) (int64, error) {
	n, err := strconv.ParseInt(string(rest), 10, 64)
	if err != nil || n < -1 || n > maxReply/each || rest[0] == '+' {
		return 0, protocolError(fmt.Sprintf("%.20q is no length", rest))
	}
	if r.budget -= n * each; r.budget < 0 {
		return 0, protocolError("an answer of more than 1 GiB")
	}
	return n, nil
}

// keep notes the first string of a list.
func (r *replies) keep(p []byte) {
	if r.naming {
		r.first = append(r.first, p...)
	}
}

// ended is called behind each value.
func (r *replies) ended() error {
	r.naming = false
	if len(r.lists) == 0 {
		return r.answered()
	}
	r.lists[len(r.lists)-1].left--
	return r.closeLists()
}

// closeLists ends the lists that are complete. News in the middle of a list, as Redis 6 sends it, is no element of it.
func (r *replies) closeLists() error {
	for n := len(r.lists); n > 0 && r.lists[n-1].left == 0; n = len(r.lists) {
		push := r.lists[n-1].push
		r.lists = r.lists[:n-1]
		switch {
		case n == 1:
			return r.answered()
		case push:
			return nil
		}
		r.lists[n-2].left--
	}
	return nil
}

// answered is called behind each answer and each piece of news.
func (r *replies) answered() error {
	r.started = false
	if r.kind == '>' || r.kind == '*' && !r.resp3 {
		about := string(bytes.TrimSuffix(r.first, []byte("\r\n")))
		if r.kind == '>' || r.due.news(about) {
			return r.due.told(about)
		}
	}
	return r.due.answered(r.kind)
}
