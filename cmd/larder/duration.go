package main

import (
	"fmt"
	"time"

	"github.com/alecthomas/kong"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
)

// lifetime is how long an entry shall live: for some time, for ever, or as the cache says.
type lifetime struct {
	kind lifetimeKind
	d    time.Duration
}

type lifetimeKind uint8

const (
	byDefault lifetimeKind = iota
	never
	forTime
	untilTime // d is a moment, in time since the Unix epoch
)

// Decode reads the flag's value, for kong.
func (l *lifetime) Decode(ctx *kong.DecodeContext) (err error) {
	var text string
	if err := ctx.Scan.PopValueInto("ttl", &text); err != nil {
		return err
	}
	*l, err = parseLifetime(text)
	return err
}

func parseLifetime(text string) (lifetime, error) {
	if text == "never" {
		return lifetime{kind: never}, nil
	}
	d, err := driver.ParseDuration(text)
	if err != nil {
		return lifetime{}, fmt.Errorf("%q is not 90 or 90s, 10m, or never", text)
	}
	return lifetimeOf(d, text, "never")
}

// lifetimeOf checks d, which was written as text where never is the word for no expiry.
func lifetimeOf(d time.Duration, text, never string) (lifetime, error) {
	switch {
	case d <= 0:
		return lifetime{}, fmt.Errorf("%s is not above zero (%s means no expiry)", text, never)
	case d > larder.MaxTTL:
		return lifetime{}, fmt.Errorf("%s is more than 100 years (%s means no expiry)", text, never)
	}
	return lifetime{forTime, d}, nil
}

// until is the lifetime that ends at a moment.
func until(t time.Time) lifetime { return lifetime{untilTime, time.Duration(t.UnixNano())} }

// options returns the lifetime as the library takes it. ended tells that it is over already.
func (l lifetime) options(now time.Time) (opts []larder.CallOption, ended bool) {
	switch l.kind {
	case never:
		return []larder.CallOption{larder.NoExpiry}, false
	case forTime:
		return []larder.CallOption{larder.TTL(l.d)}, false
	case untilTime:
		left := l.d - time.Duration(now.UnixNano())
		return []larder.CallOption{larder.TTL(left)}, left <= 0
	}
	return nil, false
}

// ttl returns the options of --ttl.
func (g globals) ttl() []larder.CallOption {
	opts, _ := g.TTL.options(time.Time{})
	return opts
}

// span is a length of time above zero; 0 if not given.
type span time.Duration

// Decode reads the flag's value, for kong.
func (s *span) Decode(ctx *kong.DecodeContext) error {
	var text string
	if err := ctx.Scan.PopValueInto("time", &text); err != nil {
		return err
	}
	d, err := driver.ParseDuration(text)
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is not a time above zero, such as 2s or 500ms", text)
	}
	*s = span(d)
	return nil
}

// seconds writes a duration in seconds with milliseconds, rounded up, so that it is a number in JSON too.
func seconds(d time.Duration) string { return string(appendSeconds(nil, d)) }

func appendSeconds(dst []byte, d time.Duration) []byte {
	ms := (d + time.Millisecond - 1) / time.Millisecond
	return fmt.Appendf(dst, "%d.%03d", ms/1000, ms%1000)
}
