package serial

import (
	"math/big"
	"strings"
	"time"

	"github.com/larder-go/larder/celery/py"
)

// timedelta and timezone stand for those of datetime while a time zone is being made.
type (
	timedelta time.Duration
	timezone  time.Duration
)

var uuidClass = py.Class{Module: "uuid", Name: "UUID"}

// calls are what plain values are pickled as calls of. Each is given the arguments and returns
// nil if they are not those that Python writes.
var calls = map[py.Class]func(args []any) any{
	{Module: "datetime", Name: "datetime"}:           readDatetime,
	{Module: "datetime", Name: "date"}:               readDate,
	{Module: "datetime", Name: "time"}:               readTime,
	{Module: "datetime", Name: "timedelta"}:          readTimedelta,
	{Module: "datetime", Name: "timezone"}:           readTimezone,
	{Module: "pytz", Name: "_UTC"}:                   readUTC,
	{Module: "dateutil.tz.tz", Name: "tzutc"}:        readUTC,
	{Module: "zoneinfo", Name: "ZoneInfo._unpickle"}: readZone,
	{Module: "decimal", Name: "Decimal"}:             readDecimal,
	{Module: "collections", Name: "OrderedDict"}:     readOrdered,
	{Module: "builtins", Name: "set"}:                readSet,
	{Module: "builtins", Name: "frozenset"}:          readSet,
	{Module: "builtins", Name: "bytes"}:              readBytes,
	{Module: "builtins", Name: "bytearray"}:          readBytes,
	{Module: "_codecs", Name: "encode"}:              readEncoded,
}

func (u *unpickler) globalLines() error {
	module, err := u.line()
	if err != nil {
		return err
	}
	name, err := u.line()
	if err != nil {
		return err
	}
	return u.pushClass(module, name)
}

func (u *unpickler) stackGlobal() error {
	name, err := u.pop()
	if err != nil {
		return err
	}
	module, err := u.pop()
	if err != nil {
		return err
	}
	moduleText, ok1 := module.(string)
	nameText, ok2 := name.(string)
	if !ok1 || !ok2 {
		return u.fail("the name of a class is not a str")
	}
	return u.pushClass(moduleText, nameText)
}

// renamed are modules that the older protocols call by the names of Python 2.
var renamed = map[string]string{"__builtin__": "builtins", "exceptions": "builtins"}

func (u *unpickler) pushClass(module, name string) error {
	if now, ok := renamed[module]; ok {
		module = now
	}
	c := py.Class{Module: module, Name: name}
	if calls[c] == nil && !exceptional(c) && c != uuidClass {
		return u.fail("it names %s.%s, which is no plain value", module, name)
	}
	return u.push(c)
}

// exceptional tells whether a class may be an exception, by its name: nothing is looked up. The
// functions and classes that hostile pickles call are not.
func exceptional(c py.Class) bool {
	last := c.Name[strings.LastIndexByte(c.Name, '.')+1:]
	if c.Module == "" || last == "" {
		return false
	}
	switch c.Module {
	case "builtins":
		return ofBuiltins(last)
	case "subprocess", "os", "posix", "nt", "sys", "importlib", "runpy", "pty", "ctypes", "code", "commands":
		return strings.HasSuffix(last, "Error") || last == "TimeoutExpired"
	}
	return (last[0] >= 'A' && last[0] <= 'Z') || last[0] == '_' || last[0] >= 0x80 ||
		last == "error" || last == "timeout" || last == "herror" || last == "gaierror"
}

// ofBuiltins tells whether the name is that of one of Python's own exceptions; object and the names
// of plain types are there because an exception may have a class among its arguments.
func ofBuiltins(name string) bool {
	for _, end := range []string{"Error", "Warning", "Exception", "ExceptionGroup"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	switch name {
	case "KeyboardInterrupt", "SystemExit", "GeneratorExit", "StopIteration", "StopAsyncIteration",
		"object", "int", "str", "float", "bool", "list", "dict", "tuple", "complex":
		return true
	}
	return false
}

// reduce makes a plain value, or an exception as data, of a class and its arguments.
func (u *unpickler) reduce() error {
	args, err := u.pop()
	if err != nil {
		return err
	}
	callee, err := u.pop()
	if err != nil {
		return err
	}
	c, isClass := callee.(py.Class)
	s, isTuple := args.(*sequence)
	if !isClass || !isTuple || s.kind != opEmptyTuple {
		return u.fail("a call of what is no class, or without arguments")
	}
	u.left.take(2 * nodeBytes)
	if call := calls[c]; call != nil {
		node := call(s.elems)
		if node == nil {
			return u.fail("%s.%s with arguments that it does not take", c.Module, c.Name)
		}
		return u.push(node)
	}
	if c.Module == "builtins" && c.Name[0] >= 'a' { // object, int and the like
		return u.fail("it calls %s.%s", c.Module, c.Name)
	}
	return u.push(&instance{class: c, args: s})
}

// build gives an instance its attributes.
func (u *unpickler) build() error {
	state, err := u.pop()
	if err != nil {
		return err
	}
	node, err := u.top()
	if err != nil {
		return err
	}
	i, ok := node.(*instance)
	if !ok {
		return u.fail("attributes for what is no exception")
	}
	i.state = state
	return nil
}

// uuidOf is the UUID whose attributes these are; it returns what is wrong, if anything is.
func uuidOf(state any) (any, string) {
	m, _ := state.(*mapping)
	if m == nil {
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
