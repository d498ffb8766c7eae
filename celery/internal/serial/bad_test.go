package serial

import (
	"errors"
	"strings"
	"testing"

	"github.com/larder-go/larder/celery/py"
)

func TestByName(t *testing.T) {
	for name, mime := range map[string]string{"json": "application/json", "yaml": "application/x-yaml", "msgpack": "application/x-msgpack", "pickle": "application/x-python-serialize"} {
		for _, n := range []string{name, mime} {
			s, err := ByName(n)
			if err != nil || s.Name() != name {
				t.Errorf("%s: %v, %v", n, s, err)
			}
		}
	}
	if _, err := ByName("JSON"); err == nil || !strings.Contains(err.Error(), `"JSON"`) {
		t.Error(err)
	}
}

func TestReadingTakesTypedObjects(t *testing.T) {
	data := []byte(`{"result": {"__type__": "x", "__value__": 1}}`)
	if _, err := must(Reading("json", py.Celery56)).Fields(data); !errors.Is(err, py.ErrMalformed) {
		t.Error(err)
	}
	for _, read := range []func([]byte) error{
		func(b []byte) error { _, err := must(Reading("json", py.Celery52)).Fields(b); return err },
		func(b []byte) error { _, err := must(Reading("json", py.Celery52)).Decode(b); return err },
	} {
		if err := read(data); err != nil {
			t.Error(err)
		}
	}
}

// Malformed input is refused with the offset of what is wrong.
func TestDecodeRefuses(t *testing.T) {
	tests := []struct {
		format, name, data string
		offset             int
		what               string
	}{
		{"yaml", "a byte that is not UTF-8", "a: \xff", 3, "UTF-8"},
		{"yaml", "a control character", "a: \x00", 3, "control"},
		{"yaml", "an open list", "a: 1\nb: [1,", 5, "did not find"},
		{"yaml", "an open string", "a: \"x", 0, "found unexpected end"},
		{"yaml", "a tab", "a:\n\t- 1", 3, "cannot start"},
		{"yaml", "two documents", "a: 1\n---\nb: 2\n", 5, "more than one"},
		{"yaml", "an unknown anchor", "a: *b", 0, "unknown anchor"},
		{"yaml", "an object of Python", "a: 1\nb: !!python/object/apply:os.system ['x']", 8, "tag"},
		{"yaml", "a tag of Python", "!!python/name:os.system ''", 0, "tag"},
		{"yaml", "a tag for a mapping", "!x {a: 1}", 0, "tag"},
		{"yaml", "a list as a key", "? [1]\n: 2", 2, "cannot be a key"},
		{"yaml", "a mapping as a key", "? {a: 1}\n: 2", 2, "key"},
		{"yaml", "a bare equals sign", "=", 0, "!!value"},
		{"yaml", "a bad timestamp", "a: 2024-13-45", 3, "timestamp"},
		{"yaml", "a bad int", "!!int x", 0, "int"},
		{"yaml", "a bad float", "!!float 0x1p-2", 0, "float"},
		{"yaml", "a bad bool", "!!bool x", 0, "bool"},
		{"yaml", "bad base64", "!!binary a", 0, "binary"},
		{"yaml", "a merge of a scalar", "<<: 1", 4, "no mapping"},
		{"yaml", "a merge of lists", "<<: [[]]", 4, "no mapping"},
		{"yaml", "pairs that are none", "!!pairs [1]", 9, "mapping of one item"},
		{"yaml", "itself", "&a [*a]", 0, "within itself"},
		{"yaml", "itself by a merge", "&a\n<<: *a", 0, "nested too deeply"},
		{"yaml", "an int too long", strings.Repeat("9", 4301), 0, "digits"},
		{"yaml", "an int too long in decimal", "0x" + strings.Repeat("c", 4000), 0, "digits"},
		{"msgpack", "nothing", "", 0, "too few"},
		{"msgpack", "cut off in a str", "\xa5abc", 0, "too few"},
		{"msgpack", "cut off in a map", "\x82\xa1a\x01", 4, "too few"},
		{"msgpack", "more", "\x01\x02", 1, "more after"},
		{"msgpack", "the byte that is never used", "\x92\x01\xc1", 2, "unrecognized"},
		{"msgpack", "a str that is not UTF-8", "\x92\x01\xa1\xff", 2, "UTF-8"},
		{"msgpack", "a number as a key", "\x81\x01\x02", 1, "key"},
		{"msgpack", "an extension", "\x91\xd4\x05x", 1, "extension"},
		{"msgpack", "a timestamp", "\xd6\xff\x00\x00\x00\x00", 0, "extension"},
		{"pickle", "nothing", "", 0, "cut off"},
		{"pickle", "no end", "\x80\x04N", 3, "cut off"},
		{"pickle", "two values", "NN.", 2, "2 values"},
		{"pickle", "no value", ".", 0, "0 values"},
		{"pickle", "more", "N.N", 2, "more after"},
		{"pickle", "a mark left", "N(.", 2, "left"},
		{"pickle", "an unknown protocol", "\x80\x06N.", 0, "protocol"},
		{"pickle", "an unknown opcode", "N\xff", 1, "0xff"},
		{"pickle", "text cut off", "\x8c\x05ab", 0, "cut off"},
		{"pickle", "a length beyond the end", "X\xff\xff\xff\xff.", 0, "cut off"},
		{"pickle", "a length of 64 bits", "\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", 0, "cut off"},
		{"pickle", "text that is not UTF-8", "\x8c\x01\xff.", 0, "UTF-8"},
		{"pickle", "text of Python 2", "U\x01\xff.", 0, "Python 2"},
		{"pickle", "nothing remembered", "h\x05.", 0, "remembered"},
		{"pickle", "an append to a dict", "}K\x01a.", 3, "none"},
		{"pickle", "an item for a list", "]K\x01K\x02s.", 5, "none"},
		{"pickle", "an odd dict", "(K\x01d.", 3, "without a value"},
		{"pickle", "no mark", "]e.", 1, "no mark"},
		{"pickle", "an empty stack", "\x85.", 0, "empty"},
		{"pickle", "below the mark", "K\x01(0a.", 4, "empty"},
		{"pickle", "a list as a key", "}]K\x01s.", 5, "key"},
		{"pickle", "itself", "]q\x00h\x00a.", 6, "holds itself"},
		{"pickle", "itself in a tuple", "]q\x00h\x00\x85a.", 7, "holds itself"},
		{"pickle", "a line without an end", "I12", 0, "no end"},
		{"pickle", "an int that is none", "Ix\n.", 0, "not an int"},
		{"pickle", "a float that is none", "Fx\n.", 0, "not a float"},
		{"pickle", "a number that is none", "Npx\n.", 1, "not a number"},
		{"pickle", "an escape that is none", "V\\u12\n.", 0, "escape"},
		{"pickle", "an int too long", "L" + strings.Repeat("9", 4301) + "L\n.", 0, "digits"},
		{"pickle", "a long too long", "\x8b\x00\x08\x00\x00" + strings.Repeat("x", 2048) + ".", 0, "digits"},
		{"pickle", "a long of one digit too many", "\x8b\xfa\x06\x00\x00" + strings.Repeat("\xff", 1785) + "\x6f.", 0, "digits"},
		{"pickle", "a timedelta", "cdatetime\ntimedelta\nK\x01K\x00K\x00\x87R.", 28, "timedelta"},
		{"pickle", "a datetime that is none", "cdatetime\ndatetime\nC\x0a" + strings.Repeat("\xff", 10) + "\x85R.", 32, "does not take"},
		{"pickle", "a UUID without a value", "cuuid\nUUID\n)\x81.", 13, "UUID"},
	}
	for _, tt := range tests {
		t.Run(tt.format+"/"+tt.name, func(t *testing.T) {
			v, err := must(ByName(tt.format)).Decode([]byte(tt.data))
			var m *py.MalformedError
			if !errors.As(err, &m) || !errors.Is(err, py.ErrMalformed) {
				t.Fatalf("%v, %v", v, err)
			}
			if m.Format != tt.format || m.Offset != tt.offset || !strings.Contains(m.What, tt.what) {
				t.Errorf("%v; want %q at %d", err, tt.what, tt.offset)
			}
		})
	}
}

// Whatever a pickle names is never looked up; what is no exception, or none in its place, is refused.
func TestHostilePickles(t *testing.T) {
	failure := func(result string) string {
		return "}(\x8c\x06status\x8c\x07FAILURE\x8c\x06result" + result + "u."
	}
	for name, data := range map[string]string{
		"os.system":               "cos\nsystem\n(S'id'\ntR.",
		"posix.system":            "\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.",
		"as a result":             failure("\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R"),
		"eval":                    failure("\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R"),
		"exec of Python 2":        failure("c__builtin__\nexec\nX\x01\x00\x00\x001\x85R"),
		"getattr":                 failure("cbuiltins\ngetattr\n)R"),
		"__import__":              failure("cbuiltins\n__import__\nX\x02\x00\x00\x00os\x85R"),
		"object":                  failure("cbuiltins\nobject\n)R"),
		"int":                     failure("cbuiltins\nint\n)\x81"),
		"Popen":                   failure("csubprocess\nPopen\nX\x02\x00\x00\x00id\x85R"),
		"check_output":            failure("csubprocess\ncheck_output\n)R"),
		"a name with a dot":       failure("cx\nA.system\n)R"),
		"a partial":               failure("cfunctools\npartial\n)R"),
		"no name":                 failure("cx\n\n)R"),
		"an instance of Python2":  "(ios\nsystem\n.",
		"an object of Python 2":   "(cos\nsystem\no.",
		"a class":                 "cbuiltins\nValueError\n.",
		"a persistent id":         "Pid\n.",
		"a persistent object":     "NQ.",
		"an extension":            "\x82\x01.",
		"a call with keywords":    "cbuiltins\nValueError\n)}\x92.",
		"a buffer":                "\x97.",
		"a call of a str":         "X\x01\x00\x00\x00x)R.",
		"a call without a tuple":  "cbuiltins\nValueError\nNR.",
		"a state for a list":      "]}b.",
		"a class of numbers":      "K\x01K\x02\x93.",
		"an exception elsewhere":  "cbuiltins\nValueError\n)R.",
		"an exception in a list":  "]cbuiltins\nValueError\n)Ra.",
		"an exception of success": "}(\x8c\x06status\x8c\x07SUCCESS\x8c\x06resultcbuiltins\nValueError\n)Ru.",
		"beside the result":       "}(\x8c\x06status\x8c\x07FAILURE\x8c\x05othercbuiltins\nValueError\n)Ru.",
		"in a chord's id":         "](K\x01cbuiltins\nValueError\n)R\x8c\x07FAILURENe.",
	} {
		v, err := pickleSerializer{}.Decode([]byte(data))
		if !errors.Is(err, py.ErrMalformed) {
			t.Errorf("%s: %v, %v", name, v, err)
		}
	}
	for name, data := range map[string]string{
		"of a failure":         failure("cbuiltins\nValueError\nX\x01\x00\x00\x00x\x85R"),
		"with a class":         failure("cbuiltins\nTypeError\ncbuiltins\nobject\n\x85R"),
		"with attributes":      failure("capp.errors\nMy.Error\n)R}\x8c\x01aK\x01sb"),
		"of Python 2":          failure("cexceptions\nValueError\n)R"),
		"made by its class":    failure("capp\nError\n)\x81"),
		"in a chord's entry":   "](K\x01X\x01\x00\x00\x00x\x8c\x07FAILUREcbuiltins\nValueError\n)Re.",
		"of the socket module": failure("csocket\ntimeout\n)R"),
	} {
		v, err := pickleSerializer{}.Decode([]byte(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := (pickleSerializer{}).Encode(v, py.Celery56); !errors.Is(err, py.ErrUnencodable) {
			t.Errorf("%s: written: %v", name, err)
		}
	}
}

// What the protocols before the fourth have other opcodes for.
func TestOlderPickles(t *testing.T) {
	for data, want := range map[string]string{
		"(lp0\nI1\naI01\naI00\naL5L\naF1.5\naVx\\u00e9\\U0001f600\np1\nag1\naN0.": `[1, True, False, 5, 1.5, 'xé😀', 'xé😀']`,
		"(dp0\nVa\nI1\ns.": `{'a': 1}`,
		"(I1\nI2\nt.":      `(1, 2)`,
		"S'abc'\n.":        `'abc'`,
		"(VI\nVJ\nd.":      `{'I': 'J'}`,
		"\x80\x02c_codecs\nencode\nX\x02\x00\x00\x00\xc3\xbfX\x06\x00\x00\x00latin1\x86R.":        `b'\xff'`,
		"\x80\x02c__builtin__\nbytes\n)R.":                                                        `b''`,
		"\x80\x02c__builtin__\nset\n](K\x01K\x02e\x85R.":                                          `{1, 2}`,
		"\x80\x02ccollections\nOrderedDict\n)R(X\x01\x00\x00\x00aK\x01u.":                         `{'a': 1}`,
		"\x80\x03cdatetime\ndate\nC\x04\x07\xe8\x02\x1d\x85R.":                                    `datetime.date(2024, 2, 29)`,
		"\x80\x05\x96\x02\x00\x00\x00\x00\x00\x00\x00ab.":                                         `b'ab'`,
		"\x80\x04(K\x01K\x02\x91.":                                                                `{1, 2}`,
		"\x80\x04\x8e\x01\x00\x00\x00\x00\x00\x00\x00a\x8d\x01\x00\x00\x00\x00\x00\x00\x00b\x86.": `(b'a', 'b')`,
		"K\x012\x86.":                           `(1, 1)`,
		"(K\x01K\x021N.":                        `None`,
		"K\x01(0.":                              `1`,
		"Nr\x05\x01\x00\x000j\x05\x01\x00\x00.": `None`,
		"J\xff\xff\xff\xffM\xff\xffG\x7f\xf0\x00\x00\x00\x00\x00\x00\x87.": `(-1, 65535, inf)`,
		"\x8a\x00.": `0`,
	} {
		v, err := pickleSerializer{}.Decode([]byte(data))
		if err != nil || v.Repr() != want {
			t.Errorf("%q: %v, %v; want %s", data, v, err, want)
		}
	}
}

// Text of YAML 1.1 that people write by hand, as PyYAML reads it.
func TestYAMLReads(t *testing.T) {
	for data, want := range map[string]string{
		"[yes, No, on, ~, null, 0o17, 017, 0x1F, 0b101, 1_000, 190:20:30, 1:30.5, -.inf, .nan, 1e5, 1.0e+5, '1', !!str 2, ! 3, -017, +5, 08, .5, 1., -0x_f]": `[True, False, True, None, None, '0o17', 15, 31, 5, 1000, 685230, 90.5, -inf, nan, '1e5', 100000.0, '1', '2', 3, -15, 5, '08', 0.5, 1.0, -15]`,
		"":           `None`,
		"# x":        `None`,
		"\ufeffa: 1": `{'a': 1}`,
		"a: &x {k: 1}\nb: *x\nc:\n  <<: *x\n  l: 2":                        `{'a': {'k': 1}, 'b': {'k': 1}, 'c': {'k': 1, 'l': 2}}`,
		"<<: [{a: 1, b: 1}, {a: 2, c: 2}]\nc: 3":                           `{'a': 1, 'c': 3, 'b': 1}`,
		"{=: 1, 2: 3, true: 4, 1: 5}":                                      `{'=': 1, 2: 3, True: 5}`,
		"!!set {a, b}":                                                     `{'a', 'b'}`,
		"!!omap [a: 1, b: 2]":                                              `[('a', 1), ('b', 2)]`,
		"- 2024-02-29\n- 2024-2-9 1:02:03.5 -3:30\n- 2024-02-29T00:00:00Z": `[datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 9, 1, 2, 3, 500000, tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=73800))), datetime.datetime(2024, 2, 29, 0, 0, tzinfo=datetime.timezone.utc)]`,
		"!!binary |\n  /wAB\n":                                             `b'\xff\x00\x01'`,
		"a: >\n  x\n  y\n":                                                 `{'a': 'x y\n'}`,
		"!!int '5'":                                                        `5`,
		"a: 1\na: 2":                                                       `{'a': 2}`,
	} {
		v, err := yamlSerializer{}.Decode([]byte(data))
		if err != nil || v.Repr() != want {
			t.Errorf("%q: %v, %v; want %s", data, v, err, want)
		}
	}
}
