package drivertest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/anishathalye/porcupine"

	"github.com/larder-go/larder/driver"
)

// linearCases: to those who call at the same time, each call happened at one instant between its beginning and its end.
func linearCases() []testCase {
	return []testCase{
		{name: "ConcurrentHistories", run: linearHistories},
	}
}

// step is a call of a history, as it was made.
type step struct {
	op  string
	key int
	arg int
}

// answer is what came back: a value or sum, and whether the call found or did something.
type answer struct {
	value string
	ok    bool
}

const (
	linearRounds  = 20
	linearClients = 6
	linearKeys    = 2
	linearSteps   = 12 // of each client
)

func linearHistories(e *env) {
	seed := rand.Uint64()
	ops := e.linearOps()
	for round := range linearRounds {
		var clock atomic.Int64
		histories := make([][]porcupine.Operation, linearClients)
		e.atOnce(linearClients, func(client int) {
			r := rand.New(rand.NewPCG(seed, uint64(round*linearClients+client)))
			for range linearSteps {
				s := step{op: ops[r.IntN(len(ops))], key: r.IntN(linearKeys), arg: r.IntN(9) + 1}
				called := clock.Add(1)
				a, err := e.take(s, fmt.Sprint("linear", round, ".", s.key))
				if err != nil {
					e.Errorf("%s: %v", s.op, err)
					return
				}
				histories[client] = append(histories[client],
					porcupine.Operation{ClientId: client, Input: s, Call: called, Output: a, Return: clock.Add(1)})
			}
		})
		var all []porcupine.Operation
		for _, h := range histories {
			all = append(all, h...)
		}
		if result := porcupine.CheckOperationsTimeout(entryModel, all, patience); result != porcupine.Ok {
			e.Fatalf("round %d, seed %d: no order of these calls explains their answers (%s):\n%s", round, seed, result, describe(all))
		}
	}
}

// linearOps lists what the histories are made of.
func (e *env) linearOps() []string {
	ops := []string{"Get", "Get", "Set", "Delete"}
	for _, c := range []struct {
		needs Capability
		op    string
	}{{Adder, "Add"}, {Counter, "Incr"}, {Toucher, "Touch"}, {Batcher, "GetMany"}, {Live, "GetLive"}, {Live, "SetLive"}} {
		if e.able(c.needs) {
			ops = append(ops, c.op)
		}
	}
	return ops
}

// take makes one call.
func (e *env) take(s step, key string) (answer, error) {
	text := strconv.Itoa(s.arg)
	switch s.op {
	case "Get":
		v, err := e.store.Get(e.ctx, e.k(key))
		return found(v, err)
	case "GetMany":
		r, err := e.batcher.GetMany(e.ctx, e.ks(key))
		if err != nil || len(r) != 1 {
			return answer{}, fmt.Errorf("%d results, %w", len(r), err)
		}
		return found(r[0].Value, r[0].Err)
	case "GetLive":
		v, err := e.live.GetLive(e.prefix, key)
		if err != nil {
			return found(nil, err)
		}
		return found(v.Encode())
	case "Set":
		return answer{}, e.store.Set(e.ctx, e.k(key), []byte(text), longTTL)
	case "SetLive":
		return answer{}, e.live.SetLive(e.prefix, key, newGem(text), longTTL)
	case "Delete":
		ok, err := e.store.Delete(e.ctx, e.k(key))
		return answer{ok: ok}, err
	case "Add":
		ok, err := e.adder.Add(e.ctx, e.k(key), []byte(text), longTTL)
		return answer{ok: ok}, err
	case "Touch":
		ok, err := e.toucher.Touch(e.ctx, e.k(key), 2*longTTL)
		return answer{ok: ok}, err
	default:
		n, err := e.counter.Incr(e.ctx, e.k(key), int64(s.arg), longTTL)
		return answer{value: strconv.FormatInt(n, 10)}, err
	}
}

// found is the answer of a read.
func found(v []byte, err error) (answer, error) {
	if errors.Is(err, driver.ErrMiss) {
		return answer{}, nil
	}
	return answer{value: string(v), ok: true}, err
}

// entryModel is one entry of numbers; the state "" is an absent one.
var entryModel = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		parts := make([][]porcupine.Operation, linearKeys)
		for _, o := range history {
			key := o.Input.(step).key
			parts[key] = append(parts[key], o)
		}
		return parts
	},
	Init: func() any { return "" },
	Step: func(state, input, output any) (bool, any) {
		old, s, a := state.(string), input.(step), output.(answer)
		text := strconv.Itoa(s.arg)
		switch s.op {
		case "Set", "SetLive":
			return true, text
		case "Delete":
			return a.ok == (old != ""), ""
		case "Touch":
			return a.ok == (old != ""), old
		case "Add":
			if old == "" {
				return a.ok, text
			}
			return !a.ok, old
		case "Incr":
			n, _ := strconv.Atoi(old)
			sum := strconv.Itoa(n + s.arg)
			return a.value == sum, sum
		default:
			return a.ok == (old != "") && a.value == old, old
		}
	},
}

// describe prints a history for a person.
func describe(history []porcupine.Operation) string {
	var out strings.Builder
	for _, o := range history {
		s, a := o.Input.(step), o.Output.(answer)
		fmt.Fprintf(&out, "  client %d, instants %d to %d: %s of key %d with %d = %q, %v\n",
			o.ClientId, o.Call, o.Return, s.op, s.key, s.arg, a.value, a.ok)
	}
	return out.String()
}
