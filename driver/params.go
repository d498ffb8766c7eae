package driver

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Param returns a parameter's value and whether it is given. A value may be empty.
func (u *URL) Param(name string) (string, bool) {
	for _, p := range u.params {
		if p.name == name {
			return p.value, true
		}
	}
	return "", false
}

// CheckParams returns an error that lists the known parameters if u has another one.
func (u *URL) CheckParams(known ...string) error {
	for _, p := range u.params {
		if !slices.Contains(known, p.name) {
			sorted := slices.Compact(slices.Sorted(slices.Values(known)))
			return fmt.Errorf("unknown parameter %q in the URL; known: %s", p.name, strings.Join(sorted, ", "))
		}
	}
	return nil
}

// Without returns a copy of u without the parameters of these names.
func (u *URL) Without(names ...string) *URL {
	v := *u
	v.params = slices.DeleteFunc(slices.Clone(u.params), func(p param) bool { return slices.Contains(names, p.name) })
	return &v
}

// badParam is the one form of a parameter's error.
func badParam(name, value, want string) error {
	if secretParams[name] {
		value = Mask
	}
	return fmt.Errorf("parameter %s=%s: %s", name, value, want)
}

// Int returns a whole number of at least least, or def if the parameter is not given.
func (u *URL) Int(name string, def, least int) (int, error) {
	s, ok := u.Param(name)
	if !ok {
		return def, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least {
		return 0, badParam(name, s, fmt.Sprintf("not a whole number of at least %d", least))
	}
	return n, nil
}

// Bool returns true, false, or def if the parameter is not given.
func (u *URL) Bool(name string, def bool) (bool, error) {
	s, ok := u.Param(name)
	if !ok {
		return def, nil
	}
	switch s {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	return false, badParam(name, s, "not true or false")
}

// OneOf returns one of the words, or the first of them if the parameter is not given.
func (u *URL) OneOf(name string, words ...string) (string, error) {
	s, ok := u.Param(name)
	if !ok {
		return words[0], nil
	}
	if !slices.Contains(words, s) {
		return "", badParam(name, s, "not one of "+strings.Join(words, ", "))
	}
	return s, nil
}

// Duration returns a length of time above zero, written as ParseDuration takes it, or def if the
// parameter is not given.
func (u *URL) Duration(name string, def time.Duration) (time.Duration, error) {
	s, ok := u.Param(name)
	if !ok {
		return def, nil
	}
	d, err := ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, badParam(name, s, "not a time above zero, such as 90 (seconds), 90s or 10m")
	}
	return d, nil
}

// ParseDuration reads a number of seconds (600, 0.5) or a Go duration (10m, 1h30m). Whatever is beyond
// MaxTTL comes back as more than MaxTTL, so that nothing overflows into a short time.
func ParseDuration(s string) (time.Duration, error) {
	if d, err := time.ParseDuration(s); err == nil && strings.Trim(s, "+-0123456789.") != "" {
		return d, nil
	}
	if s == "" || strings.Trim(s, "+-0123456789.") != "" {
		return 0, fmt.Errorf("%q is not a time such as 90 (seconds), 90s or 10m", s)
	}
	f, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil && !math.IsInf(f, 0):
		return 0, fmt.Errorf("%q is not a time such as 90 (seconds), 90s or 10m", s)
	case f > MaxTTL.Seconds():
		return MaxTTL + 1, nil
	case f < -MaxTTL.Seconds():
		return -MaxTTL - 1, nil
	}
	return time.Duration(math.Round(f * float64(time.Second))), nil
}

// Bytes returns a number of bytes of at least 1, written as a plain number or with one of the
// units kb, mb, gb (powers of 1024), or def if the parameter is not given.
func (u *URL) Bytes(name string, def int64) (int64, error) {
	s, ok := u.Param(name)
	if !ok {
		return def, nil
	}
	digits, shift := strings.ToLower(s), 0
	for i, unit := range []string{"kb", "mb", "gb"} {
		if d, found := strings.CutSuffix(digits, unit); found {
			digits, shift = d, 10*(i+1)
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 1 || n > math.MaxInt64>>shift {
		return 0, badParam(name, s, "not a number of bytes such as 67108864, 512kb, 64mb or 2gb")
	}
	return n << shift, nil
}
