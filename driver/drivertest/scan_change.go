package drivertest

import (
	"fmt"
	"sync"
)

// change is a turn of one of those who change entries during a walk.
type change func(e *env, writer, turn int) error

// changers is how many do so at once.
const changers = 2

// scanWhileOthersChange walks while others add, delete and replace. Each kind has a walk of its own: keys that come and keys
// that go move all others in opposite directions, and together they would hide what they do.
func scanWhileOthersChange(e *env) {
	stable := e.fillMany(2000)
	e.walkAmong(stable, func(e *env, writer, turn int) error { return e.replaceSome(stable, writer, turn) })
	e.walkAmong(stable, (*env).addSome)
	// What the walk before has added is there to go.
	e.walkAmong(stable, (*env).deleteSome)
}

// walkAmong walks and stops now and then. Others begin a turn at each stop, while the walk goes on, and have ended
// it at the next, so that on every machine there are changes before and behind the walker.
func (e *env) walkAmong(stable []string, others change) {
	e.Helper()
	const stride = 50
	var turn sync.WaitGroup
	defer turn.Wait()
	n, i := tally{}, 0
	for k, err := range e.walk("many:") {
		e.ok("Scan", err)
		n[k]++
		if i++; i > 10*len(stable) {
			e.Fatal("the walk does not end")
		}
		if i%stride == 0 {
			turn.Wait()
			e.startTurn(&turn, others, i/stride)
		}
	}
	n.check(e, stable)
}

func (e *env) startTurn(wg *sync.WaitGroup, others change, turn int) {
	for writer := range changers {
		wg.Go(func() {
			if err := others(e, writer, turn); err != nil {
				e.Errorf("while others walk: %v", err)
			}
		})
	}
}

// passing are keys at the beginning, in the middle and at the end of those that stay, whatever the order of the walk.
func (e *env) passing(writer, turn int) []string {
	var keys []string
	for _, place := range []string{"many:", "many:01000:", "many:~"} {
		keys = append(keys, e.k(fmt.Sprint(place, writer, ":", turn)))
	}
	return keys
}

func (e *env) addSome(writer, turn int) error {
	for _, k := range e.passing(writer, turn) {
		if err := e.store.Set(e.ctx, k, []byte("1"), 0); err != nil {
			return fmt.Errorf("Set: %w", err)
		}
	}
	return nil
}

func (e *env) deleteSome(writer, turn int) error {
	for _, k := range e.passing(writer, turn) {
		if _, err := e.store.Delete(e.ctx, k); err != nil {
			return fmt.Errorf("Delete: %w", err)
		}
	}
	return nil
}

// replaceSome writes over keys that stay, all over the place, and over others that are gone again at once.
func (e *env) replaceSome(stable []string, writer, turn int) error {
	for i := range 8 {
		key := stable[(turn*8+i*251+writer)%len(stable)]
		if err := e.store.Set(e.ctx, e.k(key), []byte("2"), 0); err != nil {
			return fmt.Errorf("Set: %w", err)
		}
		passing := e.k(fmt.Sprintf("%s:%d:%d", key, writer, i))
		if err := e.store.Set(e.ctx, passing, []byte("1"), 0); err != nil {
			return fmt.Errorf("Set: %w", err)
		}
		if _, err := e.store.Delete(e.ctx, passing); err != nil {
			return fmt.Errorf("Delete: %w", err)
		}
	}
	return nil
}
