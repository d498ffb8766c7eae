package py

import (
	"fmt"
	"strings"
	"time"
)

// Date is a datetime.date.
type Date struct {
	Year  int // 1 to 9999
	Month time.Month
	Day   int
}

// Time is a datetime.time: a moment of an unnamed day.
type Time struct {
	Hour, Minute, Second, Microsecond int
	Aware                             bool // false: a time of no time zone ("naive")
	Offset                            time.Duration
}

// Datetime is a datetime.datetime: naive, which is Python's word for one of no time zone, or aware
// of its distance to UTC.
type Datetime struct {
	Date
	Clock Time
}

// DatetimeOf is the aware Datetime of t, with t's distance to UTC and without what is below a
// microsecond.
func DatetimeOf(t time.Time) Datetime {
	_, offset := t.Zone()
	d := NaiveOf(t)
	d.Clock.Aware, d.Clock.Offset = true, time.Duration(offset)*time.Second
	return d
}

// NaiveOf is the naive Datetime of what t's clock shows where t is.
func NaiveOf(t time.Time) Datetime {
	return Datetime{
		Date:  Date{t.Year(), t.Month(), t.Day()},
		Clock: Time{Hour: t.Hour(), Minute: t.Minute(), Second: t.Second(), Microsecond: t.Nanosecond() / 1000},
	}
}

// Time is the moment; a naive Datetime is taken as UTC, as Celery means it.
func (d Datetime) Time() time.Time {
	zone := time.UTC
	if d.Clock.Offset != 0 {
		zone = time.FixedZone("", int(d.Clock.Offset/time.Second))
	}
	return time.Date(d.Year, d.Month, d.Day, d.Clock.Hour, d.Clock.Minute, d.Clock.Second, d.Clock.Microsecond*1000, zone)
}

// Naive tells whether it has no time zone.
func (d Datetime) Naive() bool { return !d.Clock.Aware }

// String is isoformat(): 2024-02-29T12:34:56.123456+00:00.
func (d Datetime) String() string { return d.Date.String() + "T" + d.Clock.String() }

// String is isoformat(): 2024-02-29.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day) }

// String is isoformat(): 12:34:56.000007, with the offset if there is one.
func (t Time) String() string {
	s := fmt.Sprintf("%02d:%02d:%02d", t.Hour, t.Minute, t.Second)
	if t.Microsecond != 0 {
		s += fmt.Sprintf(".%06d", t.Microsecond)
	}
	if t.Aware {
		s += offsetText(t.Offset)
	}
	return s
}

// offsetText is +hh:mm, with the seconds if there are any.
func offsetText(offset time.Duration) string {
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	secs := int(offset / time.Second)
	s := fmt.Sprintf("%c%02d:%02d", sign, secs/3600, secs/60%60)
	if secs%60 != 0 {
		s += fmt.Sprintf(":%02d", secs%60)
	}
	return s
}

func (d Date) valid() bool {
	if d.Year < 1 || d.Year > 9999 || d.Month < 1 || d.Month > 12 || d.Day < 1 {
		return false
	}
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Day() == d.Day
}

func (t Time) valid() bool {
	within := func(n, most int) bool { return n >= 0 && n <= most }
	return within(t.Hour, 23) && within(t.Minute, 59) && within(t.Second, 59) && within(t.Microsecond, 999_999) &&
		t.Offset.Abs() < 24*time.Hour && t.Offset%time.Second == 0
}

func (d Datetime) valid() bool { return d.Date.valid() && d.Clock.valid() }

// ParseDatetime reads what Python's and Celery's readers take: 2024-02-29, a T or a space, and a
// time as [ParseTime] has it. A date alone is midnight, naive.
func ParseDatetime(s string) (Datetime, error) {
	var d Datetime
	day, rest := cutAt(s, 10)
	date, err := ParseDate(day)
	if err != nil {
		return d, err
	}
	d.Date = date
	if rest == "" {
		return d, nil
	}
	if rest[0] != 'T' && rest[0] != ' ' {
		return d, fmt.Errorf("%w: %.50q is not a date and time", ErrMismatch, s)
	}
	d.Clock, err = ParseTime(rest[1:])
	return d, err
}

// ParseDate reads 2024-02-29.
func ParseDate(s string) (Date, error) {
	var d Date
	if len(s) == 10 && s[4] == '-' && s[7] == '-' {
		year, ok1 := number(s[:4])
		month, ok2 := number(s[5:7])
		day, ok3 := number(s[8:])
		d = Date{year, time.Month(month), day}
		if ok1 && ok2 && ok3 && d.valid() {
			return d, nil
		}
	}
	return Date{}, fmt.Errorf("%w: %.50q is not a date", ErrMismatch, s)
}

// ParseTime reads 12:34, 12:34:56, either with a fraction of one to nine digits (those below a
// microsecond are dropped), and an offset: Z, +02:00, +0200 or +02:00:30.
func ParseTime(s string) (Time, error) {
	t, ok := parseTime(s)
	if !ok || !t.valid() {
		return Time{}, fmt.Errorf("%w: %.50q is not a time", ErrMismatch, s)
	}
	return t, nil
}

func parseTime(s string) (t Time, ok bool) {
	clock, zone := s, ""
	if i := strings.IndexAny(s, "Z+-"); i >= 0 {
		clock, zone = s[:i], s[i:]
	}
	clock, fraction, dotted := strings.Cut(clock, ".")
	t.Hour, t.Minute, t.Second, ok = clockParts(clock)
	if !ok {
		return t, false
	}
	if dotted {
		if t.Microsecond, ok = micros(fraction); !ok {
			return t, false
		}
	}
	if zone == "" {
		return t, true
	}
	t.Aware = true
	t.Offset, ok = parseOffset(zone)
	return t, ok
}

// clockParts reads hh:mm or hh:mm:ss, or the same without the colons.
func clockParts(s string) (hour, minute, second int, ok bool) {
	if !strings.Contains(s, ":") {
		if len(s) != 4 && len(s) != 6 {
			return 0, 0, 0, false
		}
		return clockDigits(s)
	}
	if (len(s) != 5 && len(s) != 8) || s[2] != ':' || (len(s) == 8 && s[5] != ':') {
		return 0, 0, 0, false
	}
	return clockDigits(strings.ReplaceAll(s, ":", ""))
}

func clockDigits(s string) (hour, minute, second int, ok bool) {
	n, ok := number(s)
	if len(s) == 4 {
		n *= 100
	}
	return n / 10000, n / 100 % 100, n % 100, ok && (len(s) == 4 || len(s) == 6)
}

func parseOffset(s string) (time.Duration, bool) {
	if s == "Z" {
		return 0, true
	}
	hour, minute, second, ok := clockParts(s[1:])
	if !ok || s[0] == 'Z' || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	offset := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// micros reads the digits after the point as microseconds.
func micros(s string) (int, bool) {
	if s == "" || len(s) > 9 || digits(s) != len(s) {
		return 0, false
	}
	n, _ := number((s + "00000")[:6])
	return n, true
}

// number reads a few decimal digits.
func number(s string) (int, bool) {
	if s == "" || len(s) > 9 || digits(s) != len(s) {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		n = 10*n + int(s[i]-'0')
	}
	return n, true
}

func cutAt(s string, n int) (before, after string) {
	if len(s) < n {
		return s, ""
	}
	return s[:n], s[n:]
}
