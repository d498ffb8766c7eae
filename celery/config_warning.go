package celery

import (
	"slices"
	"strings"
)

// Warning is something in a configuration that has no effect here.
type Warning struct {
	Setting string // as it is named there
	Text    string
}

// String reads: result_backend: parameter socket_timeout has no meaning here.
func (w Warning) String() string { return w.Setting + ": " + w.Text }

// serializers are the names and content types that results may have.
var serializers = []string{
	"json", "yaml", "msgpack", "pickle",
	"application/json", "application/x-yaml", "application/x-msgpack", "application/x-python-serialize",
}

// check finds values that mean nothing.
func (c Config) check() error {
	if s := c.serializer(); !slices.Contains(serializers, s) {
		return badSetting("result_serializer", "%q is not known; known: %s", shortened(s), strings.Join(serializers[:4], ", "))
	}
	for _, s := range c.ResultAcceptContent {
		if !slices.Contains(serializers, s) {
			return badSetting("result_accept_content", "%q is not known; known: %s", shortened(s), strings.Join(serializers, ", "))
		}
	}
	switch {
	case c.ResultChordJoinTimeout < 0:
		return badSetting("result_chord_join_timeout", "%v is below zero", c.ResultChordJoinTimeout)
	case c.ResultCacheMax < 0:
		return badSetting("result_cache_max", "%d is below zero", c.ResultCacheMax)
	case c.ResultBackendBaseSleep < 0:
		return badSetting("result_backend_base_sleep_between_retries_ms", "%v is below zero", c.ResultBackendBaseSleep)
	case c.ResultBackendMaxSleep < 0:
		return badSetting("result_backend_max_sleep_between_retries_ms", "%v is below zero", c.ResultBackendMaxSleep)
	}
	return nil
}
