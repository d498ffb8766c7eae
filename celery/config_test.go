package celery

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/larder-go/larder/celery/py"
)

// everySetting has each setting that is read, with a value that is not the default.
const everySetting = `
result_backend: redis://h/1
cache_backend: memcached://a:11211
cache_backend_options: {behaviors: {ketama: true}}
result_expires: 3600.9
result_serializer: yaml
result_accept_content: [json, yaml]
result_extended: yes
result_cache_max: 100
result_chord_join_timeout: 1.5
result_backend_transport_options:
  global_keyprefix: "myapp:"
  master_name: mymaster
  sentinel_kwargs: {password: s3cret}
  result_chord_ordered: false
  retry_policy: {max_retries: 3, interval_start: 0.5, interval_step: 0.1, interval_max: 2, timeout: 5.0}
result_backend_always_retry: true
result_backend_max_retries: 7
result_backend_base_sleep_between_retries_ms: 20
result_backend_max_sleep_between_retries_ms: 2000
timezone: Europe/Warsaw
enable_utc: false
compat: "5.2"
redis_host: r
redis_port: 7
redis_db: 3
redis_username: u
redis_password: p
redis_socket_connect_timeout: 2.5
redis_backend_use_ssl: {ssl_cert_reqs: required}
`

// everyField is what everySetting means.
func everyField(t *testing.T) Config {
	t.Helper()
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		ResultBackend:          "redis://h/1",
		CacheBackend:           "memcached://a:11211",
		CacheBackendOptions:    map[string]any{"behaviors": map[string]any{"ketama": true}},
		ResultExpires:          new(time.Hour),
		ResultSerializer:       "yaml",
		ResultAcceptContent:    []string{"json", "yaml"},
		ResultExtended:         true,
		ResultCacheMax:         100,
		ResultChordJoinTimeout: 1500 * time.Millisecond,
		ResultBackendTransportOptions: TransportOptions{
			GlobalKeyPrefix: "myapp:", MasterName: "mymaster", SentinelPassword: "s3cret", ChordUnordered: true,
			RetryPolicy: &RetryPolicy{3, 500 * time.Millisecond, 100 * time.Millisecond, 2 * time.Second, 5 * time.Second},
		},
		ResultBackendAlwaysRetry: true,
		ResultBackendMaxRetries:  7,
		ResultBackendBaseSleep:   20 * time.Millisecond,
		ResultBackendMaxSleep:    2 * time.Second,
		Timezone:                 warsaw,
		LocalTime:                true,
		Compat:                   py.Celery52,
		Redis: RedisConfig{
			Host: "r", Port: 7, DB: 3, Username: "u", Password: "p", ConnectTimeout: 2500 * time.Millisecond,
			BackendUseSSL: map[string]string{"ssl_cert_reqs": "required"},
		},
	}
}

func readText(text string) (Config, []Warning, error) { return ReadConfig(strings.NewReader(text)) }

func TestReadConfigReadsEverySetting(t *testing.T) {
	cfg, warnings, err := readText(everySetting)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v, %v", warnings, err)
	}
	want := everyField(t)
	if !reflect.DeepEqual(cfg, want) {
		got, _ := json.Marshal(fields(cfg))
		wanted, _ := json.Marshal(fields(want))
		t.Errorf("read\n%s\nwant\n%s", got, wanted)
	}
	// A field that this test does not know would be one that nobody reads.
	for i := range reflect.TypeFor[Config]().NumField() {
		if reflect.ValueOf(want).Field(i).IsZero() {
			t.Errorf("%s is not tested", reflect.TypeFor[Config]().Field(i).Name)
		}
	}
}

// fields are a configuration's, without its String.
func fields(c Config) any {
	type plain Config
	return plain(c)
}

func TestReadConfigReadsJSONAndOldNames(t *testing.T) {
	want := everyField(t)
	var document map[string]any
	if err := yaml.Unmarshal([]byte(everySetting), &document); err != nil {
		t.Fatal(err)
	}
	renamed := map[string]any{}
	for name, value := range document {
		switch name {
		case "result_expires":
			renamed["CELERY_TASK_RESULT_EXPIRES"] = value
		case "result_cache_max":
			renamed["CELERY_MAX_CACHED_RESULTS"] = value
		default:
			renamed["CELERY_"+strings.ToUpper(name)] = value
		}
	}
	for _, d := range []map[string]any{document, renamed} {
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{string(text), "\xef\xbb\xbf \n" + string(text) + "\n"} {
			cfg, warnings, err := readText(form)
			if err != nil || len(warnings) > 0 || !reflect.DeepEqual(cfg, want) {
				t.Errorf("%s:\n%v, %v, %+v", form, warnings, err, fields(cfg))
			}
		}
	}
}

func TestReadConfigDefaults(t *testing.T) {
	for _, text := range []string{"", "{}", "null", "---\n", "# nothing", "result_serializer:\ntimezone: null\nresult_cache_max:\nenable_utc:\nredis_port:\n"} {
		cfg, warnings, err := readText(text)
		if err != nil || len(warnings) > 0 || !reflect.DeepEqual(cfg, Config{}) {
			t.Errorf("%q: %+v, %v, %v", text, fields(cfg), warnings, err)
		}
	}
	var c Config
	if c.serializer() != "json" || c.Location() != time.UTC || len(c.accepted()) != 1 || c.accepted()[0] != "json" {
		t.Errorf("%q %v %v", c.serializer(), c.Location(), c.accepted())
	}
	if loc := (Config{LocalTime: true}).Location(); loc != time.Local {
		t.Errorf("enable_utc false: %v", loc)
	}
}

func TestReadConfigValues(t *testing.T) {
	for text, want := range map[string]Config{
		"result_expires: null":                                      {ResultExpires: new(NoExpiry)},
		"result_expires: 0":                                         {ResultExpires: new(NoExpiry)},
		`result_expires: "0"`:                                       {ResultExpires: new(NoExpiry)},
		"result_expires: 1.9":                                       {ResultExpires: new(time.Second)},
		`result_expires: "60"`:                                      {ResultExpires: new(time.Minute)},
		"result_expires: true":                                      {ResultExpires: new(time.Second)},
		"result_expires: 36h":                                       {ResultExpires: new(36 * time.Hour)},
		"result_expires: 1500ms":                                    {ResultExpires: new(time.Second)},
		"result_expires: 3456000":                                   {ResultExpires: new(40 * 24 * time.Hour)},
		"result_expires: 3153600000":                                {ResultExpires: new(100 * 365 * 24 * time.Hour)},
		"result_cache_max: -1":                                      {},
		"result_cache_max: 0":                                       {ResultCacheMax: Unlimited},
		"result_backend_max_retries: 0":                             {ResultBackendMaxRetries: NoRetries},
		"result_backend_max_retries: .inf":                          {},
		"result_backend_max_retries: inf":                           {},
		`result_backend_always_retry: "on"`:                         {ResultBackendAlwaysRetry: true},
		"result_extended: 0":                                        {},
		"result_extended: 'FALSE'":                                  {},
		"enable_utc: true":                                          {},
		"accept_content: [json, pickle]":                            {ResultAcceptContent: []string{"json", "pickle"}},
		"result_accept_content: []":                                 {ResultAcceptContent: []string{}},
		"{accept_content: [pickle], result_accept_content: [json]}": {ResultAcceptContent: []string{"json"}},
		"compat: 5.6":                                               {},
		"compat: 5.2":                                               {Compat: py.Celery52},
		"redis_backend_use_ssl: false":                              {},
		"result_backend_base_sleep_between_retries_ms: 0":           {ResultBackendBaseSleep: 1},
		"result_backend_transport_options: {retry_policy: {}}":      {ResultBackendTransportOptions: TransportOptions{RetryPolicy: &defaultPolicy}},
		"result_backend_transport_options: {retry_policy: {max_retries: null, timeout: null}}": {ResultBackendTransportOptions: TransportOptions{
			RetryPolicy: &RetryPolicy{-1, 0, time.Second, time.Second, 0}}},
		"result_backend_transport_options: {result_chord_ordered: null, visibility_timeout: 3600}": {},
		"base: &b {ketama: true}\ncache_backend_options: {behaviors: *b}":                          {CacheBackendOptions: map[string]any{"behaviors": map[string]any{"ketama": true}}},
		"result_backend: \"\\u017c://\"":                                                           {ResultBackend: "ż://"},
		`{"result_backend": "\ud83d\ude00"}`:                                                       {ResultBackend: "😀"},
	} {
		cfg, _, err := readText(text)
		if err != nil || !reflect.DeepEqual(cfg, want) {
			t.Errorf("%s: %+v, %v, want %+v", text, fields(cfg), err, fields(want))
		}
	}
}

func TestReadConfigErrorsNameSettingAndValue(t *testing.T) {
	for text, want := range map[string]string{
		"result_expires: -5":                                      "result_expires: -5 is below zero",
		"result_expires: -0.5":                                    "below zero",
		"result_expires: '1.9'":                                   `"1.9" is not a number of seconds`,
		"result_expires: soon":                                    `"soon" is not`,
		"result_expires: .nan":                                    "result_expires",
		"result_expires: .inf":                                    "100 years",
		"result_expires: 1e300":                                   "100 years",
		"result_expires: [1]":                                     "[1] is not a number of seconds",
		"CELERY_TASK_RESULT_EXPIRES: -1":                          "CELERY_TASK_RESULT_EXPIRES: -1",
		"result_serializer: xml":                                  `"xml" is not known; known: json, yaml, msgpack, pickle`,
		"result_serializer: 5":                                    "5 is not a text",
		"result_accept_content: json":                             `"json" is not a list`,
		"result_accept_content: [1]":                              "list of texts",
		"result_accept_content: [xml]":                            `"xml"`,
		"result_extended: maybe":                                  `"maybe" is neither true nor false`,
		"result_cache_max: -2":                                    "-2 is below -1",
		"result_cache_max: 1.5":                                   "1.5 is not a whole number",
		"result_chord_join_timeout: -1":                           "below zero",
		"result_backend_max_retries: -1":                          "below 0",
		"result_backend_base_sleep_between_retries_ms: 1e17":      "whole number",
		"result_backend_max_sleep_between_retries_ms: 4e15":       "100 years",
		"timezone: Mars/Olympus":                                  "time zone",
		"compat: 4":                                               "5.2",
		"redis_port: 70000":                                       "65535",
		"redis_db: x":                                             "whole number",
		"cache_backend_options: x":                                "not a map",
		"cache_backend_options: {behaviors: 1}":                   "behaviors",
		"cache_backend_options: {behaviors: {hash: hsieh}}":       "hash=hsieh",
		"result_backend_transport_options: x":                     "not a map",
		"result_backend_transport_options: {global_keyprefix: 1}": "global_keyprefix: is not a text",
		"result_backend_transport_options: {retry_policy: {max_retries: -1}}":  "retry_policy: max_retries: is below 0",
		"result_backend_transport_options: {retry_policy: {interval_step: x}}": "interval_step",
		"result_backend_transport_options: {result_chord_ordered: perhaps}":    "result_chord_ordered",
		"result_backend_transport_options: {sentinel_kwargs: {password: 5}}":   "sentinel_kwargs",
		"redis_backend_use_ssl: true":                                          "not a map",
		"{result_backend: a, CELERY_RESULT_BACKEND: b}":                        "the same setting",
		"result_backend: a\nresult_backend: b":                                 "already defined",
		"[1, 2]":                                                               "neither a JSON object nor a YAML mapping",
		"just text":                                                            "neither",
		"a: [":                                                                 "neither",
		"1: 2":                                                                 "",
		"a: 1\n---\nb: 2":                                                      "more than one",
		"{} {}":                                                                "more than one",
	} {
		cfg, _, err := readText(text)
		if want == "" && err == nil {
			continue
		}
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want one that says %q", text, err, want)
		}
		if !reflect.DeepEqual(cfg, Config{}) {
			t.Errorf("%s: a configuration beside the error", text)
		}
	}
}

func TestReadConfigFindsAllErrors(t *testing.T) {
	_, _, err := readText("result_expires: -1\nredis_port: x\ntimezone: y\nresult_backend: [s3cret]\nredis_password: [s3cret]")
	for _, name := range []string{"result_expires", "redis_port", "timezone", "result_backend", "redis_password"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is missing in: %v", name, err)
		}
	}
	if strings.Contains(fmt.Sprint(err), "s3cret") {
		t.Errorf("%v", err)
	}
}

func TestReadConfigWarnsOfWhatItDoesNotKnow(t *testing.T) {
	for text, want := range map[string]string{
		"resut_backend: redis://h":                                           "resut_backend: Celery has no such setting; did you mean result_backend?",
		"CELERY_RESUT_BACKEND: redis://h":                                    "did you mean result_backend?",
		"Result_Backend: redis://h":                                          "did you mean result_backend?",
		"nosuch_thing_at_all: 1":                                             "nosuch_thing_at_all: Celery has no such setting",
		"result_backend_transport_options: {nosuch: 1}":                      `"nosuch" is not known`,
		"result_backend_transport_options: {retry_policy: {nosuch: 1}}":      `"nosuch" is not known`,
		"result_backend_transport_options: {sentinel_kwargs: {username: u}}": `"username" has no meaning`,
		"accept_content: [json, application/xml]":                            `"application/xml" is not read`,
		"result_expires: 0.5":                                                "live for ever",
		strings.Repeat("x", 300) + ": 1":                                     "no such setting",
	} {
		_, warnings, err := readText(text)
		if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0].String(), want) || len(warnings[0].String()) > 200 {
			t.Errorf("%.60s: %v, %v, want %q", text, warnings, err, want)
		}
	}
	for _, text := range []string{
		"broker_url: x", "task_serializer: json", "worker_concurrency: 4", "beat_schedule: {}", "result_compression: gzip", "imports: [a]",
		"BROKER_URL: x", "CELERYD_CONCURRENCY: 4", "CELERYBEAT_SCHEDULE: {}", "CELERY_TASK_SERIALIZER: json", "CELERY_ACKS_LATE: true",
		"CELERY_IMPORTS: [a]", "redis_socket_timeout: 5", "CELERY_ALWAYS_EAGER: true", "database_url: x", "result_persistent: true",
	} {
		if cfg, warnings, err := readText(text); err != nil || len(warnings) > 0 || !reflect.DeepEqual(cfg, Config{}) {
			t.Errorf("%s: %v, %v", text, warnings, err)
		}
	}
}

func TestReadConfigIsBounded(t *testing.T) {
	if _, _, err := readText(strings.Repeat(" ", maxConfig+1)); !errors.Is(err, ErrConfig) {
		t.Errorf("a large one: %v", err)
	}
	bomb := "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
	for c := 'b'; c < 'm'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s*%c]\n", c, c, strings.Repeat(fmt.Sprintf("*%c,", c-1), 9), c-1)
	}
	if _, _, err := readText(bomb); !errors.Is(err, ErrConfig) {
		t.Errorf("a bomb: %v", err)
	}
	var many strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&many, "x%d:\n", i)
	}
	if _, _, err := readText(many.String()); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "items") { // minutes otherwise
		t.Errorf("many names: %v", err)
	}
	broken := errors.New("broken")
	if _, _, err := ReadConfig(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a reader that fails: %v", err)
	}
}

func TestConfigsThatAreWrongInGo(t *testing.T) {
	for name, cfg := range map[string]Config{
		"result_serializer":                            {ResultSerializer: "xml"},
		"result_accept_content":                        {ResultAcceptContent: []string{"xml"}},
		"result_chord_join_timeout":                    {ResultChordJoinTimeout: -1},
		"result_cache_max":                             {ResultCacheMax: -1},
		"result_backend_base_sleep_between_retries_ms": {ResultBackendBaseSleep: -1},
		"result_backend_max_sleep_between_retries_ms":  {ResultBackendMaxSleep: -1},
	} {
		cfg.ResultBackend = "memory://"
		if _, err := NewBackend(cfg); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Seconds are read as Python's int() reads them, in JSON as in YAML.
func TestExpiresOfAnyNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.Float64Range(0, 1e9).Draw(t, "seconds")
		text, err := json.Marshal(map[string]any{"result_expires": f})
		if err != nil {
			t.Fatal(err)
		}
		want := time.Duration(math.Trunc(f)) * time.Second
		for _, form := range []string{string(text), fmt.Sprintf("result_expires: %v", f)} {
			cfg, _, err := readText(form)
			if err != nil || *cfg.ResultExpires != want {
				t.Fatalf("%s: %v, %v, want %v", form, *cfg.ResultExpires, err, want)
			}
		}
	})
}

func TestDistance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-c]{0,8}`)
		a, b, c := word.Draw(t, "a"), word.Draw(t, "b"), word.Draw(t, "c")
		ab, ba := distance(a, b), distance(b, a)
		if ab != ba || (ab == 0) != (a == b) || ab > max(len(a), len(b)) || distance(a, c) > ab+distance(b, c) {
			t.Fatalf("%q and %q: %d and %d", a, b, ab, ba)
		}
	})
}

func FuzzReadConfig(f *testing.F) {
	f.Add(everySetting)
	for _, text := range []string{`{"result_expires": 60}`, "a: &a [*a]", "? [a]: b", "result_backend_transport_options: {retry_policy: {max_retries: 1e9}}", "!!binary x: y", "<<: {a: 1}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cfg, warnings, err := readText(text)
		for _, w := range warnings {
			if len(w.String()) > 400 {
				t.Errorf("a warning of %d bytes", len(w.String()))
			}
		}
		if err != nil {
			if !errors.Is(err, ErrConfig) {
				t.Errorf("%v is no ErrConfig", err)
			}
			return
		}
		if _, err := cfg.lifetime(); err != nil {
			t.Errorf("%q gives a lifetime that is none: %v", text, err)
		}
		if err := cfg.check(); err != nil {
			t.Errorf("%q gives what is wrong: %v", text, err)
		}
	})
}
