package celery

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// quietTransport are transport options of Celery's and kombu's that say nothing here.
var quietTransport = []string{
	"visibility_timeout", "socket_timeout", "socket_connect_timeout", "socket_keepalive", "socket_keepalive_options",
	"health_check_interval", "max_connections", "retry_on_timeout", "min_other_sentinels", "queue_order_strategy", "sep",
	"priority_steps", "fanout_prefix", "fanout_patterns", "additional_connection_errors", "client_name",
}

// transport reads result_backend_transport_options.
func (in *configReader) transport(value any) error {
	options, err := asMap(value)
	o := &in.cfg.ResultBackendTransportOptions
	for _, name := range slices.Sorted(maps.Keys(options)) {
		v := options[name]
		if err == nil {
			err = in.transportOption(o, name, v)
		}
	}
	return err
}

func (in *configReader) transportOption(o *TransportOptions, name string, v any) (err error) {
	switch name {
	case "global_keyprefix":
		o.GlobalKeyPrefix, err = asString(v)
	case "master_name":
		o.MasterName, err = asString(v)
	case "result_chord_ordered":
		ordered := true
		if v != nil {
			ordered, err = asBool(v)
		}
		o.ChordUnordered = !ordered
	case "sentinel_kwargs":
		err = in.sentinelOptions(o, v)
	case "retry_policy":
		o.RetryPolicy, err = in.retryPolicy(v)
	default:
		if !slices.Contains(quietTransport, name) {
			in.warn("result_backend_transport_options", "%q is not known here", shortened(name))
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (in *configReader) sentinelOptions(o *TransportOptions, v any) error {
	options, err := asMap(v)
	for _, name := range slices.Sorted(maps.Keys(options)) {
		if name == "password" && err == nil {
			o.SentinelPassword, err = asString(options[name])
		} else if name != "password" {
			in.warn("result_backend_transport_options", "sentinel_kwargs: %q has no meaning here", shortened(name))
		}
	}
	return err
}

// retryPolicy reads a policy. What it does not name is as in Celery's own.
func (in *configReader) retryPolicy(v any) (*RetryPolicy, error) {
	options, err := asMap(v)
	if err != nil || options == nil {
		return nil, err
	}
	p := defaultPolicy
	times := map[string]*time.Duration{
		"interval_start": &p.IntervalStart, "interval_step": &p.IntervalStep, "interval_max": &p.IntervalMax, "timeout": &p.Timeout,
	}
	for _, name := range slices.Sorted(maps.Keys(options)) {
		field, isTime := times[name]
		switch {
		case isTime && options[name] != nil:
			*field, err = asSeconds(options[name])
		case isTime:
			*field = 0
		case name == "max_retries" && options[name] == nil:
			p.MaxRetries = -1
		case name == "max_retries":
			p.MaxRetries, err = asInt(options[name], 0)
		default:
			in.warn("result_backend_transport_options", "retry_policy: %q is not known here", shortened(name))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return &p, nil
}
