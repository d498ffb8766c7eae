package celery

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/larder-go/larder/celery/py"
)

// setters are the settings that are read. Each one's error says what the value is not.
var setters = map[string]func(*configReader, any) error{
	"result_backend":            settingText(func(in *configReader) *string { return &in.cfg.ResultBackend }),
	"cache_backend":             settingText(func(in *configReader) *string { return &in.cfg.CacheBackend }),
	"cache_backend_options":     (*configReader).clientOptions,
	"result_expires":            (*configReader).expires,
	"result_serializer":         settingText(func(in *configReader) *string { return &in.cfg.ResultSerializer }),
	"result_accept_content":     settingList(func(in *configReader) *[]string { return &in.cfg.ResultAcceptContent }),
	"accept_content":            (*configReader).acceptContent,
	"result_extended":           settingBool(func(in *configReader, v bool) { in.cfg.ResultExtended = v }, false),
	"result_cache_max":          (*configReader).cacheMax,
	"result_chord_join_timeout": settingSeconds(func(in *configReader) *time.Duration { return &in.cfg.ResultChordJoinTimeout }),

	"result_backend_transport_options":             (*configReader).transport,
	"result_backend_always_retry":                  settingBool(func(in *configReader, v bool) { in.cfg.ResultBackendAlwaysRetry = v }, false),
	"result_backend_max_retries":                   (*configReader).maxRetries,
	"result_backend_base_sleep_between_retries_ms": settingMillis(func(in *configReader) *time.Duration { return &in.cfg.ResultBackendBaseSleep }),
	"result_backend_max_sleep_between_retries_ms":  settingMillis(func(in *configReader) *time.Duration { return &in.cfg.ResultBackendMaxSleep }),

	"timezone":   (*configReader).timezone,
	"enable_utc": settingBool(func(in *configReader, v bool) { in.cfg.LocalTime = !v }, true),
	"compat":     (*configReader).compat,

	"redis_host":                   settingText(func(in *configReader) *string { return &in.cfg.Redis.Host }),
	"redis_port":                   settingInt(func(in *configReader) *int { return &in.cfg.Redis.Port }, 65535),
	"redis_db":                     settingInt(func(in *configReader) *int { return &in.cfg.Redis.DB }, 1<<30),
	"redis_username":               settingText(func(in *configReader) *string { return &in.cfg.Redis.Username }),
	"redis_password":               settingText(func(in *configReader) *string { return &in.cfg.Redis.Password }),
	"redis_socket_connect_timeout": settingSeconds(func(in *configReader) *time.Duration { return &in.cfg.Redis.ConnectTimeout }),
	"redis_backend_use_ssl":        (*configReader).useSSL,
}

// expires reads result_expires: seconds, cut off to whole ones; nothing is for ever.
func (in *configReader) expires(value any) error {
	d, err := NoExpiry, error(nil)
	if value != nil {
		d, err = asSeconds(value)
	}
	if err != nil {
		return err
	}
	in.cfg.ResultExpires = new(d.Truncate(time.Second))
	if d > 0 && d < time.Second {
		in.warn(in.said["result_expires"], "%v is less than a second, which Celery cuts off: results live for ever", d)
	}
	return nil
}

func (in *configReader) acceptContent(value any) error {
	all, err := asStrings(value)
	for _, s := range all {
		if slices.Contains(serializers, s) {
			in.accept = append(in.accept, s)
		} else {
			in.warn(in.said["accept_content"], "%q is not read here; known: %s", shortened(s), strings.Join(serializers, ", "))
		}
	}
	return err
}

// cacheMax reads result_cache_max, where -1 is none and 0 is no limit.
func (in *configReader) cacheMax(value any) error {
	n, err := asInt(value, -1)
	switch {
	case err != nil || value == nil:
		return err
	case n == -1:
		in.cfg.ResultCacheMax = 0
	case n == 0:
		in.cfg.ResultCacheMax = Unlimited
	default:
		in.cfg.ResultCacheMax = n
	}
	return nil
}

// maxRetries reads result_backend_max_retries, which may be infinite.
func (in *configReader) maxRetries(value any) error {
	if isInfinite(value) || value == nil {
		return nil
	}
	n, err := asInt(value, 0)
	if err == nil && n == 0 {
		n = NoRetries
	}
	in.cfg.ResultBackendMaxRetries = n
	return err
}

func (in *configReader) timezone(value any) error {
	name, err := asString(value)
	if err != nil || name == "" {
		return err
	}
	in.cfg.Timezone, err = time.LoadLocation(name)
	if err != nil {
		return fmt.Errorf("is not a time zone that is known: %w", err)
	}
	return nil
}

func (in *configReader) compat(value any) error {
	switch fmt.Sprint(value) {
	case "5.2":
		in.cfg.Compat = py.Celery52
	case "5.6", "<nil>":
		in.cfg.Compat = py.Celery56
	default:
		return fmt.Errorf(`is neither "5.2" nor "5.6"`)
	}
	return nil
}

func (in *configReader) clientOptions(value any) (err error) {
	if in.cfg.CacheBackendOptions, err = asMap(value); err != nil {
		return err
	}
	_, err = placementOf(in.cfg.CacheBackendOptions)
	return err
}

func (in *configReader) useSSL(value any) error {
	if b, isBool := value.(bool); isBool && !b {
		return nil
	}
	options, err := asMap(value)
	if err != nil {
		return err
	}
	in.cfg.Redis.BackendUseSSL = map[string]string{}
	for name, v := range options {
		if v != nil {
			in.cfg.Redis.BackendUseSSL[name] = fmt.Sprint(v)
		}
	}
	return nil
}
