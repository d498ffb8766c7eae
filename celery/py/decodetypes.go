package py

import (
	"encoding/json"
	"math/big"
	"reflect"
	"strings"
	"time"
)

// intoSpecial stores in the types that have rules of their own.
func intoSpecial(rv reflect.Value, node any) (known bool, bad *misfit) {
	switch dst := rv.Addr().Interface().(type) {
	case *Value:
		own, err := clone(node)
		*dst = valueOf(own)
		return true, misfitOf(err)
	case *json.RawMessage:
		*dst = valueOf(node).JSON()
		return true, nil
	case *json.Number:
		return true, intoNumber(dst, rv, node)
	case *time.Time:
		d, err := datetimeOf(node)
		*dst = d.Time()
		return true, misfitOf(err)
	case *big.Int:
		return true, intoBig(dst, rv, node)
	case *Datetime:
		d, err := datetimeOf(node)
		*dst = d
		return true, misfitOf(err)
	case *Date:
		d, err := dateOf(node)
		*dst = d
		return true, misfitOf(err)
	case *Time:
		return true, intoParsed(dst, rv, node, ParseTime)
	case *Decimal:
		return true, intoDecimal(dst, rv, node)
	case *UUID:
		return true, intoParsed(dst, rv, node, ParseUUID)
	}
	if node != nil && reflect.TypeOf(node) == rv.Type() { // the lists, basic types
		return true, intoOwn(rv, node)
	}
	if n := reflect.ValueOf(node); n.Kind() == reflect.Pointer && n.Type().Elem() == rv.Type() { // Dict, Instance
		own, err := clone(node)
		if err == nil {
			rv.Set(reflect.ValueOf(own).Elem())
		}
		return true, misfitOf(err)
	}
	return false, nil
}

func intoNumber(dst *json.Number, rv reflect.Value, node any) *misfit {
	switch n := node.(type) {
	case int64, *big.Int, float64:
		*dst = json.Number(appendScalar(nil, n))
		return nil
	case Decimal:
		*dst = json.Number(n)
		return nil
	}
	return unfit(node, rv)
}

func intoBig(dst *big.Int, rv reflect.Value, node any) *misfit {
	switch n := node.(type) {
	case int64:
		dst.SetInt64(n)
	case *big.Int:
		dst.Set(n)
	default:
		return unfit(node, rv)
	}
	return nil
}

// intoParsed stores a T, or what text says of one.
func intoParsed[T any](dst *T, rv reflect.Value, node any, parse func(string) (T, error)) *misfit {
	if t, ok := node.(T); ok {
		*dst = t
		return nil
	}
	text, ok := node.(string)
	if !ok {
		return unfit(node, rv)
	}
	t, err := parse(text)
	*dst = t
	return misfitOf(err)
}

func intoDecimal(dst *Decimal, rv reflect.Value, node any) *misfit {
	switch n := node.(type) {
	case int64, *big.Int:
		*dst = Decimal(appendScalar(nil, n))
		return nil
	}
	return intoParsed(dst, rv, node, ParseDecimal)
}

// datetimeOf is the moment that a node is or says.
func datetimeOf(node any) (Datetime, error) {
	switch n := node.(type) {
	case Datetime:
		return n, nil
	case Date:
		return Datetime{Date: n}, nil
	case string:
		return ParseDatetime(n)
	}
	return Datetime{}, mismatch(node, "a datetime")
}

// dateOf is the day that a node is or says; Celery 5.2 says it as midnight.
func dateOf(node any) (Date, error) {
	if d, ok := node.(Date); ok {
		return d, nil
	}
	s, ok := node.(string)
	if !ok {
		return Date{}, mismatch(node, "a date")
	}
	return ParseDate(strings.TrimSuffix(s, "T00:00:00"))
}
