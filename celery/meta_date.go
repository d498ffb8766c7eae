package celery

import (
	"time"

	"github.com/larder-go/larder/celery/py"
)

// readDate takes what Celery writes: ISO 8601, or a datetime that the serializer has a form for.
func readDate(m *Meta, v py.Value) error {
	if v.IsNone() {
		return nil
	}
	if v.Decode(&m.date) == nil {
		m.DateDone = parseDate(m.date)
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

// usualDate reads the form that nearly all dates have: 2026-11-21T20:36:17.166399, in UTC, with or without +00:00. It is here
// because it is most of the work of reading a small result.
func usualDate(s string) (time.Time, bool) {
	const naive, aware = len("2026-11-21T20:36:17.166399"), len("2026-11-21T20:36:17.166399+00:00")
	if len(s) != naive && (len(s) != aware || s[naive:] != "+00:00") {
		return time.Time{}, false
	}
	if s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' || s[19] != '.' {
		return time.Time{}, false
	}
	d := digitReader{s: s}
	t := time.Date(d.at(0, 4), time.Month(d.at(5, 2)), d.at(8, 2), d.at(11, 2), d.at(14, 2), d.at(17, 2), d.at(20, 6)*1000, time.UTC)
	// A day that the month does not have, or an hour that the day does not, has become another.
	ok := !d.failed && t.Day() == d.at(8, 2) && t.Hour() == d.at(11, 2) && t.Minute() == d.at(14, 2) && t.Second() == d.at(17, 2)
	return t, ok && int(t.Month()) == d.at(5, 2) && d.at(0, 4) > 0
}

type digitReader struct {
	s      string
	failed bool
}

// at is the number that is n digits from a place on.
func (d *digitReader) at(place, n int) (number int) {
	for _, c := range []byte(d.s[place : place+n]) {
		if c < '0' || c > '9' {
			d.failed = true
		}
		number = 10*number + int(c-'0')
	}
	return number
}
