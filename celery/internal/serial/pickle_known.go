package serial

import (
	"math/big"
	"time"

	"github.com/larder-go/larder/celery/py"
)

// uuidOf is the UUID whose attributes these are; it returns what is wrong, if anything is.
func uuidOf(state any) (any, string) {
	m, _ := state.(*mapping)
	if m == nil || len(m.items) > 8 { // Python's has two at most; each reference looks through them
		return nil, "a UUID without a value"
	}
	for _, it := range m.items {
		if it.Key != "int" {
			continue
		}
		n := new(big.Int)
		switch v := it.Value.(type) {
		case int64:
			n.SetInt64(v)
		case *big.Int:
			n = v
		default:
			return nil, "a UUID without a value"
		}
		var id py.UUID
		if n.Sign() < 0 || n.BitLen() > 8*len(id) {
			return nil, "a UUID of more than 128 bits"
		}
		n.FillBytes(id[:])
		return id, ""
	}
	return nil, "a UUID without a value"
}

// stateOf is the bytes of a date or time, which the older protocols have as Latin-1 text, and the
// time zone if there is one.
func stateOf(args []any, size int) (state []byte, zone *timezone, ok bool) {
	if len(args) == 2 {
		z, isZone := args[1].(timezone)
		if !isZone {
			return nil, nil, false
		}
		zone = &z
	} else if len(args) != 1 {
		return nil, nil, false
	}
	state, ok = args[0].([]byte)
	return state, zone, ok && len(state) == size
}

func readDatetime(args []any) any {
	state, zone, ok := stateOf(args, 10)
	if !ok {
		return nil
	}
	return checked(py.Datetime{Date: dateFrom(state), Clock: clockFrom(state[4:], zone)})
}

func readDate(args []any) any {
	state, zone, ok := stateOf(args, 4)
	if !ok || zone != nil {
		return nil
	}
	return checked(dateFrom(state))
}

func readTime(args []any) any {
	state, zone, ok := stateOf(args, 6)
	if !ok {
		return nil
	}
	return checked(clockFrom(state, zone))
}

// checked is v if Python could have made it.
func checked(v any) any {
	if _, err := py.Of(v); err != nil {
		return nil
	}
	return v
}

func dateFrom(b []byte) py.Date {
	return py.Date{Year: int(b[0])<<8 | int(b[1]), Month: time.Month(b[2] & 0x7f), Day: int(b[3])}
}

// clockFrom reads a time. The first bit is Python's fold, for which there is no place here.
func clockFrom(b []byte, zone *timezone) py.Time {
	t := py.Time{Hour: int(b[0] & 0x7f), Minute: int(b[1]), Second: int(b[2]), Microsecond: int(b[3])<<16 | int(b[4])<<8 | int(b[5])}
	if zone != nil {
		t.Aware, t.Offset = true, time.Duration(*zone)
	}
	return t
}

func readTimedelta(args []any) any {
	if len(args) != 3 {
		return nil
	}
	days, ok1 := args[0].(int64)
	secs, ok2 := args[1].(int64)
	micros, ok3 := args[2].(int64)
	if !ok1 || !ok2 || !ok3 || days < -1 || days > 1 || secs < 0 || secs >= 24*60*60 || micros != 0 {
		return nil
	}
	return timedelta(time.Duration(days)*24*time.Hour + time.Duration(secs)*time.Second)
}

func readTimezone(args []any) any {
	if len(args) == 0 || len(args) > 2 {
		return nil
	}
	d, ok := args[0].(timedelta)
	if !ok {
		return nil
	}
	return timezone(d)
}

func readUTC([]any) any { return timezone(0) }

// readZone reads a zone by name, of which only UTC is known without asking the system.
func readZone(args []any) any {
	if len(args) > 0 && (args[0] == "UTC" || args[0] == "Etc/UTC") {
		return timezone(0)
	}
	return nil
}

func readDecimal(args []any) any {
	if len(args) != 1 {
		return nil
	}
	s, ok := args[0].(string)
	d, err := py.ParseDecimal(s)
	if !ok || err != nil {
		return nil
	}
	return d
}

func readOrdered(args []any) any {
	if len(args) != 0 {
		return nil
	}
	return &mapping{}
}

func readSet(args []any) any {
	if len(args) != 1 {
		return nil
	}
	s, ok := args[0].(*sequence)
	if !ok {
		return nil
	}
	return &sequence{opEmptySet, s.elems}
}

func readBytes(args []any) any {
	switch len(args) {
	case 0:
		return []byte{}
	case 1:
		if b, ok := args[0].([]byte); ok {
			return b
		}
	case 2:
		return readEncoded(args)
	}
	return nil
}

// readEncoded reads bytes that the older protocols have as Latin-1 text.
func readEncoded(args []any) any {
	if len(args) != 2 || (args[1] != "latin1" && args[1] != "latin-1") {
		return nil
	}
	s, ok := args[0].(string)
	if !ok {
		return nil
	}
	b := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			return nil
		}
		b = append(b, byte(r))
	}
	return b
}
