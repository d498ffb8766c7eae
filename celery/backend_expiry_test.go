package celery

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/internal/redistest"
)

// stored is a key that a real worker has written, or has failed to.
type stored struct {
	Case      string  `json:"case"`
	Producer  string  `json:"producer"`
	Backend   string  `json:"backend"`
	Key       string  `json:"key"`
	Flags     *int    `json:"flags"`
	TTL       *int    `json:"ttl"`
	Value     string  `json:"value_base64"`
	RedisType *string `json:"redis_type"`
	Notes     string  `json:"notes"`
}

var inBrackets = regexp.MustCompile(`\[(\w+)\]`)

// expiryConfigs are the configurations of the vectors, by the word in their names.
var expiryConfigs = map[string]Config{
	"exp0":        {ResultExpires: new(NoExpiry)},
	"expnone":     {ResultExpires: new(NoExpiry)},
	"exp_td":      {ResultExpires: new(48*time.Hour + 3*time.Second + 700*time.Millisecond)},
	"exp_40d":     {ResultExpires: new(40 * 24 * time.Hour)},
	"prefix":      {ResultBackendTransportOptions: TransportOptions{GlobalKeyPrefix: "myapp"}},
	"prefixcolon": {ResultBackendTransportOptions: TransportOptions{GlobalKeyPrefix: "myapp:"}},
}

// judge stores what was stored, under the key that this package makes of the same id, and looks at
// it from outside.
type judge struct {
	redis *redistest.Server
	cache *memcachetest.Server
	open  map[string]*Backend
}

func (j *judge) backend(t *testing.T, engine, conf string) *Backend {
	t.Helper()
	id := engine + conf
	if j.open[id] == nil {
		url := j.redis.URL(0)
		if engine == "memcached" {
			url = "cache+memcached://" + j.cache.Addr() + "/"
		}
		j.open[id] = kvOpen(t, url, configured(expiryConfigs[conf]))
	}
	return j.open[id]
}

func TestLifetimesAndPrefixesAsStored(t *testing.T) {
	j := judge{redistest.Start(t), memcachetest.Start(t), map[string]*Backend{}}
	judged, noLifetimeInPython := 0, 0
	for _, v := range kvVectors[stored](t, "expiry_prefix") {
		conf := inBrackets.FindStringSubmatch(v.Case)[1]
		if _, known := expiryConfigs[conf]; !known {
			t.Fatalf("%s: no such configuration", v.Case)
		}
		b := j.backend(t, v.Backend, conf)
		switch {
		case v.Value == "" && v.Backend == "memcached": // Celery's client failed, or the server took the time for one in 1970
			noLifetimeInPython++
			j.storesWhatPythonLoses(t, b, conf)
		case v.RedisType != nil && *v.RedisType != "string", v.Value == "", strings.Contains(v.Case, ".j["):
			// the collection of a chord, and its members: not written by Set
		default:
			judged++
			j.asStored(t, b, v, conf)
		}
	}
	if judged < 300 || noLifetimeInPython < 50 {
		t.Errorf("%d judged, %d that Celery loses", judged, noLifetimeInPython)
	}
}

func (j *judge) asStored(t *testing.T, b *Backend, v stored, conf string) {
	t.Helper()
	value, err := base64.StdEncoding.DecodeString(v.Value)
	if err != nil {
		t.Fatal(err)
	}
	key := v.Key
	if strings.HasPrefix(conf, "prefix") && strings.Contains(v.Producer, "5.2.6") {
		key = b.prefix + key // 5.2 does not know the setting
	}
	j.sameKey(t, b, key)
	if err := b.Set(t.Context(), key, value); err != nil {
		t.Fatalf("%s: %v", v.Case, err)
	}
	want := 0
	if v.TTL != nil {
		want = roundTTL(*v.TTL) // some were looked at a second later
	}
	got, gotValue, flags := j.look(t, v.Backend, key)
	if got != want || gotValue != string(value) {
		t.Errorf("%s: %s lives %d s, want %d; %d bytes, want %d", v.Case, key, got, want, len(gotValue), len(value))
	}
	if v.Flags != nil && *v.Flags != flags && *v.Flags != 4 && *v.Flags != 2 { // a counter: text here, to be counted all the same
		t.Errorf("%s: flags %d, want %d", v.Case, flags, *v.Flags)
	}
}

// sameKey checks that this package makes the same key of the id.
func (j *judge) sameKey(t *testing.T, b *Backend, key string) {
	t.Helper()
	for _, k := range []kind{taskKey, groupKey, chordKey} {
		if id, is := strings.CutPrefix(key, b.prefix+string(k)); is {
			if made, err := b.key(k, id); made != key || err != nil {
				t.Errorf("key of %q: %q, %v, want %q", id, made, err, key)
			}
			return
		}
	}
	t.Errorf("%q is no key with the prefix %q", key, b.prefix)
}

// look returns a key's lifetime in seconds (0: none), value and flags, without the client that is tested. A
// second may have passed.
func (j *judge) look(t *testing.T, engine, key string) (ttl int, value string, flags int) {
	t.Helper()
	if engine == "redis" {
		ttl, err := strconv.Atoi(j.redis.MustDo(t, "TTL", key))
		if err != nil {
			t.Fatal(err)
		}
		return roundTTL(max(ttl, 0)), j.redis.MustDo(t, "GET", key), 0
	}
	lines := j.cache.MustAsk(t, "mg "+key+" v t f")
	if len(lines) != 2 {
		t.Fatalf("%s: %q", key, lines)
	}
	for _, word := range strings.Fields(lines[0])[2:] {
		n, err := strconv.Atoi(word[1:])
		if err != nil {
			t.Fatal(err)
		}
		if word[0] == 't' {
			ttl = roundTTL(max(n, 0))
		} else {
			flags = n
		}
	}
	return ttl, lines[1], flags
}

// roundTTL undoes the seconds that have passed since, and the one or two that memcached's clock is given so
// that nothing dies early: the lifetimes of the vectors are far apart.
func roundTTL(ttl int) int {
	for _, whole := range []int{86400, 172803, 40 * 86400} {
		if whole-30 < ttl && ttl <= whole+2 {
			return whole
		}
	}
	return ttl
}

// storesWhatPythonLoses: no lifetime, and one above 30 days, are kept on memcached.
func (j *judge) storesWhatPythonLoses(t *testing.T, b *Backend, conf string) {
	t.Helper()
	kvWant(t, b, "celery-task-meta-lost", "v")
	want := map[string]int{"expnone": 0, "exp_40d": 40 * 86400}[conf]
	if ttl, value, _ := j.look(t, "memcached", "celery-task-meta-lost"); ttl != want || value != "v" {
		t.Errorf("%s: %q lives %d s, want %d", conf, value, ttl, want)
	}
}

func TestResultExpires(t *testing.T) {
	for d, want := range map[time.Duration]time.Duration{
		NoExpiry:                0,
		time.Second:             time.Second,
		1900 * time.Millisecond: time.Second,
		5 * time.Minute:         5 * time.Minute,
		time.Millisecond:        0, // as Celery cuts it off
		40 * 24 * time.Hour:     40 * 24 * time.Hour,
	} {
		log := &kvLog{}
		b, err := NewBackend(Config{ResultBackend: "memory://", ResultExpires: &d}, log.option())
		if err != nil {
			t.Errorf("%v: %v", d, err)
			continue
		}
		if b.Expires() != want || b.ttl != want {
			t.Errorf("%v: %v, want %v", d, b.Expires(), want)
		}
		if warned := strings.Contains(log.String(), "less than a second"); warned != (d == time.Millisecond) {
			t.Errorf("%v: warned: %v", d, warned)
		}
		_ = b.Close()
	}
	for _, d := range []time.Duration{-1, -5 * time.Second, math.MinInt64, math.MaxInt64, 101 * 365 * 24 * time.Hour} {
		_, err := NewBackend(Config{ResultBackend: "memory://", ResultExpires: &d}, kvQuiet)
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "result_expires") {
			t.Errorf("%v: %v", d, err)
		}
	}
}

// TestExpiresIsSaidOrNot: 0 is for ever, whoever says it; what nobody says is a day; and an option beats
// the configuration.
func TestExpiresIsSaidOrNot(t *testing.T) {
	for name, c := range map[string]struct {
		said *time.Duration
		opts []Option
		want time.Duration
	}{
		"nobody":       {nil, nil, 24 * time.Hour},
		"config, 0":    {new(time.Duration(0)), nil, NoExpiry},
		"option, 0":    {nil, []Option{WithExpires(0)}, NoExpiry},
		"both":         {new(time.Hour), []Option{WithExpires(time.Minute)}, time.Minute},
		"both, 0":      {new(time.Hour), []Option{WithExpires(NoExpiry)}, NoExpiry},
		"the last one": {nil, []Option{WithExpires(0), WithExpires(time.Minute)}, time.Minute},
	} {
		b, err := NewBackend(Config{ResultBackend: "memory://", ResultExpires: c.said}, append(c.opts, kvQuiet)...)
		if err != nil || b.Expires() != c.want {
			t.Errorf("%s: %v, %v", name, b.Expires(), err)
			continue
		}
		_ = b.Close()
	}
}

func TestGlobalPrefix(t *testing.T) {
	for setting, want := range map[string]string{
		"": "", "myapp": "myapp_", "myapp:": "myapp:", "a_": "a_", "a-": "a-", "a.": "a.", "ż": "ż_", "a::": "a::", "a/": "a/_",
	} {
		if got := globalPrefix(setting); got != want {
			t.Errorf("%q: %q, want %q", setting, got, want)
		}
	}
}

func TestEmptyIDs(t *testing.T) {
	b := kvOpen(t, "memory://")
	for _, k := range []kind{taskKey, groupKey, chordKey} {
		if key, err := b.key(k, ""); !errors.Is(err, ErrBadID) {
			t.Errorf("%s: %q, %v", k, key, err)
		}
	}
	if key, err := b.key(taskKey, "ż ó\n"); key != "celery-task-meta-ż ó\n" || err != nil {
		t.Errorf("%q, %v", key, err)
	}
}

func TestConfigurationsOfTheVectorsAreRead(t *testing.T) {
	for text, want := range map[string]Config{
		`{"result_expires": 0}`:       expiryConfigs["exp0"],
		`{"result_expires": null}`:    expiryConfigs["expnone"],
		`{"result_expires": 3456000}`: expiryConfigs["exp_40d"],
		`{"result_backend_transport_options": {"global_keyprefix": "myapp:"}}`: expiryConfigs["prefixcolon"],
	} {
		cfg, warnings, err := ReadConfig(strings.NewReader(text))
		if err != nil || len(warnings) > 0 || !reflect.DeepEqual(cfg.ResultExpires, want.ResultExpires) || cfg.ResultBackendTransportOptions != want.ResultBackendTransportOptions {
			t.Errorf("%s: %s, %v, %v", text, fmt.Sprint(cfg), slices.Clone(warnings), err)
		}
	}
}
