package memcached_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/memcached"
)

func advise(t *testing.T, o memcached.Options) []driver.Advice {
	t.Helper()
	all, err := open(t, o).Advise(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if a.Subject == "" || a.Text == "" || strings.ContainsAny(a.Text, "\r\n") {
			t.Errorf("%+v is no line", a)
		}
	}
	return all
}

func at(servers ...*memcachetest.Server) (o memcached.Options) {
	for _, s := range servers {
		o.Addresses = append(o.Addresses, s.Addr())
	}
	return o
}

// wantAdvice fails unless just this subject is not fine, and has the words; "": all are fine.
func wantAdvice(t *testing.T, all []driver.Advice, subject string, words ...string) {
	t.Helper()
	for _, a := range all {
		if a.Fine != (a.Subject != subject) {
			t.Errorf("want a warning of %q only: %+v", subject, a)
		}
		if a.Subject != subject {
			continue
		}
		for _, word := range words {
			if !strings.Contains(a.Text, word) {
				t.Errorf("%s: no %q in %q", subject, word, a.Text)
			}
		}
	}
}

func TestAdviseOnAServerAsItComes(t *testing.T) {
	s := memcachetest.Start(t)
	all := advise(t, at(s))
	wantAdvice(t, all, "")
	var subjects []string
	for _, a := range all {
		subjects = append(subjects, a.Subject)
	}
	if want := []string{"memory", "item limit", "connections", "commands", "clock"}; !slices.Equal(subjects, want) {
		t.Errorf("%q; want %q", subjects, want)
	}
	if keys := s.Keys(t); len(keys) > 0 {
		t.Errorf("it has written %q", keys)
	}
}

func TestAdviseOnHowAServerWasStarted(t *testing.T) {
	for _, c := range []struct {
		args    []string
		subject string
		word    string
	}{
		{[]string{"-M"}, "memory", "without -M"},
		{[]string{"-I", "512k"}, "item limit", "above 512 KiB"},
		{[]string{"-X"}, "commands", "without -X"},
		{[]string{"-o", "no_lru_crawler"}, "commands", "no_lru_crawler"},
		{[]string{"-F"}, "commands", "flush_all"},
	} {
		s := memcachetest.Start(t, memcachetest.Args(c.args...))
		wantAdvice(t, advise(t, at(s)), c.subject, c.word)
	}
}

func TestAdviseOnEvictions(t *testing.T) {
	small := memcachetest.Start(t, memcachetest.Args("-m", "2"))
	other := memcachetest.Start(t)
	s := open(t, at(small))
	for i := range 300 {
		if err := s.Set(t.Context(), fmt.Sprint(i), bytes.Repeat([]byte("v"), 50_000), 0); err != nil {
			t.Fatal(err)
		}
	}
	wantAdvice(t, advise(t, at(other, small)), "memory", small.Addr()+": ", "entries were evicted")
}

func TestAdviseOfAServerThatIsGone(t *testing.T) {
	s := memcachetest.Start(t)
	store := open(t, at(s))
	s.Kill()
	began := time.Now()
	if all, err := store.Advise(t.Context()); err == nil || !strings.Contains(err.Error(), s.Addr()) || time.Since(began) > 10*time.Second {
		t.Errorf("%+v, %v", all, err)
	}
}
