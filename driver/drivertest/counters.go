package drivertest

import (
	"errors"
	"math"
	"strconv"
	"sync"

	"github.com/larder-go/larder/driver"
)

// counterCases: arithmetic is atomic, and what it means is what driver.AddInt and driver.AddFloat say. That it keeps
// lifetimes is among the cases of expiry.
func counterCases() []testCase {
	needs := []Capability{Counter}
	return []testCase{
		{name: "MissingBecomesDelta", needs: needs, run: counterStarts},
		{name: "Integers", needs: needs, run: integers},
		{name: "Floats", needs: needs, run: floats},
		{name: "NotANumber", needs: needs, run: notANumber},
		{name: "Overflow", needs: needs, run: overflow},
		{name: "NothingIsLost", needs: needs, run: countTogether},
		{name: "NothingIsLostFromTheFirst", needs: needs, run: countFromNothing},
	}
}

func counterStarts(e *env) {
	for i, delta := range []int64{1, 5, -3, 0, math.MaxInt64, math.MinInt64} {
		key := valueOf(i)
		n, err := e.counter.Incr(e.ctx, e.k(key), delta, 0)
		if err != nil || n != delta {
			e.Errorf("Incr of an absent key by %d = %d, %v", delta, n, err)
		}
		e.want(key, strconv.FormatInt(delta, 10))
	}
	for _, delta := range []float64{1, 0.5, -2.25, 0, 1e15, -1e15, 1e-7} {
		key := "float " + driver.FormatFloat(delta)
		f, err := e.counter.IncrFloat(e.ctx, e.k(key), delta, longTTL)
		if err != nil || f != delta {
			e.Errorf("IncrFloat of an absent key by %v = %v, %v", delta, f, err)
		}
		e.want(key, driver.FormatFloat(delta))
	}
}

var (
	integerTexts = []string{"0", "1", "-1", "5", "41", "-0", "007", "-007", "9007199254740993", "9223372036854775807",
		"-9223372036854775808", "9223372036854775808", "-9223372036854775809", "99999999999999999999",
		"00000000000000000000000005"}
	otherTexts = []string{"", " ", "5 ", " 5", "+5", "--5", "-", "0x10", "1_000", "five", "null", "true", `"5"`, "[5]", "{}",
		"5\n", "5\r\n", "5\x00", "\x00", "١", "NaN", "Infinity", "-Infinity", "inf", "1,5", "01.5", ".5", "5.", "1e", "1e+", "0x1p4"}
	floatTexts = []string{"1.0", "1.5", "-0.0", "0.1", "1e3", "1E3", "-2.5e-3", "1e+2", "123456789.25", "1e999", "-1e999", "1e22"}
)

// wantIncr fails unless the store does with text what driver.AddInt does.
func (e *env) wantIncr(text string, delta int64) {
	e.Helper()
	e.set("n", text, 0)
	sum, wantErr := driver.AddInt(text, delta)
	left := strconv.FormatInt(sum, 10)
	if wantErr != nil {
		sum, left = 0, text
	}
	n, err := e.counter.Incr(e.ctx, e.k("n"), delta, 0)
	if !errors.Is(err, wantErr) || (wantErr == nil && n != sum) {
		e.Errorf("Incr of %q by %d = %d, %v; want %d, %v", text, delta, n, err, sum, wantErr)
	}
	e.want("n", left)
}

// wantIncrFloat fails unless the store does with text what driver.AddFloat does.
func (e *env) wantIncrFloat(text string, delta float64) {
	e.Helper()
	e.set("f", text, 0)
	sum, left, wantErr := driver.AddFloat(text, delta)
	if wantErr != nil {
		sum, left = 0, text
	}
	f, err := e.counter.IncrFloat(e.ctx, e.k("f"), delta, 0)
	if !errors.Is(err, wantErr) || (wantErr == nil && f != sum) {
		e.Errorf("IncrFloat of %q by %v = %v, %v; want %v, %v", text, delta, f, err, sum, wantErr)
	}
	e.want("f", left)
}

func integers(e *env) {
	for _, text := range integerTexts {
		for _, delta := range []int64{1, -1, 0, 10, math.MaxInt64} {
			e.wantIncr(text, delta)
		}
	}
}

func floats(e *env) {
	for _, text := range append(integerTexts, floatTexts...) {
		for _, delta := range []float64{1, -1, 0, 0.5, 0.1, -0.25} {
			e.wantIncrFloat(text, delta)
		}
	}
	e.wantIncrFloat("0.1", 0.2)
	e.wantIncrFloat("3", -3)
	e.wantIncrFloat("1.5", 1.5)
	// A whole sum is written so that Incr goes on with it.
	if n, err := e.counter.Incr(e.ctx, e.k("f"), 1, 0); err != nil || n != 4 {
		e.Errorf("Incr after a whole float sum = %d, %v; want 4", n, err)
	}
}

func notANumber(e *env) {
	for _, text := range otherTexts {
		e.wantIncr(text, 1)
		e.wantIncrFloat(text, 1)
	}
	for _, text := range floatTexts {
		e.wantIncr(text, 1)
	}
	long := make([]byte, 3000)
	for i := range long {
		long[i] = '9'
	}
	e.wantIncr(string(long), 1)
	e.wantIncrFloat(string(long), 1)
}

func overflow(e *env) {
	e.wantIncr("9223372036854775807", 1)
	e.wantIncr("-9223372036854775808", -1)
	e.wantIncr("1", math.MaxInt64)
	e.wantIncr("-2", math.MinInt64)
	e.wantIncr("9223372036854775807", math.MinInt64)
	e.wantIncr("9223372036854775806", 1)
	largest := driver.FormatFloat(math.MaxFloat64)
	e.wantIncrFloat(largest, math.MaxFloat64)
	e.wantIncrFloat("-"+largest, -math.MaxFloat64)
}

// counters is how many goroutines count at once.
const counters = 64

func countTogether(e *env) {
	const each = 20
	e.set("n", "0", 0)
	e.set("f", "0", longTTL)
	e.atOnce(counters, func(int) {
		for range each {
			if _, err := e.counter.Incr(e.ctx, e.k("n"), 3, 0); err != nil {
				e.Errorf("Incr: %v", err)
			}
			if _, err := e.counter.IncrFloat(e.ctx, e.k("f"), 0.5, 0); err != nil {
				e.Errorf("IncrFloat: %v", err)
			}
		}
	})
	e.want("n", strconv.Itoa(counters*each*3))
	e.want("f", strconv.Itoa(counters*each/2))
}

// countFromNothing: of those who find the key absent, one makes it, and each gets a sum of its own.
func countFromNothing(e *env) {
	for round := range 5 {
		key := valueOf(round)
		var mu sync.Mutex
		seen := map[int64]bool{}
		e.atOnce(counters, func(int) {
			n, err := e.counter.Incr(e.ctx, e.k(key), 1, longTTL)
			mu.Lock()
			defer mu.Unlock()
			if err != nil || seen[n] || n < 1 || n > counters {
				e.Errorf("Incr = %d, %v; seen before: %v", n, err, seen[n])
			}
			seen[n] = true
		})
		e.want(key, strconv.Itoa(counters))
	}
}
