package driver_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/larder-go/larder/driver"
)

func TestAddInt(t *testing.T) {
	for _, c := range []struct {
		text  string
		delta int64
		want  int64
		err   error
	}{
		{"0", 1, 1, nil},
		{"41", 1, 42, nil},
		{"-5", 3, -2, nil},
		{"5", 0, 5, nil},
		{"-0", 1, 1, nil},
		{"007", 1, 8, nil},
		{"9007199254740993", 1, 9007199254740994, nil},
		{"9223372036854775807", 0, math.MaxInt64, nil},
		{"9223372036854775807", math.MinInt64, -1, nil},
		{"-9223372036854775808", math.MaxInt64, -1, nil},
		{"9223372036854775807", 1, 0, driver.ErrOverflow},
		{"-9223372036854775808", -1, 0, driver.ErrOverflow},
		{"1", math.MaxInt64, 0, driver.ErrOverflow},
		{"-1", math.MinInt64, 0, driver.ErrOverflow},
		{"9223372036854775808", 1, 0, driver.ErrNotNumber},
		{"-9223372036854775809", 1, 0, driver.ErrNotNumber},
		{"", 1, 0, driver.ErrNotNumber},
		{"-", 1, 0, driver.ErrNotNumber},
		{"--1", 1, 0, driver.ErrNotNumber},
		{"+5", 1, 0, driver.ErrNotNumber},
		{" 5", 1, 0, driver.ErrNotNumber},
		{"5\n", 1, 0, driver.ErrNotNumber},
		{"1.0", 1, 0, driver.ErrNotNumber},
		{"1e3", 1, 0, driver.ErrNotNumber},
		{"0x1f", 1, 0, driver.ErrNotNumber},
		{"1_000", 1, 0, driver.ErrNotNumber},
		{"١", 1, 0, driver.ErrNotNumber},
		{"null", 1, 0, driver.ErrNotNumber},
		{`"5"`, 1, 0, driver.ErrNotNumber},
	} {
		got, err := driver.AddInt(c.text, c.delta)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("AddInt(%q, %d) = %d, %v; want %d, %v", c.text, c.delta, got, err, c.want, c.err)
		}
	}
}

func TestAddFloat(t *testing.T) {
	for _, c := range []struct {
		text  string
		delta float64
		want  string
		err   error
	}{
		{"0.1", 0.2, "0.3", nil},
		{"1.5", 1.5, "3", nil},
		{"3", -3, "0", nil},
		{"-0.0", 0, "0", nil},
		{"-1", 0.5, "-0.5", nil},
		{"10.50", 0.1, "10.6", nil},
		{"5.0e3", 200, "5200", nil},
		{"1E+2", 0, "100", nil},
		{"1e22", 1, "10000000000000000000001", nil},
		{"0", 1e-20, "0.00000000000000000001", nil},
		{"1e-1000000", 0, "0", nil}, // at once
		{"-1e-600000000", 1, "1", nil},
		{"1e-99999999999", 0.5, "0.5", nil},
		{"1e999", 1, "", driver.ErrOverflow},
		{"1.7976931348623157e308", math.MaxFloat64, "", driver.ErrOverflow},
		{"-1.7976931348623157e308", -math.MaxFloat64, "", driver.ErrOverflow},
		{"", 1, "", driver.ErrNotNumber},
		{"+1", 1, "", driver.ErrNotNumber},
		{"01", 1, "", driver.ErrNotNumber},
		{".5", 1, "", driver.ErrNotNumber},
		{"5.", 1, "", driver.ErrNotNumber},
		{"1e", 1, "", driver.ErrNotNumber},
		{" 1", 1, "", driver.ErrNotNumber},
		{"0x1p4", 1, "", driver.ErrNotNumber},
		{"1_0", 1, "", driver.ErrNotNumber},
		{"NaN", 1, "", driver.ErrNotNumber},
		{"Infinity", 1, "", driver.ErrNotNumber},
		{"inf", 1, "", driver.ErrNotNumber},
		{"null", 1, "", driver.ErrNotNumber},
		{strings.Repeat("9", 3000), 1, "", driver.ErrNotNumber},
	} {
		f, got, err := driver.AddFloat(c.text, c.delta)
		if !errors.Is(err, c.err) {
			t.Errorf("AddFloat(%.40q, %v): %v; want %v", c.text, c.delta, err, c.err)
			continue
		}
		if err != nil {
			continue
		}
		if back, _ := strconv.ParseFloat(got, 64); back != f {
			t.Errorf("AddFloat(%q, %v) = %v, but its text is %q", c.text, c.delta, f, got)
		}
		// A long sum may be written with other digits that are the same float64.
		if want, _ := strconv.ParseFloat(c.want, 64); f != want || (len(c.want) < 19 && got != c.want) {
			t.Errorf("AddFloat(%q, %v) = %v, %q; want %q", c.text, c.delta, f, got, c.want)
		}
	}
}

// TestAddFloatEnds: a short text with a huge exponent is no way to keep a program busy.
func TestAddFloatEnds(t *testing.T) {
	for _, text := range []string{"1e-999999999", "-1e-999999999", "1e-2147483649", "0e999999999", "1e99999999999999999999",
		"0." + strings.Repeat("0", 1000) + "1", "1e-9999999999999999999"} {
		if f, _, err := driver.AddFloat(text, 1); err == nil && f != 1 {
			t.Errorf("AddFloat(%.40q, 1) = %v", text, f)
		}
	}
}

// FuzzAddInt compares with arithmetic without bounds.
func FuzzAddInt(f *testing.F) {
	f.Add("41", int64(1))
	f.Add("-9223372036854775808", int64(-1))
	f.Add("1.0", int64(1))
	f.Fuzz(func(t *testing.T, text string, delta int64) {
		sum, err := driver.AddInt(text, delta)
		n, parseErr := strconv.ParseInt(text, 10, 64)
		isInt := parseErr == nil && !strings.HasPrefix(text, "+")
		exact := new(big.Int).Add(big.NewInt(n), big.NewInt(delta))
		switch {
		case !isInt && !errors.Is(err, driver.ErrNotNumber):
			t.Errorf("AddInt(%q): %v; want ErrNotNumber", text, err)
		case isInt && !exact.IsInt64() && !errors.Is(err, driver.ErrOverflow):
			t.Errorf("AddInt(%q, %d): %v; want ErrOverflow", text, delta, err)
		case isInt && exact.IsInt64() && (err != nil || sum != exact.Int64()):
			t.Errorf("AddInt(%q, %d) = %d, %v; want %v", text, delta, sum, err, exact)
		}
	})
}

// FuzzAddFloat: what goes in is JSON, what comes out is JSON without an exponent, and reads back as the sum.
func FuzzAddFloat(f *testing.F) {
	f.Add("0.1", 0.2)
	f.Add("1e-1000000", 0.0)
	f.Add("1e-99999999999", 1.0)
	f.Add("1e308", 1e308)
	f.Add("5.", 1.0)
	f.Add("-1.5E-7", 1e-300)
	f.Fuzz(func(t *testing.T, text string, delta float64) {
		if math.IsNaN(delta) || math.IsInf(delta, 0) {
			t.Skip("the caller promises a finite delta")
		}
		sum, out, err := driver.AddFloat(text, delta)
		if err != nil {
			if !errors.Is(err, driver.ErrNotNumber) && !errors.Is(err, driver.ErrOverflow) {
				t.Errorf("AddFloat(%q, %v): %v", text, delta, err)
			}
			return
		}
		var number json.Number
		if json.Unmarshal([]byte(text), &number) != nil {
			t.Errorf("AddFloat(%q, %v) takes what is no JSON number", text, delta)
		}
		if strings.ContainsAny(out, "eE+") || out == "-0" {
			t.Errorf("AddFloat(%q, %v) writes %q", text, delta, out)
		}
		if back, err := strconv.ParseFloat(out, 64); err != nil || back != sum || math.IsInf(sum, 0) {
			t.Errorf("AddFloat(%q, %v) = %v, and writes %q", text, delta, sum, out)
		}
		if _, again, err := driver.AddFloat(out, 0); err != nil || again == "" {
			t.Errorf("AddFloat does not take its own %q: %v", out, err)
		}
	})
}

func TestFormatFloat(t *testing.T) {
	for f, want := range map[float64]string{0: "0", math.Copysign(0, -1): "0", 1: "1", -1.5: "-1.5", 1e21: "1000000000000000000000",
		1e-7: "0.0000001", 0.1: "0.1", 100: "100"} {
		if got := driver.FormatFloat(f); got != want {
			t.Errorf("FormatFloat(%v) = %q; want %q", f, got, want)
		}
	}
}
