package drivertest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/larder-go/larder/driver"
)

// notifyCases: what is stored with a notification is told to those who have subscribed to the key, and to no others.
func notifyCases() []testCase {
	cases := []testCase{
		{name: "StoresAndTells", run: func(e *env) {
			l := e.subscribe("a")
			e.setNotify("a", "1", 0)
			e.want("a", "1")
			l.wantTold("a=1")
			e.setNotify("a", "", longTTL)
			e.want("a", "")
			l.wantTold("a=")
		}},
		{name: "StoredBeforeTold", run: storedBeforeTold},
		{name: "RightAfterSubscribe", run: rightAfterSubscribe},
		{name: "InOrder", run: inOrder},
		{name: "OnlyItsKeys", run: func(e *env) {
			l := e.subscribe("a*", "a")
			for _, other := range []string{"ab", "A", "", "a ", "a?", "aa"} {
				e.setNotify(other, "other", 0)
			}
			e.setNotify("a*", "1", 0)
			l.wantTold("a*=1")
		}},
		{name: "OtherWritesAreSilent", run: func(e *env) {
			l := e.subscribe("a")
			e.set("a", "silent", 0)
			e.wantDelete("a", true)
			e.setNotify("a", "1", 0)
			l.wantTold("a=1")
		}},
		{name: "AnyKeyAndValue", run: anyMessage},
		{name: "Many", run: manyChannels},
		{name: "TooLarge", when: func(h *Harness) bool { return h.MaxValue > 0 }, empties: true, run: func(e *env) {
			l := e.subscribe("a")
			e.set("a", "old", 0)
			err := e.notifier.SetNotify(e.ctx, e.k("a"), make([]byte, 2*e.h.MaxValue), 0)
			e.wantErr("SetNotify of a value that is too large", err, driver.ErrTooLarge)
			e.wantMiss("a")
			ok, err := e.notifier.SwapNotify(e.ctx, e.k("a"), nil, make([]byte, 2*e.h.MaxValue), 0)
			e.wantErr("SwapNotify of a value that is too large", both(ok, err), driver.ErrTooLarge)
			e.setNotify("a", "1", 0)
			l.wantTold("a=1")
		}},
	}
	cases = slices.Concat(cases, subscriptionCases(), swapNotifyCases())
	for i, c := range cases {
		cases[i].needs = append(cases[i].needs, Notifier)
		cases[i].run = func(e *env) {
			// A cluster may still be spreading what the case before has published.
			own := *e
			own.prefix += c.name + ":"
			c.run(&own)
		}
	}
	return append(cases, testCase{name: "EmptyKey", needs: []Capability{Notifier}, run: func(e *env) {
		l := e.subscribe("")
		e.setNotify("", "1", 0)
		e.want("", "1")
		l.wantTold("=1")
	}})
}

// listener is what a subscription was told.
type listener struct {
	e   *env
	sub driver.Subscription

	mu   sync.Mutex
	all  []string // "key=value" without the prefix of the run, or "lost"
	news chan struct{}
	read int // how many of all wantTold has dealt with
}

func (e *env) subscribe(keys ...string) *listener {
	e.Helper()
	l := &listener{e: e, news: make(chan struct{}, 1)}
	l.subscribe(keys, l.tell)
	return l
}

func (l *listener) subscribe(keys []string, tell func(driver.Message)) {
	l.e.Helper()
	sub, err := l.e.notifier.Subscribe(l.e.ctx, l.e.ks(keys...), tell)
	l.e.ok("Subscribe", err)
	l.sub = sub
}

func (l *listener) tell(m driver.Message) {
	text := "lost"
	if !m.Lost {
		text = strings.TrimPrefix(m.Key, l.e.prefix) + "=" + string(m.Value)
	}
	l.mu.Lock()
	l.all = append(l.all, text)
	l.mu.Unlock()
	select {
	case l.news <- struct{}{}:
	default:
	}
}

// wantToldAll is wantTold in any order: that of different keys is nobody's promise.
func (l *listener) wantToldAll(want ...string) {
	l.e.Helper()
	got := l.await(func(all []string) bool { return len(all) >= l.read+len(want) })
	got = slices.Sorted(slices.Values(got[min(l.read, len(got)):]))
	l.read += len(want)
	if slices.Sort(want); !slices.Equal(got, want) {
		l.e.Errorf("a subscription is told %.200q; want %.200q", got, want)
	}
}

// told returns what has been told.
func (l *listener) told() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all)
}

// wantTold fails unless exactly this is told next.
func (l *listener) wantTold(want ...string) {
	l.e.Helper()
	got := l.await(func(all []string) bool { return len(all) >= l.read+len(want) })
	got = got[min(l.read, len(got)):]
	l.read += len(want)
	if !slices.Equal(got, want) {
		l.e.Errorf("a subscription is told %.200q; want %.200q", got, want)
	}
}

// await returns what has been told once it is enough, or when patience is over.
func (l *listener) await(enough func(all []string) bool) []string {
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		all := l.told()
		if enough(all) {
			return all
		}
		select {
		case <-l.news:
		case <-limit.C:
			return all
		}
	}
}

func (e *env) setNotify(key, value string, ttl time.Duration) {
	e.Helper()
	if err := e.notifier.SetNotify(e.ctx, e.k(key), []byte(value), ttl); err != nil {
		e.Fatalf("SetNotify %s: %v", brief(e.k(key)), err)
	}
}

// storedBeforeTold: who is told finds what he is told of, or what came later.
func storedBeforeTold(e *env) {
	const rounds = 50
	l := &listener{e: e, news: make(chan struct{}, 1)}
	l.subscribe([]string{"a"}, func(m driver.Message) {
		got, err := e.store.Get(e.ctx, e.k("a"))
		if err != nil || string(got) < string(m.Value) {
			e.Errorf("told of %s, and Get finds %s, %v", m.Value, brief(string(got)), err)
		}
		l.tell(m)
	})
	var want []string
	for i := range rounds {
		value := fmt.Sprintf("%03d", i)
		want = append(want, "a="+value)
		e.setNotify("a", value, 0)
	}
	l.wantTold(want...)
}

// rightAfterSubscribe: nothing that comes after Subscribe, or Add, has returned is missed.
func rightAfterSubscribe(e *env) {
	all := e.subscribe()
	for i := range 30 {
		key := fmt.Sprint("key", i)
		l := e.subscribe(key)
		e.setNotify(key, "1", 0)
		l.wantTold(key + "=1")
		e.ok("Add", all.sub.Add(e.ctx, e.k(key)))
		e.setNotify(key, "2", 0)
		all.wantTold(key + "=2")
		l.sub.Stop()
	}
}

// inOrder: the messages of a key are told in the order of its values, whoever writes: the last one is what is there.
func inOrder(e *env) {
	const writers, each = 8, 25
	l := e.subscribe("a", "b")
	var want []string
	for i := range writers * each {
		e.setNotify("a", fmt.Sprint(i), 0)
		want = append(want, "a="+fmt.Sprint(i))
	}
	l.wantTold(want...)
	e.atOnce(writers, func(g int) {
		for i := range each {
			e.setNotify("b", fmt.Sprint(g, ".", i), 0)
		}
	})
	l.await(func(all []string) bool { return len(all) == 2*writers*each })
	told := l.told()
	if len(told) != 2*writers*each {
		e.Fatalf("%d messages are told of %d", len(told), 2*writers*each)
	}
	e.want("b", strings.TrimPrefix(told[len(told)-1], "b="))
}

// anyMessage: keys and values are any bytes.
func anyMessage(e *env) {
	values := map[string]string{
		"a b": "", "nul\x00": "\x00\r\n", "line\r\nfeed": "2", "\xff\xfe": "\xff", "*": "star", "[a]": "brackets",
		"{tag}x": "tag", "żółw": "🐢", strings.Repeat("k", 1000): strings.Repeat("v", 1<<20),
	}
	l := e.subscribe()
	for key, value := range values {
		e.ok("Add", l.sub.Add(e.ctx, e.k(key)))
		e.setNotify(key, value, 0)
		e.want(key, value)
		l.wantTold(key + "=" + value)
	}
}

// manyChannels: thousands of keys are one subscription.
func manyChannels(e *env) {
	const n = 3000
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprint("many", i)
	}
	l := e.subscribe(keys...)
	for _, i := range []int{0, 1, n / 2, n - 1} {
		e.setNotify(keys[i], "1", 0)
		l.wantTold(keys[i] + "=1")
	}
}
