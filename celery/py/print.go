package py

import (
	"crypto/sha256"
	"io"
	"unicode/utf8"
)

// printer prints reprs. A few bytes of a pickle, or of YAML with its aliases, can stand for a repr of any
// length: who wants its beginning, or only to tell it from others, must not have to hold all of it.
type printer struct {
	b    []byte
	most int       // of b; none if it is 0
	sum  io.Writer // takes in what b has no room for; if it is nil, that is left out
}

// full tells whether what would be printed next is not wanted any more.
func (p *printer) full() bool {
	if p.most == 0 || len(p.b) <= p.most {
		return false
	}
	if p.sum == nil {
		return true
	}
	_, _ = p.sum.Write(p.b) // a digest, which takes everything
	p.b = p.b[:0]
	return false
}

// repr is a tree as Python's repr() prints it.
func repr(node any) string {
	var p printer
	p.node(node, 0)
	return string(p.b)
}

// reprLimit is the repr, or as many of its first characters as fit in that many bytes, and an ellipsis.
func reprLimit(node any, limit int) string {
	p := printer{most: max(limit, 1)}
	p.node(node, 0)
	if len(p.b) <= limit {
		return string(p.b)
	}
	cut := max(limit, 0)
	for cut > 0 && !utf8.RuneStart(p.b[cut]) {
		cut--
	}
	return string(p.b[:cut]) + "…"
}

// digest tells a repr from every other one, in the same few bytes for all.
func digest(node any) (d [sha256.Size]byte) {
	sum := sha256.New()
	p := printer{most: 4096, sum: sum}
	p.node(node, 0)
	sum.Write(p.b)
	sum.Sum(d[:0])
	return d
}
