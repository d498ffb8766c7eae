package py

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"

	"github.com/larder-go/larder/celery/internal/pytext"
)

// Decode stores the value in what dst points to, by encoding/json's rules and struct tags, and
// besides:
//
//   - NaN and the infinities go into floats, integers of any size into *big.Int;
//   - datetimes (a naive one is taken as UTC) and dates go into time.Time, as does text in ISO form,
//     which is what Celery 5.2 makes of them; bytes go into []byte; any of these, decimals and UUIDs
//     into this package's types, into encoding.TextUnmarshaler and into strings;
//   - an empty interface receives what [Value.Any] returns;
//   - a [Value] and a json.RawMessage receive the value as it is.
//
// Whatever does not fit is an error that wraps ErrMismatch and names the place: also None where the
// Go type has no nil, and a list of another length than an array. What dst held may have been
// overwritten in part then.
func (v Value) Decode(dst any) error {
	done, err := v.decodeSimple(dst)
	if done || err != nil {
		return err
	}
	rv := reflect.ValueOf(dst)
	if rv.Kind() != reflect.Pointer || rv.IsNil() {
		return fmt.Errorf("%w: Decode needs a pointer that is not nil, not a %T", ErrMismatch, dst)
	}
	node, err := v.node()
	if err != nil {
		return err
	}
	return into(rv.Elem(), node).asError()
}

// decodeSimple decodes the common types without reflection, and those that take the text.
func (v Value) decodeSimple(dst any) (done bool, err error) {
	switch dst := dst.(type) {
	case *Value:
		if dst != nil {
			*dst = v
			return true, nil
		}
	case *json.RawMessage:
		if dst != nil {
			*dst = v.JSON()
			return true, nil
		}
	case *any:
		if dst != nil {
			*dst, err = v.Any()
			return true, err
		}
	case *string:
		if dst != nil && v.text != "" && v.text[0] == '"' {
			*dst = unquote(v.text)
			return true, nil
		}
	case *int64:
		if dst != nil && v.text != "" {
			n, failed := strconv.ParseInt(v.text, 10, 64)
			if failed == nil {
				*dst = n
			}
			return failed == nil, nil
		}
	}
	return false, nil
}

// misfit is an error of decoding and the path to where it is, which grows on the way out. Nil is
// no error.
type misfit struct {
	path []string // innermost first
	err  error
}

func (m *misfit) asError() error {
	if m == nil {
		return nil
	}
	if len(m.path) == 0 {
		return m.err
	}
	var at strings.Builder
	for i := len(m.path) - 1; i >= 0; i-- {
		at.WriteString(m.path[i])
	}
	return fmt.Errorf("%w at %s", m.err, strings.TrimPrefix(at.String(), "."))
}

func (m *misfit) within(step string) *misfit {
	if m != nil {
		m.path = append(m.path, step)
	}
	return m
}

func misfitOf(err error) *misfit {
	if err == nil {
		return nil
	}
	return &misfit{err: err}
}

// unfit is the misfit of a node that a Go type cannot hold.
func unfit(node any, rv reflect.Value) *misfit {
	return &misfit{err: fmt.Errorf("%w: %s into %s", ErrMismatch, nodeText(node), rv.Type())}
}

// nodeText is the type of a node, and itself if it is short.
func nodeText(node any) string {
	if _, composite := elements(node); composite {
		return typeName(node)
	}
	if _, ok := node.(*Dict); ok || node == nil {
		return strings.Replace(typeName(node), "NoneType", "None", 1)
	}
	return typeName(node) + " " + reprLimit(node, maxShown)
}

// maxShown is how much of a value an error shows, in bytes.
const maxShown = 40

// into stores a node in rv, which can be set.
func into(rv reflect.Value, node any) *misfit {
	if v, ok := node.(Value); ok {
		return intoPart(rv, v)
	}
	if nilable(rv.Kind()) && node == nil && rv.Type() != rawType {
		rv.SetZero()
		return nil
	}
	if rv.Kind() == reflect.Pointer {
		if rv.IsNil() {
			rv.Set(reflect.New(rv.Type().Elem()))
		}
		if d, ok := node.(*Dict); ok && rv.Type() == reflect.TypeFor[*Dict]() {
			return intoOwn(rv, d)
		}
		return into(rv.Elem(), node)
	}
	if known, bad := intoSpecial(rv, node); known {
		return bad
	}
	if known, bad := intoSelf(rv, node); known {
		return bad
	}
	return intoKind(rv, node)
}

var rawType = reflect.TypeFor[json.RawMessage]()

// intoPart stores a value that stands in a tree as it is, or else parsed.
func intoPart(rv reflect.Value, v Value) *misfit {
	if rv.Type() == reflect.TypeFor[Value]() {
		rv.Set(reflect.ValueOf(v))
		return nil
	}
	node, err := v.node()
	if err != nil {
		return misfitOf(err)
	}
	return into(rv, node)
}

// intoOwn stores a copy of a node in a variable of the node's own type.
func intoOwn(rv reflect.Value, node any) *misfit {
	own, err := clone(node)
	if err != nil {
		return misfitOf(err)
	}
	rv.Set(reflect.ValueOf(own))
	return nil
}

// intoSelf stores in a type that reads itself.
func intoSelf(rv reflect.Value, node any) (known bool, bad *misfit) {
	switch dst := rv.Addr().Interface().(type) {
	case json.Unmarshaler:
		text, err := plainJSON(node)
		if err == nil {
			err = dst.UnmarshalJSON(text)
		}
		return true, misfitOf(fitting(err))
	case encoding.TextUnmarshaler:
		text, ok := textOf(node)
		if !ok {
			return true, unfit(node, rv)
		}
		return true, misfitOf(fitting(dst.UnmarshalText([]byte(text))))
	}
	return false, nil
}

// fitting makes a mismatch of an error of a type that reads itself.
func fitting(err error) error {
	if err == nil || errors.Is(err, ErrMismatch) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrMismatch, err)
}

// plainJSON is a node in JSON that others than Python read: typed values are strings.
func plainJSON(node any) ([]byte, error) {
	w := writer{compat: Celery52}
	w.value(node, 0)
	if w.err == nil && !json.Valid(w.b) {
		return nil, fmt.Errorf("%w: NaN and infinities are not for types that read JSON", ErrMismatch)
	}
	return w.b, fitting(w.err)
}

// textOf is the text of a node that is text or has one that stands for all of it.
func textOf(node any) (string, bool) {
	switch n := node.(type) {
	case string:
		return n, true
	case Datetime:
		return n.String(), true
	case Date:
		return n.String(), true
	case Time:
		return n.String(), true
	case Decimal:
		return string(n), true
	case UUID:
		return n.String(), true
	case []byte:
		s := string(n)
		return s, pytext.Clean(s) == s
	}
	return "", false
}

// intoFloat stores a number.
func intoFloat(rv reflect.Value, node any) *misfit {
	var f float64
	switch n := node.(type) {
	case float64:
		f = n
	case int64:
		f = float64(n)
	case *big.Int:
		f, _ = new(big.Float).SetInt(n).Float64()
	default:
		return unfit(node, rv)
	}
	if _, isFloat := node.(float64); rv.OverflowFloat(f) || (math.IsInf(f, 0) && !isFloat) {
		return unfit(node, rv)
	}
	rv.SetFloat(f)
	return nil
}
