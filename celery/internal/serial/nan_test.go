package serial

import (
	"bytes"
	"math"
	"testing"

	"github.com/larder-go/larder/celery/py"
)

// What Python writes for float("nan").
func TestNaNAsPythonHasIt(t *testing.T) {
	python := []byte{0x7f, 0xf8, 0, 0, 0, 0, 0, 0}
	v, err := py.Of(math.NaN())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"msgpack", "pickle"} {
		s, err := ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		data, err := s.Encode(v, py.Celery56)
		if err != nil || !bytes.Contains(data, python) {
			t.Errorf("%s: % x, %v; want % x in it", name, data, err, python)
		}
	}
	for _, f := range []float64{0, math.Copysign(0, -1), 0.1, math.Inf(-1), math.Float64frombits(0x7ff8000000000002)} {
		if got := math.Float64bits(pythonFloat(f)); got != math.Float64bits(f) {
			t.Errorf("%v became %x", f, got)
		}
	}
}
