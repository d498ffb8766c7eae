package py

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/larder-go/larder/celery/internal/pytext"
)

// Of is the Python value of a Go one. Structs follow encoding/json's rules and tags, and become
// dicts; the keys of maps are sorted, as there. Other than there, []byte is bytes, time.Time a
// datetime with its offset to UTC, and NaN and the infinities are floats like others. Besides, the
// types of this package stand for themselves at any depth.
//
// What Python has no plain value for (a channel, a function, a complex number, a cycle) is an error
// that wraps ErrUnencodable and names the path to it.
func Of(v any) (Value, error) {
	c := converter{}
	node, err := c.any(v, 0)
	if err != nil {
		return Value{}, err
	}
	return valueOf(node), nil
}

// converter makes trees of Go values.
type converter struct {
	path    []string
	visited map[visit]bool // where pointers lead to, from watchFrom on
}

type visit struct {
	ptr uintptr
	typ reflect.Type
}

// watchFrom is the depth from which on cycles are looked for.
const watchFrom = 100

func (c *converter) fail(what string, args ...any) error {
	path := c.path
	more := ""
	if len(path) > 20 {
		path, more = path[:20], "…"
	}
	at := strings.TrimPrefix(strings.Join(path, ""), ".")
	if at != "" {
		at = " at " + at + more
	}
	return unencodable("%s%s", fmt.Sprintf(what, args...), at)
}

// within converts what stands at step below here.
func (c *converter) within(step string, convert func() (any, error)) (any, error) {
	c.path = append(c.path, step)
	node, err := convert()
	c.path = c.path[:len(c.path)-1]
	return node, err
}

// any converts the common types without reflection.
func (c *converter) any(v any, depth int) (any, error) {
	switch v := v.(type) {
	case nil, bool, int64, float64:
		return v, nil
	case int:
		return int64(v), nil
	case string:
		return pytext.Clean(v), nil
	case []byte:
		if v == nil {
			return nil, nil
		}
		return slices.Clone(v), nil
	}
	if node, known, err := c.own(v, depth); known {
		return node, err
	}
	return c.value(reflect.ValueOf(v), depth)
}

// own converts the types of this package and those that have a form of their own.
func (c *converter) own(v any, depth int) (node any, known bool, err error) {
	switch v := v.(type) {
	case Value:
		node = v.tree
		if v.text != "" {
			node = v
		}
	case List:
		node, err = convertAll(c, v, depth)
	case Tuple:
		node, err = convertAll(c, v, depth)
	case Set:
		node, err = convertAll(c, v, depth)
	case *Dict:
		node, err = c.dict(v, depth)
	case Instance:
		node, err = c.instance(&v, depth)
	case *Instance:
		node, err = c.instance(v, depth)
	case Date:
		node, err = c.checked(v, v.valid())
	case Time:
		node, err = c.checked(v, v.valid())
	case Datetime:
		node, err = c.checked(v, v.valid())
	case time.Time:
		d := DatetimeOf(v)
		node, err = c.checked(d, d.valid())
	case Decimal:
		node, err = c.checked(v, v.valid())
	case UUID, Class:
		node = v
	default:
		return c.numbers(v)
	}
	return node, true, err
}

func (c *converter) checked(v any, valid bool) (any, error) {
	if !valid {
		return nil, c.fail("%v is not a %s of Python", v, typeName(v))
	}
	return v, nil
}

// numbers converts numbers that are not kinds of Go, and raw JSON.
func (c *converter) numbers(v any) (node any, known bool, err error) {
	switch v := v.(type) {
	case *big.Int:
		if v == nil {
			return nil, true, nil
		}
		return intNode(v), true, nil
	case big.Int:
		return intNode(&v), true, nil
	case json.Number:
		node, err = c.text([]byte(numberText(v)))
	case json.RawMessage:
		if v == nil {
			return nil, true, nil
		}
		node, err = c.text(v)
	default:
		return nil, false, nil
	}
	return node, true, err
}

func numberText(n json.Number) string {
	if n == "" {
		return "0"
	}
	return string(n)
}

// intNode is the int64 of n where one is enough, else a copy of n.
func intNode(n *big.Int) any {
	if n.IsInt64() {
		return n.Int64()
	}
	return new(big.Int).Set(n)
}

// text converts JSON text. What it says of types is not kombu's word but the program's own.
func (c *converter) text(text []byte) (any, error) {
	v, err := FromJSONAs(text, Celery52)
	if err != nil {
		return nil, c.fail("%v", err)
	}
	return v, nil
}

func convertAll[S ~[]any](c *converter, elems S, depth int) (any, error) {
	if depth >= maxDepth {
		return nil, c.fail("nested more than %d deep", maxDepth)
	}
	out := make(S, len(elems))
	for i, e := range elems {
		node, err := c.within("["+strconv.Itoa(i)+"]", func() (any, error) { return c.any(e, depth+1) })
		if err != nil {
			return nil, err
		}
		out[i] = node
	}
	return out, nil
}

func (c *converter) dict(d *Dict, depth int) (any, error) {
	if d == nil {
		return nil, nil
	}
	if depth >= maxDepth {
		return nil, c.fail("nested more than %d deep", maxDepth)
	}
	out := &Dict{items: make([]Item, 0, d.Len())}
	for _, it := range d.items {
		key, err := c.key(it.Key, depth+1)
		if err != nil {
			return nil, err
		}
		node, err := c.within("["+reprLimit(key, maxShown)+"]", func() (any, error) { return c.any(it.Value, depth+1) })
		if err != nil {
			return nil, err
		}
		out.Set(key, node)
	}
	return out, nil
}

// key converts a key of a dict.
func (c *converter) key(key any, depth int) (any, error) {
	node, err := c.any(key, depth)
	if err != nil {
		return nil, err
	}
	if v, ok := node.(Value); ok {
		if node, err = v.Any(); err != nil {
			return nil, c.fail("%v", err)
		}
	}
	if !Hashable(node) {
		return nil, c.fail("unhashable type: %s", typeName(node))
	}
	return node, nil
}

func (c *converter) instance(n *Instance, depth int) (any, error) {
	if n == nil {
		return nil, nil
	}
	args, err := c.within(".Args", func() (any, error) { return convertAll(c, n.Args, depth) })
	if err != nil {
		return nil, err
	}
	state, err := c.within(".State", func() (any, error) { return c.any(n.State, depth+1) })
	if err != nil {
		return nil, err
	}
	return &Instance{Module: n.Module, Name: n.Name, Args: args.(Tuple), State: state}, nil
}

// marshaled converts what writes itself.
func (c *converter) marshaled(v any) (node any, known bool, err error) {
	switch v := v.(type) {
	case json.Marshaler:
		text, err := v.MarshalJSON()
		if err != nil {
			return nil, true, c.fail("%v", err)
		}
		node, err = c.text(text)
		return node, true, err
	case encoding.TextMarshaler:
		text, err := v.MarshalText()
		if err != nil {
			return nil, true, c.fail("%v", err)
		}
		return pytext.Clean(string(text)), true, nil
	}
	return nil, false, nil
}

// float32Node is the float64 that reads like f, as encoding/json writes it: 0.1, not
// 0.10000000149011612.
func float32Node(f float64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return f
	}
	g, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'g', -1, 32), 64)
	return g
}
