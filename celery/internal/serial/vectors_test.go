package serial

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"math/big"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/larder-go/larder/celery/py"
)

// capture is a value that a real Celery stored, and what Python read out of it.
type capture struct {
	Case       string
	Serializer string
	Compat     string // of the Celery that wrote it
	Value      []byte
	Decoded    json.RawMessage
}

func captures(t testing.TB) (all []capture) {
	t.Helper()
	f, err := os.Open("testdata/results.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c capture
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	if len(all) < 268 {
		t.Fatalf("only %d captures", len(all))
	}
	return all
}

func (c capture) compat() py.Compat {
	if c.Compat == "5.2" {
		return py.Celery52
	}
	return py.Celery56
}

func (c capture) serializer(t testing.TB) Serializer {
	t.Helper()
	s, err := Reading(c.Serializer, c.compat())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// recorded is a tree in the form that the captures have it in, which is JSON's: what that has no
// form for stands there as its repr.
func recorded(node any) any {
	switch n := node.(type) {
	case py.List:
		return recordedAll(n)
	case py.Tuple:
		return recordedAll(n)
	case *py.Dict:
		d := map[string]any{}
		for key, value := range n.All() {
			d[key.(string)] = recorded(value)
		}
		return d
	case float64:
		if math.IsInf(n, -1) { // the captures have it as text
			return "-Infinity"
		}
	case []byte:
		return map[string]any{"bytes_base64": base64.StdEncoding.EncodeToString(n)}
	case py.Datetime, py.Date, py.Time, py.Decimal, py.UUID, py.Set, *py.Instance:
		return py.FromTree(n).Repr()
	}
	return node
}

func recordedAll(elems []any) any {
	all := []any{}
	for _, e := range elems {
		all = append(all, recorded(e))
	}
	return all
}

func TestCapturesDecode(t *testing.T) {
	for _, c := range captures(t) {
		t.Run(c.Serializer+"/"+c.Compat+"/"+c.Case, func(t *testing.T) {
			v, err := c.serializer(t).Decode(c.Value)
			if err != nil {
				t.Fatal(err)
			}
			if c.Serializer == "json" { // typed objects are recorded as they stand in the text
				if v, err = py.FromJSONAs(c.Value, py.Celery52); err != nil {
					t.Fatal(err)
				}
			}
			want, err := py.FromJSONAs(c.Decoded, py.Celery52)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(recorded(tree(t, want)), recorded(tree(t, v)), sameNumbers); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// sameNumbers holds a NaN equal to itself, and looks at the value of big ints.
var sameNumbers = cmp.Options{
	cmp.Comparer(func(a, b float64) bool { return a == b || (math.IsNaN(a) && math.IsNaN(b)) }),
	cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 }),
}

func tree(t testing.TB, v py.Value) any {
	t.Helper()
	node, err := v.Any()
	if err != nil {
		t.Fatal(err)
	}
	return node
}

// What is read is written again as the same bytes, by the rules of the Celery that wrote them.
func TestCapturesEncode(t *testing.T) {
	for _, c := range captures(t) {
		t.Run(c.Serializer+"/"+c.Compat+"/"+c.Case, func(t *testing.T) {
			s := c.serializer(t)
			v, err := s.Decode(c.Value)
			if err != nil {
				t.Fatal(err)
			}
			if _, failed := instanceIn(tree(t, v)); failed {
				if _, err := s.Encode(v, c.compat()); err == nil {
					t.Error("an exception was written as a pickle")
				}
				return
			}
			of, err := py.Of(tree(t, v)) // a tree: there is no text to copy from
			if err != nil {
				t.Fatal(err)
			}
			for name, v := range map[string]py.Value{"value": v, "tree": of} {
				got, err := s.Encode(v, c.compat())
				if err != nil {
					t.Fatal(name, err)
				}
				if !bytes.Equal(got, c.Value) {
					t.Errorf("%s: %s", name, cmp.Diff(string(c.Value), string(got)))
				}
			}
		})
	}
}

func TestCapturesFields(t *testing.T) {
	for _, c := range captures(t) {
		t.Run(c.Serializer+"/"+c.Compat+"/"+c.Case, func(t *testing.T) {
			s := c.serializer(t)
			fields, err := s.Fields(c.Value)
			if c.Decoded[0] != '{' {
				if err == nil {
					t.Fatal("a list has fields")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Join(fields, c.compat())
			if _, failed := instanceIn(tree(t, py.FromTree(py.List{mustField(fields, "result")}))); failed {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, c.Value) {
				t.Error(cmp.Diff(string(c.Value), string(got)))
			}
		})
	}
}

func mustField(fields Fields, name string) py.Value {
	v, _ := fields.Get(name)
	return v
}
