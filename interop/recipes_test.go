package interop

import "strings"

// recipe is a call of async-caches that made a vector.
type recipe struct {
	call    string            // in Python
	before  map[string]string // what was in Redis
	ttls    map[string]string // lifetimes of what was in Redis
	params  []string          // of the URL
	options vars              // of the constructor
	only    string            // the one version that has it
}

// on is a recipe on one entry.
func on(value, call string) recipe {
	return recipe{call: call, before: map[string]string{"::k": value}}
}

func (r recipe) lasting(seconds string) recipe {
	r.ttls = map[string]string{"::k": seconds}
	return r
}

func call(call string) recipe { return recipe{call: call} }

// recipes has the call of every vector of async_caches.json, by the name of the case.
var recipes = map[string]recipe{
	"set/true":      call(`c.set("k", True)`),
	"set/false":     call(`c.set("k", False)`),
	"set/none":      call(`c.set("k", None)`),
	"set/str":       call(`c.set("k", "hello")`),
	"set/empty":     call(`c.set("k", "")`),
	"set/nonascii":  call(`c.set("k", "za\u017c\u00f3\u0142\u0107")`),
	"set/emoji":     call(`c.set("k", "x\U0001f600y")`),
	"set/surrogate": call(`c.set("k", "a\ud800b")`),
	"set/float":     call(`c.set("k", 0.1)`),
	"set/float_int": call(`c.set("k", 1.0)`),
	"set/f1e16":     call(`c.set("k", 1e16)`),
	"set/f1e22":     call(`c.set("k", 1e22)`),
	"set/f0001":     call(`c.set("k", 0.0001)`),
	"set/negzero":   call(`c.set("k", -0.0)`),
	"set/inf":       call(`c.set("k", inf)`),
	"set/fthird":    call(`c.set("k", 1/3)`),
	"set/fmax":      call(`c.set("k", 1.7976931348623157e308)`),
	"set/bigint":    call(`c.set("k", 2**70)`),
	"set/intkeys":   call(`c.set("k", {1: "c", None: "b", 2.5: "d"})`),
	"set/dupkeys":   call(`c.set("k", {1: "a", "1": "b"})`),
	"set/emptylist": call(`c.set("k", [])`),
	"set/nested":    call(`c.set("k", [[1, [2, [3, []]]], {}])`),
	"set/long":      call(`c.set("k", "y" * 200)`),
	"set/bytes":     call(`c.set("k", b"x")`),
	"set/set":       call(`c.set("k", {1})`),
	"set/decimal":   call(`c.set("k", Decimal("1.5"))`),
	"set/uuid":      call(`c.set("k", UUID(int=1))`),

	"setget/int":    call(`steps(lambda: c.set("k", 42), lambda: c.get("k"))`),
	"setget/str":    call(`steps(lambda: c.set("k", "hello"), lambda: c.get("k"))`),
	"setget/none":   call(`steps(lambda: c.set("k", None), lambda: c.get("k"))`),
	"setget/dict":   call(`steps(lambda: c.set("k", {"b": 1, "a": [1, 2, {"c": None}]}), lambda: c.get("k"))`),
	"setget/tuple":  call(`steps(lambda: c.set("k", (1, "a", (2,))), lambda: c.get("k"))`),
	"setget/bigint": call(`steps(lambda: c.set("k", 2**70), lambda: c.get("k"))`),
	"setget/emoji":  call(`steps(lambda: c.set("k", "x\U0001f600y"), lambda: c.get("k"))`),

	"get/missing":         call(`c.get("nope")`),
	"get/missing_default": call(`c.get("nope", 5)`),

	"set/ttl_neg":         call(`c.set("k", 1, ttl=-5)`),
	"set/ttl_float":       call(`c.set("k", 1, ttl=1.5)`),
	"set/ttl_str":         call(`c.set("k", 1, ttl="60")`),
	"set/over_ttl_clears": on("1", `c.set("k", 2)`).lasting("100"),

	"version/set_1":          call(`c.set("k", "x", version=1)`),
	"version/set_True":       call(`c.set("k", "x", version=True)`),
	"version/get_int_vs_str": {before: map[string]string{":2:k": `"v"`}, call: `c.get("k", version="2")`},

	"key/empty": call(`c.set("", 1)`),
	"key/int":   call(`c.set(5, 1)`),
	"key/bytes": call(`c.set(b"kb", 1)`),
	"key/long":  call(`c.set("k" * 400, 1)`),

	"add/new":          call(`c.add("k", {"a": 1})`),
	"add/existing":     on("1", `c.add("k", 2)`),
	"add/ttl":          call(`c.add("k", 1, ttl=30)`),
	"add/existing_ttl": on("1", `c.add("k", 2, ttl=30)`).lasting("100"),
	"add/version":      call(`c.add("k", 1, version="v9")`),
	"add/ttl0":         call(`c.add("k", 1, ttl=0)`),

	"get_or_set/missing":        call(`c.get_or_set("k", "d")`),
	"get_or_set/present":        on(`"there"`, `c.get_or_set("k", "d")`),
	"get_or_set/null_present":   on("null", `c.get_or_set("k", "d")`),
	"get_or_set/async_callable": call(`c.get_or_set("k", lambda: coroutine({"from": "coro"}))`),
	"get_or_set/default_none":   call(`c.get_or_set("k", None)`),
	"get_or_set/tuple":          call(`c.get_or_set("k", (1, 2))`),

	"get_many/mixed":    {before: map[string]string{"::a": "1", "::c": "null"}, call: `c.get_many(["a", "b", "c"])`},
	"get_many/empty":    call(`c.get_many([])`),
	"get_many/dup":      {before: map[string]string{"::a": "1"}, call: `c.get_many(["a", "b", "a"])`},
	"get_many/bad_json": {before: map[string]string{"::a": "notjson"}, call: `c.get_many(["a", "b"])`},

	"set_many/plain":      call(`c.set_many({"a": 1, "b": "x"})`),
	"set_many/ttl":        call(`c.set_many({"a": 1, "b": "x"}, ttl=40)`),
	"set_many/clears_ttl": {before: map[string]string{"::a": "0"}, ttls: map[string]string{"::a": "100"}, call: `c.set_many({"a": 1})`},
	"set_many/version_kw": call(`c.set_many({"a": 1}, version=2)`),

	"delete/present": on("1", `c.delete("k")`),

	"touch/none_persist": on("1", `c.touch("k")`).lasting("100"),
	"touch/none_no_ttl":  on("1", `c.touch("k")`),
	"touch/missing":      call(`c.touch("k", 5)`),
	"touch/missing_none": call(`c.touch("k")`),
	"touch/zero":         on("1", `c.touch("k", 0)`),

	"incr/int5":                     on("10", `c.incr("k", 5)`).lasting("99"),
	"incr/float":                    on("10", `c.incr("k", 0.5)`),
	"incr/float_result_int":         on("1.5", `c.incr("k", 0.5)`),
	"incr/missing":                  call(`c.incr("k")`),
	"incr/on_float_value_int_delta": on("1.5", `c.incr("k")`),
	"incr/on_string":                on(`"abc"`, `c.incr("k")`),
	"incr/on_null":                  on("null", `c.incr("k")`),
	"incr/bad_delta":                on("1", `c.incr("k", "2")`),
	"incr/bool_delta":               on("1", `c.incr("k", True)`),
	"incr/1e22_value":               on("1e+22", `c.incr("k", 0.5)`),
	"incr/tiny":                     on("0", `c.incr("k", 1e-7)`),
	"incr/float_delta_neg":          on("1", `c.incr("k", -2.5)`),
	"decr/default":                  on("10", `c.decr("k")`),
	"decr/int5":                     on("10", `c.decr("k", 5)`).lasting("99"),
	"decr/float":                    on("10", `c.decr("k", 0.5)`),
	"decr/float_result_int":         on("1.5", `c.decr("k", 0.5)`),
	"decr/float01":                  on("0.2", `c.decr("k", 0.1)`),
	"decr/missing":                  call(`c.decr("k")`),
	"decr/on_float_value_int_delta": on("1.5", `c.decr("k")`),
	"decr/on_null":                  on("null", `c.decr("k")`),
	"decr/bad_delta":                on("1", `c.decr("k", "2")`),
	"decr/overflow":                 on("9223372036854775807", `c.decr("k", -1)`),
	"decr/1e22_value":               on("1e+22", `c.decr("k", 0.5)`),
	"decr/tiny":                     on("0", `c.decr("k", 1e-7)`),
	"decr/float_delta_neg":          on("1", `c.decr("k", -2.5)`),
	"decr/1.0_value":                on("1.0", `c.decr("k")`),
	"decr/version":                  {before: map[string]string{":2:k": "1"}, call: `c.decr("k", version=2)`},

	"call/coroutine":  {call: `c(fn(1, "a", x=2), ttl=15)`, only: "0.4.0"},
	"call/named_args": {call: `c(fn2(1, 2))`, only: "0.4.0"},
	"size/2MiB":       call(`steps(lambda: c.set("k", "x" * 2**21), lambda: length(c.get("k")), lambda: c.delete("k"))`),

	"config/prefix_version": {call: tour, options: vars{"key_prefix": "forum", "version": 2019}},
	"config/url_and_kw":     {call: tour, params: []string{"ttl=600", "key_prefix=up", "version=7"}, options: vars{"ttl": 50, "key_prefix": "kw", "version": "vk"}},
	"config/ttl_kw":         {call: tour, options: vars{"ttl": 33}},
	"config/version0":       {call: tour, params: []string{"version=7"}, options: vars{"version": 0}},
	"config/kwttl0":         call(`Cache("redis://localhost", ttl=0)`),
	"config/minmax":         {call: tour, params: []string{"minsize=2", "maxsize=3"}},
	"config/prefixcolon":    {call: tour, options: vars{"key_prefix": "a:"}},
	"config/badopt":         {call: tour, params: []string{"whatever=1"}},
}

// tour is what the cases about settings do; its value is that of the incr at the end.
var tour = "steps(" + strings.Join([]string{
	`lambda: c.set("s", 1)`, `lambda: c.set("s5", 1, ttl=5)`, `lambda: c.add("ad", 1)`, `lambda: c.set_many({"m": 1})`, `lambda: c.touch("s5")`,
	`lambda: c.get_or_set("g", 2)`, `lambda: c.set("vv", 1, version="ov")`, `lambda: c.incr("s")`,
}, ", ") + ")"
