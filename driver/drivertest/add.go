package drivertest

import "fmt"

// addCases: Add stores where nothing is.
func addCases() []testCase {
	needs := []Capability{Adder}
	return []testCase{
		{name: "OnlyWhereNothingIs", needs: needs, run: func(e *env) {
			e.wantAdd("a", "1", true)
			e.want("a", "1")
			e.wantAdd("a", "2", false)
			e.want("a", "1")
			e.set("empty", "", 0)
			e.wantAdd("empty", "1", false)
			e.want("empty", "")
		}},
		{name: "AfterDelete", needs: needs, run: func(e *env) {
			e.set("a", "1", 0)
			e.wantDelete("a", true)
			e.wantAdd("a", "2", true)
			e.want("a", "2")
		}},
		{name: "OneWinner", needs: needs, run: func(e *env) {
			e.oneWinner("Add", counters, func(int) {}, func(round, i int) (bool, error) {
				return e.adder.Add(e.ctx, e.k(valueOf(round)), []byte(fmt.Sprint(i)), longTTL)
			})
		}},
		{name: "WinnersValueStays", needs: needs, run: func(e *env) {
			var won [counters]bool
			e.atOnce(counters, func(i int) { won[i], _ = e.adder.Add(e.ctx, e.k("a"), []byte(valueOf(i)), 0) })
			for i, w := range won {
				if w {
					e.want("a", valueOf(i))
				}
			}
		}},
		{name: "OneWinnerOverAnExpiredOne", needs: needs, run: func(e *env) {
			var l lifetime
			start := func(round int) {
				// All of them expire together, so that there is one wait.
				if round == 0 {
					l = e.written(e.ttl(), func() {
						for i := range 10 {
							e.set(valueOf(i), "old", e.ttl())
						}
					})
					l.untilGone()
				}
			}
			e.oneWinner("Add", counters, start, func(round, i int) (bool, error) {
				return e.adder.Add(e.ctx, e.k(valueOf(round)), []byte(fmt.Sprint(i)), 0)
			})
		}},
	}
}

func (e *env) wantAdd(key, value string, want bool) {
	e.Helper()
	if got, err := e.adder.Add(e.ctx, e.k(key), []byte(value), 0); err != nil || got != want {
		e.Errorf("Add %q = %v, %v; want %v", key, got, err, want)
	}
}
