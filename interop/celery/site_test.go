package celery_test

import (
	"encoding/json"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/larder-go/larder/celery"
	"github.com/larder-go/larder/celery/py"
	"github.com/larder-go/larder/interop/internal/pyproc"
)

// site is one configuration of Celery, with a worker. It starts when the first test needs it.
type site struct {
	plan
	version string // of Celery

	start   sync.Once
	broken  error
	config  map[string]any // what Python is configured with
	broker  int            // the database of the broker
	results int            // and that of the results, if they are in Redis
	py      *pyproc.Process
	worker  *worker
}

// plan is what distinguishes sites of one version.
type plan struct {
	name       string
	servers    int // of Memcached; 0: the results are in Redis
	library    string
	serializer string
	settings   map[string]any
}

const (
	pylibmc         = "pylibmc"
	pythonMemcached = "python-memcached"
)

// rich is what changes the most of what is stored.
var rich = map[string]any{
	"result_extended": true, "task_track_started": true, "timezone": "Europe/Warsaw",
	"result_backend_transport_options": map[string]any{"global_keyprefix": "shop", "result_chord_ordered": false},
}

var plans = []plan{
	{"redis-json", 0, pylibmc, "json", nil},
	{"redis-rich", 0, pylibmc, "json", rich},
	{"redis-yaml", 0, pylibmc, "yaml", nil},
	{"redis-msgpack", 0, pylibmc, "msgpack", nil},
	{"redis-pickle", 0, pylibmc, "pickle", nil},
	{"pylibmc-1", 1, pylibmc, "json", nil},
	{"pylibmc-1-msgpack", 1, pylibmc, "msgpack", nil},
	{"pylibmc-2", 2, pylibmc, "json", nil},
	{"pylibmc-2-rich", 2, pylibmc, "json", rich},
	{"pylibmc-2-ketama-pickle", 2, pylibmc, "pickle", map[string]any{
		"cache_backend_options": map[string]any{"behaviors": map[string]any{"ketama": true}},
	}},
	{"python-memcached-1", 1, pythonMemcached, "json", nil},
	{"python-memcached-2", 2, pythonMemcached, "json", map[string]any{"cache_backend_options": map[string]any{"debug": 0}}},
	{"python-memcached-2-yaml", 2, pythonMemcached, "yaml", rich},
}

func allSites() []*site {
	var all []*site
	for _, version := range []string{"5.6", "5.2"} {
		for _, p := range plans {
			all = append(all, &site{plan: p, version: version})
		}
	}
	return all
}

// each runs a test with every site of which all conditions hold.
func each(t *testing.T, run func(t *testing.T, s *site), conditions ...func(*site) bool) {
	t.Helper()
	t.Parallel()
	for _, s := range sites {
		if !all(s, conditions) {
			continue
		}
		t.Run("celery-"+s.version+"/"+s.name, func(t *testing.T) {
			t.Parallel()
			s.begin(t)
			run(t, s)
		})
	}
}

func all(s *site, conditions []func(*site) bool) bool {
	for _, holds := range conditions {
		if !holds(s) {
			return false
		}
	}
	return true
}

func onRedis(s *site) bool     { return s.servers == 0 }
func onMemcached(s *site) bool { return s.servers > 0 }
func isRich(s *site) bool      { return s.settings["result_extended"] == true }
func named(names ...string) func(*site) bool {
	return func(s *site) bool {
		for _, name := range names {
			if s.name == name {
				return true
			}
		}
		return false
	}
}

// begin starts the worker, unless another test has.
func (s *site) begin(t testing.TB) {
	t.Helper()
	s.start.Do(func() { s.broken = s.launch() })
	if s.broken != nil {
		t.Fatal(s.broken)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the worker has logged, at the end:\n%s", s.worker.logged())
		}
	})
}

func (s *site) launch() (err error) {
	s.broker, s.results = redis.FreshDB(), redis.FreshDB()
	s.config = map[string]any{
		"broker_url":        redis.URL(s.broker),
		"result_backend":    s.backend(),
		"result_serializer": s.serializer,
		"accept_content":    []string{"json", s.serializer},
	}
	maps.Copy(s.config, s.settings)
	if s.py, err = client(s.version, s.library); err != nil {
		return err
	}
	if _, err := s.py.Ask(pyproc.Command{"app": s.name, "config": s.config}); err != nil {
		return err
	}
	s.worker, err = startWorker(s.version+"-"+s.name, s.version, s.library, s.config)
	return err
}

// backend is the URL of the results, as Python has it.
func (s *site) backend() string {
	if s.servers == 0 {
		return redis.URL(s.results)
	}
	addrs := make([]string, s.servers)
	for i := range addrs {
		addrs[i] = memcacheds[i].Addr()
	}
	return "cache+memcached://" + strings.Join(addrs, ";") + "/"
}

// goConfig is the same configuration, read by Go. Of two things Python's says nothing.
func (s *site) goConfig(t testing.TB) celery.Config {
	t.Helper()
	text, err := json.Marshal(s.config)
	if err != nil {
		t.Fatal(err)
	}
	cfg, warnings, err := celery.ReadConfig(strings.NewReader(string(text)))
	if err != nil || len(warnings) > 0 {
		t.Fatalf("ReadConfig: %v, warnings %v", err, warnings)
	}
	if s.version == "5.2" {
		cfg.Compat = py.Celery52
		cfg.ResultBackendTransportOptions.GlobalKeyPrefix = "" // 5.2 does not have it
	}
	if s.library == pythonMemcached && cfg.CacheBackendOptions == nil { // which would say it
		cfg.ResultBackend += "?hash=python-memcached"
	}
	return cfg
}

// open is the Go side.
func (s *site) open(t testing.TB, change ...func(*celery.Config)) *celery.Results {
	t.Helper()
	cfg := s.goConfig(t)
	for _, c := range change {
		c(&cfg)
	}
	r, err := celery.OpenConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// vars are the names that Python's code uses, with values that JSON can say.
type vars map[string]any

// try runs Python.
func (s *site) try(t testing.TB, code string, with vars) pyproc.Reply {
	t.Helper()
	r, err := s.py.Ask(pyproc.Command{"on": s.name, "run": code, "with": with})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// run is try that ends the test with an exception.
func (s *site) run(t testing.TB, code string, with vars) pyproc.Reply {
	t.Helper()
	r := s.try(t, code, with)
	if r.Raises != "" {
		t.Fatalf("Python: %s\nwith %v raises %s", code, with, r.Exception())
	}
	return r
}

// text is run of what gives a str.
func (s *site) text(t testing.TB, code string, with vars) (text string) {
	t.Helper()
	s.into(t, &text, code, with)
	return text
}

// into is run of what gives what JSON can say.
func (s *site) into(t testing.TB, target any, code string, with vars) {
	t.Helper()
	r := s.run(t, code, with)
	if r.JSON == nil {
		t.Fatalf("Python: %s is nothing that JSON can say", r.Repr)
	}
	if err := json.Unmarshal([]byte(*r.JSON), target); err != nil {
		t.Fatalf("%v: %s", err, *r.JSON)
	}
}

// says wants that Python shows the value of an expression so.
func (s *site) says(t testing.TB, want, code string, with vars) {
	t.Helper()
	if r := s.try(t, code, with); r.Repr != want {
		t.Errorf("Python: %s\nwith %v = %s%s; want %s", code, with, r.Repr, r.Exception(), want)
	}
}

// let opens a gate once.
func let(t testing.TB, gate string) {
	t.Helper()
	redis.MustDo(t, "LPUSH", gate, "1")
}
