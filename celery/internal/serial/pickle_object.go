package serial

import (
	"encoding/binary"
	"math/big"
	"time"

	"github.com/larder-go/larder/celery/py"
)

// class is the key under which a class has been written.
type class struct{ module, name string }

// utc is the key under which datetime.timezone.utc, of which there is one, has been written.
type utc struct{}

// object writes the values that are instances in Python: of classes that are known to be harmless.
func (p *pickler) object(node any) {
	switch n := node.(type) {
	case py.Decimal:
		p.class("decimal", "Decimal")
		p.str(string(n), nil)
		p.call(opTuple1)
	case py.UUID:
		p.uuid(n)
	case py.Date:
		p.class("datetime", "date")
		p.state(appendDate(nil, n))
		p.call(opTuple1)
	case py.Time:
		p.class("datetime", "time")
		p.moment(appendClock(nil, n), n)
	case py.Datetime:
		p.class("datetime", "datetime")
		p.moment(appendClock(appendDate(nil, n.Date), n.Clock), n.Clock)
	}
}

// class names a class. CPython has one object for a module's name.
func (p *pickler) class(module, name string) {
	p.boundary()
	if p.again(class{module, name}) {
		return
	}
	p.str(module, class{module: module})
	p.str(name, nil)
	p.op(opStackGlobal)
	p.memoize(class{module, name})
}

// call makes a tuple of what was written last, and an instance of the class before that with it.
func (p *pickler) call(tuple byte) {
	p.op(tuple)
	p.memoize(nil)
	p.op(opReduce)
	p.memoize(nil)
}

func (p *pickler) state(data []byte) {
	p.boundary()
	p.sized(string(data), opShortBinbytes, opBinbytes, opBinbytes8)
	p.memoize(nil)
}

// moment writes the state of a time or datetime, and the time zone if there is one.
func (p *pickler) moment(state []byte, t py.Time) {
	p.state(state)
	if !t.Aware {
		p.call(opTuple1)
		return
	}
	p.zone(t.Offset)
	p.call(opTuple2)
}

func (p *pickler) zone(offset time.Duration) {
	if offset == 0 && p.again(utc{}) {
		return
	}
	p.class("datetime", "timezone")
	p.class("datetime", "timedelta")
	secs := int64(offset / time.Second)
	days := int64(0)
	if secs < 0 {
		days, secs = -1, secs+24*60*60
	}
	p.int(days)
	p.int(secs)
	p.int(0)
	p.call(opTuple3)
	p.op(opTuple1)
	p.memoize(nil)
	p.op(opReduce)
	if offset == 0 {
		p.memoize(utc{})
	} else {
		p.memoize(nil)
	}
}

func (p *pickler) uuid(u py.UUID) {
	p.class("uuid", "UUID")
	p.op(opEmptyTuple)
	p.op(opNewobj)
	p.memoize(nil)
	p.op(opEmptyDict)
	p.memoize(nil)
	p.str("int", class{"", "int"})
	if n := new(big.Int).SetBytes(u[:]); n.IsInt64() {
		p.int(n.Int64())
	} else {
		p.long(n)
	}
	p.op(opSetitem)
	p.op(opBuild)
}

func appendDate(b []byte, d py.Date) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(d.Year)), byte(d.Month), byte(d.Day))
}

func appendClock(b []byte, t py.Time) []byte {
	return append(b, byte(t.Hour), byte(t.Minute), byte(t.Second),
		byte(t.Microsecond>>16), byte(t.Microsecond>>8), byte(t.Microsecond))
}
