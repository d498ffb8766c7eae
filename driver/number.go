package driver

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// AddInt adds delta to the integer that text is: an optional minus and digits, within 64 bits.
// Anything else (spaces, +1, 1.0, null, "5" in quotes) is ErrNotNumber; a sum beyond 64 bits is
// ErrOverflow.
func AddInt(text string, delta int64) (int64, error) {
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, ErrNotNumber
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, ErrNotNumber
	}
	sum := n + delta
	if (sum > n) != (delta > 0) && delta != 0 {
		return 0, ErrOverflow
	}
	return sum, nil
}

// maxNumberLen bounds the text that AddFloat looks at: no float64 needs more digits.
const maxNumberLen = 1100

// AddFloat adds delta, which is finite, to the JSON number that text is (RFC 8259, section 6: no hexadecimal, no
// leading plus, no leading zeros), and returns the sum and its text. Anything else is ErrNotNumber;
// a number or sum beyond float64 is ErrOverflow.
//
// The sum is made with a 64-bit mantissa and written with at most 17 decimals, as Redis does for
// INCRBYFLOAT on x86 (0.1 + 0.2 is 0.3), or with as many as a float64 needs where 17 do not say it. Whole
// sums have no point, and nothing has an exponent, so that AddInt and Python's json read them.
func AddFloat(text string, delta float64) (float64, string, error) {
	if len(text) > maxNumberLen || !isJSONNumber(text) {
		return 0, "", ErrNotNumber
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f+delta, 0) {
		return 0, "", ErrOverflow
	}
	// What is nothing for a float64 is zero here: package big would take the exponent of 1e-1000000 at its word,
	// for minutes.
	a := new(big.Float).SetPrec(64)
	if f != 0 {
		if a, _, err = big.ParseFloat(text, 10, 64, big.ToNearestEven); err != nil {
			return 0, "", ErrNotNumber
		}
	}
	// A float64 delta means the decimal that it prints as, as it does on the wire to Redis.
	b, _, err := big.ParseFloat(strconv.FormatFloat(delta, 'g', -1, 64), 10, 64, big.ToNearestEven)
	if err != nil {
		return 0, "", ErrNotNumber
	}
	sum := a.Add(a, b)
	f, _ = sum.Float64()
	if math.IsInf(f, 0) {
		return 0, "", ErrOverflow
	}
	out := trimDecimals(sum.Text('f', 17))
	if back, _ := strconv.ParseFloat(out, 64); back != f {
		out = trimDecimals(strconv.FormatFloat(f, 'f', -1, 64))
	}
	f, _ = strconv.ParseFloat(out, 64)
	return f, out, nil
}

// FormatFloat writes f, which is finite, as AddFloat writes a sum.
func FormatFloat(f float64) string {
	return trimDecimals(strconv.FormatFloat(f, 'f', -1, 64))
}

func trimDecimals(s string) string {
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		return "0"
	}
	return s
}

func isJSONNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole, rest := digits(s)
	if whole == "" || (whole[0] == '0' && len(whole) > 1) {
		return false
	}
	if after, ok := strings.CutPrefix(rest, "."); ok {
		var frac string
		if frac, rest = digits(after); frac == "" {
			return false
		}
	}
	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		rest = rest[1:]
		if rest != "" && (rest[0] == '+' || rest[0] == '-') {
			rest = rest[1:]
		}
		var exp string
		if exp, rest = digits(rest); exp == "" {
			return false
		}
	}
	return rest == ""
}

// digits splits s behind its leading digits.
func digits(s string) (head, tail string) {
	i := 0
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}
