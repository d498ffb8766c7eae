package celery

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/larder-go/larder/driver"
)

// What follows turns values of JSON and YAML into what settings are. Nothing (null) is the default.

func settingText(field func(*configReader) *string) func(*configReader, any) error {
	return func(in *configReader, value any) (err error) {
		*field(in), err = asString(value)
		return err
	}
}

func settingList(field func(*configReader) *[]string) func(*configReader, any) error {
	return func(in *configReader, value any) (err error) {
		*field(in), err = asStrings(value)
		return err
	}
}

func settingBool(set func(*configReader, bool), def bool) func(*configReader, any) error {
	return func(in *configReader, value any) error {
		v, err := def, error(nil)
		if value != nil {
			v, err = asBool(value)
		}
		set(in, v)
		return err
	}
}

func settingInt(field func(*configReader) *int, most int) func(*configReader, any) error {
	return func(in *configReader, value any) (err error) {
		n, err := asInt(value, 0)
		if n > most {
			return fmt.Errorf("is more than %d", most)
		}
		*field(in) = n
		return err
	}
}

// settingSeconds is for times that are not lifetimes: their fractions count, and 0 is the default.
func settingSeconds(field func(*configReader) *time.Duration) func(*configReader, any) error {
	return func(in *configReader, value any) (err error) {
		if value != nil {
			*field(in), err = asSeconds(value)
		}
		return err
	}
}

func settingMillis(field func(*configReader) *time.Duration) func(*configReader, any) error {
	return func(in *configReader, value any) error {
		n, err := asInt(value, 0)
		if int64(n) > driver.MaxTTL.Milliseconds() {
			return errTooLong
		}
		if *field(in) = time.Duration(n) * time.Millisecond; n == 0 && value != nil {
			*field(in) = 1 // said to be nothing, not left out
		}
		return err
	}
}

var errTooLong = errors.New("is more than 100 years")

func asString(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	}
	return "", errors.New("is not a text")
}

func asStrings(value any) ([]string, error) {
	if value == nil {
		return nil, nil
	}
	items, ok := value.([]any)
	if !ok {
		return nil, errors.New("is not a list")
	}
	all := make([]string, 0, len(items))
	for _, item := range items {
		s, isString := item.(string)
		if !isString {
			return nil, errors.New("is not a list of texts")
		}
		all = append(all, s)
	}
	return all, nil
}

func asMap(value any) (map[string]any, error) {
	if value == nil {
		return nil, nil
	}
	m, ok := value.(map[string]any)
	if !ok {
		return nil, errors.New("is not a map of names and values")
	}
	return m, nil
}

// asBool takes the words that Celery takes.
func asBool(value any) (bool, error) {
	if b, ok := value.(bool); ok {
		return b, nil
	}
	switch strings.ToLower(fmt.Sprint(value)) {
	case "true", "yes", "1", "on":
		return true, nil
	case "false", "no", "0", "off":
		return false, nil
	}
	return false, errors.New("is neither true nor false")
}

// asInt takes whole numbers from least on, also as text.
func asInt(value any, least int) (int, error) {
	f, err := asNumber(value)
	switch {
	case value == nil:
		return 0, nil
	case err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<53:
		return 0, errors.New("is not a whole number")
	case f < float64(least):
		return 0, fmt.Errorf("is below %d", least)
	}
	return int(f), nil
}

// asSeconds takes numbers of seconds, whole ones also as text, and texts such as 36h. What is below zero or
// endless is no time.
func asSeconds(value any) (time.Duration, error) {
	if s, ok := value.(string); ok {
		if d, err := time.ParseDuration(s); err == nil && strings.Trim(s, "+-0123456789.") != "" {
			return checkSeconds(d.Seconds(), d)
		}
		if _, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64); err != nil {
			return 0, errors.New("is not a number of seconds, nor a time such as 36h")
		}
	}
	f, err := asNumber(value)
	if err != nil {
		return 0, errors.New("is not a number of seconds")
	}
	return checkSeconds(f, time.Duration(max(-1, min(f, driver.MaxTTL.Seconds()))*float64(time.Second)))
}

func checkSeconds(f float64, d time.Duration) (time.Duration, error) {
	switch {
	case math.IsNaN(f):
		return 0, errors.New("is not a number")
	case f < 0:
		return 0, errors.New("is below zero")
	case f > driver.MaxTTL.Seconds():
		return 0, errTooLong
	}
	return d, nil
}

// asNumber takes what Python's float() takes of the values that JSON and YAML have.
func asNumber(value any) (float64, error) {
	switch v := value.(type) {
	case nil:
		return 0, nil
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case int, int64, uint64, float64, string, json.Number:
		f, err := strconv.ParseFloat(strings.TrimSpace(fmt.Sprint(v)), 64)
		if errors.Is(err, strconv.ErrRange) {
			err = nil // an infinity, which the caller refuses
		}
		return f, err
	}
	return 0, errors.New("is not a number")
}

// isInfinite tells whether a value is Python's inf.
func isInfinite(value any) bool {
	f, err := asNumber(value)
	return err == nil && math.IsInf(f, 1)
}
