package serial

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/larder-go/larder/celery/py"
)

// yamlNodeBytes is what the parser takes for a node.
const yamlNodeBytes = 256

// readYAML is the tree of the one document that data holds. The library makes nodes of it; what
// they mean is decided here, as by YAML 1.1 and PyYAML.
func readYAML(data []byte) (any, error) {
	r := yamlReader{data: data, left: budgetFor(len(data)), text: textBudgetFor(len(data)), scalars: map[*yaml.Node]any{}}
	if err := r.check(); err != nil {
		return nil, err
	}
	r.data, r.hidden = hideHalves(data)
	doc, err := r.document()
	if err != nil {
		return nil, err
	}
	if doc == nil {
		return nil, nil
	}
	return r.node(doc.Content[0], 0)
}

type yamlReader struct {
	data    []byte
	left    budget
	text    budget
	scalars map[*yaml.Node]any // what was made of the long ones: aliases may name them often
	hidden  bool               // halves of surrogate pairs stand as other characters
}

// longScalar is the length from which a scalar is read once only.
const longScalar = 64

func (r *yamlReader) fail(at *yaml.Node, what string, args ...any) error {
	return malformed("yaml", r.offset(at.Line)+max(at.Column-1, 0), what, args...)
}

// offset is where a line begins.
func (r *yamlReader) offset(line int) int {
	at := 0
	for range line - 1 {
		n := bytes.IndexByte(r.data[at:], '\n')
		if n < 0 {
			break
		}
		at += n + 1
	}
	return at
}

// check refuses what is no text of YAML, and what could have so many nodes that the parser would
// take too much memory for them: each needs an indicator.
func (r *yamlReader) check() error {
	nodes, flow := 1, false
	for i := 0; i < len(r.data); {
		c, n := rune(r.data[i]), 1
		if c >= utf8.RuneSelf {
			c, n = utf8.DecodeRune(r.data[i:])
		}
		if !printable(c, n) {
			return malformed("yaml", i, "not UTF-8, or a control character")
		}
		i += n
		if c < utf8.RuneSelf && countsAsNode[c] {
			nodes += nodesAt(c, r.data[i:], &flow)
		}
	}
	if !r.left.take(nodes * yamlNodeBytes) {
		return malformed("yaml", 0, tooMuch)
	}
	return nil
}

// nodesAt is how many nodes there may be because of an indicator, by what stands behind it. Some are indicators only where a
// bracket may be open, which is after the first that is not closed at once.
func nodesAt(c rune, rest []byte, flow *bool) int {
	switch c {
	case '[', '{':
		*flow = *flow || len(rest) == 0 || rest[0] != byte(c)+2 // '[' and ']' are two apart, as '{' and '}' are
		return 2
	case '-':
		if !endsWord(rest) {
			return 0 // of a negative number, or of text
		}
		return 1 // what is listed
	}
	if !*flow && (c == ',' || !endsWord(rest)) {
		return 0
	}
	return 2 // a key and a value
}

// endsWord tells whether s begins with a space or a line's end.
func endsWord(s []byte) bool {
	return len(s) == 0 || s[0] == ' ' || s[0] == '\t' || s[0] == '\n' || s[0] == '\r' || s[0] >= utf8.RuneSelf
}

// printable tells whether YAML allows a character, which n bytes stand for.
func printable(c rune, n int) bool {
	switch {
	case c >= 0x20 && c <= 0x7e, c == '\t', c == '\n', c == '\r', c == 0x85:
		return true
	case c == utf8.RuneError:
		return n > 1
	}
	return c >= 0xa0 && c != 0xfffe && c != 0xffff
}

// countsAsNode marks the characters without which there is no further node.
var countsAsNode = [utf8.RuneSelf]bool{',': true, '[': true, '{': true, ':': true, '?': true, '-': true}

// document is the parsed document, nil if there is none.
func (r *yamlReader) document() (doc *yaml.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			doc, err = nil, malformed("yaml", 0, "%v", p)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(r.data))
	var first, second yaml.Node
	if err := dec.Decode(&first); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, r.because(err)
	}
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) {
		if err != nil {
			return nil, r.because(err)
		}
		return nil, r.fail(&second, "more than one document")
	}
	return &first, nil
}

// because is the parser's error with the offset of the line that it names.
func (r *yamlReader) because(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if line, what, ok := strings.Cut(strings.TrimPrefix(text, "line "), ": "); ok {
		if n, err := strconv.Atoi(line); err == nil {
			return malformed("yaml", r.offset(n), "%s", what)
		}
	}
	return malformed("yaml", 0, "%s", text)
}

// node makes the tree of a node. What an alias names is copied, so that depth and size are watched.
func (r *yamlReader) node(n *yaml.Node, depth int) (any, error) {
	if depth >= maxDepth {
		return nil, r.fail(n, "nested too deeply, or within itself")
	}
	if !r.left.take(nodeBytes) {
		return nil, r.fail(n, tooMuch)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return r.node(n.Alias, depth+1)
	case yaml.SequenceNode:
		return r.sequence(n, depth)
	case yaml.MappingNode:
		return r.mapping(n, depth)
	}
	return r.scalar(n)
}

// tagOf is the tag of a node: the one it names, or else what its text means.
func tagOf(n *yaml.Node) string {
	if n.Style&yaml.TaggedStyle != 0 && n.Tag != "!" {
		return n.ShortTag()
	}
	switch n.Kind {
	case yaml.SequenceNode:
		return tagSeq
	case yaml.MappingNode:
		return tagMap
	}
	quoted := yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	if n.Style&quoted != 0 || n.Tag == "!" {
		return tagStr
	}
	return resolve(n.Value)
}

func (r *yamlReader) sequence(n *yaml.Node, depth int) (any, error) {
	tag := tagOf(n)
	if tag != tagSeq && tag != tagOmap && tag != tagPairs {
		return nil, r.fail(n, "the tag %s, which is none of plain data", tag)
	}
	list := make(py.List, 0, len(n.Content))
	for _, child := range n.Content {
		one := r.node
		if tag != tagSeq {
			one = r.pair
		}
		node, err := one(child, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, node)
	}
	return list, nil
}

// pair is the one item of a mapping, as a tuple.
func (r *yamlReader) pair(n *yaml.Node, depth int) (any, error) {
	if n.Kind != yaml.MappingNode || len(n.Content) != 2 {
		return nil, r.fail(n, "a mapping of one item is missing")
	}
	key, err := r.node(n.Content[0], depth+1)
	if err != nil {
		return nil, err
	}
	value, err := r.node(n.Content[1], depth+1)
	return py.Tuple{key, value}, err
}

func (r *yamlReader) mapping(n *yaml.Node, depth int) (any, error) {
	tag := tagOf(n)
	if tag != tagMap && tag != tagSet {
		return nil, r.fail(n, "the tag %s, which is none of plain data", tag)
	}
	d := py.NewDict()
	if err := r.fill(d, n, depth); err != nil {
		return nil, err
	}
	if tag == tagMap {
		return d, nil
	}
	set := make(py.Set, 0, d.Len())
	for key := range d.All() {
		set = append(set, key)
	}
	return set, nil
}

// fill sets the items of a mapping: first those that it merges in, then its own.
func (r *yamlReader) fill(d *py.Dict, n *yaml.Node, depth int) error {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := n.Content[i]; key.Kind == yaml.ScalarNode && tagOf(key) == tagMerge {
			if err := r.merge(d, n.Content[i+1], depth+1); err != nil {
				return err
			}
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if err := r.item(d, n.Content[i], n.Content[i+1], depth); err != nil {
			return err
		}
	}
	return nil
}

func (r *yamlReader) item(d *py.Dict, k, v *yaml.Node, depth int) error {
	key, err := any(k.Value), error(nil)
	switch tag := tagOf(k); {
	case k.Kind == yaml.ScalarNode && tag == tagMerge:
		return nil
	case k.Kind == yaml.ScalarNode && tag == tagValue: // "=" is a str here
	default:
		key, err = r.node(k, depth+1)
	}
	if err != nil {
		return err
	}
	if list, ok := key.(py.List); ok { // in Python a sequence that is a key fails as a list
		return r.fail(k, "a list of %d cannot be a key", len(list))
	}
	if !py.Hashable(key) {
		return r.fail(k, "the key cannot be one")
	}
	value, err := r.node(v, depth+1)
	if err != nil {
		return err
	}
	d.Set(key, value)
	return nil
}

// merge sets the items of the mapping, or the mappings, that << names. The first has the last word.
func (r *yamlReader) merge(d *py.Dict, n *yaml.Node, depth int) error {
	if depth >= maxDepth || !r.left.take(nodeBytes) {
		return r.fail(n, "nested too deeply, or "+tooMuch)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return r.merge(d, n.Alias, depth+1)
	case yaml.MappingNode:
		return r.fill(d, n, depth)
	case yaml.SequenceNode:
		for i := len(n.Content) - 1; i >= 0; i-- {
			if n.Content[i].Kind == yaml.SequenceNode {
				return r.fail(n, "<< names what is no mapping")
			}
			if err := r.merge(d, n.Content[i], depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return r.fail(n, "<< names what is no mapping")
}

// scalar counts the text for each alias, but makes a value of it once.
func (r *yamlReader) scalar(n *yaml.Node) (any, error) {
	if !r.text.take(len(n.Value)) {
		return nil, r.fail(n, tooMuch)
	}
	if len(n.Value) < longScalar {
		return r.readScalar(n)
	}
	if node, known := r.scalars[n]; known {
		return node, nil
	}
	node, err := r.readScalar(n)
	if err == nil {
		r.scalars[n] = node
	}
	return node, err
}

func (r *yamlReader) readScalar(n *yaml.Node) (any, error) {
	tag := tagOf(n)
	read, known := yamlScalars[tag]
	if !known {
		return nil, r.fail(n, "the tag %s, which is none of plain data", tag)
	}
	text := n.Value
	if r.hidden {
		text = showHalves(text, n.Style&yaml.DoubleQuotedStyle != 0)
	}
	node, err := read(text)
	if err != nil {
		return nil, r.fail(n, "%v", fmt.Errorf("%s: %w", strings.TrimPrefix(tag, "!!"), err))
	}
	return node, nil
}
