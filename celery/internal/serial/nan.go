package serial

import "math"

// pythonFloat is f with the bits that Python has for it: the NaN of Go's package math has one bit more than Python's, which a binary
// format would show.
func pythonFloat(f float64) float64 {
	if math.Float64bits(f) == math.Float64bits(math.NaN()) {
		return math.Float64frombits(math.Float64bits(f) &^ 1)
	}
	return f
}
