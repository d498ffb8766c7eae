package serial

import (
	"encoding/base64"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/larder-go/larder/celery/py"
)

// yamlWriter writes block style in the form of PyYAML's emitter: where it breaks lines and what it
// puts in which quotes follows from the state that it keeps, so that state is kept here too.
type yamlWriter struct {
	b          []byte
	column     int
	indent     int  // -1 before the first collection
	whitespace bool // the last thing written was space or an indicator that counts as such
	indention  bool // nothing but indention and indicators stand in the line so far
	openEnded  bool // the document needs its end marked
}

// place is where a node stands.
type place struct{ root, mapping, simpleKey bool }

const (
	yamlWidth  = 80
	yamlIndent = 2
)

func newYAMLWriter() *yamlWriter { return &yamlWriter{indent: -1, whitespace: true, indention: true} }

// finish ends the document.
func (w *yamlWriter) finish() []byte {
	w.writeIndent()
	if w.openEnded {
		w.indicator("...", true, false, false)
		w.writeIndent()
	}
	return w.b
}

func (w *yamlWriter) write(s string) {
	w.b = append(w.b, s...)
	w.column += len(s)
}

func (w *yamlWriter) lineBreak() {
	w.b = append(w.b, '\n')
	w.column, w.whitespace, w.indention = 0, true, true
}

func (w *yamlWriter) writeIndent() {
	indent := max(w.indent, 0)
	if !w.indention || w.column > indent || (w.column == indent && !w.whitespace) {
		w.lineBreak()
	}
	if w.column < indent {
		w.whitespace = true
		w.write(strings.Repeat(" ", indent-w.column))
	}
}

func (w *yamlWriter) indicator(s string, needSpace, whitespace, indention bool) {
	if needSpace && !w.whitespace {
		s = " " + s
	}
	w.whitespace = whitespace
	w.indention = w.indention && indention
	w.openEnded = false
	w.write(s)
}

// deeper raises the indention and returns what restores it.
func (w *yamlWriter) deeper(flow, indentless bool) (restore func()) {
	was := w.indent
	switch {
	case w.indent < 0 && flow:
		w.indent = yamlIndent
	case w.indent < 0:
		w.indent = 0
	case !indentless:
		w.indent += yamlIndent
	}
	return func() { w.indent = was }
}

func (w *yamlWriter) node(node any, at place, depth int) error {
	switch n := node.(type) {
	case py.Value:
		tree, err := n.Tree()
		if err != nil {
			return refuse("%v", err)
		}
		return w.node(tree, at, depth)
	case py.List:
		return w.sequence(n, at, depth)
	case py.Tuple:
		return w.sequence(n, at, depth)
	case py.Set:
		return w.set(n, at, depth)
	case *py.Dict:
		return w.mapping(n, at, depth)
	}
	tag, text, style, err := scalarOf(node)
	if err != nil {
		return err
	}
	w.scalar(tag, text, style, at)
	return nil
}

// scalarOf is the text of a scalar, and 'b' for a style that is a block.
func scalarOf(node any) (tag, text string, style byte, err error) {
	switch n := node.(type) {
	case nil:
		return tagNull, "null", 0, nil
	case bool:
		if n {
			return tagBool, "true", 0, nil
		}
		return tagBool, "false", 0, nil
	case int64, *big.Int:
		return tagInt, py.FromTree(n).Repr(), 0, nil
	case float64:
		return tagFloat, yamlFloat(n), 0, nil
	case string:
		return tagStr, n, 0, nil
	case []byte:
		return tagBinary, encodeLines(n), '|', nil
	case py.Date:
		return tagTimestamp, n.String(), 0, nil
	case py.Datetime:
		return tagTimestamp, n.Date.String() + " " + n.Clock.String(), 0, nil
	}
	return "", "", 0, unencodable("yaml", node)
}

func yamlFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return ".nan"
	case math.IsInf(f, 1):
		return ".inf"
	case math.IsInf(f, -1):
		return "-.inf"
	}
	text := py.FromTree(f).Repr()
	if !strings.Contains(text, ".") {
		text = strings.Replace(text, "e", ".0e", 1)
	}
	return text
}

// encodeLines is base64 in lines of 76 characters, each with its end.
func encodeLines(data []byte) string {
	var b strings.Builder
	for chunk := range slices.Chunk(data, 57) {
		b.WriteString(base64.StdEncoding.EncodeToString(chunk))
		b.WriteByte('\n')
	}
	return b.String()
}

func (w *yamlWriter) sequence(elems []any, at place, depth int) error {
	if depth >= maxDepth {
		return tooDeep()
	}
	if len(elems) == 0 {
		w.indicator("[", true, true, false)
		w.indicator("]", false, false, false)
		return nil
	}
	defer w.deeper(false, at.mapping && !w.indention)()
	for _, e := range elems {
		w.writeIndent()
		w.indicator("-", true, false, true)
		if err := w.node(e, place{}, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (w *yamlWriter) set(elems py.Set, at place, depth int) error {
	d := py.NewDict()
	for _, e := range elems {
		d.Set(e, nil)
	}
	w.indicator(tagSet, true, false, false)
	return w.mapping(d, at, depth)
}

func (w *yamlWriter) mapping(d *py.Dict, _ place, depth int) error {
	if depth >= maxDepth {
		return tooDeep()
	}
	if d.Len() == 0 {
		w.indicator("{", true, true, false)
		w.indicator("}", false, false, false)
		return nil
	}
	defer w.deeper(false, false)()
	for _, it := range sorted(d.Items()) {
		w.writeIndent()
		if err := w.key(it.Key, depth); err != nil {
			return err
		}
		if err := w.node(it.Value, place{mapping: true}, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// key writes a key and its colon: in one line with the value if it is short and of one line.
func (w *yamlWriter) key(key any, depth int) error {
	if isSimpleKey(key) {
		if err := w.node(key, place{mapping: true, simpleKey: true}, depth+1); err != nil {
			return err
		}
		w.indicator(":", false, false, false)
		return nil
	}
	w.indicator("?", true, false, true)
	if err := w.node(key, place{mapping: true}, depth+1); err != nil {
		return err
	}
	w.writeIndent()
	w.indicator(":", true, false, true)
	return nil
}

// isSimpleKey counts the key's tag with it, as PyYAML does, although it is not written.
func isSimpleKey(key any) bool {
	if t, ok := key.(py.Tuple); ok {
		return len(t) == 0
	}
	tag, text, _, err := scalarOf(key)
	return err == nil && text != "" && len(tag)+runes(text) < 128 && !strings.ContainsAny(text, "\n\u0085\u2028\u2029")
}
