package serial

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/larder-go/larder/celery/py"
)

var errNot = errors.New("the text has not its form")

// yamlScalars make values of text by its tag.
var yamlScalars = map[string]func(text string) (any, error){
	tagStr:       func(text string) (any, error) { return text, nil },
	tagNull:      func(string) (any, error) { return nil, nil },
	tagBool:      readYAMLBool,
	tagInt:       readYAMLInt,
	tagFloat:     readYAMLFloat,
	tagTimestamp: readTimestamp,
	tagBinary:    readBinary,
}

func readYAMLBool(text string) (any, error) {
	switch strings.ToLower(text) {
	case "yes", "true", "on":
		return true, nil
	case "no", "false", "off":
		return false, nil
	}
	return nil, errNot
}

// signed splits a sign from a number without its underscores.
func signed(text string) (negative bool, digits string) {
	text = strings.ReplaceAll(text, "_", "")
	negative = strings.HasPrefix(text, "-")
	if negative || strings.HasPrefix(text, "+") {
		text = text[1:]
	}
	return negative, text
}

func readYAMLInt(text string) (any, error) {
	negative, digits := signed(text)
	if len(digits) > maxDigits {
		return nil, fmt.Errorf("more than %d digits", maxDigits)
	}
	var ok bool
	n := new(big.Int)
	switch {
	case strings.HasPrefix(digits, "0b"):
		_, ok = n.SetString(digits[2:], 2)
	case strings.HasPrefix(digits, "0x"):
		_, ok = n.SetString(digits[2:], 16)
	case strings.HasPrefix(digits, "0"):
		_, ok = n.SetString(digits, 8)
	case strings.Contains(digits, ":"):
		ok = sexagesimal(n, digits)
	default:
		_, ok = n.SetString(digits, 10)
	}
	if !ok || strings.ContainsAny(strings.TrimLeft(digits, "0123456789"), "+-") {
		return nil, errNot
	}
	if tooLong(n) {
		return nil, fmt.Errorf("more than %d digits", maxDigits)
	}
	if negative {
		n.Neg(n)
	}
	if n.IsInt64() {
		return n.Int64(), nil
	}
	return n, nil
}

// sexagesimal reads 190:20:30, a number of base 60.
func sexagesimal(n *big.Int, text string) bool {
	base := big.NewInt(60)
	for part := range strings.SplitSeq(text, ":") {
		digit, ok := new(big.Int).SetString(part, 10)
		if !ok {
			return false
		}
		n.Add(n.Mul(n, base), digit)
	}
	return true
}

func readYAMLFloat(text string) (any, error) {
	negative, digits := signed(strings.ToLower(text))
	var f float64
	var err error
	switch {
	case digits == ".inf":
		f = math.Inf(1)
	case digits == ".nan":
		f = math.NaN()
	case strings.ContainsAny(digits, "xpn"): // what Go knows and Python does not
		return nil, errNot
	case strings.Contains(digits, ":"):
		f, err = sexagesimalFloat(digits)
	default:
		f, err = strconv.ParseFloat(digits, 64)
	}
	if err != nil && !math.IsInf(f, 0) {
		return nil, errNot
	}
	if negative {
		f = -f
	}
	return f, nil
}

// sexagesimalFloat adds from the last part on, as Python does: the order shows in the last digits.
func sexagesimalFloat(text string) (float64, error) {
	parts := strings.Split(text, ":")
	sum, base := 0.0, 1.0
	for i := len(parts) - 1; i >= 0; i-- {
		f, err := strconv.ParseFloat(parts[i], 64)
		if err != nil {
			return 0, err
		}
		sum += f * base
		base *= 60
	}
	return sum, nil
}

var timestampForm = regexp.MustCompile(`^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})` +
	`(?:(?:[Tt]|[ \t]+)([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]*))?(?:[ \t]*(Z|([-+])([0-9]{1,2})(?::([0-9]{2}))?))?)?$`)

func readTimestamp(text string) (any, error) {
	m := timestampForm.FindStringSubmatch(text)
	if m == nil {
		return nil, errNot
	}
	n := func(i int) int { v, _ := strconv.Atoi(m[i]); return v }
	date := py.Date{Year: n(1), Month: time.Month(n(2)), Day: n(3)}
	if m[4] == "" {
		return valid(date)
	}
	clock := py.Time{Hour: n(4), Minute: n(5), Second: n(6), Aware: m[8] != ""}
	clock.Microsecond, _ = strconv.Atoi((m[7] + "000000")[:6])
	clock.Offset = time.Duration(n(10))*time.Hour + time.Duration(n(11))*time.Minute
	if m[9] == "-" {
		clock.Offset = -clock.Offset
	}
	return valid(py.Datetime{Date: date, Clock: clock})
}

// valid is v if there is such a date and time.
func valid(v any) (any, error) {
	if _, err := py.Of(v); err != nil {
		return nil, errNot
	}
	return v, nil
}

// readBinary skips what is no base64, as Python does.
func readBinary(text string) (any, error) {
	clean := strings.Map(func(r rune) rune {
		if r < 0x80 && strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=", byte(r)) >= 0 {
			return r
		}
		return -1
	}, text)
	b, err := base64.StdEncoding.DecodeString(clean)
	if err != nil {
		return nil, errNot
	}
	return b, nil
}
