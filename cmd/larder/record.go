package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// record is one line of an import or export:
//
//	{"key":"user:42","value":{"name":"Ada"},"ttl":599.25}
//
// ttl is the remaining lifetime in seconds, null for none. key_base64 stands for a key that is not UTF-8, value_base64
// for a value that is not JSON or would not come back to the byte.
type record struct {
	key   string
	value []byte
	ttl   lifetime
}

// appendRecord writes an entry as a line. ttl 0 is no expiry.
func appendRecord(dst []byte, key string, value []byte, ttl time.Duration) []byte {
	name, text := keyMember(key)
	dst = appendText(append(dst, '{'), name)
	dst = appendText(append(dst, ':'), text)
	name, member := exactMember(value)
	dst = appendText(append(dst, ','), name)
	dst = appendMember(append(dst, ':'), member)
	dst = append(dst, `,"ttl":`...)
	if ttl > 0 {
		dst = appendSeconds(dst, ttl)
	} else {
		dst = append(dst, "null"...)
	}
	return append(dst, "}\n"...)
}

var (
	errNoRecord = errors.New(`not an object such as {"key":"a","value":1,"ttl":60}`)
	errNoKey    = errors.New("neither key nor key_base64")
	errNoValue  = errors.New("neither value nor value_base64")
	errTwoKeys  = errors.New("both key and key_base64")
	errTwoVals  = errors.New("both value and value_base64")
)

// parseRecord reads a line strictly: what it does not know it refuses. The record's value may be a part of the line.
func parseRecord(line []byte) (record, error) {
	line = bytes.Trim(line, jsonSpace)
	if err := checkJSON(line); err != nil {
		return record{}, err
	}
	if line[0] != '{' {
		return record{}, errNoRecord
	}
	var p recordParser
	if err := eachMember(line, p.member); err != nil {
		return record{}, err
	}
	return p.record, p.complete()
}

type recordParser struct {
	record
	seen [5]bool
}

// recordMembers are the members of a line; seen has them in this order.
var recordMembers = [5]string{"key", "key_base64", "value", "value_base64", "ttl"}

func (p *recordParser) member(name string, value []byte) (err error) {
	for i, known := range recordMembers {
		if name == known {
			if p.seen[i] {
				return fmt.Errorf("%s is there twice", name)
			}
			p.seen[i] = true
		}
	}
	switch name {
	case "key":
		p.key, err = textMember(value)
	case "key_base64":
		var key []byte
		key, err = base64Member(value)
		p.key = string(key)
	case "value":
		p.value = value
	case "value_base64":
		p.value, err = base64Member(value)
	case "ttl":
		p.ttl, err = ttlMember(value)
	default:
		return fmt.Errorf("unknown member %q; known: key, key_base64, value, value_base64, ttl", name)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (p *recordParser) complete() error {
	switch s := p.seen; {
	case s[0] && s[1]:
		return errTwoKeys
	case s[2] && s[3]:
		return errTwoVals
	case !s[0] && !s[1]:
		return errNoKey
	case !s[2] && !s[3]:
		return errNoValue
	}
	return nil
}

var errNoText = errors.New("not a JSON string")

func textMember(value []byte) (string, error) {
	if value[0] != '"' {
		return "", errNoText
	}
	return textOf(value)
}

func base64Member(value []byte) ([]byte, error) {
	text, err := textMember(value)
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.Strict().DecodeString(text)
}

// ttlMember reads seconds, or null for no expiry.
func ttlMember(value []byte) (lifetime, error) {
	if string(value) == "null" {
		return lifetime{kind: never}, nil
	}
	var n json.Number
	if value[0] == '"' || json.Unmarshal(value, &n) != nil {
		return lifetime{}, fmt.Errorf("%s is neither a number of seconds nor null", clip(value))
	}
	f, err := strconv.ParseFloat(n.String(), 64)
	if err != nil || f > math.MaxInt64/float64(time.Second)/2 {
		return lifetime{}, fmt.Errorf("%s is more than 100 years (null means no expiry)", clip(value))
	}
	d := time.Duration(math.Round(f * float64(time.Second)))
	if d == 0 && f > 0 {
		d = 1
	}
	return lifetimeOf(d, string(clip(value)), "null")
}

// clip shortens what an error prints.
func clip(text []byte) []byte {
	const most = 60
	if len(text) > most {
		return append(text[:most:most], "…"...)
	}
	return text
}
