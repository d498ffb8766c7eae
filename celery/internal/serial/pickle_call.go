package serial

import (
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
	u.text.take(textIn(c))
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
	for _, arg := range s.elems {
		u.text.take(textIn(arg))
	}
	if u.text < 0 {
		return u.fail(tooMuch)
	}
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
