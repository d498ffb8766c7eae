package celery

import (
	"time"

	"github.com/larder-go/larder/celery/py"
)

// readDate takes what Celery writes: ISO 8601, or a datetime that the serializer has a form for.
func readDate(m *Meta, v py.Value) error {
	if text, ok := asText(v); ok {
		m.DateDone = parseDate(text)
		return nil
	}
	if d, ok := plain(v).(py.Datetime); ok {
		m.DateDone = d.Time()
	}
	return nil
}

// parseDate is the moment of a date_done; the zero time if it is none.
func parseDate(s string) time.Time {
	if t, ok := usualDate(s); ok {
		return t
	}
	d, err := py.ParseDatetime(s)
	if err != nil {
		return time.Time{}
	}
	return d.Time()
}

// usualDate reads the form that nearly all dates have: 2026-11-21T20:36:17.166399, in UTC, with or without
// +00:00. It is here because it is most of the work of reading a small result.
func usualDate(s string) (time.Time, bool) {
	const naive, aware = len("2026-11-21T20:36:17.166399"), len("2026-11-21T20:36:17.166399+00:00")
	if len(s) != naive && (len(s) != aware || s[naive:] != "+00:00") {
		return time.Time{}, false
	}
	if s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' || s[19] != '.' {
		return time.Time{}, false
	}
	year, month, day := 100*two(s, 0)+two(s, 2), two(s, 5), two(s, 8)
	hour, minute, second := two(s, 11), two(s, 14), two(s, 17)
	micro := 10_000*two(s, 20) + 100*two(s, 22) + two(s, 24)
	if year-1 > 9998 || month-1 > 11 || day-1 > 30 || hour > 23 || minute > 59 || second > 59 || micro > 999_999 {
		return time.Time{}, false
	}
	t := time.Date(int(year), time.Month(month), int(day), int(hour), int(minute), int(second), int(micro)*1000, time.UTC)
	return t, day < 29 || t.Day() == int(day) // a day that the month does not have has become another
}

// two is the number that two digits are; more than any part of a date if they are none.
func two(s string, at int) uint {
	tens, units := s[at]-'0', s[at+1]-'0'
	if tens > 9 || units > 9 {
		return 1 << 30
	}
	return 10*uint(tens) + uint(units)
}
