package interop

import (
	"encoding/json"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/larder-go/larder"
)

// TestCounters: one counter for both sides, whole or not.
func TestCounters(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		ctx := e.Context()
		py.run(e, `c.set("n", 10)`, nil)
		said(e, "Incr", int64(15))(c.Incr(ctx, "n", 5))
		py.says(e, `c.incr("n")`, "16")
		py.says(e, `c.decr("n", 6)`, "10")
		said(e, "Decr", int64(7))(c.Decr(ctx, "n", 3))
		py.says(e, `c.get("n")`, "7")

		said(e, "IncrFloat", 7.5)(c.IncrFloat(ctx, "n", 0.5))
		py.says(e, `c.get("n")`, "7.5")
		py.says(e, `c.incr("n", 0.25)`, "7.75")
		py.says(e, `c.decr("n", 0.75)`, "7") // whole again: an int
		said(e, "Incr", int64(8))(c.Incr(ctx, "n", 1))
		said(e, "DecrFloat", 7.5)(c.DecrFloat(ctx, "n", 0.5))
		said(e, "IncrFloat", 8.0)(c.IncrFloat(ctx, "n", 0.5))
		py.says(e, `c.incr("n")`, "9") // written without a point
		py.says(e, `c.incr("n", 1e-7)`, "9.0000001")
		said(e, "IncrFloat", 9.0000001)(c.IncrFloat(ctx, "n", 0))

		said(e, "Incr", int64(4))(c.Incr(ctx, "fresh", 4)) // made here, counted there
		py.says(e, `c.incr("fresh")`, "5")
		said(e, "IncrFloat", 0.5)(c.IncrFloat(ctx, "fresh-float", 0.5))
		py.says(e, `c.incr("fresh-float", 0.5)`, "1")
	})
}

// TestCountersKeepTTL: whoever counts, the lifetime stays.
func TestCountersKeepTTL(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		py.run(e, `c.set("n", 1, ttl=60)`, nil)
		said(e, "Incr", int64(2))(c.Incr(e.Context(), "n", 1, larder.TTL(time.Hour)))
		said(e, "IncrFloat", 2.5)(c.IncrFloat(e.Context(), "n", 0.5, larder.TTL(time.Hour)))
		e.wantTTL("::n", 60)
		said(e, "Incr", int64(1))(c.Incr(e.Context(), "m", 1, larder.TTL(time.Hour)))
		py.run(e, `c.incr("m")`, nil)
		py.run(e, `c.decr("m", 0.5)`, nil)
		wantLeft(e, c, "m", time.Hour)
	})
}

// TestNotNumbers: both sides refuse the same values, and leave them.
func TestNotNumbers(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		for _, value := range []string{"1.5", "1.0", `"abc"`, `"1"`, "null", "true", "[1]", "1e3", " 1", "1 ", "+1", ""} {
			e.put("::k", value)
			py.raises(e, `c.incr("k")`, "ReplyError: ERR value is not an integer")
			_, err := c.Incr(e.Context(), "k", 1)
			wantErr(e, "Incr of "+value, err, larder.ErrNotNumber)
			e.wantStored("::k", value)
		}
		for _, value := range []string{`"abc"`, "null", "true", "[1]", "NaN", " 1", ""} {
			e.put("::k", value)
			py.raises(e, `c.incr("k", 0.5)`, "ReplyError: ERR")
			_, err := c.IncrFloat(e.Context(), "k", 0.5)
			wantErr(e, "IncrFloat of "+value, err, larder.ErrNotNumber)
			e.wantStored("::k", value)
		}
		for value, delta := range map[string]int64{"9223372036854775807": 1, "-9223372036854775808": -1} {
			e.put("::k", value)
			py.raises(e, `c.incr("k", `+strconv.FormatInt(delta, 10)+`)`, "ReplyError: ERR increment or decrement would overflow")
			_, err := c.Incr(e.Context(), "k", delta)
			wantErr(e, "Incr of "+value, err, larder.ErrOverflow)
			e.wantStored("::k", value)
		}
		e.put("::k", "9223372036854775806")
		said(e, "Incr", int64(9223372036854775807))(c.Incr(e.Context(), "k", 1))
		py.says(e, `c.get("k")`, "9223372036854775807")
	})
}

// TestHex: Redis takes hexadecimal floats where JSON has none, and so does Python's incr; larder does not.
func TestHex(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		e.put("::k", "0x10")
		_, err := c.IncrFloat(e.Context(), "k", 0.5)
		wantErr(e, "IncrFloat", err, larder.ErrNotNumber)
		e.wantStored("::k", "0x10")
		py.says(e, `c.incr("k", 0.5)`, "16.5")
	})
}

// TestLeadingZeros: neither side writes them. Redis, and so Python, does not count with them; here they are digits like others, on every
// engine alike.
func TestLeadingZeros(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		for value, sum := range map[string]int64{"007": 8, "-0": 1} {
			e.put("::k", value)
			py.raises(e, `c.incr("k")`, "ReplyError: ERR value is not an integer")
			said(e, "Incr", sum)(c.Incr(e.Context(), "k", 1))
			e.wantStored("::k", strconv.FormatInt(sum, 10))
		}
	})
}

const (
	tasks = 8   // in each program
	each  = 500 // increments of each program and kind
)

// TestCountersTogether: Python's tasks and Go's goroutines count at once. Nothing is lost, and no two are told the same sum.
func TestCountersTogether(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		py.run(e, `c.set_many({"n": 0, "f": 0})`, nil)
		sums := together(e,
			func() []string { return repeated(e, py, `c.incr("n")`) },
			func() []string { return repeated(e, py, `c.decr("n", -1)`) },
			func() []string {
				return goroutines(e, func() (string, error) {
					n, err := c.Incr(e.Context(), "n", 1)
					return strconv.FormatInt(n, 10), err
				})
			},
		)
		slices.Sort(sums)
		if n := len(slices.Compact(sums)); n != 3*each {
			e.Errorf("%d different sums of %d", n, 3*each)
		}
		py.says(e, `c.get("n")`, strconv.Itoa(3*each))

		together(e,
			func() []string { return repeated(e, py, `c.incr("f", 0.5)`) },
			func() []string {
				return goroutines(e, func() (string, error) {
					_, err := c.IncrFloat(e.Context(), "f", 0.25)
					return "", err
				})
			},
		)
		wantGet(e, c, "f", strconv.Itoa(each*3/4))
	})
}

// TestAddTogether: of all that add one key at once, in both languages, one is told that it did.
func TestAddTogether(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		for range 20 {
			winners := together(e,
				func() []string { return repeated(e, py, `c.add("k", "python", ttl=60)`) },
				func() []string {
					return goroutines(e, func() (string, error) {
						added, err := c.Add(e.Context(), "k", "go", larder.TTL(time.Minute))
						return strconv.FormatBool(added), err
					})
				},
			)
			if n := count(winners, "true"); n != 1 {
				e.Errorf("%d have added the key", n)
			}
			_, err := c.Delete(e.Context(), "k")
			ok(e, err)
		}
	})
}

func count(all []string, what string) (n int) {
	for _, one := range all {
		if one == what {
			n++
		}
	}
	return n
}

// together runs them at once, and joins what they return.
func together(e env, all ...func() []string) (results []string) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for _, one := range all {
		wg.Go(func() {
			some := one()
			mu.Lock()
			defer mu.Unlock()
			results = append(results, some...)
		})
	}
	wg.Wait()
	if e.Failed() {
		e.FailNow()
	}
	return results
}

// repeated evaluates an expression each times on Python's tasks.
func repeated(e env, py client, expression string) (results []string) {
	values, err := py.repeat(expression, each, tasks)
	if err != nil || len(values) != each {
		e.Errorf("Python: %d values, %v", len(values), err)
	}
	for _, v := range values {
		switch v := v.(type) {
		case json.Number:
			results = append(results, string(v))
		case bool:
			results = append(results, strconv.FormatBool(v))
		}
	}
	return results
}

func goroutines(e env, one func() (string, error)) []string {
	results := make([]string, each)
	var wg sync.WaitGroup
	for g := range tasks {
		wg.Go(func() {
			for i := g; i < each; i += tasks {
				result, err := one()
				if err != nil {
					e.Error(err)
					return
				}
				results[i] = result
			}
		})
	}
	wg.Wait()
	return results
}
