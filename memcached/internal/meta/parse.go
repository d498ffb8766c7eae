package meta

import (
	"errors"
	"fmt"
	"strings"
)

// Status is the kind of an answer.
type Status byte

// The kinds of answers.
const (
	Silent    Status = iota // none, which a quiet command gives for a miss
	Found                   // VA: a value follows
	OK                      // HD: done, or there, and no value was asked for
	Miss                    // EN: no such item, to a get
	NotFound                // NF: no such item, to anything else
	NotStored               // NS: what was asked for does not apply, such as an add of what is there
	Exists                  // EX: the item is another one than the compare-and-swap expects
	NoOp                    // MN
	Failed                  // ERROR, CLIENT_ERROR or SERVER_ERROR
)

// NoExpiry is the TTL of an item that stays.
const NoExpiry = -1

// Reply is the answer to one command. What was not asked for is zero.
type Reply struct {
	Status Status
	Won    bool // W: this caller is the one that made the item
	Size   int  // of the value
	Flags  uint32
	CAS    uint64
	TTL    int64 // seconds that are left, or NoExpiry
	Data   []byte
	Err    error // with Failed: a *ServerError

	opaque    uint32
	hasOpaque bool
	quiet     bool // the command may go without an answer
	kind      kind
}

// ServerError is what a server says that did not do what it was asked for.
type ServerError struct{ Text string }

// Error returns the server's words.
func (e *ServerError) Error() string { return "the server says " + e.Text }

// ByCaller tells whether the server finds fault with what it was asked, and not with itself.
func (e *ServerError) ByCaller() bool { return strings.HasPrefix(e.Text, "CLIENT_ERROR ") }

// errReply is for answers that no memcached gives.
var errReply = errors.New("not an answer of memcached")

// statuses are the first two letters of answers.
var statuses = map[[2]byte]Status{
	{'V', 'A'}: Found, {'H', 'D'}: OK, {'E', 'N'}: Miss, {'N', 'F'}: NotFound, {'N', 'S'}: NotStored, {'E', 'X'}: Exists,
	{'M', 'N'}: NoOp,
}

// parse reads the first line of an answer, without its end.
func (r *Reply) parse(line []byte) error {
	if len(line) < 2 {
		return badReply(line)
	}
	r.Status = statusOf(line[0], line[1])
	if r.Status == Silent {
		return r.parseError(line)
	}
	rest := line[2:]
	if r.Status == Found {
		var ok bool
		if rest, ok = r.parseSize(rest); !ok {
			return badReply(line)
		}
	}
	for len(rest) > 0 {
		var ok bool
		if rest, ok = r.parseFlag(rest); !ok {
			return badReply(line)
		}
	}
	return nil
}

func statusOf(a, b byte) Status {
	if a == 'V' && b == 'A' { // most are
		return Found
	}
	if a == 'H' && b == 'D' {
		return OK
	}
	return statuses[[2]byte{a, b}]
}

// parseSize reads the length of a value.
func (r *Reply) parseSize(text []byte) (rest []byte, ok bool) {
	word, rest, ok := nextWord(text)
	n, isNumber := number(word)
	r.Size = int(n)
	return rest, ok && isNumber && n <= MaxValue
}

// parseFlag reads one flag and what it says.
func (r *Reply) parseFlag(text []byte) (rest []byte, ok bool) {
	word, rest, ok := nextWord(text)
	if !ok || len(word) == 0 {
		return rest, false
	}
	arg := word[1:]
	var n uint64
	switch word[0] {
	case 'f':
		n, ok = number(arg)
		r.Flags = uint32(n)
		return rest, ok && n <= 1<<32-1
	case 'c':
		r.CAS, ok = number(arg)
	case 's':
		n, ok = number(arg)
		r.Size = int(n)
		return rest, ok && n <= MaxValue
	case 't':
		r.TTL, ok = seconds(arg)
	case 'O':
		r.opaque, ok = hexadecimal(arg)
		r.hasOpaque = true
	case 'W':
		r.Won = true
		return rest, len(arg) == 0
	case 'X', 'Z': // it is stale, or somebody else has won: nothing that a caller here goes by
		return rest, len(arg) == 0
	default:
		ok = false
	}
	return rest, ok
}

// parseError reads the answers that say that something went wrong.
func (r *Reply) parseError(line []byte) error {
	text := string(line)
	known := text == "ERROR"
	for _, prefix := range []string{"CLIENT_ERROR ", "SERVER_ERROR "} {
		known = known || len(text) > len(prefix) && text[:len(prefix)] == prefix
	}
	if !known {
		return badReply(line)
	}
	r.Status, r.Err = Failed, &ServerError{Text: text}
	return nil
}

func badReply(line []byte) error {
	const most = 60 // of what nobody understands
	return fmt.Errorf("%w: %q", errReply, line[:min(len(line), most)])
}

// nextWord returns what stands behind one space.
func nextWord(text []byte) (word, rest []byte, ok bool) {
	if len(text) == 0 || text[0] != ' ' {
		return nil, nil, false
	}
	text = text[1:]
	for i, c := range text {
		if c == ' ' {
			return text[:i], text[i:], true
		}
	}
	return text, nil, true
}

// number reads decimal digits. An empty text is none.
func number(text []byte) (n uint64, ok bool) {
	for _, c := range text {
		d := uint64(c - '0')
		if d > 9 || n > (1<<64-1-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, len(text) > 0
}

// seconds reads a lifetime: a number, or -1.
func seconds(text []byte) (int64, bool) {
	if string(text) == "-1" {
		return NoExpiry, true
	}
	n, ok := number(text)
	return int64(n), ok && n <= 1<<40
}

// hexadecimal reads up to 8 digits as appendHex writes them.
func hexadecimal(text []byte) (n uint32, ok bool) {
	if len(text) == 0 || len(text) > 8 {
		return 0, false
	}
	for _, c := range text {
		switch {
		case '0' <= c && c <= '9':
			n = n<<4 | uint32(c-'0')
		case 'a' <= c && c <= 'f':
			n = n<<4 | uint32(c-'a'+10)
		default:
			return 0, false
		}
	}
	return n, true
}
