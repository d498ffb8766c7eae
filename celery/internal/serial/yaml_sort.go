package serial

import (
	"cmp"
	"math"
	"math/big"
	"slices"

	"github.com/larder-go/larder/celery/py"
)

// sorted are the items in the order of their keys, or as they are where Python cannot compare them.
func sorted(items []py.Item) []py.Item {
	ordered := true
	out := slices.Clone(items)
	slices.SortStableFunc(out, func(a, b py.Item) int {
		order, ok := compare(a.Key, b.Key)
		ordered = ordered && ok
		return order
	})
	if !ordered {
		return items
	}
	return out
}

func compare(a, b any) (order int, ok bool) {
	switch a := a.(type) {
	case string:
		b, ok := b.(string)
		return cmp.Compare(a, b), ok
	case []byte:
		b, ok := b.([]byte)
		return slices.Compare(a, b), ok
	case py.Date:
		b, ok := b.(py.Date)
		return cmp.Compare(a.String(), b.String()), ok
	case py.Datetime:
		b, ok := b.(py.Datetime)
		return a.Time().Compare(b.Time()), ok && a.Naive() == b.Naive()
	case py.Tuple:
		b, ok := b.(py.Tuple)
		if !ok {
			return 0, false
		}
		return compareTuples(a, b)
	}
	x, ok1 := numeric(a)
	y, ok2 := numeric(b)
	if !ok1 || !ok2 {
		return 0, false
	}
	return x.Cmp(y), true
}

func compareTuples(a, b py.Tuple) (order int, ok bool) {
	for i := range min(len(a), len(b)) {
		if order, ok = compare(a[i], b[i]); !ok || order != 0 {
			return order, ok
		}
	}
	return cmp.Compare(len(a), len(b)), true
}

// numeric is a number exactly; a NaN is none.
func numeric(v any) (*big.Float, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return big.NewFloat(1), true
		}
		return new(big.Float), true
	case int64:
		return new(big.Float).SetInt64(v), true
	case *big.Int:
		return new(big.Float).SetInt(v), true
	case float64:
		if !math.IsNaN(v) {
			return big.NewFloat(v), true
		}
	}
	return nil, false
}
