package drivertest

import "time"

// touchCases: Touch changes a lifetime and nothing else. That it gives one is among the cases of expiry.
func touchCases() []testCase {
	needs := []Capability{Toucher}
	return []testCase{
		{name: "Absent", needs: needs, run: func(e *env) {
			e.wantTouch("absent", longTTL, false)
			e.wantTouch("absent", 0, false)
			e.wantMiss("absent")
		}},
		{name: "KeepsTheValue", needs: needs, run: func(e *env) {
			for _, v := range []string{"one", "", noise(1000)} {
				e.set("a", v, longTTL)
				e.wantTouch("a", 2*longTTL, true)
				e.wantTouch("a", 2*longTTL, true)
				e.wantTouch("a", 0, true)
				e.want("a", v)
			}
		}},
		{name: "ShortensAndExtends", needs: needs, run: func(e *env) {
			e.set("shorter", "1", longTTL)
			e.set("mortal", "1", 0)
			e.within(4*e.ttl(), "Touch", func() error {
				e.set("longer", "1", 4*e.ttl())
				return did(e.toucher.Touch(e.ctx, e.k("longer"), longTTL))
			})
			l := e.written(e.ttl(), func() {
				e.wantTouch("shorter", e.ttl(), true)
				e.wantTouch("mortal", e.ttl(), true)
			})
			l.whileAlive("a touched entry", func() bool { return e.holds("shorter") && e.holds("mortal") })
			l.untilGone()
			e.wantMiss("shorter")
			e.wantMiss("mortal")
			waitFor(l.to.Add(4*e.ttl() + e.h.Resolution))
			e.want("longer", "1")
		}},
		{name: "NeverRevives", needs: needs, run: func(e *env) {
			e.oneWinnerOfTouchAndDelete()
		}},
	}
}

func (e *env) wantTouch(key string, ttl time.Duration, want bool) {
	e.Helper()
	if got, err := e.toucher.Touch(e.ctx, e.k(key), ttl); err != nil || got != want {
		e.Errorf("Touch %q for %v = %v, %v; want %v", key, ttl, got, err, want)
	}
}

// oneWinnerOfTouchAndDelete: a Touch that is a read and a write brings back what was deleted in between.
func (e *env) oneWinnerOfTouchAndDelete() {
	for i := range 50 {
		key := valueOf(i)
		e.set(key, "1", 0)
		e.atOnce(4, func(g int) {
			var err error
			if g == 0 {
				_, err = e.store.Delete(e.ctx, e.k(key))
			} else {
				_, err = e.toucher.Touch(e.ctx, e.k(key), longTTL)
			}
			if err != nil {
				e.Errorf("Touch or Delete: %v", err)
			}
		})
		e.wantMiss(key)
	}
}
