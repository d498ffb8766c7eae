package celery

import (
	"encoding/json"
	"log/slog"
	"strconv"
)

// What holds passwords prints, logs and marshals as a text without them: a program may log its configuration,
// or what it holds.

// String names the backend without its password, and nothing else: settings hold passwords.
func (c Config) String() string { return "celery.Config{" + maskURL(c.ResultBackend) + "}" }

// GoString is String.
func (c Config) GoString() string { return c.String() }

// LogValue is String.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON writes what String says as a JSON text, so that a configuration that is logged shows no password.
// There is no way back: a Config is read by [ReadConfig], from Celery's own names.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// String names the server, without its password.
func (c RedisConfig) String() string {
	return "celery.RedisConfig{" + c.Host + ":" + strconv.Itoa(c.Port) + "/" + strconv.Itoa(c.DB) + "}"
}

// GoString is String.
func (c RedisConfig) GoString() string { return c.String() }

// LogValue is String.
func (c RedisConfig) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON writes what String says as a JSON text.
func (c RedisConfig) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// String names the prefix and the master, without the password of the sentinels.
func (o TransportOptions) String() string {
	return "celery.TransportOptions{" + strconv.Quote(o.GlobalKeyPrefix) + ", " + strconv.Quote(o.MasterName) + "}"
}

// GoString is String.
func (o TransportOptions) GoString() string { return o.String() }

// LogValue is String.
func (o TransportOptions) LogValue() slog.Value { return slog.StringValue(o.String()) }

// MarshalJSON writes what String says as a JSON text.
func (o TransportOptions) MarshalJSON() ([]byte, error) { return json.Marshal(o.String()) }

// String is URI.
func (b *Backend) String() string { return b.URI() }

// GoString is URI.
func (b *Backend) GoString() string { return "celery.Backend{" + b.URI() + "}" }

// String is the backend's URI.
func (r *Results) String() string { return r.b.URI() }

// GoString is the backend's URI.
func (r *Results) GoString() string { return "celery.Results{" + r.b.URI() + "}" }
