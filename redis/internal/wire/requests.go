package wire

import (
	"strings"

	"github.com/redis/rueidis"
)

// requests follows the commands that are sent, whatever the pieces that they are sent in. They are rueidis' own, and well-formed:
// *2 $3 GET $1 k, with CR LF behind each.
type requests struct {
	due *dues

	digits int64 // the number that is being read
	inLine bool
	kind   byte  // of the line that is being read
	args   int   // of the command, its name included
	left   int   // arguments that are still to come
	skip   int64 // bytes of an argument that are still to come, its CR LF included
	name   []byte
}

// longestName is the length of the longest one that matters, PUNSUBSCRIBE.
const longestName = 12

func (r *requests) write(p []byte) {
	for i := 0; i < len(p); {
		switch {
		case r.skip > 0:
			n := min(r.skip, int64(len(p)-i))
			r.argument(p[i : i+int(n)])
			i += int(n)
		case !r.inLine:
			r.inLine, r.kind, r.digits = true, p[i], 0
			i++
		default:
			r.digit(p[i])
			i++
		}
	}
}

// digit reads a byte of a length.
func (r *requests) digit(c byte) {
	switch {
	case '0' <= c && c <= '9':
		r.digits = 10*r.digits + int64(c-'0')
	case c == '\n':
		r.inLine = false
		if r.kind == '*' {
			r.args, r.left, r.name = int(r.digits), int(r.digits), r.name[:0]
		} else {
			r.skip = r.digits + 2
		}
	}
}

// argument reads some bytes of one.
func (r *requests) argument(p []byte) {
	if r.left == r.args && len(r.name) <= longestName {
		r.name = append(r.name, p[:min(len(p), longestName+2-len(r.name))]...)
	}
	if r.skip -= int64(len(p)); r.skip > 0 {
		return
	}
	if r.left--; r.left == 0 {
		r.due.asked(r.subscription(), r.args-1)
	}
}

// subscription returns the command's name if it may be one that subscribes; all others are alike.
func (r *requests) subscription() string {
	name := strings.TrimRight(rueidis.BinaryString(r.name), "\r\n")
	if len(name) < len("SUBSCRIBE") || name[len(name)-1]|0x20 != 'e' {
		return ""
	}
	return strings.ToUpper(strings.Clone(name))
}
